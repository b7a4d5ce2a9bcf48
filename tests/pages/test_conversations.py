"""The pages of conversations: who wrote, the texts with one person, a reply."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from selenium.webdriver.common.keys import Keys

from accounts.models import User
from accounts.roles import EVERYTHING
from desk.conversations import queries, threads
from desk.conversations.wanted import Wanted
from domain.delivery import Incoming, Receipt, ReceiptState, Sent
from domain.outcome import after_send
from domain.states import MessageStatus
from engine.settle import announce
from gateways.models import Gateway
from messaging import claims, receipts
from messaging.claims import Answered
from messaging.models import Conversation, Kind, Message
from sessions_app.models import Session
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_campaign, make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.pages.web import Browser

pytestmark = pytest.mark.django_db
PHONE, KEY = "+56911111111", "56911111111"
MORNING = datetime(2026, 1, 2, 9, tzinfo=UTC)


@pytest.fixture
def signed_in(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def session() -> Session:
    return make_session(make_whatsapp_pool(), connected=True)


def wrote(line: ObjectId, text: str, *, phone: str = PHONE, at: datetime | None = None) -> None:
    receipts.store(str(line), [Incoming(str(ObjectId()), phone, text, at=at)])


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def answer(client: Client, session: Session, text: str, *, id: ObjectId | None = None, key: str = KEY):
    data = {"text": text, "line": str(session.gateway), "id": str(id or ObjectId())}
    return client.post(f"/messages/{key}/reply/", data)


# The list -------------------------------------------------------------------------------------------------------------
def test_nobody_sees_messages_without_signing_in(client: Client) -> None:
    for path in ("/messages/", f"/messages/{KEY}/"):
        assert client.get(path)["Location"].startswith("/accounts/login/")
    assert client.post(f"/messages/{KEY}/reply/")["Location"].startswith("/accounts/login/")


def test_empty_list_says_what_to_expect(signed_in: Client) -> None:
    assert 'class="empty-state"' in page(signed_in, "/messages/")


def test_list_has_the_latest_first_with_names_and_counts(signed_in: Client, session: Session) -> None:
    make_debtor("Rosa Díaz", phone=PHONE)
    wrote(session.gateway, "la primera", at=MORNING)
    wrote(session.gateway, "la segunda", at=MORNING + timedelta(minutes=1))
    wrote(session.gateway, "más tarde", phone="+56922222222", at=MORNING + timedelta(minutes=2))
    text = page(signed_in, "/messages/")
    assert text.index("más tarde") < text.index("la segunda")
    assert "la primera" not in text
    assert "Rosa Díaz" in text
    assert "+56 9 2222 2222" in text


def test_list_of_unread_leaves_out_what_was_read(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "por leer")
    wrote(session.gateway, "ya leído", phone="+56922222222")
    found = Conversation.objects.get(phone="+56922222222")
    seen = {"unread": "1", "at": found.last_in_at.isoformat()}
    assert signed_in.post("/messages/56922222222/seen/", seen).status_code == 204
    text = page(signed_in, "/messages/?show=unread")
    assert "por leer" in text
    assert "ya leído" not in text


@pytest.mark.parametrize("typed", ["56911", "+56 9 1111", "9 1111 1111", "+56911111111"])
def test_search_finds_a_phone_however_it_is_typed(signed_in: Client, session: Session, typed: str) -> None:
    wrote(session.gateway, "ella")
    wrote(session.gateway, "otro", phone="+56922222222")
    text = signed_in.get("/messages/", {"q": typed}).content.decode()
    assert "ella" in text
    assert "otro" not in text


def test_search_for_what_is_no_number_finds_nobody(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "ella")
    assert "ella" not in signed_in.get("/messages/", {"q": "$where"}).content.decode()


def test_list_asks_a_constant_number_of_queries(signed_in: Client, session: Session) -> None:
    asked = []
    for number in range(30):
        wrote(session.gateway, f"texto {number}", phone=f"+5693333{number:04}")
        if number in (0, 29):
            with CaptureQueriesContext(connection) as seen:
                page(signed_in, "/messages/")
            asked.append(len(seen))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("unread", [True, False])
def test_list_reads_an_index_in_order(session: Session, *, unread: bool) -> None:
    for number in range(30):
        wrote(session.gateway, "hola", phone=f"+5693333{number:04}")
    wanted = Wanted(show="unread" if unread else "")
    found = queries.listed(wanted, scope=EVERYTHING, user=ObjectId()).filter(is_unread=unread)
    plan = found.order_by("-last_at", "-pk")[:5].explain(verbosity="queryPlanner")
    assert "conversation_open" in plan or (unread and "conversation_unread" in plan), plan
    assert "COLLSCAN" not in plan
    assert "'SORT'" not in plan and '"SORT"' not in plan, plan


# One conversation -----------------------------------------------------------------------------------------------------
def test_thread_has_our_messages_and_theirs_in_their_order(signed_in: Client, session: Session) -> None:
    debtor = make_debtor("Rosa Díaz", phone=PHONE, rut="12345678-5")
    campaign = make_campaign(make_pool())
    draft = {"debtor": debtor.pk, "pool": campaign.sms_pool_id, "channel": "sms", "row": 2, "name": "Rosa Díaz"}
    claims.enroll(campaign.pk, [{**draft, "phone": PHONE, "text": "Le recordamos", "variant": 0, "status": "pending"}])
    wrote(session.gateway, "ya pagué")
    assert answer(signed_in, session, "Gracias, <b>Rosa</b>").status_code == 303
    text = page(signed_in, f"/messages/{KEY}/")
    chat = text[text.index("data-chat") :]
    places = [chat.index(one) for one in ("Le recordamos", "ya pagué", "Gracias, &lt;b&gt;Rosa")]
    assert places == sorted(places)
    for shown in ("Rosa Díaz", "12345678-5", "$125.000", "Ventas 1"):
        assert shown in text, shown


def test_address_may_be_the_phone_itself(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    for address in (PHONE, KEY, "%2B56911111111"):
        assert "hola" in page(signed_in, f"/messages/{address}/")


def test_debtor_who_never_wrote_has_a_page(signed_in: Client, session: Session) -> None:
    make_debtor("Rosa Díaz", phone=PHONE)
    assert "Rosa Díaz" in page(signed_in, f"/messages/{PHONE}/")


@pytest.mark.parametrize("address", ["56999999999", "nobody", "lid-1", "x" * 90, "0", "%00", "$where", "a/b"])
def test_page_of_nobody_is_not_there(signed_in: Client, address: str) -> None:
    assert signed_in.get(f"/messages/{address}/").status_code == 404
    assert signed_in.post(f"/messages/{address}/reply/", {"text": "hola"}).status_code == 404


def test_earlier_messages_are_behind_a_mark(signed_in: Client, session: Session) -> None:
    for number in range(threads.AT_ONCE + 15):
        wrote(session.gateway, f"texto-{number:03}.", at=MORNING + timedelta(minutes=number))
    latest = threads.thread(PHONE)
    assert sum(len(those) for _day, those in latest.days) == threads.AT_ONCE
    earlier = page(signed_in, f"/messages/{KEY}/?before={latest.older}")
    assert [f"texto-{n:03}." in earlier for n in (0, 14, 15)] == [True, True, False]
    assert "texto-015." in page(signed_in, f"/messages/{KEY}/?before=nonsense")


def test_person_whose_number_is_hidden_is_shown_and_cannot_be_answered(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "¿quién es?", phone="lid:880022")
    text = page(signed_in, "/messages/lid-880022/")
    assert "¿quién es?" in text
    assert "<textarea" not in text
    answer(signed_in, session, "hola", key="lid-880022")
    assert Message.objects.count() == 0


def test_texts_of_one_person_are_read_along_an_index(session: Session) -> None:
    for number in range(30):
        wrote(session.gateway, "hola", phone=f"+5693333{number:04}")
    plan = Message.objects.filter(phone=PHONE).order_by("-created_at")[:5].explain(verbosity="queryPlanner")
    assert "message_phone" in plan, plan
    assert "'SORT'" not in plan and '"SORT"' not in plan, plan


# Replies --------------------------------------------------------------------------------------------------------------
def test_reply_is_a_message_of_the_line_that_the_person_knows(signed_in: Client, session: Session) -> None:
    debtor = make_debtor("Rosa Díaz", phone=PHONE)
    make_session(make_whatsapp_pool("Otro"), "Ventas 2", connected=True)
    wrote(session.gateway, "hola")
    shown = signed_in.get(f"/messages/{KEY}/").context["form"]
    assert shown.initial["line"] == str(session.gateway)
    assert answer(signed_in, session, "  Buenas tardes  ").status_code == 303
    sent = Message.objects.get()
    assert (sent.kind, sent.campaign, sent.gateway, sent.debtor, sent.text, sent.status, sent.channel) == (
        Kind.REPLY, None, session.gateway, debtor.pk, "Buenas tardes", "pending", "whatsapp",
    )  # fmt: skip
    found = Conversation.objects.get()
    assert (found.last_text, found.last_direction, found.unread) == ("Buenas tardes", "out", 1)
    assert SystemLog.objects.get(source="message.reply").object_id == KEY


def test_form_that_is_sent_twice_makes_one_message(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    same = ObjectId()
    for _ in range(2):
        assert answer(signed_in, session, "Buenas", id=same).status_code == 303
    assert Message.objects.count() == 1
    assert SystemLog.objects.filter(source="message.reply").count() == 1


def test_id_of_another_message_is_no_way_to_send_nothing(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    wrote(session.gateway, "hola", phone="+56922222222")
    taken = ObjectId()
    answer(signed_in, session, "Buenas", id=taken, key="56922222222")
    assert answer(signed_in, session, "Buenas", id=taken).status_code == 200
    assert Message.objects.filter(phone=PHONE).count() == 0


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 4_097])
def test_reply_that_is_empty_or_too_long_is_refused_at_its_field(
    signed_in: Client, session: Session, text: str
) -> None:
    wrote(session.gateway, "hola")
    refused = answer(signed_in, session, text)
    assert refused.status_code == 200
    assert 'id="id_text_error"' in refused.content.decode()
    assert Message.objects.count() == 0


def test_reply_by_a_line_that_is_gone_is_refused(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    make_line(make_pool(), "http://127.0.0.1:1/")
    Gateway.objects.filter(pk=session.gateway).update(active=False)
    refused = answer(signed_in, session, "Buenas")
    assert refused.status_code == 200
    assert "Buenas" in refused.content.decode()
    assert Message.objects.count() == 0


def test_conversation_without_any_line_says_so(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    Gateway.objects.update(active=False)
    text = page(signed_in, f"/messages/{KEY}/")
    assert "<textarea" not in text
    assert "notice-warning" in text


def test_known_line_that_is_not_connected_stays_the_first_choice(signed_in: Client) -> None:
    away = make_session(make_whatsapp_pool(), "Ventas 1")
    make_session(make_whatsapp_pool("Otro"), "Ventas 2", connected=True)
    wrote(away.gateway, "hola")
    shown = signed_in.get(f"/messages/{KEY}/")
    assert shown.context["form"].initial["line"] == str(away.gateway)
    assert "data-waits" in shown.content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"unread": "x", "at": "y"},
        {"unread": "1", "at": "2026-01-01"},
        {"unread": "9" * 30, "at": "2026-01-01T00:00:00+00:00"},
        {"unread": "1", "at": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_seen_survives_nonsense(signed_in: Client, session: Session, data: dict[str, str]) -> None:
    wrote(session.gateway, "hola")
    assert signed_in.post(f"/messages/{KEY}/seen/", data).status_code in (204, 400)
    assert Conversation.objects.get().unread == 1


def receive(session: Session, state: ReceiptState, attempt_id: str) -> None:
    receipts.store(str(session.gateway), [Receipt(state, attempt_id=attempt_id)])
    receipts.apply_due()


def send_waiting(session: Session) -> str:
    """What the lane does with a reply; returns its attempt's id."""
    gateway = Gateway.objects.get(pk=session.gateway)
    holder = claims.Holder(gateway.pk, "token", 1)
    claimed = claims.claim(holder, pool=gateway.pool_id, campaign=None, limit=1, shared=False)
    [(outbound, campaign)] = claims.start(holder, claims.new_attempts(claimed, epoch=1))
    said = Sent(outbound.attempt_id, "theirs")
    claims.settle(holder, [Answered(outbound, campaign, said, after_send(said, can_reconcile=True))])
    announce([(outbound, campaign)])
    return outbound.attempt_id


@pytest.mark.whole_database
def test_conversation_goes_on_live(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    make_debtor("Rosa Díaz", phone=PHONE)
    wrote(session.gateway, "ya pagué ayer", at=MORNING)
    browser.open("/messages/")
    browser.live()
    browser.driver.execute_script("window.unreloaded = true")
    wrote(session.gateway, "¿me escucha?")
    browser.reads("¿me escucha?", f"#conversation-row-{KEY}")
    wrote(session.gateway, "otra persona", phone="+56922222222")
    browser.see("#conversation-row-56922222222")
    assert browser.driver.execute_script("return window.unreloaded")
    browser.click(f"#conversation-row-{KEY} a")
    browser.live()
    browser.reads("¿me escucha?", ".chat")
    browser.until(lambda: Conversation.objects.get(key=KEY).unread == 0, "it is read when it is open")
    browser.driver.execute_script("window.unreloaded = true")
    wrote(session.gateway, "sigo aquí")
    browser.reads("sigo aquí", ".chat")
    browser.until(lambda: Conversation.objects.get(key=KEY).unread == 0, "what comes in is read too")
    assert browser.driver.execute_script("return window.unreloaded")
    browser.fill("text", "Gracias, lo revisamos")
    browser.find("[name=text]").send_keys(Keys.ENTER, "y le avisamos", Keys.CONTROL, Keys.ENTER)
    browser.reads("Gracias, lo revisamos", ".chat")
    browser.live()
    browser.see(".bubble.ours .state-waiting")
    browser.driver.execute_script("window.unreloaded = true")
    attempt = send_waiting(session)
    browser.see(".bubble.ours .state-working")
    receive(session, ReceiptState.READ, attempt)
    browser.see(".bubble.ours .state-done")
    assert browser.driver.execute_script("return window.unreloaded")
    assert (Message.objects.get().status, Message.objects.get().text) == (
        MessageStatus.READ,
        "Gracias, lo revisamos\ny le avisamos",
    )
    box = "document.querySelector('[data-chat]')"
    assert browser.driver.execute_script(f"return {box}.scrollHeight - {box}.scrollTop - {box}.clientHeight") < 5
    assert browser.complaints() == []
