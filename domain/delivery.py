"""What passes between the engine and a provider: requests, answers, receipts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.costs import Charge


@dataclass(frozen=True, slots=True)
class Media:
    """A file that goes with a text, which is its caption."""

    filename: str
    mimetype: str
    data: bytes

    def __repr__(self) -> str:  # the default one would print the whole file
        return f"Media({self.filename!r}, {self.mimetype}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Outbound:
    """One text to hand to the far side.

    `attempt_id` is ours, 32 hexadecimal digits, and is the id given to the far side; `phone` is E.164 with its plus.
    `provider_id` is the far side's form of it, where it is known before anything is sent (Provider.reserve). `epoch`
    is the lane's when the attempt began, `started_at` (aware) when it was stored; a look at a doubt has both.
    """

    attempt_id: str
    message_id: str
    phone: str
    text: str
    provider_id: str | None = None
    epoch: int = 0
    started_at: datetime | None = None
    media: Media | None = None
    charge: Charge | None = None
    """What it costs once it is taken on: for our own counts, no matter of a provider's."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went to and fro in one call by HTTP, for a person to read; every secret of its line is masked.

    `status` is None where no answer came, and `rule` says then at which point it ended. `rule` is a stable word for
    what in the line's settings told what the answer means, `matched` the part of the answer that did, by `pattern`.
    Bodies and headers are cut to what a page can show; the `size` of a body is what it had, in bytes.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    size: int
    seconds: float
    status: int | None = None
    answer_headers: tuple[tuple[str, str], ...] = ()
    answer_body: str = ""
    answer_size: int = 0
    answer_endless: bool = False
    """Whether the answer was longer than was read of it."""
    rule: str = ""
    pattern: str = ""
    matched: str = ""


class Purpose(StrEnum):
    """What a call between us and a far side is for."""

    SEND = "send"
    STATUS = "status"  # what became of an attempt
    POLL = "poll"  # reports and texts that the far side keeps until they are asked for
    CHECK = "check"  # whether the line can be used
    SETUP = "setup"  # a token, a webhook's registration
    CALLBACK = "callback"  # theirs, to us


class Verdict(StrEnum):
    """How a call ended, whatever it was for: the words by which people look for trouble."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for now or for good, or it never arrived
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Call:
    """One call for the log of a line's calls.

    `exchange` is masked, or makes it when it is asked: telling takes longer than sending, and its turn comes later.
    `attempts` are ours, by their ids. `verdict` says how it ended, where its provider knows better than the rule that
    the exchange names (domain.calls). By it alone a busy line's are counted in place of being told.
    """

    purpose: Purpose
    exchange: Exchange | Callable[[], Exchange] = field(repr=False)
    attempts: tuple[str, ...] = ()
    verdict: Verdict | None = None


class ErrorKind(StrEnum):
    """How sure we are of what happened to a request that has no good answer."""

    REFUSED = "refused"  # surely not accepted: may be sent again, elsewhere too
    PERMANENT = "permanent"  # refused for good: sending the same again is pointless
    UNKNOWN = "unknown"  # nobody can tell from here: never sent again by another way


class Scope(StrEnum):
    """Whom an error speaks of."""

    MESSAGE = "message"
    LINE = "line"  # the line is in trouble: slow down or rest, the message is not to blame
    SESSION = "session"  # what carries the line is away, and others bring it back: ask again soon


@dataclass(frozen=True, slots=True)
class Sent:
    """The far side accepted the request."""

    attempt_id: str
    provider_id: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SendError:
    """The far side did not (surely) accept the request.

    `code` is a short stable word that errors are grouped by ("connect", "timeout", "http_429", "rejected", …);
    `detail` is for a person and holds no secret; `retry_after` is in seconds: of a LINE, the rest that the far side
    asked for; of a MESSAGE, how long this message alone should wait before it is tried again.
    """

    attempt_id: str
    kind: ErrorKind
    code: str
    detail: str = ""
    scope: Scope = Scope.MESSAGE
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NotSent:
    """The far side surely never accepted the attempt, and a late original is fenced."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The far side cannot tell what became of the attempt; if `final`, it never will, and asking again is pointless."""

    attempt_id: str
    detail: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The far side knows the attempt and says that it failed for good."""

    attempt_id: str
    code: str
    detail: str = ""


Reconciled = Sent | SendError | NotSent | Failed | Unknown
"""What a look at an uncertain attempt can find."""


class ReceiptState(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the far side says later of an attempt: named by our id, by its own, or by both."""

    state: ReceiptState
    attempt_id: str | None = None
    provider_id: str | None = None
    at: datetime | None = None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A text that a person sent to one of our lines.

    `media` is what kind of file came with it ("image", "document", "ptt", …), empty for a bare text.
    """

    provider_id: str | None
    phone: str
    text: str
    at: datetime | None = None
    media: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of a line's check."""

    ok: bool
    detail: str = ""
