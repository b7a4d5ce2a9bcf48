"""What the pages show of a session: its state in sentences, what can be done, how much it sent, its QR."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domain.sessions import PAIRING_SECONDS
from domain.states import Desired, SessionStatus
from gateways.describe import LIMIT_LABELS
from gateways.sessions import LIMITS, SessionRow
from lib.qr import svg
from sessions_app.describe import cause_sentence
from sessions_app.models import Request

S = SessionStatus

RANKS = (S.BLOCKED, S.CONFLICT, S.FAILED, S.PAIRING, S.OFFLINE, S.SYNCING, S.STARTING, S.CONNECTED, S.STOPPED)
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
    Request.REFRESH_QR: gettext_lazy("A new QR was asked for: it comes in some seconds."),
    Request.LINK_CODE: gettext_lazy("A link code was asked for: it comes as soon as the page is ready."),
}


@dataclass(frozen=True, slots=True)
class Act:
    """A button: the act's name in URLs, its words and icon; `main` is the one that helps most now."""

    name: str
    label: Any
    icon: str
    main: bool = False


CONNECT = Act("connect", gettext_lazy("Connect"), "power", main=True)
DISCONNECT = Act("disconnect", gettext_lazy("Disconnect"), "power-off")
RELOAD = Act("reload", gettext_lazy("Load again"), "rotate-cw")
TRY_AGAIN = Act("reload", gettext_lazy("Load again"), "rotate-cw", main=True)
NEW_QR = Act("new-qr", gettext_lazy("Show a new QR"), "qr-code")
FIRST_QR = Act("new-qr", gettext_lazy("Show a new QR"), "qr-code", main=True)
SWITCH_ON = Act("activate", gettext_lazy("Switch its line on"), "toggle-right")
SWITCH_OFF = Act("deactivate", gettext_lazy("Switch its line off"), "toggle-left")


@dataclass(frozen=True, slots=True)
class Used:
    """What was spent of a limit; `most` is 0 where there is none, `colour` is a class of the palette."""

    label: Any
    used: int
    most: int
    colour: str


def card(row: SessionRow) -> dict[str, Any]:
    """What a card of the list shows."""
    return {
        "row": row,
        "session": row.session,
        "gateway": row.gateway,
        "sentence": sentence(row),
        "doing": doing(row),
        "used": [one for one in used(row) if one.most][-2:],
        "needs_a_hand": needs_a_hand(row),
        "next": next_step(row),
    }


def state(row: SessionRow) -> dict[str, Any]:
    """What the state's card of a session's page shows."""
    session = row.session
    pairing = session.status == S.PAIRING
    code = session.link_code.replace("-", "") if pairing else ""
    wanted = session.desired == Desired.CONNECTED
    return {
        "row": row,
        "session": session,
        "gateway": row.gateway,
        "sentence": sentence(row),
        "detail": session.detail if session.status != S.STARTING else "",
        "doing": doing(row),
        "acts": acts(row),
        "linkable": linkable(row),
        "qr": svg(session.qr, label=_("QR to link a phone with WhatsApp")) if pairing and session.qr and wanted else "",
        "qr_until": qr_until(row),
        "code": (code[:4], code[4:]) if code else None,
        "preparing": wanted and linkable(row) and session.status in (S.STOPPED, S.STARTING),
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
    places = {status.value: place for place, status in enumerate(RANKS)}
    return sorted(
        rows,
        key=lambda row: (not needs_a_hand(row), places[row.shown_status], row.session.name.casefold()),
    )


def next_step(row: SessionRow) -> str:
    """The words of the card's button; empty where there is nothing to do."""
    if row.session.desired == Desired.DELETED:
        return ""
    if row.session.desired == Desired.STOPPED:
        return _("Connect") if row.session.status == S.STOPPED else ""
    if row.session.status == S.PAIRING:
        return _("Link a phone")
    return _("See what to do") if needs_a_hand(row) else ""


def acts(row: SessionRow) -> list[Act]:
    """The buttons of its state, the most useful first."""
    session, line = row.session, row.gateway
    if session.desired == Desired.DELETED:
        return []
    found: list[Act] = []
    if session.desired == Desired.STOPPED:
        found = [CONNECT]
    elif session.status == S.PAIRING:
        found = [NEW_QR if session.qr or session.link_code else FIRST_QR, DISCONNECT]
    elif session.status == S.STOPPED:
        found = [DISCONNECT]
    else:
        stuck = session.status in (S.CONFLICT, S.BLOCKED, S.FAILED, S.OFFLINE)
        found = [TRY_AGAIN if stuck else RELOAD, DISCONNECT]
    if line is not None:
        found.append(SWITCH_OFF if line.active else SWITCH_ON)
    return found


def linkable(row: SessionRow) -> bool:
    """Whether a phone can be linked: nobody is logged in."""
    session = row.session
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
