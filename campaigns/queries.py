"""Reading campaigns: their state and counts as one plain value, the same for commands and pages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django.db.models import Q, QuerySet

from accounts.roles import Scope
from campaigns.models import Campaign, CampaignStretch
from domain.costs import MILLION, Spent, charge_of, spent_of
from domain.folding import fold
from domain.pacing import opens_at
from domain.pauses import PauseMode
from domain.states import CampaignStatus
from gateways.models import Gateway, LaneHealth
from lib import amounts
from lib.mongo import Now, collection, session
from messaging import queries as messaging
from messaging.filters import MessageFilter

UNATTENDED_AFTER = timedelta(seconds=5)
"""The engine's heart beats once a second: a campaign that it left alone for longer has no engine."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign as it stands. `counts` are exclusive, by message state, and sum to `total`."""

    name: str
    channel: str
    status: str
    pause_reason: str
    total: int
    counts: dict[str, int]
    enrolled: bool
    timezone: str
    waits_until: datetime | None
    """When its sending window opens, if it is running and the window is closed now (UTC)."""
    scheduled_at: datetime | None
    unattended: bool
    """Whether it was started and the engine has not taken it up: no worker runs."""
    working: bool
    """Whether the engine still has something to do for it as it stands: not if a person must act first."""
    pauses: Sequence["Pauses"] = ()
    """By each channel that it makes pauses by, once it has begun."""

    @property
    def rests(self) -> list["Pauses"]:
        """The pauses that keep its messages waiting now, by WhatsApp first."""
        waits = self.counts["pending"] + self.counts["claimed"]
        if self.status != CampaignStatus.RUNNING or not waits:
            return []
        return [each for each in self.pauses if each.rests_until is not None]

    def as_json(self) -> dict[str, Any]:
        """What `campaign status --json` prints."""
        return {
            "name": self.name,
            "channel": self.channel,
            "status": self.status,
            "total": self.total,
            **self.counts,
            "pause_reason": self.pause_reason,
            "enrolled": self.enrolled,
            "waits_until": self.waits_until.isoformat() if self.waits_until else None,
            "rests_until": self.rests[0].rests_until.isoformat() if self.rests and self.rests[0].rests_until else None,
            "pauses": [each.as_json() for each in self.pauses],
        }


@dataclass(frozen=True, slots=True)
class Pauses:
    """A campaign's pauses by one channel: how many were begun, of how many, and until when one lasts that goes on."""

    channel: str
    begun: int
    planned: int
    rests_until: datetime | None

    def as_json(self) -> dict[str, Any]:
        until = self.rests_until.isoformat() if self.rests_until else None
        return {"channel": self.channel, "begun": self.begun, "planned": self.planned, "rests_until": until}


def pauses_of(campaigns: Sequence[Campaign], now: datetime) -> dict[ObjectId, list[Pauses]]:
    """The pauses of those of the campaigns that make any, by one query, or by none."""
    asked = {each.pk: each for each in campaigns if each.pause_mode != PauseMode.OFF and each.started_at is not None}
    found: dict[ObjectId, list[Pauses]] = {}
    if not asked:
        return found
    for row in CampaignStretch.objects.filter(campaign__in=list(asked)).order_by("-channel"):  # WhatsApp first
        begun = row.number + (row.rests_until is not None)
        planned = max(begun, asked[row.campaign].pauses_by(row.channel).pauses(row.total))
        until = row.rests_until if row.stretch.rests(now) else None
        found.setdefault(row.campaign, []).append(Pauses(row.channel, begun, planned, until))
    return found


def progress(campaign: Campaign, *, now: datetime | None = None) -> Progress:
    """The campaign's state and counts now."""
    moment = now or datetime.now(UTC)
    return _progress(campaign, messaging.counts(campaign.pk), moment, pauses_of([campaign], moment))


def progresses(campaigns: Sequence[Campaign], *, now: datetime | None = None) -> list[Progress]:
    """The state and counts of several campaigns, in their order, by one query."""
    counts = messaging.counts_by_campaign([campaign.pk for campaign in campaigns])
    moment = now or datetime.now(UTC)
    pauses = pauses_of(campaigns, moment)
    return [_progress(campaign, counts[campaign.pk], moment, pauses) for campaign in campaigns]


def _progress(
    campaign: Campaign, counts: dict[str, int], now: datetime, pauses: Mapping[ObjectId, Sequence[Pauses]]
) -> Progress:
    status = CampaignStatus(campaign.status)
    waits_until = None
    if status is CampaignStatus.RUNNING:
        opens = opens_at(campaign.window, now)
        waits_until = None if opens == now else opens
    started = campaign.started_at
    return Progress(
        name=campaign.name,
        channel=campaign.channel,
        status=status.value,
        pause_reason=campaign.pause_reason,
        total=sum(counts.values()),
        counts=counts,
        enrolled=campaign.enrolled_at is not None,
        timezone=campaign.timezone,
        waits_until=waits_until,
        scheduled_at=campaign.scheduled_at if status is CampaignStatus.SCHEDULED else None,
        unattended=(
            status is CampaignStatus.RUNNING
            and campaign.enrolled_at is None
            and campaign.work_until is None
            and not campaign.enroll_cursor  # between two slices of a long enrolling nobody holds it either
            and started is not None
            and now - started > UNATTENDED_AFTER
        ),
        working=(
            status in (CampaignStatus.SCHEDULED, CampaignStatus.RUNNING)
            or campaign.retry_requested
            or campaign.sweep_requested
            or bool(counts["sending"])
        ),
        pauses=pauses.get(campaign.pk, ()),
    )


def counts_by_state(scope: Scope) -> dict[tuple[str, bool], int]:
    """How many campaigns of a scope there are by (state, whether they are archived), where there are any, along an
    index."""
    key = {"status": "$status", "archived": "$archived"}
    along = {"$sort": {"status": 1, "archived": 1}} if scope.everything else {"$match": scope.where("owner_id")}
    stages: list[dict[str, Any]] = [along, {"$group": {"_id": key, "number": {"$sum": 1}}}]
    rows = collection(Campaign).aggregate(stages, session=session())
    return {(row["_id"]["status"], bool(row["_id"].get("archived"))): int(row["number"]) for row in rows}


def listed(scope: Scope, *, state: str = "", search: str = "", archived: bool = False) -> QuerySet[Campaign]:
    """The campaigns of a list: a scope's, those in one state, those whose name begins so, the archived ones; in no
    order yet.

    Ordered by `-created_at`, or by `folded_name` where there is a search, they come along an index.
    """
    found = Campaign.objects.filter(archived=archived, **scope.where())
    if state:
        found = found.filter(status=state)
    if begins := fold(search):
        found = found.filter(folded_name__gte=begins, folded_name__lt=begins + "\uffff")
    return found


@dataclass(frozen=True, slots=True)
class LineTrouble:
    """A line of a campaign that rests or does not work; `code` is the engine's stable word for why."""

    name: str
    down: bool
    code: str
    tried_again_at: datetime | None
    key: ObjectId | None = None
    channel: str = ""


def troubled_lines(campaign: Campaign) -> list[LineTrouble]:
    """The active lines of a campaign's pools that are not well, or have sent all that they may, by name."""
    pools = [pool for pool in (campaign.whatsapp_pool_id, campaign.sms_pool_id) if pool is not None]
    capped = Q(capped_until__gt=Now())
    lines = Gateway.objects.filter(~Q(health=LaneHealth.OK) | capped, pool_id__in=pools, active=True)
    return [
        LineTrouble(
            line.name,
            line.health == LaneHealth.DOWN,
            line.health_reason.partition(":")[0],
            line.next_send_at,
            line.pk,
            line.channel,
        )
        if line.health != LaneHealth.OK
        else LineTrouble(line.name, False, line.capped_by, line.capped_until, line.pk, line.channel)
        for line in lines.order_by("name")
    ]


def _costs(message: Mapping[str, Any]) -> dict[str, Any]:
    """A message's parts, the price of one at its last request, and what it cost of all that were taken on.

    The cost is a number in the currency, or words where it is of several or not known; nothing where nothing was.
    """
    spent, last = spent_of(message), charge_of(message.get("last") or {})
    price = last.price if last is not None and spent.parts else None
    plain = price is not None and not spent.unpriced and spent.cost.keys() <= {price.currency}
    return {
        "parts": message.get("parts"),
        "price": Decimal(price.millionths) / MILLION if price is not None else None,
        "currency": price.currency if price is not None else "",
        "cost": dict(spent.amounts())[price.currency] if plain and price is not None else _cost_words(spent),
    }


def _cost_words(spent: Spent) -> str | None:
    return amounts.spent(spent) if spent.parts else None


def export_rows(campaign: Campaign, wanted: MessageFilter | None = None) -> Iterator[dict[str, Any]]:
    """Every message of the campaign, or those that `wanted` shows, for its export: plain values, by column."""
    gateways = dict(Gateway.objects.values_list("pk", "name"))
    for message in messaging.export_rows(campaign.pk, wanted):
        last = message.get("last") or {}
        yield {
            "row": message.get("row"),
            "name": message.get("name", ""),
            "phone": message["phone"],
            "channel": message["channel"],
            "status": message["status"],
            "reason": message.get("reason", ""),
            "detail": message.get("detail", ""),
            "text": message.get("text", ""),
            "variant": message.get("variant", 0),
            "line": gateways.get(message.get("gateway"), ""),
            "attempts": message["tried"],
            "attempt_id": last.get("attempt_id", ""),
            "provider_id": last.get("provider_id") or "",
            **_costs(message),
            "sent_at": message.get("sent_at"),
            "delivered_at": message.get("delivered_at"),
            "read_at": message.get("read_at"),
            "failed_at": message.get("failed_at"),
        }
