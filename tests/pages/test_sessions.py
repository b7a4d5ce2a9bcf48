"""The sessions' pages: what they show in each state, and what their buttons and forms store."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from bson import ObjectId
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from desk.sessions.acts import ACTS
from domain.phones import shown_phone
from domain.states import Desired, SessionStatus
from gateways.models import Gateway
from messaging.models import Kind, Message
from sessions_app.models import Request, Session
from systemlog.models import SystemLog
from tests.factories.sending import make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db
S = SessionStatus
QR = "2@" + "A1b2C3d4" * 28 + ",k,l,1"


@pytest.fixture
def client(client: Client, staff: User) -> Client:
    """Ana's, in English: the words here are the source's."""
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def page_of(client: Client, session: Session) -> str:
    return read(client, f"/sessions/{session.pk}/")


def pairing(name: str = "Ventas 2", **fields: object) -> Session:
    """A session that shows a QR, as its supervisor would have stored it."""
    now = timezone.now()
    shown = {"desired": Desired.CONNECTED.value, "status": S.PAIRING.value, "qr": QR, "qr_at": now, "asked_at": now}
    return make_session(make_whatsapp_pool(f"Pool of {name}"), name, **{**shown, **fields})


@pytest.mark.parametrize("path", ["", "new/", f"{ObjectId()}/"])
def test_pages_are_for_who_is_signed_in(path: str) -> None:
    answer = Client().get(f"/sessions/{path}")
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next=/sessions/{path}")


@pytest.mark.parametrize("path", [f"{ObjectId()}/", "no-id/", "0123/"])
def test_session_that_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(f"/sessions/{path}").status_code == 404
    assert client.post(f"/sessions/{path}connect/").status_code == 404


def test_act_that_there_is_not_is_not_found(client: Client) -> None:
    session = make_session(make_whatsapp_pool())
    assert client.post(f"/sessions/{session.pk}/fly/").status_code == 404
    assert client.get(f"/sessions/{session.pk}/connect/").status_code == 405


# The list -------------------------------------------------------------------------------------------------------------


def test_list_without_sessions_says_how_to_begin(client: Client) -> None:
    assert "There is no session yet" in read(client, "/sessions/")


def test_list_has_those_first_that_need_a_hand(client: Client) -> None:
    pool = make_whatsapp_pool()
    later = timezone.now() + timedelta(hours=1)
    wanted = {"desired": Desired.CONNECTED.value, "next_look_at": later}
    make_session(pool, "A calm one", connected=True, next_look_at=later)
    make_session(pool, "B stopped", next_look_at=later)
    make_session(pool, "C to pair", status=S.PAIRING.value, **wanted)
    make_session(pool, "D blocked", status=S.BLOCKED.value, cause="account_temporarily_banned", **wanted)
    text = read(client, "/sessions/")
    names = ["D blocked", "C to pair", "A calm one", "B stopped"]
    assert sorted(names, key=text.index) == names
    assert "WhatsApp has banned the account for a time" in text
    only = read(client, "/sessions/?show=help")
    assert ("C to pair" in only, "A calm one" in only) == (True, False)


@pytest.mark.parametrize(("words", "found"), [("norte", True), ("11112222", True), ("sur", False), ("ventas", True)])
def test_search_finds_by_name_pool_and_number(client: Client, words: str, found: bool) -> None:
    make_session(make_whatsapp_pool("Ventas"), "Norte", connected=True)
    text = read(client, f"/sessions/?q={words}")
    assert ("session-card" in text, "No session is like that" in text) == (found, not found)


def test_list_asks_the_same_number_of_times_for_many(client: Client) -> None:
    pool = make_whatsapp_pool()

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read(client, "/sessions/")
        return len(queries)

    make_session(pool, "Ventas 0")
    few = asked()
    for number in range(1, 30):
        make_session(pool, f"Ventas {number}")
    assert asked() == few


# One session ----------------------------------------------------------------------------------------------------------


def test_qr_is_drawn_on_the_server_and_counts_down(client: Client) -> None:
    text = page_of(client, pairing())
    assert '<svg class="qr"' in text
    assert QR not in text
    assert 'Codes are shown for</dt><dd><b><time class="countdown"' in text
    assert "Show a new QR" in text


def test_qr_beyond_its_time_asks_for_a_new_one(client: Client) -> None:
    text = page_of(client, pairing(asked_at=timezone.now() - timedelta(minutes=10)))
    assert "this is one of the last" in text


def test_expired_qr_says_so_without_naming_commands(client: Client) -> None:
    text = page_of(client, pairing(qr="", cause="qr_expired"))
    assert "Nobody scanned its QR in time. Ask for a new one." in text
    assert "manage.py" not in text


def test_link_code_is_shown_in_two_groups(client: Client) -> None:
    until = timezone.now() + timedelta(minutes=3)
    text = page_of(client, pairing(link_code="ABCD1234", link_code_until=until, cause="link_code"))
    assert "<b>ABCD</b><b>1234</b>" in text
    assert '<svg class="qr"' not in text


def test_session_that_nobody_looks_after_says_so(client: Client) -> None:
    old = timezone.now() - timedelta(minutes=1)
    session = make_session(make_whatsapp_pool(), next_look_at=old)
    assert "No worker looks after this session" in page_of(client, session)
    assert "No worker looks after it" in read(client, "/sessions/")


def test_browser_driver_that_is_away_is_told_in_words(client: Client) -> None:
    wanted = {"desired": Desired.CONNECTED.value, "status": S.FAILED.value, "cause": "driver_away"}
    session = make_session(make_whatsapp_pool(), **wanted)
    assert "The WebDriver server of its browser host does not answer." in page_of(client, session)


def test_connected_session_that_does_not_answer_is_not_shown_as_connected(client: Client) -> None:
    session = make_session(make_whatsapp_pool(), connected=True, heartbeat_at=timezone.now() - timedelta(minutes=2))
    text = page_of(client, session)
    assert "without connection</span>" in text
    assert "It was connected, and has not answered since." in text


@pytest.mark.parametrize("status", list(S))
def test_every_state_has_a_page(client: Client, status: SessionStatus) -> None:
    pool = make_whatsapp_pool()
    wanted = [(desired.value, "") for desired in Desired]
    wanted += [(Desired.CONNECTED.value, request) for request in Request.values if request]
    for desired, request in wanted:
        name = f"{desired} {request}".strip()
        page_of(client, make_session(pool, name, status=status.value, desired=desired, request=request))
    text = read(client, "/sessions/")
    assert text.count('class="card session-card') == len(wanted)


def test_session_whose_line_is_gone_still_has_a_page(client: Client) -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    Gateway.objects.all().delete()
    assert "switched off" in page_of(client, session)
    assert "Ventas 1" in read(client, "/sessions/")


# Acts -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "desired", "request_"),
    [
        ("connect", "connected", ""),
        ("disconnect", "stopped", ""),
        ("reload", "connected", "reload"),
        ("new-qr", "connected", "refresh_qr"),
        ("logout", "connected", "logout"),
        ("reset", "connected", "reset"),
        ("delete", "deleted", ""),
    ],
)
def test_act_stores_what_is_wanted_and_who_wanted_it(client: Client, act: str, desired: str, request_: str) -> None:
    session = pairing()
    answer = client.post(f"/sessions/{session.pk}/{act}/")
    session.refresh_from_db()
    assert (session.desired, session.request) == (desired, request_)
    target = "/sessions/" if act == "delete" else f"/sessions/{session.pk}/"
    assert (answer.status_code, answer["Location"]) == (303, target)
    kept = SystemLog.objects.get(source=f"session.{act}")
    assert (kept.actor, kept.kind, kept.object_id, kept.message) == ("ana", "session", str(session.pk), "Ventas 2")
    assert "Ventas 2" in read(client, "/sessions/")


def test_acts_are_all_tried() -> None:
    assert set(ACTS) == {"connect", "disconnect", "reload", "new-qr", "logout", "reset", "delete"} | {
        "activate",
        "deactivate",
    }


def test_line_is_switched_off_and_on(client: Client) -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    client.post(f"/sessions/{session.pk}/deactivate/")
    assert Gateway.objects.get().active is False
    text = page_of(client, session)
    assert "Its line is switched off" in text
    assert "Switch its line on" in text
    client.post(f"/sessions/{session.pk}/activate/")
    assert Gateway.objects.get().active is True


def test_act_that_the_state_refuses_says_why_and_changes_nothing(client: Client) -> None:
    session = make_session(make_whatsapp_pool())
    assert client.post(f"/sessions/{session.pk}/reload/").status_code == 303
    assert "is stopped: connect it first." in page_of(client, session)
    session.refresh_from_db()
    assert session.request == ""
    assert not SystemLog.objects.filter(source="session.reload").exists()


def test_htmx_is_sent_on_by_its_own_header(client: Client) -> None:
    session = make_session(make_whatsapp_pool())
    answer = client.post(f"/sessions/{session.pk}/connect/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, f"/sessions/{session.pk}/")


def test_link_code_is_asked_for_a_phone_as_people_write_it(client: Client) -> None:
    session = make_session(make_whatsapp_pool())
    assert client.post(f"/sessions/{session.pk}/link/", {"phone": "9 1234 5678"}).status_code == 303
    session.refresh_from_db()
    assert (session.desired, session.request, session.request_phone) == ("connected", "link_code", "56912345678")
    wrong = client.post(f"/sessions/{session.pk}/link/", {"phone": "12"})
    assert (wrong.status_code, 'id="link_phone_error"' in wrong.content.decode()) == (200, True)


def test_limits_are_set_and_wrong_ones_refused_at_their_field(client: Client) -> None:
    session = make_session(make_whatsapp_pool())
    limits = {"per_minute": 3, "per_hour": 30, "per_day": 100, "first_contacts_per_day": 0}
    assert client.post(f"/sessions/{session.pk}/limits/", limits).status_code == 303
    assert {name: Gateway.objects.get().config[name] for name in limits} == limits
    wrong = client.post(f"/sessions/{session.pk}/limits/", {**limits, "per_hour": -1})
    assert (wrong.status_code, 'id="limits_per_hour_error"' in wrong.content.decode()) == (200, True)
    assert Gateway.objects.get().config["per_hour"] == 30


def test_test_message_is_sent_by_this_session_and_shown(client: Client) -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    answer = client.post(f"/sessions/{session.pk}/test/", {"phone": "912345678", "text": "Hola <b>"})
    message = Message.objects.get()
    assert answer["Location"] == f"/sessions/{session.pk}/?test={message.pk}"
    assert (message.kind, message.gateway, message.phone) == (Kind.TEST, session.gateway, "+56912345678")
    text = read(client, answer["Location"])
    assert "Hola &lt;b&gt;" in text
    assert shown_phone(message.phone) in text


@pytest.mark.parametrize(("phone", "text"), [("912345678", "  "), ("hello", "Hola"), ("", "Hola")])
def test_wrong_test_message_is_not_sent(client: Client, phone: str, text: str) -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    answer = client.post(f"/sessions/{session.pk}/test/", {"phone": phone, "text": text})
    assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (200, True)
    assert not Message.objects.exists()


def test_test_message_of_another_session_is_not_shown(client: Client) -> None:
    pool = make_whatsapp_pool()
    one, other = make_session(pool, "Ventas 1"), make_session(pool, "Ventas 2")
    client.post(f"/sessions/{one.pk}/test/", {"phone": "912345678", "text": "Hola"})
    assert "session-test-" not in read(client, f"/sessions/{other.pk}/?test={Message.objects.get().pk}")


# A new one ------------------------------------------------------------------------------------------------------------


def test_new_session_needs_a_whatsapp_pool(client: Client) -> None:
    make_pool("sms")
    assert "There is no pool for WhatsApp yet" in read(client, "/sessions/new/")


@pytest.fixture
def post_new(client: Client) -> Callable[..., str]:
    def post(**changes: object) -> str:
        limits = {"per_minute": 0, "per_hour": 60, "per_day": 200, "first_contacts_per_day": 0}
        answer = client.post("/sessions/new/", {"name": "Ventas 1", "pool": "Ventas", **limits, **changes})
        return answer.get("Location", "") or answer.content.decode()

    return post


def test_new_session_is_added_with_its_line(post_new: Callable[..., str]) -> None:
    make_whatsapp_pool()
    location = post_new(per_day=50)
    session = Session.objects.get()
    assert location == f"/sessions/{session.pk}/"
    line = Gateway.objects.get()
    assert (line.name, line.pool.name, line.config["per_day"]) == ("Ventas 1", "Ventas", 50)


@pytest.mark.parametrize("changes", [{"name": "Otra"}, {"name": " "}, {"pool": "Nadie"}, {"per_day": "many"}])
def test_wrong_new_session_is_refused_at_its_field(post_new: Callable[..., str], changes: dict[str, str]) -> None:
    make_session(make_whatsapp_pool(), "Otra")
    assert f'id="id_{next(iter(changes))}_error"' in post_new(**changes)
    assert Session.objects.count() == 1
