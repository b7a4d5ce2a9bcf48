"""The page's words on a message, as tables: the end of a send, and a look at a doubt."""

from typing import Any

import pytest

from domain.delivery import ErrorKind, Failed, NotSent, Scope, SendError, Sent, Unknown
from domain.whatsapp_answers import (
    CLOCK_MARGIN_MS,
    SendAgain,
    absent,
    after_answer,
    after_look,
    after_second_answer,
    read_answer,
    read_look,
)

A, KEY = "0123456789abcdef0123456789abcdef", "3EB00123456789ABCDEF01"
STARTED = 1_000_000.0


def refused(code: str, detail: str, scope: Scope = Scope.LINE) -> SendError:
    return SendError(A, ErrorKind.REFUSED, code, detail, scope)


def unknown(code: str, detail: str) -> SendError:
    return SendError(A, ErrorKind.UNKNOWN, code, detail)


REJECTED = SendError(A, ErrorKind.PERMANENT, "rejected_by_whatsapp", "WhatsApp refused the message.")
FAILED = Failed(A, "rejected_by_whatsapp", "WhatsApp refused the message.")
AFTER_ALL = "The page failed after it had begun."

ENDS = [
    ({"outcome": "acked", "ack": 1}, Sent(A, KEY), Sent(A, KEY)),
    ({"outcome": "duplicate"}, Sent(A, KEY, "WhatsApp had it already."), Sent(A, KEY, "WhatsApp had it already.")),
    ({"outcome": "duplicate", "ack": 2}, Sent(A, KEY, "WhatsApp had it already."),
     Sent(A, KEY, "WhatsApp had it already.")),
    ({"outcome": "duplicate", "ack": 0},
     unknown("no_ack", "WhatsApp had the message already and has not confirmed it."),
     Unknown(A, "WhatsApp had the message already and has not confirmed it.")),
    ({"outcome": "duplicate", "ack": -1}, REJECTED, FAILED),
    ({"outcome": "failed", "ack": -1}, REJECTED, FAILED),
    ({"outcome": "no_ack", "ack": 0}, unknown("no_ack", "WhatsApp did not confirm the message in time."),
     Unknown(A, "WhatsApp did not confirm the message in time.")),
    ({"outcome": "not_on_whatsapp"}, absent(A), Unknown(A, "The number is not on WhatsApp.")),
    ({"outcome": "late"}, refused("not_started", "Its time to start had passed.", Scope.MESSAGE), None),
    ({"outcome": "superseded"}, refused("superseded", "A later holder of the line has begun."), None),
    ({"outcome": "not_connected"}, refused("not_connected", "The session is not connected.", Scope.SESSION), None),
    ({"outcome": "seen"}, unknown("seen", "The page has seen the message before."),
     Unknown(A, "The page has seen the message before.")),
    ({"outcome": "error", "sent": False, "error": "no chat"}, refused("page_error", "no chat"), None),
    ({"outcome": "error", "sent": True, "error": "boom"}, unknown("page_error", "boom"), Unknown(A, "boom")),
    ({"outcome": "error"}, unknown("page_error", AFTER_ALL), Unknown(A, AFTER_ALL)),
    ({"outcome": "of tomorrow", "ack": True}, unknown("page_error", AFTER_ALL), Unknown(A, AFTER_ALL)),
    (None, unknown("page_error", "The page's answer can't be read."), Unknown(A, "The page's answer can't be read.")),
    ({"outcome": 7}, unknown("page_error", "The page's answer can't be read."),
     Unknown(A, "The page's answer can't be read.")),
]  # fmt: skip


@pytest.mark.parametrize(("value", "sending", "repeating"), ENDS, ids=[str(row[0]) for row in ENDS])
def test_end_of_a_send(value: Any, sending: Sent | SendError, repeating: object) -> None:
    answer = read_answer(value)
    assert after_answer(A, KEY, answer) == sending
    assert after_second_answer(A, KEY, answer) == (sending if repeating is None else repeating)


LOOK = {
    "seen": False, "running": False, "found": False, "ack": None, "login_since": 1.0, "born": 1.0,
    "mode": "MAIN", "info": "NORMAL",
}  # fmt: skip
UNCONFIRMED = Unknown(A, "WhatsApp has not confirmed the message yet.")
OTHER_LOGIN = Unknown(A, "The account was linked anew after the message was begun.", final=True)
OFFLINE = refused("not_connected", "The session is not connected.", Scope.SESSION)
JUST_BEFORE = STARTED - CLOCK_MARGIN_MS

LOOKS = [
    ({"found": True, "ack": 1}, Sent(A, KEY)),
    ({"found": True, "ack": 3, "login_since": STARTED + 1}, Sent(A, KEY)),
    ({"found": True, "ack": 2, "running": True, "seen": True}, Sent(A, KEY)),
    ({"found": True, "ack": 1, "info": "OPENING"}, Sent(A, KEY)),
    ({"found": True, "ack": -1}, FAILED),
    ({"found": True, "ack": 0}, UNCONFIRMED),
    ({"found": True}, UNCONFIRMED),
    ({"running": True}, UNCONFIRMED),
    ({"running": True, "seen": True, "mode": "CONFLICT"}, UNCONFIRMED),
    ({"mode": "CONFLICT"}, OFFLINE),
    ({"seen": True, "info": "RESUMING"}, OFFLINE),
    ({"login_since": STARTED + 1}, OTHER_LOGIN),
    ({"login_since": JUST_BEFORE + 1}, OTHER_LOGIN),
    ({"login_since": 0}, OTHER_LOGIN),
    ({"login_since": None, "seen": True}, OTHER_LOGIN),
    ({}, NotSent(A)),
    ({"login_since": JUST_BEFORE, "born": JUST_BEFORE - 1}, NotSent(A)),
    ({"born": JUST_BEFORE}, SendAgain()),
    ({"born": STARTED + 1}, SendAgain()),
    ({"born": None}, SendAgain()),
    ({"seen": True}, SendAgain()),
]


@pytest.mark.parametrize(("changes", "expected"), LOOKS, ids=[str(row[0]) for row in LOOKS])
def test_look_at_a_doubt(changes: dict[str, Any], expected: object) -> None:
    look = read_look({**LOOK, **changes})
    assert look is not None
    assert after_look(A, KEY, look, started_ms=STARTED) == expected


@pytest.mark.parametrize("value", [None, "x", {}, {**LOOK, "found": None}, {**LOOK, "seen": 1}])
def test_look_that_cannot_be_read(value: Any) -> None:
    assert read_look(value) is None
