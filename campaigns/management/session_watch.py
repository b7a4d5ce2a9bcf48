"""Watching a session become connected: its states, its QR and its link code, told as they change."""

import json
import time
from datetime import datetime

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _

from campaigns.errors import CampaignError
from campaigns.management.qr import qr_lines
from domain.states import Desired, SessionStatus
from gateways import sessions
from gateways.describe import state_text
from gateways.sessions import SessionRow
from sessions_app.describe import NEEDS_A_PERSON, cause_sentence
from sessions_app.models import Session

POLL_SECONDS = 0.5
GRACE_SECONDS = 15.0
"""How long an end that was there before is not believed: the supervisor may not have begun with what was asked for."""

ENDED = (SessionStatus.BLOCKED, SessionStatus.CONFLICT)
"""The states that a person must do something about."""


class Watch:
    """One watch of a session. Each change is told once; as JSON each is one object on a line, the last one the end."""

    def __init__(
        self, session: Session, out: OutputWrapper, *, as_json: bool = False, show_qr: bool = True, invert: bool = False
    ) -> None:
        self.pk = session.pk
        self.name = session.name
        self.out = out
        self.as_json = as_json
        self.show_qr = show_qr
        self.invert = invert
        self._state: tuple[str, ...] = ()
        self._qr = ""
        self._code = ""
        self._told = ""
        self._told_unattended = False
        self._before = (session.status, session.cause, session.status_at)

    def until_connected(self, seconds: float) -> None:
        """Tell what changes until it is connected. Raises CampaignError that says why it is not, and what to do."""
        began = time.monotonic()
        while True:
            row = self._read()
            self._tell(row)
            if row.connected:
                return
            self._check(row, waited=time.monotonic() - began)
            if not self._told_unattended and row.unattended:
                self._told_unattended = True
                self._say(_("Nobody looks after it: start the workers with `bin/services start --workers`."))
            if time.monotonic() - began >= seconds:
                raise CampaignError(self._late(row))
            time.sleep(POLL_SECONDS)

    def _read(self) -> SessionRow:
        session = Session.objects.filter(pk=self.pk).first()
        if session is None:
            raise CampaignError(_("“%(name)s” was deleted meanwhile.") % {"name": self.name})
        return sessions.row(session)

    def _check(self, row: SessionRow, *, waited: float) -> None:
        """Raises CampaignError for a state that does not pass by itself."""
        session = row.session
        as_before = (session.status, session.cause, session.status_at) == self._before
        if session.desired != Desired.CONNECTED:
            raise CampaignError(_("“%(name)s” was disconnected meanwhile.") % {"name": self.name})
        ended = session.status in ENDED or session.cause in NEEDS_A_PERSON
        if ended and (not as_before or waited > GRACE_SECONDS):
            raise CampaignError(f"{self.name}: {cause_sentence(session, at_a_terminal=True) or state_text(row)}")

    def _late(self, row: SessionRow) -> str:
        sentence = _("“%(name)s” is not connected yet: %(state)s.") % {"name": self.name, "state": state_text(row)}
        why = cause_sentence(row.session, at_a_terminal=True)
        goes_on = _("It goes on by itself: look at it with `manage.py session status`.")
        return " ".join(filter(None, (sentence, why, goes_on)))

    def _tell(self, row: SessionRow) -> None:
        session = row.session
        state = (session.status, session.cause, session.phone, str(row.connected))
        changed = state != self._state
        new_qr = session.status == SessionStatus.PAIRING and session.qr not in ("", self._qr)
        new_code = session.status == SessionStatus.PAIRING and session.link_code not in ("", self._code)
        self._state = state
        if new_qr:
            self._qr = session.qr
        if new_code:
            self._code = session.link_code
        if self.as_json:
            if changed or new_qr or new_code:
                self.out.write(json.dumps(row.as_json(), ensure_ascii=False))
            return
        if changed:
            self._tell_state(row)
        if new_code:
            self.out.write(link_code_text(session.link_code, session.link_code_until, row.now))
        elif new_qr and self.show_qr and not session.link_code:
            tell_qr(session.qr, self.out, invert=self.invert)

    def _tell_state(self, row: SessionRow) -> None:
        sentence = cause_sentence(row.session, at_a_terminal=True)
        text = f"{self.name}: {state_text(row)}"
        if row.connected and row.session.phone:
            text += f" ({row.session.phone})"
        text = f"{text}. {sentence}" if sentence else text
        if text != self._told:
            self.out.write(text)
        self._told = text

    def _say(self, sentence: str) -> None:
        if not self.as_json:
            self.out.write(sentence)


def tell_qr(text: str, out: OutputWrapper, *, invert: bool) -> None:
    """The code, and what to do with it."""
    for line in qr_lines(text, colours=out.isatty(), invert=invert):
        out.write(line)
    out.write(_("Scan it: WhatsApp on the phone, Linked devices, Link a device. A new one comes before it expires."))


def link_code_text(code: str, until: datetime | None, now: datetime) -> str:
    """The code of a link by phone number, and how long it holds."""
    text = _("Link code: %(code)s. On the phone: Linked devices, Link a device, Link with phone number instead.") % {
        "code": code
    }
    if until is None:
        return text
    minutes, seconds = divmod(max(0, int((until - now).total_seconds())), 60)
    return text + " " + _("It holds for %(minutes)d:%(seconds)02d more.") % {"minutes": minutes, "seconds": seconds}
