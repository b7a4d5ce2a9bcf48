"""A session's state and its cause in words, with what a person can do about it."""

from collections.abc import Mapping
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domain.sessions import Cause
from domain.states import SessionStatus
from sessions_app.models import STATUS_LABELS, Session, SessionChange
from sessions_app.queries import sees_browser

CAUSES = {
    Cause.LOADING: "",
    Cause.LINK_CODE: "",
    Cause.STOPPING: "",
    Cause.NOT_READY: gettext_lazy("Its page did not become ready in time, and is loaded again."),
    Cause.QR_EXPIRED: gettext_lazy("Nobody scanned its QR in time. Ask for a new one."),
    Cause.LINK_CODE_EXPIRED: gettext_lazy("Nobody typed its link code in time. Ask for a new one."),
    Cause.LINK_CODE_FAILED: gettext_lazy(
        "WhatsApp gave no link code: see that the number is right, wait some minutes, or scan the QR instead."
    ),
    Cause.LOGGED_OUT: gettext_lazy("It is not linked any more. Link it again."),
    Cause.LOGOUT_FAILED: gettext_lazy("It could not be unlinked from here: unlink it on the phone, Linked devices."),
    Cause.CONFLICT: gettext_lazy("The account is open in another WhatsApp Web: close that one."),
    Cause.UNKNOWN_MODE: gettext_lazy(
        "Its page is in a state that this version does not know. Look at WhatsApp on the phone, or reset it."
    ),
    Cause.BANNED: gettext_lazy("WhatsApp has banned the account for a time: see what WhatsApp on the phone says."),
    Cause.PROXY: gettext_lazy(
        "WhatsApp refuses the network of the browser host: it takes it for a proxy. Use another network."
    ),
    Cause.TERMS: gettext_lazy("WhatsApp asks to accept its terms: do so in WhatsApp on the phone."),
    Cause.BUSINESS_TERMS: gettext_lazy("WhatsApp Business asks to accept its terms: do so in the app on the phone."),
    Cause.VERSION: gettext_lazy("WhatsApp asks for a newer browser: bring the browser host's up to date."),
    Cause.DRIVER_AWAY: gettext_lazy(
        "The WebDriver server of its browser host does not answer. It goes on by itself when that is back."
    ),
    Cause.NO_ANSWER: gettext_lazy("Its browser did not answer, and is started again."),
    Cause.BROWSER_DIED: gettext_lazy("Its browser died, and is started again."),
    Cause.RELOADED: gettext_lazy("Its page is loaded again, as somebody asked."),
    Cause.RECONNECTED: gettext_lazy("Its browser is closed and started again, as somebody asked."),
    Cause.RECYCLED: gettext_lazy("Its browser is started anew, as every day, to free memory."),
    Cause.RESET: gettext_lazy("Its login was thrown away. Link it again."),
    Cause.SYNC_STUCK: gettext_lazy("Synchronising took too long, and the page is loaded again."),
    Cause.NO_ACKS: gettext_lazy("WhatsApp takes none of its messages: it waits, and its page is loaded again."),
    Cause.OUTDATED: gettext_lazy("Its browser is started anew, because WhatsMassive was updated."),
    Cause.UPDATE: gettext_lazy("WhatsApp Web has a new version, and the page is loaded again."),
    "profile_in_use": gettext_lazy("Another browser has its profile open: close that one."),
    "start_failed": gettext_lazy("Its browser does not start; it is tried again. See the workers' log."),
}
"""What is said of a cause, by the supervisor's stable word; nothing where the state says it all."""

ADVICE: Mapping[str, Any] = {
    Cause.QR_EXPIRED: gettext_lazy("Use `manage.py session connect NAME`."),
    Cause.LINK_CODE_EXPIRED: gettext_lazy("Use `manage.py session connect NAME --phone NUMBER`."),
    Cause.LOGGED_OUT: gettext_lazy("Use `manage.py session connect NAME`."),
    Cause.DRIVER_AWAY: gettext_lazy("See `bin/services status`."),
    Cause.RESET: gettext_lazy("Use `manage.py session connect NAME`."),
}
"""What commands add: the pages have buttons for it."""

NEEDS_A_PERSON = frozenset({Cause.QR_EXPIRED, Cause.LINK_CODE_EXPIRED, Cause.LINK_CODE_FAILED})
"""The causes that nothing but a person's new request ends."""


HINTS = {
    SessionStatus.OFFLINE: gettext_lazy(
        "Its page does not reach WhatsApp, and tries again by itself: check the network of the browser host."
    ),
    SessionStatus.BLOCKED: gettext_lazy("WhatsApp refuses it: open WhatsApp on the phone and see what it says."),
    SessionStatus.FAILED: gettext_lazy("It is tried again by itself. If it stays so, see the workers' log."),
}
"""What to do in a state whose cause says nothing better."""


def state_label(session: Session) -> str:
    """The state in a word or two."""
    return str(STATUS_LABELS[SessionStatus(session.status)])


def cause_sentence(session: Session, *, at_a_terminal: bool = False) -> str:
    """Why it is in its state and what to do next, in a sentence or two; empty where the state says it all.

    `at_a_terminal` names the commands to do it with, and adds the detail, which pages show apart.
    """
    if not at_a_terminal:
        return _sentence(session.status, session.cause)
    return _sentence(session.status, session.cause, session.detail, ADVICE.get(session.cause, ""))


def verified_sentence(session: Session) -> str:
    """What the last check on demand has found; empty where there was none."""
    if session.verified_at is None or not session.verified:
        return ""
    status, ms = SessionStatus(session.verified["status"]), session.verified["ms"]
    values = {"state": STATUS_LABELS[status], "ms": ms}
    if ms is not None:
        return _("%(state)s, and answers in %(ms)s ms") % values
    if status in (SessionStatus.STOPPED, SessionStatus.STARTING, SessionStatus.FAILED):
        return str(values["state"])
    return _("its browser does not answer")


def memory_text(session: Session) -> str:
    """How much memory its browser takes, or why nobody knows; empty while there is none or it was not measured yet."""
    if session.memory is not None:
        return _("%(number)s MB") % {"number": formats.number_format(round(session.memory / 1024**2), use_l10n=True)}
    if session.browser and not sees_browser(session):
        return _("not measured: its browser runs on a Selenium server")
    return ""


PICTURE_ERRORS = {
    "no_browser": gettext_lazy("There was no picture to take: its browser could not be reached."),
    "too_large": gettext_lazy("The picture was too large to keep."),
}


def picture_error_sentence(session: Session) -> str:
    """Why the picture that was asked for last is not there."""
    if not session.picture_error:
        return ""
    return str(PICTURE_ERRORS.get(session.picture_error) or _("Its browser gave no picture. Try again in a moment."))


def change_sentence(change: SessionChange) -> str:
    """Why a session came into a state; empty where the state says it all."""
    return _sentence(change.target, change.cause)


def _sentence(status: str, cause: str, detail: str = "", advice: object = "") -> str:
    hint = HINTS.get(SessionStatus(status)) or ""
    if cause in CAUSES:
        sentence = str(CAUSES[cause] or hint)
        return " ".join(filter(None, (sentence, str(advice), detail and f"({detail})"))) if sentence else ""
    # A cause that has no sentence is named, so that it can be looked up.
    more = ": ".join(filter(None, (cause, detail)))
    return f"{hint} ({more})" if hint and more else str(hint) or more
