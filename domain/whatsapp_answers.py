"""What the page of WhatsApp Web says of a message: sent, refused, failed for good, or nobody can tell.

The page's words are those of sessions_app/browser/bridge/. Times of the page are its clock's, in milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from domain.delivery import ErrorKind, Failed, NotSent, Reconciled, Scope, SendError, Sent, Unknown

REJECTED = "rejected_by_whatsapp"
NOT_ON_WHATSAPP = "not_on_whatsapp"
UNCONFIRMED = "number_unconfirmed"
UNREADABLE = "The page's answer can't be read."

CLOCK_MARGIN_MS = 5_000.0
"""How far the clocks of the browser's machine, of ours and of the one that began the attempt may be apart."""


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """The end of a send job. `wid` is the candidate that answered, `lid` the person's where the page knows it."""

    outcome: str
    wid: str = ""
    lid: str = ""
    ack: int | None = None
    error: str = ""
    sent: bool = True
    """Of an error: whether WhatsApp's own code may have been reached."""


def read_answer(value: Any) -> PageAnswer:
    """The value of a send job. What can't be read is an error after which anything may have happened."""
    if not isinstance(value, Mapping) or not isinstance(value.get("outcome"), str):
        return PageAnswer("error", error=UNREADABLE)
    return PageAnswer(
        outcome=value["outcome"],
        wid=_text(value.get("wid")),
        lid=_text(value.get("lid")),
        ack=_ack(value.get("ack")),
        error=_text(value.get("error"))[:300],
        sent=value.get("sent") is not False,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _ack(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# What the bridge refuses before WhatsApp's code is called: (code, whom it speaks of, why).
_REFUSALS: Mapping[str, tuple[str, Scope, str]] = {
    "late": ("not_started", Scope.MESSAGE, "Its time to start had passed."),
    "superseded": ("superseded", Scope.LINE, "A later holder of the line has begun."),
    "not_connected": ("not_connected", Scope.SESSION, "The session is not connected."),
}


def after_answer(attempt_id: str, key: str, answer: PageAnswer) -> Sent | SendError:
    """What the end of a send job says of the attempt.

    For "not_on_whatsapp" it is the final word: the caller has asked twice.
    """
    outcome = answer.outcome
    if outcome in _REFUSALS:
        code, scope, why = _REFUSALS[outcome]
        return SendError(attempt_id, ErrorKind.REFUSED, code, answer.error or why, scope)
    if outcome == "acked" or (outcome == "duplicate" and (answer.ack is None or answer.ack > 0)):
        detail = "" if outcome == "acked" else "WhatsApp had it already."
        return Sent(attempt_id, key, detail)
    if outcome == "failed" or (outcome == "duplicate" and answer.ack is not None and answer.ack < 0):
        return SendError(attempt_id, ErrorKind.PERMANENT, REJECTED, answer.error or "WhatsApp refused the message.")
    if outcome == NOT_ON_WHATSAPP:
        return absent(attempt_id)
    if outcome == "error" and not answer.sent:
        return SendError(attempt_id, ErrorKind.REFUSED, "page_error", answer.error, Scope.LINE)
    code, why = _DOUBTS.get(outcome, ("page_error", "The page failed after it had begun."))
    return SendError(attempt_id, ErrorKind.UNKNOWN, code, answer.error or why)


_DOUBTS: Mapping[str, tuple[str, str]] = {
    "no_ack": ("no_ack", "WhatsApp did not confirm the message in time."),
    "duplicate": ("no_ack", "WhatsApp had the message already and has not confirmed it."),
    "seen": ("seen", "The page has seen the message before."),
}


def absent(attempt_id: str) -> SendError:
    """The number is not on WhatsApp: the last word."""
    return SendError(attempt_id, ErrorKind.PERMANENT, NOT_ON_WHATSAPP, "The number is not on WhatsApp.")


def unconfirmed(attempt_id: str, wait: float) -> SendError:
    """The number seems not to be on WhatsApp: asked again after `wait` seconds."""
    detail = "WhatsApp does not know the number; it is asked once more."
    return SendError(attempt_id, ErrorKind.REFUSED, UNCONFIRMED, detail, retry_after=wait)


@dataclass(frozen=True, slots=True)
class Look:
    """What the page knows of a message's id, which it will refuse from now on as one it has seen.

    `seen` is whether it was before; `login_since` when the present login was first met and `born` since when the page's
    memory is surely whole: infinite where nobody knows.
    """

    connected: bool
    seen: bool
    running: bool
    found: bool
    ack: int
    login_since: float
    born: float


def read_look(value: Any) -> Look | None:
    """The value of a look job; None when it can't be read."""
    if not isinstance(value, Mapping) or not all(isinstance(value.get(n), bool) for n in ("seen", "running", "found")):
        return None
    return Look(
        connected=value.get("mode") == "MAIN" and value.get("info") == "NORMAL",
        seen=value["seen"],
        running=value["running"],
        found=value["found"],
        ack=_ack(value.get("ack")) or 0,
        login_since=_time(value.get("login_since")),
        born=_time(value.get("born")),
    )


def _time(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else inf


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Only the same message under the same id ends the doubt: WhatsApp or the page knows it, or it never went out."""


def after_look(attempt_id: str, key: str, look: Look, *, started_ms: float) -> Reconciled | SendAgain:
    """What a look says of an attempt that began at that time of the page's clock."""
    if look.found and look.ack:
        sent = look.ack > 0
        return Sent(attempt_id, key) if sent else Failed(attempt_id, REJECTED, "WhatsApp refused the message.")
    if look.found or look.running:
        return Unknown(attempt_id, "WhatsApp has not confirmed the message yet.")
    if not look.connected:
        # Chats that are not loaded whole lack messages that were sent.
        return SendError(attempt_id, ErrorKind.REFUSED, "not_connected", _REFUSALS["not_connected"][2], Scope.SESSION)
    if look.login_since > started_ms - CLOCK_MARGIN_MS:
        return Unknown(attempt_id, "The account was linked anew after the message was begun.", final=True)
    fenced = not look.seen and look.born < started_ms - CLOCK_MARGIN_MS
    return NotSent(attempt_id) if fenced else SendAgain()


def after_second_answer(attempt_id: str, key: str, answer: PageAnswer) -> Reconciled:
    """What the repetition under the same id says of the original attempt."""
    said = after_answer(attempt_id, key, answer)
    if isinstance(said, Sent) or said.kind is ErrorKind.REFUSED:
        return said
    if said.code == REJECTED:
        return Failed(attempt_id, said.code, said.detail)
    return Unknown(attempt_id, said.detail)
