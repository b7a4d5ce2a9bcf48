"""Working through conversations: whose they are, how they are found, put away, assigned, and answered with files."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import EVERYTHING, Scope, set_role
from debtors.models import SuppressionSource
from debtors.suppressions import Entry
from desk.conversations import queries, quick_replies, threads
from desk.conversations.fragments import head_key, newer_key, thread_key
from desk.conversations.wanted import Wanted
from domain.delivery import Incoming
from domain.roles import Role
from gateways.models import Gateway
from live.fragments import fragment_named
from messaging import attention, optouts, receipts
from messaging.models import Conversation, Message, QuickReply
from sessions_app.models import Session
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db
PHONE, KEY = "+56911111111", "56911111111"
OTHER, OTHER_KEY = "+56922222222", "56922222222"
MORNING = datetime(2026, 1, 2, 9, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 20 + b"IEND"
ACT = "/messages/act/"


@pytest.fixture
def session() -> Session:
    return make_session(make_whatsapp_pool(), connected=True)


@pytest.fixture
def eva() -> User:
    """An executive, whose debtor has PHONE."""
    user = User.objects.create_user("eva", first_name="Eva", last_name="Paz")
    set_role(user, Role.EXECUTIVE)
    return user


@pytest.fixture
def executive(eva: User, session: Session) -> Client:
    """Eva's browser; both phones have written, and one of them is her debtor's."""
    make_debtor("Rosa Díaz", phone=PHONE, owner=eva, rut="12345678-5")
    for phone in (PHONE, OTHER):
        wrote(session.gateway, f"soy {phone}", phone=phone)
    Conversation.objects.filter(key=KEY).update(owners=[eva.pk])
    Conversation.objects.filter(key=OTHER_KEY).update(owners=[])
    client = Client()
    client.force_login(eva)
    return client


def wrote(line: ObjectId, text: str, *, phone: str = PHONE, at: datetime | None = None) -> None:
    receipts.store(str(line), [Incoming(str(ObjectId()), phone, text, at=at)])


def of(key: str = KEY) -> Conversation:
    return Conversation.objects.get(key=key)


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def act(client: Client, name: str, *keys: str, **data: Any) -> None:
    values = [f"{key}@{queries.seen_mark(of(key))}" for key in keys]
    assert client.post(ACT, {"act": name, "key": values, **data}).status_code == 303


def answer(client: Client, line: ObjectId, text: str, **data: Any) -> Any:
    fields = {"text": text, "line": str(line), "id": str(ObjectId()), **data}
    return client.post(f"/messages/{KEY}/reply/", fields)


# Whose they are -------------------------------------------------------------------------------------------------------
def test_executive_sees_the_conversations_of_their_debtors_alone(executive: Client) -> None:
    text = page(executive, "/messages/")
    assert f"soy {PHONE}" in text
    assert OTHER not in text
    for found in ("q=222", "show=unread", "show=archived"):
        assert OTHER not in page(executive, f"/messages/?{found}")
    assert "Rosa Díaz" in page(executive, f"/messages/{KEY}/")
    assert executive.get(f"/messages/{OTHER_KEY}/").status_code == 404


def test_executive_acts_on_their_own_alone(executive: Client, session: Session) -> None:
    for path in ("reply", "seen", "answering"):
        assert executive.post(f"/messages/{OTHER_KEY}/{path}/", {"text": "hola"}).status_code == 404
    act(executive, "archive", KEY, OTHER_KEY)
    assert (of(KEY).archived, of(OTHER_KEY).archived) == (True, False)
    assert answer(executive, session.gateway, "Buenas").status_code == 303
    assert executive.get(f"/messages/{KEY}/files/{ObjectId()}/").status_code == 404
    assert executive.get("/messages/quick-replies/").status_code == 403


def test_live_parts_are_those_of_whose_debtor_it_is(executive: Client, eva: User, staff: User) -> None:
    def may(user: User, name: str, key: str) -> bool:
        found = fragment_named(name)
        assert found is not None
        return bool(found.allowed(user, key))

    for user, whose in ((eva, [True, False]), (staff, [True, True])):
        assert [may(user, "conversation-row", key) for key in (KEY, OTHER_KEY)] == whose
        assert [may(user, "thread", thread_key(key, "0", "0")) for key in (KEY, OTHER_KEY)] == whose
    assert [may(eva, "conversation-head", head_key(KEY, user.pk)) for user in (eva, staff)] == [True, False]
    counts = {"eva": (Scope(eva.pk), eva), "all": (EVERYTHING, eva), "ana": (EVERYTHING, staff)}
    new = {name: newer_key("0", Wanted(), scope=scope, user=user.pk) for name, (scope, user) in counts.items()}
    assert [may(eva, "conversations-new", key) for key in new.values()] == [True, False, False]
    fragment = fragment_named("conversations-new")
    assert fragment is not None
    assert [dict(fragment.context(new[who]) or {})["number"] for who in ("eva", "ana")] == [1, 2]


def test_card_shows_an_executive_their_own_debtors_with_a_shared_phone(executive: Client, staff: User) -> None:
    make_debtor("De otra persona", phone=PHONE, owner=staff, external_id="x1")
    assert "De otra persona" not in page(executive, f"/messages/{KEY}/")
    client = Client()
    client.force_login(staff)
    assert "De otra persona" in page(client, f"/messages/{KEY}/")


# How they are found ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", ["rosa", "dia", "DÍAZ ro", "12.345", "56911", "9 1111"])
def test_search_finds_people_by_name_rut_and_phone(signed_in: Client, session: Session, typed: str) -> None:
    make_debtor("Rosa Díaz", phone=PHONE, rut="12345678-5")
    wrote(session.gateway, "ella")
    wrote(session.gateway, "otro", phone=OTHER)
    text = signed_in.get("/messages/", {"q": typed}).content.decode()
    assert ("ella" in text, "otro" in text) == (True, False)


def test_filters_show_what_they_say(signed_in: Client, session: Session, staff: User) -> None:
    sms = make_line(make_pool(), "http://127.0.0.1:1/", "Línea SMS")
    people = {name: f"+5694444000{place}" for place, name in enumerate(("leída", "mía", "archivada", "baja", "sms"))}
    for name, phone in people.items():
        wrote(sms.pk if name == "sms" else session.gateway, f"texto {name}", phone=phone)
    Conversation.objects.filter(phone=people["leída"]).update(unread=0, is_unread=False)
    Conversation.objects.filter(phone=people["mía"]).update(assigned=staff.pk)
    Conversation.objects.filter(phone=people["archivada"]).update(archived=True, unread=0, is_unread=False)
    # Somebody who is no debtor: it is the list that says so.
    optouts.suppress([Entry(people["baja"], SuppressionSource.PERSON, actor="ana")])
    shown = {
        query: {name for name in people if f"texto {name}" in page(signed_in, f"/messages/?{query}")}
        for query in ("", "show=unread", "show=mine", "show=unassigned", "show=archived", "show=opted-out",
                      f"line={sms.pk}", "channel=sms", "channel=whatsapp", "show=nonsense&line=x&channel=y")
    }  # fmt: skip
    listed = set(people) - {"archivada"}
    assert shown == {
        "": listed,
        "show=unread": listed - {"leída"},
        "show=mine": {"mía"},
        "show=unassigned": listed - {"mía"},
        "show=archived": {"archivada"},
        "show=opted-out": {"baja"},
        f"line={sms.pk}": {"sms"},
        "channel=sms": {"sms"},
        "channel=whatsapp": listed - {"sms"},
        "show=nonsense&line=x&channel=y": listed,
    }


def test_unread_ones_stand_first(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "sin leer", at=MORNING)
    wrote(session.gateway, "leída después", phone=OTHER, at=MORNING + timedelta(hours=1))
    Conversation.objects.filter(key=OTHER_KEY).update(unread=0, is_unread=False)
    text = page(signed_in, "/messages/")
    assert text.index("sin leer") < text.index("leída después")


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Wanted(show="mine"), "conversation_assigned"),
        (Wanted(show="unassigned"), "conversation_assigned"),
        (Wanted(line=ObjectId()), "conversation_line"),
        (Wanted(search="rosa"), "conversation_words"),
        (Wanted(show="opted-out"), "conversation_opted_out"),
    ],
)
def test_lists_read_an_index(session: Session, wanted: Wanted, index: str) -> None:
    for number in range(20):
        wrote(session.gateway, "hola", phone=f"+5693333{number:04}")
    found = queries.listed(wanted, scope=EVERYTHING, user=ObjectId()).order_by("-last_at", "-pk")[:5]
    plan = found.explain(verbosity="queryPlanner")
    assert index in plan, plan
    assert "COLLSCAN" not in plan


def test_words_of_one_conversation_are_found(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "ya PAGUÉ ayer", at=MORNING)
    wrote(session.gateway, "otra cosa", at=MORNING + timedelta(minutes=1))
    [(_day, [one])] = threads.found(PHONE, "pague")
    assert one.text == "ya PAGUÉ ayer"
    text = page(signed_in, f"/messages/{KEY}/?find=pague")
    chat = text[text.index("talk-texts") :]
    assert ("ya PAGUÉ ayer" in chat, "otra cosa" in chat) == (True, False)
    assert "ya PAGUÉ ayer" in page(signed_in, f"/messages/{KEY}/?before={one.after}")
    assert threads.found(PHONE, "¿?") == []


# Read, put away, assigned ---------------------------------------------------------------------------------------------
def test_archived_one_comes_back_with_a_new_text(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    act(signed_in, "archive", KEY)
    assert (of().archived, of().is_unread) == (True, False)
    wrote(session.gateway, "¿hola?")
    assert (of().archived, of().unread) == (False, 1)
    assert SystemLog.objects.filter(source="conversation.archive", object_id=KEY).count() == 1


def test_text_that_came_meanwhile_is_not_put_away(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola", at=MORNING)
    stale = f"{KEY}@{queries.seen_mark(of())}"
    wrote(session.gateway, "¡urgente!", at=MORNING + timedelta(minutes=1))
    for name in ("archive", "read"):
        signed_in.post(ACT, {"act": name, "key": stale})
        assert "has changed meanwhile" in page(signed_in, "/messages/")
    assert (of().archived, of().unread) == (False, 2)


def test_archiving_has_its_way_back(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    wrote(session.gateway, "hola", phone=OTHER)
    Conversation.objects.filter(key=OTHER_KEY).update(unread=0, is_unread=False)
    act(signed_in, "archive", KEY, OTHER_KEY)
    act(signed_in, "unarchive", KEY, OTHER_KEY, unread=[KEY], undo="1")
    assert [(of(key).archived, of(key).is_unread) for key in (KEY, OTHER_KEY)] == [(False, True), (False, False)]


def test_several_are_read_and_unread_at_once(signed_in: Client, session: Session) -> None:
    for phone in (PHONE, OTHER):
        wrote(session.gateway, "hola", phone=phone)
    act(signed_in, "read", KEY, OTHER_KEY)
    assert not Conversation.objects.filter(is_unread=True).exists()
    act(signed_in, "unread", KEY)
    assert [(of(key).unread, of(key).is_unread) for key in (KEY, OTHER_KEY)] == [(1, True), (0, False)]
    assert signed_in.post(ACT, {"act": "explode", "key": KEY}).status_code == 400


def test_assigning_goes_to_those_who_see_it_and_undoes_nobodys(executive: Client, eva: User, staff: User) -> None:
    act(executive, "assign", KEY, to=str(eva.pk), was="")
    assert of().assigned == eva.pk
    act(executive, "assign", KEY, to=str(staff.pk), was="")  # as it no longer is
    assert of().assigned == eva.pk
    other = User.objects.create_user("leo")
    act(executive, "assign", KEY, to=str(other.pk), was=str(eva.pk))  # who could not see it
    assert of().assigned == eva.pk
    act(executive, "assign", KEY, to=str(staff.pk), was=str(eva.pk))
    assert of().assigned == staff.pk
    act(executive, "assign", KEY, to="", was=str(staff.pk))
    assert of().assigned is None
    told = SystemLog.objects.filter(source="conversation.assign").order_by("pk").values_list("data", flat=True)
    assert [one["to"] for one in told] == ["Eva Paz", "Ana Rojas", ""]


def test_who_answers_is_told_for_a_while_and_keeps_nobody(signed_in: Client, executive: Client, eva: User) -> None:
    assert executive.post(f"/messages/{KEY}/answering/").status_code == 204
    assert "Eva Paz is answering" in page(signed_in, f"/messages/{KEY}/")
    assert "está respondiendo" not in page(executive, f"/messages/{KEY}/").partition("talk-state")[2]
    signed_in.post(f"/messages/{KEY}/answering/")
    assert of().answering == eva.pk
    Conversation.objects.filter(key=KEY).update(answering_until=timezone.now() - timedelta(seconds=1))
    assert "Eva Paz is answering" not in page(signed_in, f"/messages/{KEY}/")
    signed_in.post(f"/messages/{KEY}/answering/")
    assert attention.writes(of()) and of().answering != eva.pk
    signed_in.post(f"/messages/{KEY}/answering/", {"off": "1"})
    assert of().answering is None


# Answers --------------------------------------------------------------------------------------------------------------
def test_file_goes_along_on_whatsapp_and_is_shown(signed_in: Client, executive: Client, session: Session) -> None:
    sent = answer(signed_in, session.gateway, "", file=SimpleUploadedFile("foto.png", PNG))
    assert sent.status_code == 303
    message = Message.objects.get()
    address = f"/messages/{KEY}/files/{message.attachment}/"
    assert address in page(signed_in, f"/messages/{KEY}/")
    assert executive.get(address).content == PNG
    assert signed_in.get(f"/messages/{OTHER_KEY}/files/{message.attachment}/").status_code == 404
    assert of().last_text == "foto.png"


def test_file_by_sms_is_refused_and_kept_for_another_line(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    sms = make_line(make_pool(), "http://127.0.0.1:1/")
    refused = answer(signed_in, sms.pk, "Mire", file=SimpleUploadedFile("foto.png", PNG))
    assert 'id="id_file_error"' in refused.content.decode()
    kept = refused.context["form"].mark
    assert answer(signed_in, session.gateway, "Mire", kept=kept).status_code == 303
    assert Message.objects.get().attachment is not None
    answer(signed_in, session.gateway, "Sin ella", kept=kept, drop="1")
    answer(signed_in, session.gateway, "Con otra", kept="forged")
    assert Message.objects.filter(attachment=None).count() == 2


def test_file_that_is_none_of_those_is_refused_with_why(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    refused = answer(signed_in, session.gateway, "Mire", file=SimpleUploadedFile("virus.png", b"MZ"))
    assert "virus.png" in refused.content.decode()
    assert Message.objects.count() == 0


def test_reply_to_who_opted_out_is_sent_knowingly_alone(signed_in: Client, session: Session) -> None:
    # No debtor has the phone: the list alone says it.
    wrote(session.gateway, "BAJA")
    wrote(session.gateway, "¿sigo en la lista?")
    refused = answer(signed_in, session.gateway, "No")
    assert "asked not to be written to" in refused.content.decode()
    assert Message.objects.count() == 0
    assert answer(signed_in, session.gateway, "No", sure="1").status_code == 303
    assert SystemLog.objects.get(source="message.reply").data == {"opted_out": True}


def test_reply_in_the_page_answers_with_the_conversation(signed_in: Client, session: Session) -> None:
    wrote(session.gateway, "hola")
    fields = {"text": "Buenas", "line": str(session.gateway), "id": str(ObjectId())}
    sent = signed_in.post(f"/messages/{KEY}/reply/?show=unread", fields, headers={"HX-Request": "true"})
    assert sent.status_code == 200
    text = sent.content.decode()
    assert "Buenas" in text[text.index("data-chat") :]
    assert text.count("<html") == 0


# Quick replies --------------------------------------------------------------------------------------------------------
def test_quick_replies_are_kept_by_supervisors(signed_in: Client) -> None:
    assert "No quick reply yet" in page(signed_in, "/messages/quick-replies/")
    fields = {"name": "Cómo pagar", "text": "Hola {nombre}: debe {deuda}."}
    assert signed_in.post("/messages/quick-replies/new/", fields).status_code == 303
    found = QuickReply.objects.get()
    assert "debe {deuda}" in page(signed_in, "/messages/quick-replies/")
    again = signed_in.post("/messages/quick-replies/new/", {"name": "como PAGAR", "text": "x"})
    assert 'id="id_name_error"' in again.content.decode()
    wrong = signed_in.post(f"/messages/quick-replies/{found.pk}/", {"name": "Cómo pagar", "text": "Hola {nombre"})
    assert 'id="id_text_error"' in wrong.content.decode()
    signed_in.post(f"/messages/quick-replies/{found.pk}/", {"name": "Cómo pagar", "text": "En caja"})
    assert QuickReply.objects.get().text == "En caja"
    assert signed_in.post(f"/messages/quick-replies/{found.pk}/delete/").status_code == 303
    assert not QuickReply.objects.exists()
    acts = SystemLog.objects.filter(kind="quick_reply").order_by("pk").values_list("source", flat=True)
    assert list(acts) == ["quick_reply.store", "quick_reply.store", "quick_reply.delete"]


def test_quick_replies_are_filled_with_what_the_debtor_has() -> None:
    debtor = make_debtor("Rosa Díaz", metadata={"ejecutivo": "Eva"})
    for name, text in (("a", "{nombre}, {deuda}, {ejecutivo}"), ("b", "{rut|sin RUT}"), ("c", "Su RUT es {rut}")):
        quick_replies.store(None, name=name, text=text)
    assert [(one.text, one.lacks) for one in quick_replies.filled(debtor)] == [
        ("Rosa Díaz, $125.000, Eva", ""),
        ("sin RUT", ""),
        ("Su RUT es {rut}", "{rut}"),
    ]
    assert [one.lacks for one in quick_replies.filled(None)] == ["{nombre}, {deuda}, {ejecutivo}", "", "{rut}"]
    assert quick_replies.store(None, name="A", text="dos veces") is None


@pytest.mark.parametrize(("language", "word"), [("es", "Elija una conversación"), ("en", "Choose a conversation")])
def test_pages_speak_both_languages(signed_in: Client, session: Session, language: str, word: str) -> None:
    wrote(session.gateway, "hola")
    signed_in.cookies["django_language"] = language
    assert word in page(signed_in, "/messages/")
    assert Gateway.objects.get(pk=session.gateway).name in page(signed_in, f"/messages/{KEY}/")
