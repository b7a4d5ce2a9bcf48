"""The sessions' pages: what they show in each state, and what their buttons and forms store."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from bson import ObjectId
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from desk.sessions.acts import ACTS
from domain.phones import shown_phone
from domain.states import Desired, SessionStatus
from gateways.models import Gateway
from gateways.sessions import row
from lib.mongo import collection, server_now
from messaging.flow import this_day
from messaging.models import DayTally, Kind, Message
from sessions_app.models import Picture, Request, Session, SessionChange
from systemlog.models import SystemLog
from tests.factories.sending import make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db
S = SessionStatus
MINUTE = timedelta(minutes=1)
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


def dialog_of(client: Client, session: Session) -> str:
    """The dialog that links a phone, as the page shows it at once."""
    return read(client, f"/sessions/{session.pk}/?pair={session.pk}")


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
    assert ('class="card session-card' in text, "No session is like that" in text) == (found, not found)


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


def test_filters_say_how_many_they_find_of_the_search(client: Client) -> None:
    pool, later = make_whatsapp_pool(), timezone.now() + timedelta(hours=1)
    make_session(pool, "Norte 1", connected=True, next_look_at=later)
    resting = make_session(pool, "Norte 2", connected=True, next_look_at=later)
    Gateway.objects.filter(pk=resting.gateway).update(capped_until=later, capped_by="per_day")
    blocked = {"desired": Desired.CONNECTED.value, "status": S.BLOCKED.value}
    make_session(pool, "Sur", next_look_at=later, **blocked)
    make_session(pool, "Centro", next_look_at=later)

    def chips(query: str) -> list[tuple[str, str]]:
        text = read(client, f"/sessions/{query}")
        return re.findall(r'<a class="chip[^>]*>([^<]*) <b class="number">(\d+)</b>', text)

    assert chips("") == [("All", "4"), ("Need a hand", "1"), ("Connected", "2"), ("Resting", "1"), ("Stopped", "1")]
    assert [number for _label, number in chips("?q=norte")] == ["2", "0", "2", "1", "0"]
    only = read(client, "/sessions/?q=norte&show=resting")
    assert ("Norte 2" in only, "Norte 1" in only) == (True, False)
    assert 'href="/sessions/?q=norte&amp;show=connected"' in only


def test_card_says_what_keeps_it_from_sending_and_for_how_long(client: Client) -> None:
    pool, later = make_whatsapp_pool(), timezone.now() + timedelta(hours=1)
    session = make_session(pool, connected=True, next_look_at=later)
    line = Gateway.objects.filter(pk=session.gateway)

    def held() -> str:
        text = read(client, "/sessions/")
        [found] = re.findall(r'<p class="said held">.*?<span>(.*?)</span></p>', text)
        assert found.split("<b")[0].strip() in page_of(client, session)
        return str(found)

    line.update(capped_until=later, capped_by="per_day")
    assert held().startswith("It has sent what it may (today). Campaigns go on through it in <b")
    line.update(health="down", health_reason="no_answer: x", next_send_at=later + timedelta(minutes=5))
    assert held().startswith("It rests after failures:")
    assert 'class="countdown"' in held()
    line.update(capped_until=None, capped_by="", next_send_at=timezone.now() - timedelta(seconds=5))
    assert held().startswith("It has rested after failures, and tries one message next:")
    pool.active = False
    pool.save()
    assert held() == "Its pool “Ventas” is switched off: nothing is sent through it."
    line.update(active=False)
    assert held() == "Its line is switched off: campaigns don&#x27;t send through it."


def test_card_and_page_show_memory_and_the_last_check(client: Client, settings: Settings) -> None:
    now = timezone.now()
    checked = {"verify_asked_at": now, "verified_at": now, "verified": {"status": "connected", "cause": "", "ms": 40}}
    here = {"browser": {"pid": 4711, "pid_started": 1.0}, "memory": 214 * 1024**2, "memory_at": now, "launched_at": now}
    session = make_session(make_whatsapp_pool(), connected=True, **here, **checked)
    for text in (read(client, "/sessions/"), page_of(client, session)):
        assert "214 MB" in text
        assert "much" not in text
        assert "</time>: connected, and answers in 40 ms" in text
    settings.BROWSER_MEMORY_MB = 200
    assert "Much memory:" in read(client, "/sessions/")
    assert "takes unusually much memory (214 MB)" in page_of(client, session)
    Session.objects.update(memory=None, browser={"pid": 4711, "pid_started": 0.0}, verify_asked_at=now + MINUTE)
    text = page_of(client, session)
    assert "not measured: its browser runs on a Selenium server" in text
    assert "Being checked …" in text


def test_card_and_page_say_what_was_sent_today_where_no_limit_does(client: Client) -> None:
    pool = make_whatsapp_pool()
    free, limited = make_session(pool, "Free"), make_session(pool, "Limited")
    Gateway.objects.filter(pk=free.gateway).update(config={"per_day": 0})
    for one in (free, limited):
        DayTally.objects.create(day=this_day(), lane=str(one.gateway), sent=1234)
    DayTally.objects.create(day="2020-01-01", lane=str(free.gateway), sent=9)
    said = 'Sent today</span><span class="push">1,234</span>'
    text = read(client, "/sessions/")
    assert (text.count(said), text.count("Sent today")) == (1, 1)
    assert "Sent today</dt><dd>1,234</dd>" in page_of(client, free)
    assert "Sent today" not in page_of(client, limited)


def test_strip_tells_the_last_day_in_words(client: Client) -> None:
    now, pool = timezone.now(), make_whatsapp_pool()
    long_ago = now - timedelta(days=9)
    session = make_session(pool, connected=True, created_at=long_ago)
    make_session(pool, "Calm", connected=True, created_at=long_ago)
    new = make_session(pool, "New", created_at=now - timedelta(hours=2))
    silent = {"heartbeat_at": now - timedelta(hours=1), "created_at": long_ago}
    make_session(pool, "Silent", connected=True, **silent)
    for minutes, origin, target in ((600, "connected", "offline"), (588, "offline", "connected")):
        at = now - timedelta(minutes=minutes)
        SessionChange.objects.create(session=session.pk, origin=origin, target=target, at=at)
    said = re.findall(r'aria-label="Last 24 hours: ([^"]*)"', read(client, "/sessions/"))
    assert sorted(said) == [
        "connected 23 h 48 min, without connection 12 min",
        "connected 23 h, without connection 1 h",
        "connected 24 h",
        "stopped 2 h",
    ]
    assert 'class="state-none"' in page_of(client, new)
    plan = collection(SessionChange).find({"session": {"$in": [session.pk]}, "at": {"$gte": now}}).explain()
    assert "session_changes" in json.dumps(plan["queryPlanner"]["winningPlan"], default=str)


# One session ----------------------------------------------------------------------------------------------------------


def test_qr_is_drawn_on_the_server_and_counts_down(client: Client) -> None:
    text = dialog_of(client, pairing())
    assert '<svg class="qr"' in text
    assert QR not in text
    assert 'Codes are shown for</dt><dd><b><time class="countdown"' in text
    assert "Show a new QR" in text


def test_qr_beyond_its_time_asks_for_a_new_one(client: Client) -> None:
    text = dialog_of(client, pairing(asked_at=timezone.now() - timedelta(minutes=10)))
    assert "this is one of the last" in text


def test_expired_qr_says_so_without_naming_commands(client: Client) -> None:
    text = page_of(client, pairing(qr="", cause="qr_expired"))
    assert "Nobody scanned its QR in time. Ask for a new one." in text
    assert "manage.py" not in text


def test_link_code_is_shown_in_two_groups(client: Client) -> None:
    until = timezone.now() + timedelta(minutes=3)
    text = dialog_of(client, pairing(link_code="ABCD1234", link_code_until=until, cause="link_code"))
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
        ("reconnect", "connected", "reconnect"),
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
    assert set(ACTS) == {"connect", "disconnect", "reload", "logout", "reset", "delete"} | {
        "activate",
        "deactivate",
        "reconnect",
        "verify",
        "picture",
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
    asked = client.post(f"/sessions/{session.pk}/link/", {"phone": "9 1234 5678"})
    assert "The code is shown above in some seconds." in asked.content.decode()
    session.refresh_from_db()
    assert (session.desired, session.request, session.request_phone) == ("connected", "link_code", "56912345678")
    wrong = client.post(f"/sessions/{session.pk}/link/", {"phone": "12"})
    assert (wrong.status_code, 'id="link_phone_error"' in wrong.content.decode()) == (200, True)
    assert [kept.source for kept in SystemLog.objects.filter(kind="session")] == ["session.link-code"]


def test_dialog_asks_for_a_qr_where_none_is_shown_and_says_who_did(client: Client) -> None:
    def opened(session: Session) -> str:
        text = client.post(f"/sessions/{session.pk}/pair/").content.decode()
        session.refresh_from_db()
        return text

    stopped, shown, expired = (
        make_session(make_whatsapp_pool()),
        pairing(),
        pairing("Ventas 3", qr="", cause="qr_expired"),
    )
    assert "The QR comes here in some seconds" in opened(stopped)
    assert (stopped.desired, stopped.request) == ("connected", "")
    assert '<svg class="qr"' in opened(shown)
    assert (shown.desired, shown.request) == ("connected", "")
    assert "Show a new QR" not in opened(expired)
    assert expired.request == "refresh_qr"
    client.post(f"/sessions/{shown.pk}/pair/qr/")
    shown.refresh_from_db()
    assert shown.request == "refresh_qr"
    acts = [
        (kept.source, kept.object_id, kept.actor) for kept in SystemLog.objects.filter(kind="session").order_by("at")
    ]
    assert acts == [
        ("session.connect", str(stopped.pk), "ana"),
        ("session.new-qr", str(expired.pk), "ana"),
        ("session.new-qr", str(shown.pk), "ana"),
    ]


def test_dialog_says_when_the_phone_is_linked_and_what_stands_in_the_way(client: Client) -> None:
    linked = make_session(make_whatsapp_pool(), connected=True)
    text = dialog_of(client, linked)
    assert f"Linked: {shown_phone('+56911112222')}" in text
    going = pairing(request="reset")
    assert "is being reset: wait until that is done" in client.post(f"/sessions/{going.pk}/pair/qr/").content.decode()
    assert 'id="pair-dialog"' not in page_of(client, linked)
    assert 'id="pair-dialog"' in read(client, f"/sessions/?pair={going.pk}")
    assert 'id="pair-dialog"' not in read(client, f"/sessions/?pair={ObjectId()}")
    assert 'id="pair-dialog"' not in read(client, "/sessions/?pair=nobody")


def test_check_and_picture_are_asked_for_and_leave_the_page(client: Client) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    running = {"browser": {"pid": 1, "pid_started": 1.0}, "status_at": long_ago, "heartbeat_at": long_ago}
    session = make_session(make_whatsapp_pool(), connected=True, next_look_at=server_now(), **running)
    for act in ("verify", "picture"):
        answer = client.post(f"/sessions/{session.pk}/{act}/", headers={"HX-Request": "true"})
        assert (answer.status_code, answer.headers.get("HX-Redirect")) == (204, None)
    session.refresh_from_db()
    assert None not in (session.verify_asked_at, session.picture_asked_at)
    assert session.request == ""
    assert session.next_look_at is not None and session.next_look_at <= server_now()
    assert not row(session).unattended  # it was asked for just now
    assert client.post(f"/sessions/{session.pk}/verify/").status_code == 303  # without htmx
    stopped = make_session(make_whatsapp_pool("Otro"), "Ventas 2")
    refused = client.post(f"/sessions/{stopped.pk}/picture/", headers={"HX-Request": "true"})
    assert (refused.status_code, refused["Content-Type"]) == (409, "text/plain; charset=utf-8")
    assert refused.content.decode() == "“Ventas 2” is stopped: connect it first."
    assert "Its browser does not run" in page_of(client, stopped)


def test_picture_is_for_who_is_signed_in_is_kept_by_no_cache_and_noted(client: Client) -> None:
    now = timezone.now()
    session = make_session(make_whatsapp_pool(), connected=True, browser={"pid": 1, "pid_started": 1.0})
    address = f"/sessions/{session.pk}/picture.jpg"
    assert client.get(address).status_code == 404
    picture = Picture.objects.create(session=session.pk, image=b"a JPEG", taken_at=now, expires_at=now + MINUTE)
    assert Client().get(address).status_code == 302
    assert client.post(address).status_code == 405
    answer = client.get(address)
    assert (answer.content, answer["Content-Type"], answer["Cache-Control"]) == (
        b"a JPEG",
        "image/jpeg",
        "no-store, private",
    )
    kept = SystemLog.objects.get(source="session.picture-seen")
    assert (kept.actor, kept.object_id) == ("ana", str(session.pk))
    assert f'src="{address}?at=' in page_of(client, session)
    picture.expires_at = now - MINUTE
    picture.save()
    assert client.get(address).status_code == 404
    assert address not in page_of(client, session)


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
    assert (location, session.desired) == (f"/sessions/{session.pk}/?pair={session.pk}", "connected")
    line = Gateway.objects.get()
    assert (line.name, line.pool.name, line.config["per_day"]) == ("Ventas 1", "Ventas", 50)


def test_new_session_may_be_linked_later(post_new: Callable[..., str]) -> None:
    make_whatsapp_pool()
    location = post_new(later="yes")
    session = Session.objects.get()
    assert (location, session.desired) == (f"/sessions/{session.pk}/", "stopped")


@pytest.mark.parametrize("changes", [{"name": "Otra"}, {"name": " "}, {"pool": "Nadie"}, {"per_day": "many"}])
def test_wrong_new_session_is_refused_at_its_field(post_new: Callable[..., str], changes: dict[str, str]) -> None:
    make_session(make_whatsapp_pool(), "Otra")
    assert f'id="id_{next(iter(changes))}_error"' in post_new(**changes)
    assert Session.objects.count() == 1
