"""Which way a message takes when WhatsApp can't be used: SMS instead, other sessions, waiting, or a pause."""

from dataclasses import dataclass
from enum import StrEnum

from domain.delivery import ErrorKind, Failed, NotSent, SendError, Sent, Unknown

NOT_ON_WHATSAPP = "not_on_whatsapp"
"""The code of an answer that says for good that the number has no WhatsApp: nothing was sent."""

GRACE_SECONDS = 15.0
"""How long too few sessions are put up with: a page that loads again, or a restart, is no reason to pause."""


def goes_by_sms(answer: Sent | SendError | NotSent | Failed | Unknown, *, fallback: bool) -> bool:
    """Whether a message goes on by SMS after this answer of a WhatsApp session."""
    return (
        fallback
        and isinstance(answer, SendError)
        and answer.kind is ErrorKind.PERMANENT
        and answer.code == NOT_ON_WHATSAPP
    )


class Policy(StrEnum):
    """What a campaign does while too few sessions are connected."""

    PAUSE = "pause"
    WAIT = "wait"
    BORROW = "borrow"


class Step(StrEnum):
    """What is done about it now."""

    NONE = "none"  # enough sessions are connected, or it may not send now anyway
    WAIT = "wait"  # the clock runs; with BORROW, other pools' sessions send meanwhile
    PAUSE = "pause"
    SMS = "sms"  # what is pending goes by SMS


@dataclass(frozen=True, slots=True)
class Situation:
    """A running campaign's sessions: `connected` of its own pool, `borrowable` of the other pools.

    `open` says whether it may send at this hour, `waits` whether a message waits for a session. `seconds` is for how
    long too few have been connected; None when that is new.
    """

    connected: int
    wanted: int
    borrowable: int
    open: bool
    waits: bool
    seconds: float | None


def without_sessions(policy: Policy, *, fallback: bool, wait_seconds: float, situation: Situation) -> Step:
    """What a campaign does about missing sessions.

    `fallback` says whether SMS may take over, which is never a reason to pause; PAUSE pauses all the same, because
    somebody wants to look first. With BORROW nothing else happens while a session of another pool can send. While
    nothing waits for a session the clock runs all the same: what is enrolled later need not wait as long again.
    """
    if situation.connected >= max(1, situation.wanted) or not situation.open:
        return Step.NONE
    seconds = situation.seconds
    if seconds is None or not situation.waits or (policy is Policy.BORROW and situation.borrowable):
        return Step.WAIT
    if policy is Policy.PAUSE:
        return Step.PAUSE if seconds >= GRACE_SECONDS else Step.WAIT
    if seconds < wait_seconds or (policy is Policy.BORROW and not fallback):
        return Step.WAIT
    return Step.SMS if fallback else Step.PAUSE
