"""What happens next: an answer from the far side and what went before decide a message's next state."""

from dataclasses import dataclass

from domain.channels import NOT_ON_WHATSAPP, goes_by_sms
from domain.delivery import ErrorKind, Failed, NotSent, ReceiptState, Reconciled, Scope, SendError, Sent, Unknown
from domain.states import MESSAGE, MessageStatus

CHECK_DELAYS = (2.0, 10.0, 60.0, 300.0)
"""Seconds before each automatic look at an uncertain message; after the last one a person decides."""

LINE_REST_MAX = 120.0
"""The longest rest, in seconds, of a line that keeps failing; the original system's cooldown."""

STRIKES = 3
"""Failures in a row after which a line that sends one by one, at a person's pace, takes the longest rest at once."""

SESSION_REST = 2.0
"""The rest, in seconds, of a line whose session is away: it is looked after every second, and whoever does so says that
it is away for longer. The line has not failed, so this is no strike."""

LIMITED = ("http_429", "http_503")
"""What a far side says that is asked for too much at once: its line is slowed down (adaptive_rate), and is not down."""

RETRY_AFTER_MAX = 900.0
"""The longest rest, in seconds, that a far side can ask a line to take."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message's next state.

    `after` is in seconds: until it may be sent again (PENDING) or looked at again (UNCERTAIN). None means never by
    itself. `checked` says whether an automatic look was used up, `by_sms` that the message goes on by SMS.
    """

    status: MessageStatus
    after: float | None = None
    code: str = ""
    detail: str = ""
    checked: bool = False
    by_sms: bool = False


def surely_not_sent(answer: Sent | SendError) -> bool:
    """Whether the answer says that nothing was put on its way to the person."""
    if isinstance(answer, Sent):
        return False
    return answer.kind is ErrorKind.REFUSED or (answer.kind is ErrorKind.PERMANENT and answer.code == NOT_ON_WHATSAPP)


def after_send(answer: Sent | SendError, *, can_reconcile: bool, fallback: bool = False) -> Outcome:
    """The state that follows the answer to a request. `fallback`: what is not on WhatsApp goes by SMS instead."""
    if isinstance(answer, Sent):
        return Outcome(MessageStatus.SENT, detail=answer.detail)
    if goes_by_sms(answer, fallback=fallback):
        return Outcome(MessageStatus.PENDING, after=0.0, code=answer.code, detail=answer.detail, by_sms=True)
    if answer.kind is ErrorKind.PERMANENT:
        return Outcome(MessageStatus.FAILED, code=answer.code, detail=answer.detail)
    if answer.kind is ErrorKind.REFUSED:
        # Never a reason to give the message up: the line rests, another lane may take the message now.
        wait = answer.retry_after or 0.0 if answer.scope is Scope.MESSAGE else 0.0
        return Outcome(MessageStatus.PENDING, after=min(wait, RETRY_AFTER_MAX), code=answer.code, detail=answer.detail)
    return Outcome(
        MessageStatus.UNCERTAIN,
        after=CHECK_DELAYS[0] if can_reconcile else None,
        code=answer.code,
        detail=answer.detail,
    )


def after_reconcile(answer: Reconciled, *, checks: int) -> Outcome:
    """The state that follows a look at an uncertain message, of which `checks` were used up before.

    A refusal of the repeated request says nothing of the original one, whatever its kind: only Sent and NotSent end
    the doubt, and Failed, the far side's word on the original. A line in trouble does not use up a look.
    """
    if isinstance(answer, Sent):
        return Outcome(MessageStatus.SENT, detail=answer.detail)
    if isinstance(answer, Failed):
        return Outcome(MessageStatus.FAILED, code=answer.code, detail=answer.detail)
    if isinstance(answer, NotSent):
        return Outcome(MessageStatus.PENDING, after=0.0, code="not_sent")
    if isinstance(answer, SendError) and answer.kind is ErrorKind.REFUSED:
        return Outcome(
            MessageStatus.UNCERTAIN,
            after=max(CHECK_DELAYS[0], min(answer.retry_after or 0.0, RETRY_AFTER_MAX)),
            code=answer.code,
            detail=answer.detail,
        )
    code = answer.code if isinstance(answer, SendError) else "unknown"
    following = checks + 1
    final = isinstance(answer, Unknown) and answer.final
    after = CHECK_DELAYS[following] if following < len(CHECK_DELAYS) and not final else None
    return Outcome(MessageStatus.UNCERTAIN, after=after, code=code, detail=answer.detail, checked=True)


def after_orphaned(status: MessageStatus, *, can_reconcile: bool) -> Outcome:
    """The state of a message whose lane died while it held it (CLAIMED) or sent it (SENDING)."""
    if status is MessageStatus.CLAIMED:
        return Outcome(MessageStatus.PENDING, after=0.0, code="lane_lost")
    return Outcome(MessageStatus.UNCERTAIN, after=0.0 if can_reconcile else None, code="lane_lost")


_RECEIPT_TARGET = {
    ReceiptState.SENT: MessageStatus.SENT,
    ReceiptState.DELIVERED: MessageStatus.DELIVERED,
    ReceiptState.READ: MessageStatus.READ,
    ReceiptState.FAILED: MessageStatus.FAILED,
}


def after_receipt(status: MessageStatus, receipt: ReceiptState, *, latest: bool) -> MessageStatus | None:
    """The state that a receipt moves a message to, or None where it changes nothing.

    `latest` says whether the receipt speaks of the message's last attempt: what is said of an earlier one, which was
    surely refused or failed, moves nothing.
    """
    target = _RECEIPT_TARGET[receipt]
    if status is MessageStatus.FAILED or not latest:
        return None
    return target if target in MESSAGE[status] else None


@dataclass(frozen=True, slots=True)
class Rest:
    """How a line goes on after a batch: `seconds` without requests, then one message at a time if `probing`."""

    seconds: float
    failures: int
    probing: bool
    down: bool
    code: str = ""
    detail: str = ""


def line_after(answers: list[Sent | SendError], *, failures: int, draw: float, strikes: int = 0) -> Rest:
    """How a line goes on after the answers of a batch, with `failures` bad batches in a row before it.

    `draw` in [0, 1) spreads the rests, so that lines that failed together don't come back together. A far side that
    asks for time gets it; one that does not answer gets 1, 2, 4 … seconds, at most LINE_REST_MAX. With `strikes` it
    gets all of that at once after so many bad batches in a row. A line whose session is away is asked again soon,
    however often: that says nothing of the line.
    """
    accepted = any(isinstance(a, Sent) for a in answers)
    errors = [a for a in answers if isinstance(a, SendError)]
    # A lost answer among accepted ones is bad luck; nothing but lost answers is a line in trouble.
    trouble = [
        a
        for a in errors
        if (a.retry_after is not None and (a.kind is not ErrorKind.REFUSED or a.scope is Scope.LINE))
        or (not accepted if a.kind is ErrorKind.UNKNOWN else a.scope is not Scope.MESSAGE)
    ]
    if not trouble:
        # Answers that blame the message alone say that the line works; no answers say nothing.
        judged = [a for a in answers if not (isinstance(a, SendError) and a.code == "not_started")]
        return Rest(0.0, 0 if judged else failures, probing=False, down=False)
    asked = [a.retry_after for a in trouble if a.retry_after is not None]
    worst = trouble[-1]
    if all(a.scope is Scope.SESSION for a in trouble):
        count, own = max(1, 0 if accepted else failures), SESSION_REST
    else:
        count = 1 if accepted else failures + 1
        # A far side that asks for no time at all gets some all the same.
        own = LINE_REST_MAX if strikes and count >= strikes else min(2.0 ** min(count - 1, 30), LINE_REST_MAX)
    seconds = max(min(max(asked, default=0.0), RETRY_AFTER_MAX), own)
    seconds *= 1.0 + 0.2 * draw
    limited = all(a.code in LIMITED for a in trouble)
    return Rest(
        seconds,
        count,
        probing=not accepted,
        down=not accepted and not limited,
        code=worst.code,
        detail=worst.detail,
    )
