"""What Infobip's message statuses mean: in the answer to a send, in a report, and in its logs.

group 1 PENDING, 2 UNDELIVERABLE, 3 DELIVERED, 4 EXPIRED, 5 REJECTED; each has statuses with ids of their own
"""

from dataclasses import dataclass
from typing import Any

from domain.delivery import ErrorKind, ReceiptState, Scope, SendError, Sent

PENDING, UNDELIVERABLE, DELIVERED, EXPIRED, REJECTED = 1, 2, 3, 4, 5
_BY_NAME = {
    "OK": PENDING,
    "ACCEPTED": PENDING,
    "PENDING": PENDING,
    "UNDELIVERABLE": UNDELIVERABLE,
    "DELIVERED": DELIVERED,
    "EXPIRED": EXPIRED,
    "REJECTED": REJECTED,
}

TO_OPERATOR = 2  # in the group DELIVERED, and yet no phone has it
NEVER_REPORTED = 29  # EXPIRED: the operator had it, and never said what became of it
REPEATED_ID = 23

_NO_CREDIT = (12, 17)
_TRY_AGAIN = 21  # "system error, please retry"
_SENDER = (11, 13)
_CODES = {
    6: "no_route",
    8: "bad_number",
    10: "blocked",
    11: "sender_refused",
    12: "no_credit",
    13: "sender_refused",
    14: "blocked",
    17: "no_credit",
    19: "no_route",
    20: "flooded",
    21: "not_now",
    25: "too_long",
    51: "bad_number",
    52: "bad_number",
}
_GROUP_CODES = {UNDELIVERABLE: "undelivered", EXPIRED: "expired", REJECTED: "rejected"}
_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Status:
    """One status, as far as it says anything; `group` is 0 where it is none that we know."""

    group: int
    id: int
    name: str
    description: str

    @property
    def code(self) -> str:
        """The stable word that errors are grouped by."""
        return _CODES.get(self.id, _GROUP_CODES[self.group])

    @property
    def detail(self) -> str:
        return ": ".join(part for part in (self.name, self.description) if part)

    @property
    def repeated(self) -> bool:
        """Whether it says no more than that the id was known already."""
        return self.group == REJECTED and self.id == REPEATED_ID

    @property
    def failed(self) -> bool:
        """Whether it says that the message surely does not arrive."""
        return self.group in _GROUP_CODES and self.id != NEVER_REPORTED and not self.repeated


def status_of(value: Any) -> Status:
    """The status in what JSON gave."""
    if not isinstance(value, dict):
        return Status(0, 0, "", "")
    group = _number(value.get("groupId"))
    if group not in _BY_NAME.values():
        group = _BY_NAME.get(str(value.get("groupName")).upper(), 0)
    return Status(group, _number(value.get("id")), text(value.get("name")), text(value.get("description")))


def text(value: Any) -> str:
    """The beginning of a text, as it can be stored: JSON may escape halves of characters, which are none."""
    return value[:2000].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def sent_or_not(attempt_id: str, status: Status) -> Sent | SendError:
    """What a status in the answer to a send says of the message."""
    if status.repeated:
        return Sent(attempt_id, detail="The gateway had it already.")
    if not status.group:
        return SendError(attempt_id, ErrorKind.UNKNOWN, "unreadable", "The answer tells no status of it.", Scope.LINE)
    if not status.failed:
        return Sent(attempt_id)
    if status.id in _NO_CREDIT:
        return SendError(attempt_id, ErrorKind.REFUSED, status.code, status.detail, Scope.LINE)
    if status.id == _TRY_AGAIN:
        return SendError(
            attempt_id, ErrorKind.REFUSED, status.code, status.detail, Scope.MESSAGE, retry_after=_WAIT_SECONDS
        )
    scope = Scope.LINE if status.id in _SENDER else Scope.MESSAGE
    return SendError(attempt_id, ErrorKind.PERMANENT, status.code, status.detail, scope)


def receipt_state(status: Status) -> ReceiptState | None:
    """What a status in a report says; None where it says nothing.

    That an id was repeated is said of our second request: the first one has a report of its own.
    """
    if not status.group or status.repeated:
        return None
    if status.failed:
        return ReceiptState.FAILED
    delivered = status.group == DELIVERED and status.id != TO_OPERATOR
    return ReceiptState.DELIVERED if delivered else ReceiptState.SENT
