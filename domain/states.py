"""The transition tables: which state may follow which. Everything that changes a state asks here."""

from collections.abc import Mapping
from enum import StrEnum


class MessageStatus(StrEnum):
    PENDING = "pending"  # waits for a lane
    CLAIMED = "claimed"  # a lane holds it, nothing was sent
    SENDING = "sending"  # its attempt is stored and its request about to start or under way
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"  # nobody can tell whether it was accepted


class CampaignStatus(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ImportStatus(StrEnum):
    WAITING = "waiting"  # for a worker
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # by a person
    FAILED = "failed"


class SessionStatus(StrEnum):
    STOPPED = "stopped"  # no browser runs
    STARTING = "starting"  # its browser starts, or the page loads
    PAIRING = "pairing"  # nobody is logged in: it shows a QR, or a link code
    SYNCING = "syncing"  # scanned, or opened again: the account's data comes in
    CONNECTED = "connected"  # the stream says MAIN and NORMAL
    OFFLINE = "offline"  # logged in, but the page does not reach WhatsApp
    CONFLICT = "conflict"  # the account is open in another place
    BLOCKED = "blocked"  # WhatsApp refuses it: banned, terms, proxy, version
    FAILED = "failed"  # the browser or the page does not work: tried again with backoff


class Desired(StrEnum):
    """What staff want of a session."""

    CONNECTED = "connected"
    STOPPED = "stopped"
    DELETED = "deleted"  # its profile too


M, C, I, W = MessageStatus, CampaignStatus, ImportStatus, SessionStatus  # noqa: E741  # short names for the tables below

MESSAGE: Mapping[MessageStatus, frozenset[MessageStatus]] = {
    M.PENDING: frozenset({M.CLAIMED, M.SKIPPED}),
    M.CLAIMED: frozenset({M.PENDING, M.SENDING, M.SKIPPED}),
    # A receipt may overtake the answer to the request, hence delivered and read.
    M.SENDING: frozenset({M.SENT, M.DELIVERED, M.READ, M.FAILED, M.PENDING, M.UNCERTAIN}),
    # Settled by the provider's word, a late answer, or a person.
    M.UNCERTAIN: frozenset({M.SENT, M.DELIVERED, M.READ, M.FAILED, M.PENDING}),
    M.SENT: frozenset({M.DELIVERED, M.READ, M.FAILED}),
    # SMS Gate documents delivered -> failed.
    M.DELIVERED: frozenset({M.READ, M.FAILED}),
    M.READ: frozenset(),
    M.FAILED: frozenset({M.PENDING}),  # retry-failed only
    M.SKIPPED: frozenset(),
}

CAMPAIGN: Mapping[CampaignStatus, frozenset[CampaignStatus]] = {
    C.DRAFT: frozenset({C.SCHEDULED, C.RUNNING, C.CANCELLED}),
    C.SCHEDULED: frozenset({C.RUNNING, C.DRAFT, C.CANCELLED}),
    C.RUNNING: frozenset({C.PAUSED, C.COMPLETED, C.CANCELLED}),
    C.PAUSED: frozenset({C.RUNNING, C.CANCELLED}),
    C.COMPLETED: frozenset({C.RUNNING}),  # retry-failed opens it again
    C.CANCELLED: frozenset(),
}

IMPORT: Mapping[ImportStatus, frozenset[ImportStatus]] = {
    I.WAITING: frozenset({I.RUNNING, I.STOPPED, I.FAILED}),
    I.RUNNING: frozenset({I.DONE, I.STOPPED, I.FAILED}),
    I.DONE: frozenset(),
    # Going on with the file that is still there.
    I.STOPPED: frozenset({I.WAITING}),
    I.FAILED: frozenset({I.WAITING}),
}

# A page can show any of these from one look to the next: what happened in between was not seen.
_SEEN = frozenset({W.PAIRING, W.SYNCING, W.CONNECTED, W.OFFLINE, W.CONFLICT, W.BLOCKED})
_ENDED = frozenset({W.STARTING, W.FAILED, W.STOPPED})

SESSION: Mapping[SessionStatus, frozenset[SessionStatus]] = {
    W.STOPPED: frozenset({W.STARTING}),
    W.STARTING: _SEEN | {W.FAILED, W.STOPPED},
    W.FAILED: _SEEN | {W.STARTING, W.STOPPED},  # a page that answers again is as it says
    **{seen: (_SEEN | _ENDED) - {seen} for seen in _SEEN},
}


class InvalidTransition(Exception):
    """A state may not follow another."""

    def __init__(self, origin: StrEnum, target: StrEnum) -> None:
        super().__init__(f"{origin} -> {target}")
        self.origin = origin
        self.target = target


def check_message(origin: MessageStatus, target: MessageStatus) -> None:
    """Raises InvalidTransition when `target` may not follow `origin`."""
    if target not in MESSAGE[origin]:
        raise InvalidTransition(origin, target)


def check_session(origin: SessionStatus, target: SessionStatus) -> None:
    """Raises InvalidTransition when `target` may not follow `origin`."""
    if target not in SESSION[origin]:
        raise InvalidTransition(origin, target)


def origins_of(target: CampaignStatus) -> tuple[CampaignStatus, ...]:
    """The campaign states that `target` may follow, for a compare-and-set."""
    return tuple(origin for origin, targets in CAMPAIGN.items() if target in targets)
