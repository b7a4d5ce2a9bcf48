"""What a WhatsApp session is and what to do about it, from what its page shows, what staff want, and for how long."""

from dataclasses import dataclass
from enum import StrEnum

from domain.states import Desired, SessionStatus

READY_SECONDS = 60.0
"""A page that is not ready by then is loaded again; a browser in which that did not help is started again."""
SYNC_SECONDS = 600.0
"""Synchronising longer than that is a page that hangs."""
PAIRING_SECONDS = 300.0
"""How long after somebody asked for it a QR is renewed: nobody looks at it after that."""
QR_GAP_SECONDS = 3.0
"""Between two codes there may be none for a moment."""
SILENT_SECONDS = 60.0
"""A browser that answers nothing for so long is ended."""
UPDATE_SECONDS = 300.0
"""Pages that ask for an update, or whose messages nobody takes, are not loaded again sooner than that."""
UNCONFIRMED = 3
"""So many messages that WhatsApp took no notice of, one after another: the page only looks connected."""
RECYCLE_SECONDS = 24 * 3600.0
"""A browser's memory grows with its days."""
PROVEN_SECONDS = 60.0
"""A page that works for so long ends the row of failures before it."""

FIRST_BACKOFF = 5.0
LONGEST_BACKOFF = 300.0
LOOK_SECONDS = 0.9
"""A look a second: the tick that issues them comes once a second."""


class Cause(StrEnum):
    """Why a session is in its state; where the state says it all there is none."""

    LOADING = "loading"
    NOT_READY = "not_ready"
    QR_EXPIRED = "qr_expired"
    LINK_CODE = "link_code"
    LINK_CODE_EXPIRED = "link_code_expired"
    LINK_CODE_FAILED = "link_code_failed"
    LOGGED_OUT = "logged_out"
    LOGOUT_FAILED = "logout_failed"
    CONFLICT = "conflict"
    UNKNOWN_MODE = "unknown_mode"
    BANNED = "account_temporarily_banned"
    PROXY = "proxy_block"
    TERMS = "tos_block"
    BUSINESS_TERMS = "smb_tos_block"
    VERSION = "deprecated_version"
    DRIVER_AWAY = "driver_away"
    NO_ANSWER = "no_answer"
    BROWSER_DIED = "browser_died"
    STOPPING = "stopping"
    RELOADED = "reloaded"
    RECONNECTED = "reconnected"
    RECYCLED = "recycled"
    RESET = "reset"
    SYNC_STUCK = "sync_stuck"
    UPDATE = "needs_update"
    NO_ACKS = "no_acks"
    OUTDATED = "outdated"


class Step(StrEnum):
    """What to do now; nothing of it is quick, so there is one at a time."""

    NONE = "none"
    START = "start"
    RELOAD = "reload"
    RESTART = "restart"  # because it does not work: the browser is ended, and started again after the backoff
    RECYCLE = "recycle"  # the same of one that works, at once
    STOP = "stop"
    LOGOUT = "logout"
    RESET = "reset"
    DELETE = "delete"
    REFRESH_QR = "refresh_qr"
    LINK_CODE = "link_code"


DISTURBING = frozenset({Step.RELOAD, Step.RESTART, Step.RECYCLE, Step.STOP, Step.LOGOUT, Step.RESET, Step.DELETE})
"""Steps that would break off what is being sent: they wait for the lane."""

BLOCKS = {
    "PROXYBLOCK": Cause.PROXY,
    "TOS_BLOCK": Cause.TERMS,
    "SMB_TOS_BLOCK": Cause.BUSINESS_TERMS,
    "DEPRECATED_VERSION": Cause.VERSION,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page says in one look. `notices` are those of this load of the page."""

    loaded: bool = False
    phase: str = ""
    mode: str = ""
    info: str = ""
    authenticated: bool = False
    qr: str = ""
    link_code: str = ""
    notices: tuple[str, ...] = ()
    unconfirmed: int = 0
    """Messages sent since WhatsApp last took one."""
    outdated: bool = False
    """Whether it was loaded by another version of the product."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a session. Ages are in seconds, and endless for what never was."""

    desired: Desired = Desired.CONNECTED
    request: str = ""
    status: SessionStatus = SessionStatus.STOPPED
    cause: str = ""
    logged_in: bool = False
    """Whether somebody was, when it was last seen."""
    in_state: float = 0.0
    asked: float = float("inf")
    loading: float = 0.0
    """Since the browser was started or the page loaded again."""
    running: float = 0.0
    """Since the browser was started."""
    qr_age: float = float("inf")
    """Since the QR, or its lack, is what it is."""
    reloads: int = 0
    """Since the page was last ready."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`fulfilled`: there is nothing left to do for what was requested."""

    status: SessionStatus
    cause: str = ""
    detail: str = ""
    step: Step = Step.NONE
    fulfilled: bool = False


def without_browser(known: Known) -> Decision:
    """What to do while no browser runs."""
    stopped, starting = SessionStatus.STOPPED, SessionStatus.STARTING
    if known.desired == Desired.DELETED:
        return Decision(stopped, step=Step.DELETE)
    if known.request == "reset":
        return Decision(stopped, step=Step.RESET)
    if known.request == "logout":
        if known.logged_in:
            return Decision(starting, Cause.LOADING, step=Step.START)
        if known.desired == Desired.STOPPED:
            return Decision(stopped, fulfilled=True)
    if known.desired == Desired.STOPPED:
        cause = known.cause if known.status == stopped else ""
        return Decision(stopped, cause, fulfilled=bool(known.request))
    # A code to link with is asked for when the page is there; all else a new browser brings by itself.
    return Decision(starting, Cause.LOADING, step=Step.START, fulfilled=known.request not in ("", "link_code"))


def with_page(known: Known, seen: Seen) -> Decision:  # noqa: PLR0911  # cases in their order
    """What the session is, and what to do, when the page has answered."""
    status, cause, detail = judge(known, seen)

    def decide(step: Step = Step.NONE, *, why: str = "", fulfilled: bool = False) -> Decision:
        return Decision(status, why or cause, "" if why else detail, step, fulfilled)

    ready = is_ready(seen)
    if known.desired == Desired.DELETED:
        return decide(Step.DELETE)
    if known.request == "reset":
        return decide(Step.RESET)
    if known.request == "logout" and seen.authenticated and ready:
        return decide(Step.LOGOUT)
    logging_out = known.request == "logout" and not (ready and seen.mode == "QR")
    if known.desired == Desired.STOPPED and not logging_out:
        return decide(Step.STOP, fulfilled=known.request != "")
    if known.request == "reconnect":
        return decide(Step.RECYCLE, why=Cause.RECONNECTED, fulfilled=True)
    if known.request == "reload":
        return decide(Step.RELOAD, why=Cause.RELOADED, fulfilled=True)
    if stuck := _stuck(known, seen, status):
        return decide(stuck[0], why=stuck[1])
    if not ready:
        return decide()
    if status != SessionStatus.PAIRING:
        if renewal := _renewal(known, seen, status, cause):
            return decide(renewal[0], why=renewal[1])
        return decide(fulfilled=known.request in ("refresh_qr", "link_code"))
    if known.request == "link_code":
        return decide(Step.LINK_CODE)
    if known.request == "refresh_qr" or (_idle(known, seen) and known.asked < PAIRING_SECONDS):
        return decide(Step.REFRESH_QR, fulfilled=known.request == "refresh_qr")
    return decide(fulfilled=known.request == "logout")


def is_ready(seen: Seen) -> bool:
    """Whether the page is through with loading: what it says of its state is the state, and it does what it is told."""
    return seen.loaded and seen.phase == "full"


def judge(known: Known, seen: Seen) -> tuple[SessionStatus, str, str]:  # noqa: PLR0911  # cases in their order
    """The state that the page shows, its cause, and what there is to say about that."""
    if seen.loaded and seen.mode in BLOCKS:
        return SessionStatus.BLOCKED, BLOCKS[seen.mode], ""
    if seen.loaded and seen.mode == "CONFLICT":
        return SessionStatus.CONFLICT, Cause.CONFLICT, ""
    # So every page begins, also one that will ask to be paired: until it is open it only starts.
    opening = seen.mode == "SYNCING" and seen.info == "OPENING" and not seen.authenticated
    if seen.loaded and seen.mode == "SYNCING" and not opening:
        return SessionStatus.SYNCING, "", ""
    if not is_ready(seen) or not seen.mode or opening:
        return SessionStatus.STARTING, Cause.LOADING, seen.phase
    if seen.mode == "QR":
        return SessionStatus.PAIRING, *_pairing(known, seen)
    if seen.authenticated and Cause.BANNED in seen.notices:
        return SessionStatus.BLOCKED, Cause.BANNED, ""
    if seen.mode == "OFFLINE":
        return SessionStatus.OFFLINE, "", ""
    if seen.mode == "MAIN":
        if seen.info == "NORMAL" and seen.authenticated:
            if seen.unconfirmed >= UNCONFIRMED:
                return SessionStatus.OFFLINE, Cause.NO_ACKS, ""
            return SessionStatus.CONNECTED, "", ""
        # NORMAL without an account is a page between a scan and its data.
        away = seen.info in ("OFFLINE", "OPENING", "CONNECTING")
        return (SessionStatus.OFFLINE if away else SessionStatus.SYNCING), "", ""
    return SessionStatus.OFFLINE, Cause.UNKNOWN_MODE, seen.mode


def _pairing(known: Known, seen: Seen) -> tuple[str, str]:
    """Why it waits to be paired, and a detail."""
    reason = next((one.removeprefix("logout:") for one in reversed(seen.notices) if one.startswith("logout:")), "")
    asked_since = known.asked < known.in_state
    if known.logged_in:
        return Cause.LOGGED_OUT, reason
    if seen.link_code:
        return Cause.LINK_CODE, ""
    if known.status == SessionStatus.PAIRING and known.cause in (
        Cause.LINK_CODE,
        Cause.LINK_CODE_EXPIRED,
        Cause.LINK_CODE_FAILED,
    ):
        if known.cause == Cause.LINK_CODE or not asked_since:
            return (Cause.LINK_CODE_EXPIRED if known.cause == Cause.LINK_CODE else known.cause), ""
    elif known.cause == Cause.LOGGED_OUT and not asked_since:
        return Cause.LOGGED_OUT, reason
    if _idle(known, seen) and known.asked >= PAIRING_SECONDS:
        return Cause.QR_EXPIRED, ""
    return "", ""


def _idle(known: Known, seen: Seen) -> bool:
    """Whether the page has given up showing codes."""
    return not seen.qr and not seen.link_code and known.qr_age > QR_GAP_SECONDS


def _stuck(known: Known, seen: Seen, status: SessionStatus) -> tuple[Step, Cause] | None:
    """How to help a page that does not come on, and why."""
    if seen.outdated and seen.loaded:
        # What is sent through it speaks this version's language. Loading again would bring the same scripts.
        return Step.RECYCLE, Cause.OUTDATED
    if status == SessionStatus.STARTING and known.loading > READY_SECONDS:
        return (Step.RESTART if known.reloads else Step.RELOAD), Cause.NOT_READY
    if status == known.status == SessionStatus.SYNCING and min(known.in_state, known.loading) > SYNC_SECONDS:
        return Step.RELOAD, Cause.SYNC_STUCK
    return None


def _renewal(known: Known, seen: Seen, status: SessionStatus, cause: str) -> tuple[Step, Cause] | None:
    """How to renew a page that works, or only seems to, and why."""
    if cause == Cause.NO_ACKS and known.loading > UPDATE_SECONDS:
        return Step.RELOAD, Cause.NO_ACKS
    if Cause.UPDATE in seen.notices and known.loading > UPDATE_SECONDS:
        return Step.RELOAD, Cause.UPDATE
    if status == SessionStatus.CONNECTED and known.running > RECYCLE_SECONDS:
        return Step.RECYCLE, Cause.RECYCLED
    return None


def backoff(failures: int, draw: float) -> float:
    """Seconds to wait after so many failed starts in a row; `draw` in [0, 1) keeps sessions from starting together."""
    if failures < 1:
        return 0.0
    base = min(FIRST_BACKOFF * 2.0 ** min(failures - 1, 10), LONGEST_BACKOFF)
    return base * (1 + draw / 4)


def next_look(status: SessionStatus, cause: str) -> float:
    """Seconds until the next look at a session that needs no step."""
    match status:
        case SessionStatus.STOPPED:
            return 300.0  # a command asks for a look at once
        case SessionStatus.CONFLICT | SessionStatus.BLOCKED:
            return 5.0
        case SessionStatus.PAIRING if cause == Cause.QR_EXPIRED:
            return 3.0
    return LOOK_SECONDS
