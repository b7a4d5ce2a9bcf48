"""What keeps a session that could send from sending for now: a limit, a rest after failures, a switch."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from domain.states import Desired
from gateways.describe import LIMIT_LABELS, line_reason
from gateways.models import Gateway, LaneHealth
from gateways.sessions import SessionRow


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing of a campaign goes, as a sentence; where it ends by itself, the sentence leads to a countdown."""

    sentence: str
    until: datetime | None = None


def hold(row: SessionRow) -> Hold | None:
    """The hold that lasts longest of those there are; None where nothing but the session's own state decides."""
    gateway = row.gateway
    if gateway is None:
        return None
    if not gateway.active:
        return Hold(_("Its line is switched off: campaigns don't send through it."))
    if not gateway.pool.active:
        return Hold(_("Its pool “%(pool)s” is switched off: nothing is sent through it.") % {"pool": gateway.pool.name})
    rest = _rest(row, gateway)
    if row.capped_until is not None and (rest is None or rest.until is None or row.capped_until >= rest.until):
        limit = LIMIT_LABELS.get(gateway.capped_by, gateway.capped_by)
        said = _("It has sent what it may (%(limit)s). Campaigns go on through it in") % {"limit": limit}
        return Hold(said, row.capped_until)
    return rest


def _rest(row: SessionRow, gateway: Gateway) -> Hold | None:
    """The line's rest after failures."""
    if gateway.health == LaneHealth.OK:
        return None
    reason, _detail = line_reason(gateway)
    if gateway.next_send_at is not None and gateway.next_send_at > row.now:
        said = _("It rests after failures: %(reason)s It goes on in") % {"reason": reason}
        return Hold(said, gateway.next_send_at)
    return Hold(_("It has rested after failures, and tries one message next: %(reason)s") % {"reason": reason})


def rests(row: SessionRow) -> bool:
    """Whether staff want it to send, and something of the line's keeps it from that."""
    return row.session.desired == Desired.CONNECTED and hold(row) is not None
