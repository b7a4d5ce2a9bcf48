"""What went wrong lately, in words: to what, how often, and whether it is over.

Told from what is stored: the changes of sessions, the warnings that carry a code, and how their objects stand now. The
log has all of it as the processes said it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import STATUS_LABELS as CAMPAIGN_LABELS
from campaigns.models import Campaign
from domain.states import CampaignStatus, Desired, SessionStatus
from gateways import sessions
from gateways.models import Channel, Gateway, LaneHealth
from gateways.sessions import SessionRow
from lib.converters import object_id
from lib.figures import figure
from messaging.reasons import reason_sentence
from sessions_app.describe import CAUSES, change_sentence
from sessions_app.models import STATUS_LABELS as SESSION_LABELS
from sessions_app.models import Session, SessionChange
from sessions_app.queries import Trouble, troubles
from systemlog.queries import Repeated, repeated

S = SessionStatus
SPAN = timedelta(hours=24)
LATELY = timedelta(hours=1)
OVER_AFTER = timedelta(minutes=5)
"""A fault that is of no object is over when it was not met for so long."""
MOST = 6


@dataclass(frozen=True, slots=True)
class Incident:
    """`standing` says how it is now, and `colour` of the palette with it; `over` when nobody has to do anything."""

    key: str
    title: str
    text: str
    at: datetime
    often: str
    standing: str
    over: bool
    colour: str
    url: str


def recent(now: datetime | None = None) -> dict[str, Any]:
    """The latest incidents: those that go on first."""
    moment = now or datetime.now(UTC)
    logged = repeated(moment - SPAN, lately=moment - LATELY)
    found = [*_of_sessions(moment), *_of_objects(logged), *_of_the_product(logged, moment)]
    found.sort(key=lambda incident: incident.at, reverse=True)
    found.sort(key=lambda incident: incident.over)
    return {"rows": found[:MOST], "more": max(0, len(found) - MOST)}


def _often(times: int, lately: int) -> str:
    """How often the same happened; empty where it was once."""
    if lately > 1:
        sentence = ngettext("%(times)s time in the last hour", "%(times)s times in the last hour", lately)
        return sentence % {"times": figure(lately)}
    if times > 1:
        return ngettext("%(times)s time in 24 hours", "%(times)s times in 24 hours", times) % {"times": figure(times)}
    return ""


# Sessions -------------------------------------------------------------------------------------------------------------
TITLES = {
    S.OFFLINE: gettext_lazy("“%(name)s” lost its connection"),
    S.FAILED: gettext_lazy("“%(name)s” failed"),
    S.CONFLICT: gettext_lazy("“%(name)s” was opened in another place"),
    S.BLOCKED: gettext_lazy("WhatsApp blocked “%(name)s”"),
    S.PAIRING: gettext_lazy("“%(name)s” was unlinked"),
}
"""By the state that a session came into."""
COLOURS = {S.OFFLINE: "soon", S.PAIRING: "soon", S.STARTING: "working", S.SYNCING: "working", S.STOPPED: "waiting"}


def _of_sessions(now: datetime) -> Iterator[Incident]:
    found = troubles(now - SPAN, lately=now - LATELY)
    stored = Session.objects.filter(pk__in={trouble.session for trouble in found})
    rows = {row.session.pk: row for row in sessions.rows(stored)}
    for trouble in found:
        row = rows.get(trouble.session)
        if row is not None:  # else it was deleted since
            yield _of_session(trouble, row)


def _of_session(trouble: Trouble, row: SessionRow) -> Incident:
    target, status = S(trouble.target), S(row.shown_status)
    over = status is S.CONNECTED or row.session.desired != Desired.CONNECTED
    if not over:
        text = change_sentence(SessionChange(target=trouble.target, cause=trouble.cause))
    else:  # what to do about it is not said any more
        text = str(CAUSES.get(trouble.cause, "")) if target is S.FAILED else ""
    back = _("connected again") if status is S.CONNECTED else str(SESSION_LABELS[status])
    return Incident(
        key=f"session-{trouble.session}-{target.value}",
        title=str(TITLES[target]) % {"name": row.session.name},
        text=text,
        at=trouble.last_at,
        often=_often(trouble.times, trouble.lately),
        standing=back,
        over=over,
        colour="done" if over else COLOURS.get(status, "now"),
        url=reverse("desk:session", args=[trouble.session]),
    )


# Lines, campaigns -----------------------------------------------------------------------------------------------------
def _of_objects(logged: list[Repeated]) -> Iterator[Incident]:
    lines = [entry for entry in logged if entry.code in LINES]
    ids = {pk for entry in lines if (pk := object_id(entry.object_id)) is not None}
    down = Gateway.objects.filter(active=True, health=LaneHealth.DOWN, channel=Channel.SMS)
    known = {line.pk: line for line in [*Gateway.objects.filter(pk__in=ids), *down]}
    pages: dict[ObjectId, ObjectId] = dict(Session.objects.filter(gateway__in=ids).values_list("gateway", "pk"))
    for entry in lines:
        line = known.get(object_id(entry.object_id))
        if line is not None:
            yield _of_line(entry, line, pages.get(line.pk))
    told = {object_id(entry.object_id) for entry in lines if entry.code == "line.down"}
    for line in known.values():
        if line.health == LaneHealth.DOWN and line.pk not in told and line.down_since is not None:
            # It has been so for longer than the log is looked back.
            yield _of_line(Repeated.once("line.down", "gateway", str(line.pk), line.down_since), line, None)
    yield from _of_campaigns([entry for entry in logged if entry.code == "campaign.paused"])


LINES = {
    "line.down": gettext_lazy("The line “%(name)s” did not answer"),
    "line.unusable": gettext_lazy("The line “%(name)s” can't be used"),
    "line.lost": gettext_lazy("The work of “%(name)s” was broken off"),
    "line.unheard": gettext_lazy("“%(name)s” could not be asked for reports"),
    "line.fault": gettext_lazy("A fault met “%(name)s” as it sent"),
}
SESSION_DOWN = gettext_lazy("“%(name)s” could not send")
"""A WhatsApp session's line is a session to people."""


def _of_line(entry: Repeated, line: Gateway, session: ObjectId | None) -> Incident:
    unheard = entry.code == "line.unheard"
    well = not line.poll_failures if unheard else line.health == LaneHealth.OK or not line.active
    over = well or entry.code == "line.lost"
    if not line.active:
        standing = _("switched off")
    elif entry.code == "line.lost":
        standing = _("taken up again")
    elif unheard and not well:
        standing = _("asked again and again")
    else:
        standing = _("works again") if well else str(LaneHealth(line.health).label)
    page = reverse("desk:session", args=[session]) if session else reverse("gateways:line", args=[line.pk])
    return Incident(
        key=f"line-{line.pk}-{entry.code}".replace(".", "-"),
        title=str(SESSION_DOWN if session and entry.code == "line.down" else LINES[entry.code]) % {"name": line.name},
        text=_line_text(entry, line),
        at=entry.last_at,
        often=_often(entry.times, entry.lately),
        standing=standing,
        over=over,
        colour="done" if over else "now" if line.health == LaneHealth.DOWN else "soon",
        url=page,
    )


def _line_text(entry: Repeated, line: Gateway) -> str:
    if entry.code == "line.lost":
        doubts = int(entry.facts.get("uncertain", 0))
        if not doubts:
            return _("A worker stopped as it sent. No message was lost.")
        sentence = ngettext(
            "A worker stopped as it sent: of %(number)s message it has to be found out whether it arrived.",
            "A worker stopped as it sent: of %(number)s messages it has to be found out whether they arrived.",
            doubts,
        )
        return sentence % {"number": figure(doubts)}
    reason = str(entry.facts.get("reason", "")) or line.health_reason.partition(": ")[0]
    return capfirst(reason_sentence(reason)) + "." if reason else ""


def _of_campaigns(entries: list[Repeated]) -> Iterator[Incident]:
    known = Campaign.objects.only("name", "status").in_bulk([object_id(entry.object_id) for entry in entries])
    for entry in entries:
        campaign = known.get(object_id(entry.object_id))
        if campaign is None:
            continue
        paused = campaign.status == CampaignStatus.PAUSED
        running = campaign.status == CampaignStatus.RUNNING
        connected, wanted = int(entry.facts.get("connected", 0)), int(entry.facts.get("wanted", 1))
        sentence = ngettext(
            "%(connected)s session was connected, and it needs %(wanted)s.",
            "%(connected)s sessions were connected, and it needs %(wanted)s.",
            connected,
        )
        yield Incident(
            key=f"campaign-{campaign.pk}",
            title=_("“%(name)s” paused itself") % {"name": campaign.name},
            text=sentence % {"connected": connected, "wanted": wanted},
            at=entry.last_at,
            often=_often(entry.times, entry.lately),
            standing=_("resumed") if running else str(CAMPAIGN_LABELS[CampaignStatus(campaign.status)]),
            over=not paused,
            colour="soon" if paused else "done",
            url=reverse("campaigns:campaign", args=[campaign.pk]),
        )


# The product itself ---------------------------------------------------------------------------------------------------
PRODUCT: Mapping[str, Any] = {
    "engine.away": gettext_lazy("The engine did not reach the database or Redis"),
    "broker.away": gettext_lazy("Redis did not answer a worker, which was started afresh"),
    "callback.away": gettext_lazy("A gateway's report could not be stored, and has to come again"),
    "callback.fault": gettext_lazy("A gateway's report could not be read"),
    "import.fault": gettext_lazy("A file could not be imported"),
    "live.away": gettext_lazy("Pages did not follow live for a time"),
    "log.lost": gettext_lazy("Entries of the log were lost while the database was away"),
}
PAGE = gettext_lazy("A page could not be shown")
FAULT = gettext_lazy("A fault in %(source)s: the log says more")


def _of_the_product(logged: list[Repeated], now: datetime) -> Iterator[Incident]:
    for entry in logged:
        if entry.code in PRODUCT:
            title = str(PRODUCT[entry.code])
        elif entry.code or not entry.serious:
            continue
        elif entry.source == "django.request":
            title = str(PAGE)
        else:
            title = str(FAULT) % {"source": entry.source}
        over = now - entry.last_at > OVER_AFTER
        yield Incident(
            key="product-" + (entry.code or entry.source).replace(".", "-"),
            title=title,
            text="",
            at=entry.last_at,
            often=_often(entry.times, entry.lately),
            standing=_("not met again since") if over else _("just now"),
            over=over,
            colour="done" if over else "now" if entry.serious else "soon",
            url=reverse("systemlog:list") + "?" + urlencode({"level": "warning", "source": entry.source}),
        )
