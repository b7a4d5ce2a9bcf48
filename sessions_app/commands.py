"""What staff do to sessions. Every command stores intent by compare-and-set; the supervisor carries it out."""

import re
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domain.states import Desired
from lib.mongo import Now, compare_and_set
from live.events import SessionChanged
from live.publish import publish
from sessions_app.errors import SessionError
from sessions_app.models import Request, Session
from sessions_app.queries import by_name

# What is under way and not to be forgotten because something else is asked for.
_UNDER_WAY = {
    Request.LOGOUT.value: gettext_lazy("“%(name)s” is being logged out: wait until that is done."),
    Request.RESET.value: gettext_lazy("The login of “%(name)s” is being reset: wait until that is done."),
}


def create(*, name: str, gateway: ObjectId, host: str) -> Session:
    """A new session, stopped; joins the transaction that makes its gateway. Raises IntegrityError for a taken name."""
    session = Session(name=name, gateway=gateway, host=host)
    session.save(force_insert=True)
    return session


def connect(name: str, phone: str = "") -> Session:
    """Want the session connected: it shows a QR when nobody is logged in, or a code to type into `phone`'s WhatsApp.

    `phone` has its country code. Harmless where it is connected already. Raises SessionError.
    """
    session = _existing(name)
    changes: dict[str, Any] = {"desired": Desired.CONNECTED.value, "asked_at": Now(), "failures": 0}
    if phone:
        changes |= {"request": Request.LINK_CODE.value, "request_phone": _digits(phone)}
    return _change(session, changes)


def disconnect(name: str) -> Session:
    """Want its browser closed; the login is kept. Raises SessionError."""
    return _change(_existing(name), {"desired": Desired.STOPPED.value, "request": "", "request_phone": ""})


def logout(name: str) -> Session:
    """Log the account out, so that the phone forgets this browser. Raises SessionError."""
    return _change(_existing(name), {"request": Request.LOGOUT.value, "request_phone": "", "failures": 0})


def reset(name: str) -> Session:
    """Throw the browser's profile away without telling WhatsApp: for a login that does not work any more.

    Raises SessionError.
    """
    session = _existing(name)
    changes = {"request": Request.RESET.value, "request_phone": "", "asked_at": Now(), "failures": 0}
    return _change(session, changes, instead_of=(Request.LOGOUT.value,))


def delete(name: str) -> Session:
    """Log out where that is possible, and remove the browser, its profile and the session. Raises SessionError."""
    session = _existing(name)
    changes = {"desired": Desired.DELETED.value, "request": "", "request_phone": "", "failures": 0}
    return _change(session, changes, instead_of=tuple(_UNDER_WAY))


def reload(name: str) -> Session:
    """Load the page again. Raises SessionError."""
    return _change(_wanted(name), {"request": Request.RELOAD.value, "request_phone": ""})


def reconnect(name: str) -> Session:
    """Close its browser and start it again, keeping the login: for one that hangs or says what is not so.

    Raises SessionError.
    """
    changes = {"request": Request.RECONNECT.value, "request_phone": "", "asked_at": Now(), "failures": 0}
    return _change(_wanted(name), changes)


def verify(name: str) -> Session:
    """Have its page asked at once whether it is connected; the answer is `verified`. Raises SessionError."""
    return _change(_wanted(name), {"verify_asked_at": Now()})


def take_picture(name: str) -> Session:
    """Have a picture taken of what its browser shows, kept for some minutes. Raises SessionError."""
    session = _wanted(name)
    if not session.browser:
        raise SessionError(_("The browser of “%(name)s” does not run just now.") % {"name": session.name})
    return _change(session, {"picture_asked_at": Now()})


def refresh_qr(name: str) -> Session:
    """Show another QR. Raises SessionError."""
    changes = {"request": Request.REFRESH_QR.value, "request_phone": "", "asked_at": Now()}
    return _change(_wanted(name), changes)


def _existing(name: str) -> Session:
    session = by_name(name)
    if session is None:
        names = ", ".join(Session.objects.order_by("name").values_list("name", flat=True)[:20])
        known = _("The sessions are: %(names)s.") % {"names": names} if names else _("There is none yet.")
        raise SessionError(_("There is no session called “%(name)s”.") % {"name": name} + " " + known)
    return session


def _wanted(name: str) -> Session:
    """A session whose browser is meant to run."""
    session = _existing(name)
    if session.desired == Desired.STOPPED:
        raise SessionError(_("“%(name)s” is stopped: connect it first.") % {"name": session.name})
    return session


def _digits(phone: str) -> str:
    digits = re.sub(r"[\s().-]", "", phone).removeprefix("+").removeprefix("00")
    if not re.fullmatch(r"[1-9][0-9]{7,14}", digits):
        raise SessionError(_("“%(phone)s” is no phone number with its country code.") % {"phone": phone[:40]})
    return digits


def _change(session: Session, changes: Mapping[str, Any], *, instead_of: tuple[str, ...] = ()) -> Session:
    """Store what is wanted, unless what was asked for before stands in the way. Raises SessionError."""
    free = [value for value in Request.values if value not in _UNDER_WAY or value in instead_of]
    expected: dict[str, Any] = {"request__in": free}
    if changes.get("desired") != Desired.DELETED:
        expected["desired__in"] = [Desired.CONNECTED.value, Desired.STOPPED.value]
    while not compare_and_set(Session, session.pk, expected, {**changes, "next_look_at": Now()}):
        found = Session.objects.filter(pk=session.pk).first()
        if found is None or found.desired == Desired.DELETED:
            raise SessionError(_("“%(name)s” is being deleted.") % {"name": session.name})
        if found.request not in free:
            raise SessionError(str(_UNDER_WAY[found.request]) % {"name": session.name})
        # It became free between the two: once more.
    publish(SessionChanged(str(session.pk)))
    session.refresh_from_db()
    return session
