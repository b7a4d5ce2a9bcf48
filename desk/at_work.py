"""What is at work: the campaigns, those that need somebody first, and the ways out that they go by."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.roles import Scope
from campaigns import watching, wording
from campaigns.describe import line_sentence, shortage_sentence
from campaigns.models import Campaign
from campaigns.watching import Standing
from desk.sessions import shown
from domain.states import CampaignStatus
from gateways.describe import line_reason
from gateways.models import Channel, Gateway, LaneHealth
from gateways.sessions import SessionRow
from messaging.reasons import reason_sentence

S = CampaignStatus
AT_WORK = {S.PAUSED: 5, S.RUNNING: 10, S.SCHEDULED: 5}
"""How many campaigns of each state are shown: forgotten ones must not stand before those that run."""
MOST_ROWS = 5
"""Sessions that need a hand, and lines in trouble."""


# Campaigns ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign at work: what comes next, what holds it up (`why`), and whether it needs somebody (`urgent`)."""

    shown: Standing
    outlook: str
    why: Sequence[str]
    urgent: bool

    @property
    def campaign(self) -> Campaign:
        return self.shown.campaign


def campaigns(scope: Scope) -> dict[str, Any]:
    """A scope's campaigns that are paused, run, or wait for their time: those that need somebody first, then the
    newest."""
    seen = Campaign.objects.filter(**scope.where())
    found = {
        status: list(seen.filter(status=status.value).order_by("-created_at")[:most])
        for status, most in AT_WORK.items()
    }
    still = watching.standings([*found[S.PAUSED], *found[S.SCHEDULED]])
    moving = [watching.standing(campaign) for campaign in found[S.RUNNING]]
    rows = [_row(one, ways=scope.everything) for one in (*still, *moving)]
    order = list(AT_WORK)
    rows.sort(key=lambda row: (not row.urgent, order.index(S(row.campaign.status))))  # stable: the newest stay first
    more = 0
    if any(len(found[status]) == most for status, most in AT_WORK.items()):
        more = seen.filter(status__in=[status.value for status in AT_WORK]).count() - len(rows)
    return {"rows": rows, "more": max(0, more)}


def _row(found: Standing, *, ways: bool) -> CampaignRow:
    """`ways`: also with what its lines lack, for those who can mend it."""
    campaign = found.campaign
    why: list[str] = []
    urgent = campaign.status == S.PAUSED
    if urgent and campaign.pause_reason:
        why.append(_("Paused: %(reason)s") % {"reason": campaign.pause_reason})
    if ways and campaign.status == S.RUNNING:
        troubles = watching.troubles(campaign.pk)
        if troubles.sessions is not None:
            why.append(shortage_sentence(troubles.sessions, campaign.channel))
        why += [line_sentence(line, campaign.timezone) for line in troubles.lines]
        if found.progress.unattended:
            why.append(_("Nobody has taken it up: no worker is running. It begins by itself as soon as one does."))
        down = any(line.down for line in troubles.lines)
        urgent = troubles.sessions is not None or down or found.progress.unattended
    return CampaignRow(found, wording.outlook(found), why, urgent)


# Sessions and lines ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LineRow:
    """An SMS line in trouble: why, and until when it rests; `state` is one of the palette's lanes."""

    line: Gateway
    state: str
    why: str
    until: datetime | None


def ways_out(rows: Sequence[SessionRow]) -> dict[str, Any]:
    """How many sessions are in each state, those that need a hand with their next step, and SMS lines in trouble."""
    waiting = [row for row in shown.by_need(rows) if shown.needs_a_hand(row)]
    lines = _lines()
    return {
        "states": session_states(rows),
        "waiting": [
            {"row": row, "session": row.session, "sentence": shown.sentence(row), "next": shown.next_step(row)}
            for row in waiting[:MOST_ROWS]
        ],
        "more": max(0, len(waiting) - MOST_ROWS),
        "lines": lines[:MOST_ROWS],
        "more_lines": max(0, len(lines) - MOST_ROWS),
        "sms": Gateway.objects.filter(channel=Channel.SMS, active=True).count(),
    }


def session_states(rows: Sequence[SessionRow]) -> list[tuple[str, int]]:
    """How many sessions are in each state that there is, the worst first."""
    numbers = Counter(row.shown_status for row in rows)
    return [(status.value, numbers[status.value]) for status in shown.RANKS if numbers[status.value]]


def _lines() -> list[LineRow]:
    """Those that don't answer, then those that rest; what a session lacks is told of the session."""
    now = timezone.now()
    troubled = ~Q(health=LaneHealth.OK) | Q(capped_until__gt=now)
    found = Gateway.objects.filter(troubled, channel=Channel.SMS, active=True).order_by("name")
    rows = [_line(line, now) for line in found]
    return sorted(rows, key=lambda row: row.state != LaneHealth.DOWN)


def _line(line: Gateway, now: datetime) -> LineRow:
    if line.health == LaneHealth.OK:
        return LineRow(
            line, LaneHealth.SLOWED.value, capfirst(reason_sentence(line.capped_by)) + ".", line.capped_until
        )
    rests = line.next_send_at if line.next_send_at is not None and line.next_send_at > now else None
    return LineRow(line, str(line.health), line_reason(line)[0], rests)
