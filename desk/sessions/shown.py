"""What the pages show of a session: its state in sentences, what can be done, how much it sent, its QR."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from desk.sessions import buttons, strips
from desk.sessions.buttons import Act
from domain.limits import Limit
from domain.sessions import PAIRING_SECONDS
from domain.states import Desired, SessionStatus
from gateways.describe import LIMIT_LABELS
from gateways.holds import hold
from gateways.sessions import LIMITS, SessionRow
from lib.qr import svg
from messaging.flow import sent_today_by
from sessions_app.describe import (
    NEEDS_A_PERSON,
    cause_sentence,
    memory_text,
    picture_error_sentence,
    verified_sentence,
)
from sessions_app.models import Request, Session
from sessions_app.queries import is_open, picture_taken_at, takes_much

S = SessionStatus

RANKS = strips.RANKS
CHECKED_SHOWN = timedelta(minutes=15)
"""How long a card says what a check has found."""
NEED_A_HAND = frozenset({S.PAIRING, S.BLOCKED, S.CONFLICT, S.FAILED})
WORKING = frozenset({S.STARTING, S.SYNCING, S.CONNECTED, S.OFFLINE})

STATE_SENTENCES = {
    S.STOPPED: gettext_lazy("It sends nothing. Connect it to use it."),
    S.STARTING: gettext_lazy("Its browser opens WhatsApp Web. This takes up to a minute."),
    S.PAIRING: gettext_lazy("No phone is linked. Scan the QR with WhatsApp."),
    S.SYNCING: gettext_lazy("WhatsApp loads the account's messages. The first time this takes some minutes."),
}
"""Where neither the cause nor the state's hint says anything."""

REQUEST_SENTENCES = {
    Request.LOGOUT: gettext_lazy("It is being logged out."),
    Request.RESET: gettext_lazy("Its login is being thrown away."),
    Request.RELOAD: gettext_lazy("Its page is being loaded again."),
    Request.RECONNECT: gettext_lazy("It is being reconnected: its browser closes and starts again, with its login."),
    Request.REFRESH_QR: gettext_lazy("A new QR was asked for: it comes in some seconds."),
    Request.LINK_CODE: gettext_lazy("A link code was asked for: it comes as soon as the page is ready."),
}


@dataclass(frozen=True, slots=True)
class Used:
    """What was spent of a limit; `most` is 0 where there is none, `colour` is a class of the palette."""

    label: Any
    used: int
    most: int
    colour: str


def cards(rows: Sequence[SessionRow]) -> list[dict[str, Any]]:
    """What the cards of the list show, asked for all of them at once."""
    days = strips.strips(rows)
    sent = sent_today_by(row.session.gateway for row in rows)
    return [_card(row, days[row.session.pk], sent.get(row.session.gateway, 0)) for row in rows]


def sent_today(row: SessionRow) -> int | None:
    """How many it sent today; none where its daily limit tells that already."""
    if row.limits[Limit.DAY]:
        return None
    return sent_today_by([row.session.gateway]).get(row.session.gateway, 0)


def _card(row: SessionRow, strip: strips.Strip, sent: int) -> dict[str, Any]:
    return {
        "row": row,
        "session": row.session,
        "gateway": row.gateway,
        "sentence": sentence(row),
        "doing": doing(row),
        "hold": hold(row),
        "used": [one for one in used(row) if one.most][-2:],
        "needs_a_hand": needs_a_hand(row),
        "next": next_act(row),
        "sent_today": None if row.limits[Limit.DAY] else sent,
        "strip": strip,
        **checked(row, within=CHECKED_SHOWN),
        **memory(row),
    }


def checked(row: SessionRow, *, within: timedelta | None = None) -> dict[str, Any]:
    """What the last check on demand has found, unless that is too old, and whether one is under way."""
    session = row.session
    fresh = within is None or (session.verified_at is not None and row.now - session.verified_at < within)
    return {
        "checking": session.status != S.STOPPED and is_open(session.verify_asked_at, session.verified_at),
        "verified": verified_sentence(session) if fresh else "",
    }


def memory(row: SessionRow) -> dict[str, Any]:
    """How much memory its browser takes, and whether that is much."""
    return {"memory": memory_text(row.session), "much_memory": takes_much(row.session)}


def state(row: SessionRow) -> dict[str, Any]:
    """What the state's card of a session's page shows."""
    session = row.session
    return {
        "row": row,
        "session": session,
        "gateway": row.gateway,
        "sentence": sentence(row),
        "detail": session.detail if session.status != S.STARTING else "",
        "doing": doing(row),
        "hold": hold(row),
        "acts": acts(row),
        "strip": strips.strip(row),
        **checked(row),
        **memory(row),
    }


def pairing(row: SessionRow) -> dict[str, Any]:
    """What the dialog shows that links a phone: the QR or the code of now, or what has become of it."""
    session = row.session
    waits = session.status == S.PAIRING
    code = session.link_code.replace("-", "") if waits else ""
    wanted = session.desired == Desired.CONNECTED
    expired = waits and session.cause in NEEDS_A_PERSON and not session.request
    return {
        "row": row,
        "session": session,
        "sentence": sentence(row),
        "doing": doing(row),
        "linkable": linkable(row),
        "asks": linkable(row) and not session.request and (not wanted or expired),
        "qr": svg(session.qr, label=_("QR to link a phone with WhatsApp")) if waits and session.qr and wanted else "",
        "qr_until": qr_until(row),
        "code": (code[:4], code[4:]) if code else None,
        "preparing": wanted and session.status in (S.STOPPED, S.STARTING, S.PAIRING),
    }


def picture(session: Session) -> dict[str, Any]:
    """What is shown of the picture of its browser."""
    return {
        "session": session,
        "runs": bool(session.browser) and session.desired == Desired.CONNECTED,
        "coming": bool(session.browser) and is_open(session.picture_asked_at, session.picture_at),
        "taken_at": picture_taken_at(session),
        "error": picture_error_sentence(session),
    }


def sentence(row: SessionRow) -> str:
    """Why it is in its state, and what to do next."""
    if row.session.desired == Desired.DELETED:
        return _("It is being deleted: its browser closes, and its login goes.")
    if row.session.status == S.STOPPED and row.session.desired == Desired.CONNECTED:
        return ""  # `doing` says it all
    if row.silent:
        return _("It was connected, and has not answered since.")
    found = cause_sentence(row.session)
    if not found and row.session.link_code and row.session.status == S.PAIRING:
        return _("No phone is linked. Type the code in WhatsApp on the phone.")
    return found or str(STATE_SENTENCES.get(S(row.session.status), ""))


def doing(row: SessionRow) -> str:
    """What was asked for and is not done yet."""
    session = row.session
    if session.desired == Desired.DELETED:
        return ""
    if session.request:
        return str(REQUEST_SENTENCES[Request(session.request)])
    if session.desired == Desired.CONNECTED and session.status == S.STOPPED:
        return _("It is being connected: its browser starts next.")
    if session.desired == Desired.STOPPED and session.status != S.STOPPED:
        return _("It is being disconnected: its browser closes.")
    return ""


def needs_a_hand(row: SessionRow) -> bool:
    """Whether somebody has to do something before it can send."""
    return row.session.desired == Desired.CONNECTED and (
        row.session.status in NEED_A_HAND or row.silent or row.unattended
    )


def by_need(rows: Sequence[SessionRow]) -> list[SessionRow]:
    """Those that need a hand first, the worst of them before the others; by name where that is the same."""
    places = {status.value: place for place, status in enumerate(strips.RANKS)}
    return sorted(
        rows,
        key=lambda row: (not needs_a_hand(row), places[row.shown_status], row.session.name.casefold()),
    )


def next_step(row: SessionRow) -> str:
    """The words of the card's button; empty where there is nothing to do."""
    act = next_act(row)
    return str(act.label) if act else ""


def next_act(row: SessionRow) -> Act | None:
    """The card's button; none where there is nothing to do."""
    if row.session.desired == Desired.DELETED:
        return None
    if row.session.desired == Desired.STOPPED and row.session.status != S.STOPPED:
        return None
    if pairs(row):
        return buttons.LINK
    if row.session.desired == Desired.STOPPED:
        return buttons.CONNECT
    return buttons.SEE if needs_a_hand(row) else None


def pairs(row: SessionRow) -> bool:
    """Whether the way on is to link a phone."""
    session = row.session
    if session.desired == Desired.DELETED or session.status in (S.BLOCKED, S.CONFLICT, S.FAILED):
        return False
    return session.status == S.PAIRING or linkable(row)


def acts(row: SessionRow) -> list[Act]:
    """The buttons of its state, the most useful first."""
    session, line = row.session, row.gateway
    if session.desired == Desired.DELETED:
        return []
    found: list[Act] = [buttons.LINK] if pairs(row) else []
    if session.desired == Desired.STOPPED:
        found = found or [buttons.CONNECT]
    elif session.status == S.STOPPED:
        found.append(buttons.DISCONNECT)
    else:
        stuck = session.status in (S.CONFLICT, S.BLOCKED, S.FAILED, S.OFFLINE) or row.silent
        found += [buttons.HELP, buttons.RELOAD] if stuck else [buttons.RECONNECT, buttons.RELOAD]
        found += [buttons.VERIFY, buttons.DISCONNECT]
    if line is not None:
        found.append(buttons.SWITCH_OFF if line.active else buttons.SWITCH_ON)
    return found


def linkable(row: SessionRow) -> bool:
    """Whether a phone can be linked: nobody is logged in."""
    return is_linkable(row.session)


def is_linkable(session: Session) -> bool:
    return not (session.phone or session.login) and session.desired != Desired.DELETED


def qr_until(row: SessionRow) -> datetime | None:
    """Until when its QR is surely renewed; None when that time is over."""
    asked = row.session.asked_at
    until = asked + timedelta(seconds=PAIRING_SECONDS) if asked else None
    return until if until is not None and until > row.now else None


def used(row: SessionRow) -> list[Used]:
    """How much of each limit is spent."""
    return [
        Used(
            label=LIMIT_LABELS[name],
            used=row.used[name],
            most=row.limits[name],
            colour="state-soon" if row.used[name] >= row.limits[name] else "state-working",
        )
        for name in LIMITS
    ]
