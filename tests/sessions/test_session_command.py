"""manage.py session, as people and scripts call it, over sessions in the states that the supervisor writes."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone
from django.utils.translation import override

from campaigns.management import session_watch
from campaigns.models import Attachment
from domain.sessions import Cause
from domain.states import MessageStatus, SessionStatus
from gateways import sessions
from gateways.models import Gateway
from lib.mongo import collection
from messaging.models import Message
from sessions_app.describe import CAUSES
from sessions_app.models import Picture, Session
from tests.factories.sending import make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db

QR = "2@AbC,dEf,gHi,1"
WIDTH = 25  # of a code that holds QR: 21 modules and two quiet ones on each side


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(session_watch, "POLL_SECONDS", 0.02)
    with override("en"):
        yield


def manage(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("session", *arguments, stdout=out)
    return out.getvalue().splitlines()


def as_json(*arguments: str) -> Any:
    [printed] = manage(*arguments, "--json")
    return json.loads(printed)


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("session", *arguments, stdout=StringIO())
    return str(caught.value)


def seen(name: str = "Ventas 1", **fields: Any) -> None:
    """What the supervisor writes."""
    Session.objects.filter(name=name).update(status_at=timezone.now(), **fields)


def step_by_step(*steps: tuple[Callable[[], bool], dict[str, Any]]) -> threading.Thread:
    """A supervisor: writes each step's fields once its condition holds."""

    def run() -> None:
        for holds, fields in steps:
            give_up = time.monotonic() + 90
            while not holds() and time.monotonic() < give_up:
                time.sleep(0.01)
            seen(**fields)
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


# Adding --------------------------------------------------------------------------------------------------------------
def test_add_makes_the_session_and_its_line_together() -> None:
    pool = make_whatsapp_pool()
    assert manage(
        *("add", "  Ventas  1", "--pool", "Ventas", "--host", "b2", "--per-minute", "4", "--per-day", "80"),
        *("--first-contacts", "20"),
    ) == ["Session “Ventas 1” added to the pool “Ventas”.", "Connect it with `manage.py session connect`."]
    session, gateway = Session.objects.get(), Gateway.objects.get()
    assert (session.name, session.gateway, session.host) == ("Ventas 1", gateway.pk, "b2")
    assert (session.status, session.desired) == ("stopped", "stopped")
    assert (gateway.name, gateway.kind, gateway.channel, gateway.pool) == ("Ventas 1", "whatsapp_web", "whatsapp", pool)
    assert gateway.config == {
        "host": "b2", "per_minute": 4, "per_hour": 60, "per_day": 80, "first_contacts_per_day": 20,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("X", "--pool", "Ventas", "--host", "a b"), "host: takes letters, digits, - and _"),
        (("X", "--pool", "Ventas", "--per-day", "-1"), "per_day: takes a number from 0 to 100000"),
        (("X", "--pool", "Nada"), "There is no pool “Nada”. Pools of the channel whatsapp: Ventas."),
        (("  ", "--pool", "Ventas"), "A name has 1 to 100 characters."),
        (
            ("X", "--pool", "SMS"),
            "The pool “SMS” is of the channel sms; this line is of whatsapp. Pools of the channel whatsapp: Ventas.",
        ),
        (("Ventas 1", "--pool", "Ventas"), "There is a session or a line “Ventas 1” already: choose another name."),
        (("Línea 1", "--pool", "Ventas"), "There is a session or a line “Línea 1” already: choose another name."),
    ],
)
def test_add_of_what_cannot_be_stores_nothing(arguments: tuple[str, ...], sentence: str) -> None:
    make_session(make_whatsapp_pool())
    make_line(make_pool("SMS"), "https://gateway.example/send", "Línea 1")
    assert refused("add", *arguments).rstrip(".") == sentence.rstrip(".")
    assert (Session.objects.count(), Gateway.objects.count()) == (1, 2)


def test_add_whose_session_cannot_be_stored_leaves_no_line() -> None:
    pool = make_whatsapp_pool()
    make_session(pool)
    Gateway.objects.update(name="old")
    assert "already" in refused("add", "Ventas 1", "--pool", "Ventas")
    assert Gateway.objects.count() == 1


def test_gateway_and_pool_commands_still_work_with_sessions_in_them() -> None:
    make_session(make_whatsapp_pool())
    out = StringIO()
    call_command("gateway", "list", stdout=out)
    call_command("pool", "list", stdout=out)
    assert out.getvalue().splitlines() == [
        "Ventas 1  whatsapp_web  Ventas  ok  active",
        "Ventas  whatsapp  competitive  0 ± 0 s  lines: 1  active",
    ]
    call_command("gateway", "deactivate", "Ventas 1", stdout=out)
    assert not Gateway.objects.get().active
    with pytest.raises(CommandError, match="session add NAME --pool POOL"):
        call_command("gateway", "add", "X", "--kind", "whatsapp_web", "--pool", "Ventas", stdout=out)


@pytest.mark.parametrize("action", ["connect", "disconnect", "logout", "reset", "delete", "status", "qr", "limits"])
def test_a_line_without_session_is_told_apart_from_no_session(action: str) -> None:
    make_line(make_pool("SMS"), "https://gateway.example/send", "Línea 1")
    assert refused(action, "Línea 1") == (
        "“Línea 1” is a line of kind http_generic and has no WhatsApp session: see `manage.py gateway`."
    )
    assert refused(action, "Nadie") == "There is no session “Nadie”. Add one with `manage.py session add`."
    make_session(make_whatsapp_pool())
    assert refused(action, "Nadie") == "There is no session “Nadie”. Sessions: Ventas 1."


# Connecting ----------------------------------------------------------------------------------------------------------
def test_connect_shows_each_qr_once_and_ends_when_connected() -> None:
    make_session(make_whatsapp_pool())
    supervisor = step_by_step(
        (lambda: Session.objects.get().desired == "connected", {"status": "starting"}),
        (lambda: True, {"status": "pairing", "qr": QR, "qr_at": timezone.now()}),
        (lambda: told(1), {"qr": QR + "2", "qr_at": timezone.now()}),
        (lambda: told(2), {"status": "syncing", "qr": ""}),
        (
            lambda: any("synchronising" in line for line in out.getvalue().splitlines()),
            {"status": "connected", "phone": "+56911112222", "heartbeat_at": timezone.now()},
        ),
    )
    out = StringIO()

    def told(times: int) -> bool:
        return out.getvalue().count("Scan it: ") >= times

    call_command("session", "connect", "Ventas 1", "--wait", "90", stdout=out)
    supervisor.join()
    printed = out.getvalue().splitlines()
    words = [line for line in printed if line.startswith(("Ventas", "Scan"))]
    assert [line for line in words if "starting" not in line and "stopped" not in line] == [
        "Ventas 1: waiting to be paired",
        *["Scan it: WhatsApp on the phone, Linked devices, Link a device. A new one comes before it expires."] * 2,
        "Ventas 1: synchronising",
        "Ventas 1: connected (+56911112222)",
    ]
    code = [line for line in printed if line.startswith("█")]
    assert len(code) == 2 * (WIDTH // 2 + 1)
    assert {len(line) for line in code} == {WIDTH}


def test_connect_by_link_code_shows_it_with_its_time_left() -> None:
    make_session(make_whatsapp_pool())
    supervisor = step_by_step(
        (
            lambda: Session.objects.get().request == "link_code",
            {
                "status": "pairing",
                "link_code": "ABCD-1234",
                "link_code_until": timezone.now() + timedelta(seconds=600),
                "qr": QR,
                "request": "",
            },
        ),
        (lambda: "ABCD" in out.getvalue(), {"status": "connected", "heartbeat_at": timezone.now()}),
    )
    out = StringIO()
    call_command("session", "connect", "Ventas 1", "--phone", "+56 9 1111 2222", "--wait", "90", stdout=out)
    supervisor.join()
    assert Session.objects.get().request_phone == "56911112222"
    [line] = [line for line in out.getvalue().splitlines() if "ABCD-1234" in line]
    assert line.startswith("Link code: ABCD-1234. On the phone: Linked devices,")
    assert "It holds for 9:" in line
    assert "Scan it" not in out.getvalue()


def test_connect_as_json_prints_each_change_and_ends_with_the_last() -> None:
    make_session(make_whatsapp_pool())
    supervisor = step_by_step(
        (lambda: Session.objects.get().desired == "connected", {"status": "pairing", "qr": QR}),
        (lambda: QR in out.getvalue(), {"status": "connected", "qr": "", "heartbeat_at": timezone.now()}),
    )
    out = StringIO()
    call_command("session", "connect", "Ventas 1", "--json", "--wait", "90", stdout=out)
    supervisor.join()
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(one["status"], one["connected"], one["qr"]) for one in told[-2:]] == [
        ("pairing", False, QR),
        ("connected", True, ""),
    ]


def test_connect_without_waiting_stores_what_is_wanted() -> None:
    make_session(make_whatsapp_pool())
    assert manage("connect", "Ventas 1", "--wait", "0") == ["“Ventas 1” is being connected."]
    assert Session.objects.get().desired == "connected"
    assert as_json("connect", "Ventas 1", "--wait", "0")["desired"] == "connected"


def test_connect_ends_with_what_to_do_when_nobody_scans() -> None:
    make_session(make_whatsapp_pool(), status="pairing", cause="qr_expired", desired="connected")
    supervisor = step_by_step((lambda: Session.objects.get().asked_at is not None, {"cause": "qr_expired"}))
    error = refused("connect", "Ventas 1", "--wait", "90")
    supervisor.join()
    assert error.startswith("Ventas 1: Nobody scanned its QR in time.")


def test_connect_that_takes_too_long_says_that_it_goes_on() -> None:
    make_session(make_whatsapp_pool(), status="starting")
    assert refused("connect", "Ventas 1", "--wait", "0.05") == (
        "“Ventas 1” is not connected yet: starting. It goes on by itself: look at it with `manage.py session status`."
    )


def test_connect_that_nobody_looks_after_says_how_to_start_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "UNATTENDED", timedelta(seconds=0.05))
    make_session(make_whatsapp_pool(), status_at=timezone.now() - timedelta(minutes=1))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("session", "connect", "Ventas 1", "--wait", "2", stdout=out)
    assert out.getvalue().splitlines() == [
        "Ventas 1: stopped",
        "Nobody looks after it: start the workers with `bin/services start --workers`.",
    ]


def test_connect_that_somebody_else_ends_says_so() -> None:
    make_session(make_whatsapp_pool(), status="starting")
    supervisor = step_by_step(
        (lambda: Session.objects.get().desired == "connected", {"desired": "stopped"}),
    )
    assert refused("connect", "Ventas 1", "--wait", "90") == "“Ventas 1” was disconnected meanwhile."
    supervisor.join()


# The QR --------------------------------------------------------------------------------------------------------------
def test_qr_is_printed_as_a_code_as_text_and_as_json() -> None:
    at = timezone.now().replace(microsecond=0)
    make_session(make_whatsapp_pool(), status="pairing", qr=QR, qr_at=at, desired="connected")
    assert manage("qr", "Ventas 1", "--text") == [QR]
    assert as_json("qr", "Ventas 1") == {"qr": QR, "at": at.isoformat()}
    drawn = manage("qr", "Ventas 1")[:-1]
    negative = manage("qr", "Ventas 1", "--invert")[:-1]
    exchanged = str.maketrans({"█": " ", " ": "█", "▀": "▄", "▄": "▀"})
    assert [line.translate(exchanged) for line in negative] == drawn


def test_qr_refreshed_waits_for_another_one() -> None:
    make_session(make_whatsapp_pool(), status="pairing", qr=QR, desired="connected")
    supervisor = step_by_step((lambda: Session.objects.get().request == "refresh_qr", {"qr": QR + "2"}))
    assert manage("qr", "Ventas 1", "--refresh", "--text") == [QR + "2"]
    supervisor.join()


def test_qr_waits_for_the_first_one_but_not_of_a_connected_session() -> None:
    make_session(make_whatsapp_pool(), status="starting", desired="connected")
    supervisor = step_by_step((lambda: True, {"status": "pairing", "qr": QR}))
    assert manage("qr", "Ventas 1", "--wait", "90", "--text") == [QR]
    supervisor.join()
    seen(status="connected", qr="", heartbeat_at=timezone.now())
    assert refused("qr", "Ventas 1", "--wait", "90") == "“Ventas 1” is connected: there is nothing to scan."


def test_qr_that_is_not_there_is_explained() -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    assert refused("qr", "Ventas 1") == "“Ventas 1” is connected: there is nothing to scan."
    Session.objects.filter(pk=session.pk).update(status="stopped", qr=QR)
    assert refused("qr", "Ventas 1") == (
        "“Ventas 1” shows no QR now: it is stopped. Ask for one with `manage.py session connect`."
    )


# State and limits ----------------------------------------------------------------------------------------------------
def test_status_tells_state_number_heartbeat_and_what_was_sent() -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    tomorrow = timezone.now() + timedelta(days=1)
    usage = {
        "per_day": {"until": tomorrow.isoformat(), "used": 12},
        "per_hour": {"until": (timezone.now() - timedelta(minutes=1)).isoformat(), "used": 60},
    }
    collection(Gateway).update_one({"_id": session.gateway}, {"$set": {"usage": usage}})
    [state, pool, number, heard, today, limits] = manage("status", "Ventas 1")
    assert (state, pool, number, today) == (
        "Ventas 1: connected",
        "  pool: Ventas, browser host: main",
        "  number: +56911112222",
        "  sent today: 0",
    )
    assert heard.startswith("  last heard of: ")
    assert limits == "  limits: this minute: no limit, this hour 0/60, today 12/200, first contacts today: no limit"
    found = as_json("status", "Ventas 1")
    assert (found["status"], found["connected"], found["sent_today"]) == ("connected", True, 0)
    assert found["limits"]["per_day"] == {"limit": 200, "used": 12}
    assert manage("list") == ["Ventas 1  Ventas  connected  +56911112222  this hour 0/60  today 12/200"]
    assert [one["name"] for one in as_json("list")] == ["Ventas 1"]


def test_status_of_a_session_that_stopped_answering_says_so() -> None:
    make_session(make_whatsapp_pool(), connected=True, heartbeat_at=timezone.now() - timedelta(minutes=2))
    assert manage("status", "Ventas 1")[0] == "Ventas 1: connected, but it does not answer"
    assert as_json("status", "Ventas 1")["connected"] is False


def test_check_is_asked_for_and_its_answer_told() -> None:
    make_session(make_whatsapp_pool(), connected=True)
    found = {"status": "connected", "cause": "", "ms": 41}

    def asked() -> bool:
        return Session.objects.get().verify_asked_at is not None

    supervisor = step_by_step((asked, {"verified_at": timezone.now() + timedelta(minutes=1), "verified": found}))
    assert manage("verify", "Ventas 1") == ["Ventas 1: connected, and answers in 41 ms"]
    supervisor.join()
    assert any("connected, and answers in 41 ms" in line for line in manage("status", "Ventas 1"))
    assert as_json("status", "Ventas 1")["verified"] == found
    Session.objects.update(verified_at=None)
    assert manage("verify", "Ventas 1", "--wait", "0") == ["“Ventas 1” is being checked."]
    assert refused("verify", "Ventas 1", "--wait", "0.05").startswith("“Ventas 1” gave no answer in time.")
    make_session(make_whatsapp_pool("Otro"), "Ventas 2")
    assert refused("verify", "Ventas 2") == "“Ventas 2” is stopped: connect it first."


def test_picture_is_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "shown.jpg"
    session = make_session(make_whatsapp_pool(), connected=True, browser={"pid": 1, "pid_started": 1.0})
    soon = timezone.now() + timedelta(minutes=1)

    def asked() -> bool:
        return Session.objects.get().picture_asked_at is not None

    supervisor = step_by_step((asked, {"picture_at": soon, "picture_error": "no_browser"}))
    assert refused("picture", "Ventas 1", str(file)) == (
        "Ventas 1: There was no picture to take: its browser could not be reached."
    )
    supervisor.join()
    Picture.objects.create(session=session.pk, image=b"a JPEG", taken_at=soon, expires_at=soon)
    Session.objects.update(picture_error="", picture_at=soon)
    assert manage("picture", "Ventas 1", str(file)) == [f"The picture was written to {file}."]
    assert file.read_bytes() == b"a JPEG"


def test_status_tells_memory_and_a_rest() -> None:
    here = {"browser": {"pid": 1, "pid_started": 1.0}, "memory": 214 * 1024**2, "memory_at": timezone.now()}
    session = make_session(make_whatsapp_pool(), connected=True, **here)
    until = timezone.now() + timedelta(hours=1)
    Gateway.objects.filter(pk=session.gateway).update(health="down", health_reason="no_answer: x", next_send_at=until)
    told = "\n".join(manage("status", "Ventas 1"))
    assert "  memory of its browser: 214 MB" in told
    assert "  It rests after failures:" in told
    assert as_json("status", "Ventas 1")["memory"] == 214 * 1024**2


@pytest.mark.parametrize("status", list(SessionStatus))
def test_every_state_has_words(status: SessionStatus) -> None:
    make_session(make_whatsapp_pool(), status=status.value, cause="something_new", detail="what the page said")
    told = "\n".join(manage("status", "Ventas 1"))
    assert told.startswith("Ventas 1: ")
    assert "something_new: what the page said" in told


def test_every_cause_has_words() -> None:
    silent = {Cause.LOADING, Cause.LINK_CODE, Cause.STOPPING}
    assert {cause for cause in Cause if not CAUSES.get(cause)} == silent


def test_limits_are_shown_and_set_one_by_one() -> None:
    session = make_session(make_whatsapp_pool())
    until = timezone.now() + timedelta(hours=1)
    Gateway.objects.filter(pk=session.gateway).update(capped_until=until, capped_by="per_hour")
    assert "campaigns go on at" in "\n".join(manage("status", "Ventas 1"))
    assert manage("limits", "Ventas 1", "--per-hour", "0", "--per-minute", "3") == [
        "this minute 0/3, this hour: no limit, today 0/200, first contacts today: no limit"
    ]
    gateway = Gateway.objects.get()
    assert (gateway.config["per_hour"], gateway.config["per_minute"], gateway.config["per_day"]) == (0, 3, 200)
    assert (gateway.capped_until, gateway.capped_by) == (None, "")
    assert "takes a number" in refused("limits", "Ventas 1", "--per-day", "-5")


# Ending --------------------------------------------------------------------------------------------------------------
def test_disconnect_logout_and_reset_store_what_is_wanted() -> None:
    make_session(make_whatsapp_pool(), connected=True)
    assert manage("disconnect", "Ventas 1") == ["“Ventas 1” is being disconnected; the phone stays linked."]
    assert as_json("disconnect", "Ventas 1")["desired"] == "stopped"
    Session.objects.update(desired="connected")
    assert manage("reconnect", "Ventas 1") == [
        "The browser of “Ventas 1” is closed and started again; the phone stays linked."
    ]
    assert Session.objects.get().request == "reconnect"
    assert manage("logout", "Ventas 1") == ["“Ventas 1” is being unlinked from the phone."]
    assert Session.objects.get().request == "logout"
    assert manage("reset", "Ventas 1") == [
        "The login of “Ventas 1” is being thrown away: connect it again with a new QR."
    ]
    assert Session.objects.get().request == "reset"


def test_delete_asks_first_then_frees_the_name_and_keeps_the_line_for_the_messages() -> None:
    session = make_session(make_whatsapp_pool())
    assert refused("delete", "Ventas 1") == "Nothing was deleted. Add --yes to delete it."
    assert Session.objects.get().desired == "stopped"
    assert manage("delete", "Ventas 1", "--yes") == [
        "“Ventas 1” is being deleted: its line is off, and its login goes."
    ]
    gateway = Gateway.objects.get()
    assert (gateway.active, gateway.name) == (False, f"Ventas 1 (deleted {session.gateway})")
    assert Session.objects.get().desired == "deleted"
    session.delete()  # as the supervisor does in the end
    manage("add", "Ventas 1", "--pool", "Ventas")
    assert Gateway.objects.filter(name="Ventas 1", active=True).count() == 1


# Trying it -----------------------------------------------------------------------------------------------------------
def test_send_stores_a_test_for_this_line_alone(tmp_path: Path) -> None:
    pool = make_whatsapp_pool()
    session = make_session(pool)
    (tmp_path / "foto.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR IEND")
    assert manage("send", "Ventas 1", "9 8765 4321", "Hola", "--file", str(tmp_path / "foto.png")) == [
        "It goes to +56987654321 as soon as “Ventas 1” can send."
    ]
    message = Message.objects.get()
    assert (message.kind, message.campaign, message.debtor) == ("test", None, None)
    assert (message.gateway, message.pool, message.channel) == (session.gateway, pool.pk, "whatsapp")
    assert (message.phone, message.text, message.status) == ("+56987654321", "Hola", "pending")
    assert message.due_at is not None
    assert message.attachment == Attachment.objects.get().pk
    manage("send", "Ventas 1", "9 8765 4321", "Hola", "--file", str(tmp_path / "foto.png"))
    assert (Message.objects.count(), Attachment.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    ("end", "reason", "error"),
    [
        ("sent", "", None),
        ("failed", "not_on_whatsapp", "+56987654321: failed (the number is not on WhatsApp)"),
        ("pending", "", "+56987654321: pending (connected)"),
    ],
)
def test_send_waits_for_what_becomes_of_it(end: str, reason: str, error: str | None) -> None:
    make_session(make_whatsapp_pool(), connected=True)

    def deliver() -> None:
        give_up = time.monotonic() + 90
        while time.monotonic() < give_up and not Message.objects.filter(status="pending").update(
            status=end, reason=reason
        ):
            time.sleep(0.01)
        connections.close_all()

    thread = threading.Thread(target=deliver)
    thread.start()
    given = ("send", "Ventas 1", "+56987654321", "Hola", "--wait", "0.5" if end == "pending" else "90")
    if error is None:
        assert manage(*given) == [f"+56987654321: {MessageStatus(end).value}"]
    else:
        assert refused(*given) == error
    thread.join()


def test_send_of_what_cannot_go_is_refused(tmp_path: Path) -> None:
    session = make_session(make_whatsapp_pool())
    assert refused("send", "Ventas 1", "1234", "Hola") == "Phone: 1234 has too few digits."
    assert refused("send", "Ventas 1", "+56987654321", "  ") == "The message is empty."
    assert "can't be read" in refused("send", "Ventas 1", "+56987654321", "Hola", "--file", str(tmp_path / "no.png"))
    Gateway.objects.filter(pk=session.gateway).update(active=False)
    assert refused("send", "Ventas 1", "+56987654321", "Hola").startswith("“Ventas 1” is switched off.")
    assert Message.objects.count() == 0
    assert ObjectId.is_valid(str(session.gateway))
