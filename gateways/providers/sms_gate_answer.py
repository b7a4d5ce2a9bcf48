"""Reads what SMS Gate answers: accepted, refused for now, refused for good, or nobody can tell.

Its server and the app's own server answer alike: 202 with the message's state, errors as {"message", "code"?}.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.delivery import ErrorKind, Receipt, ReceiptState, Scope, SendError, Sent
from gateways.answers import is_page, retry_after
from gateways.telling import Rule, decoded
from gateways.transport import Answer

STATES = {
    "Sent": ReceiptState.SENT,
    "Delivered": ReceiptState.DELIVERED,
    "Failed": ReceiptState.FAILED,
    "Cancelled": ReceiptState.FAILED,
}
"""The states that say more than that the message was accepted, as Pending, Processed and Cancelling do."""

_NOT_LET_IN = (401, 402, 403)
"""Its middleware answers so before a message is looked at: credentials, or a token that may not do this."""

_EXPIRED = "ttl expired"
NO_SUCH_DEVICE = "no_such_device"


@dataclass(frozen=True, slots=True)
class State:
    """What the far side says of a message: its id there, its state as written, why it failed, and when."""

    id: str
    word: str
    error: str = ""
    at: datetime | None = None

    @property
    def failed(self) -> bool:
        return STATES.get(self.word) is ReceiptState.FAILED

    @property
    def code(self) -> str:
        """A stable word for why it failed."""
        return failure_code(self.word, self.error)


def failure_code(word: str, reason: str) -> str:
    """A stable word for a failure, by the state's word and the reason that came with it."""
    if word.lower() == "cancelled":
        return "cancelled_there"
    return "waited_too_long" if _EXPIRED in reason.lower() else "undelivered"


def judge(answer: Answer, *, now: datetime) -> tuple[Sent | SendError, Rule]:
    """What the answer to a send says, and which rule told it. `now` is for a Retry-After that is a date.

    An error's detail is all that the far side said: whoever keeps it masks it first, and cuts it then.
    """
    status = answer.status
    if 200 <= status < 300:
        return _read_success(answer)
    if status == 409:
        return Sent(answer.attempt_id, answer.attempt_id, "The gateway had it already."), Rule("known_already")
    rest = retry_after(answer.headers.get("retry-after", ""), now)
    if 300 <= status < 400:
        detail = "The gateway redirects, which is not followed: put the final address into the line's base_url."
        redirected = _error(answer, ErrorKind.UNKNOWN, detail, scope=Scope.LINE)
        return redirected, Rule("redirect", matched=answer.headers.get("location", ""))
    kind, scope, rule = _error_of(answer)
    error = _error(answer, kind, said(answer), scope=scope, rest=rest)
    return (replace(error, code=NO_SUCH_DEVICE) if rule == NO_SUCH_DEVICE else error), Rule(rule)


def _error_of(answer: Answer) -> tuple[ErrorKind, Scope, str]:
    """How sure an error status is, of what it speaks, and the rule that told it."""
    status, page = answer.status, is_page(answer)
    if status in _NOT_LET_IN:
        return ErrorKind.REFUSED, Scope.LINE, "not_let_in"
    if status == 429 or (status == 503 and not page):
        # 503 is documented: the phone's queue is full or too old. A page with it is a proxy's, which knows nothing.
        return ErrorKind.REFUSED, Scope.LINE, "refusal_status"
    if page or status in (408, 425) or status >= 500 or status < 200:
        return ErrorKind.UNKNOWN, Scope.LINE, "no_word_status"
    if status == 400 and _blames_the_phone(answer):
        return ErrorKind.REFUSED, Scope.LINE, NO_SUCH_DEVICE
    scope = Scope.LINE if status in (404, 405) else Scope.MESSAGE  # the address, probably: all would meet the same
    return ErrorKind.PERMANENT, scope, "refused_status"


def _read_success(answer: Answer) -> tuple[Sent | SendError, Rule]:
    state = read_state(answer.body)
    if state is None:
        detail = "The answer is none of SMS Gate's: see the line's address, and what stands between."
        rule = Rule("page") if is_page(answer) else Rule("no_id" if answer.body.strip() else "empty", "id")
        return SendError(answer.attempt_id, ErrorKind.UNKNOWN, "unreadable", detail, Scope.LINE), rule
    if state.failed:
        detail = state.error or f"The gateway says {state.word}."
        return SendError(answer.attempt_id, ErrorKind.PERMANENT, state.code, detail), Rule("failed_state", "state")
    return Sent(answer.attempt_id, state.id), Rule("id", "id", state.id)


def read_state(body: bytes) -> State | None:
    """The state that an answer tells; None when it tells none. Numbers may come hashed and aren't looked at."""
    content = content_of(body)
    if not isinstance(content, dict):
        return None
    id, word = text_of(content.get("id")), text_of(content.get("state"))
    if not id or not word:
        return None
    recipients = content.get("recipients")
    first = recipients[0] if isinstance(recipients, list) and recipients else None
    error = text_of(first.get("error")) if isinstance(first, dict) else ""
    states = content.get("states")
    at = time_of(states.get(word)) if isinstance(states, dict) else None
    return State(id[:200], word[:40], error, at)


def receipt_of(state: State, attempt_id: str) -> Receipt | None:
    """The state as a receipt; None while it says no more than that the message was accepted."""
    kind = STATES.get(state.word)
    if kind is None:
        return None
    failed = kind is ReceiptState.FAILED
    return Receipt(
        kind, attempt_id, state.id, state.at, state.code if failed else "", state.error[:300] if failed else ""
    )


def content_of(body: bytes) -> Any:
    """What the JSON holds; None when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def text_of(value: Any) -> str:
    """A text as it can be stored: JSON may escape halves of characters, which are none. Empty for anything else."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def time_of(value: Any) -> datetime | None:
    """A moment in ISO 8601 with its zone; None when it isn't one."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def said(answer: Answer) -> str:
    """What the far side said. The whole of it: half a secret at its end would not be found."""
    if is_page(answer):
        return "The gateway answered with a page."
    content = content_of(answer.body)
    message = text_of(content.get("message")) if isinstance(content, dict) else ""
    return message or decoded(answer.body, "utf-8")


def _blames_the_phone(answer: Answer) -> bool:
    """Whether a 400 says that there is no such phone: every message would meet the same, and none was looked at."""
    message = said(answer).lower()
    return "device" in message or message in ("record not found", "more than one record")


def _error(answer: Answer, kind: ErrorKind, detail: str, *, scope: Scope, rest: float | None = None) -> SendError:
    return SendError(answer.attempt_id, kind, f"http_{answer.status}", detail, scope, rest)
