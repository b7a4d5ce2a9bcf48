"""When a campaign ends and what its days look like, with the lines that it goes by as they are now."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.conf import settings

from campaigns.models import Campaign, CampaignChannel, CampaignStretch
from domain.forecast import Forecast, Lane, forecast, planned_per_minute
from domain.limits import Limit, Usage, used
from domain.pacing import Pace, throttled
from domain.pauses import PauseMode
from gateways.commands import DEFAULT_PACE
from gateways.kinds import KINDS
from gateways.models import Channel, Gateway, Pool
from gateways.usage import limits_of, spent
from sessions_app.queries import connected_gateways

EXAMPLE_RATE = 1.0
"""Messages a second of the line that stands for one that is not there yet, by SMS."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The lines that a campaign's messages go by first.

    `lines` are the active ones, `connected` those of them that can send, None by SMS. `lanes` are those that are
    reckoned with: the connected ones, or all where none is. `assumed`: one stands for a line that is not there.
    """

    channel: Channel
    lanes: tuple[Lane, ...]
    lines: int
    connected: int | None
    assumed: bool = False


def limits_zone() -> ZoneInfo:
    """Whose midnight begins a line's day."""
    return ZoneInfo(settings.TIME_ZONE)


def first_channel(campaign: Campaign) -> Channel:
    """The channel that the campaign's messages take first."""
    return Channel.SMS if campaign.channel == CampaignChannel.SMS else Channel.WHATSAPP


def ways_of(campaign: Campaign, *, now: datetime | None = None) -> Ways:
    """What the campaign goes by."""
    channel = first_channel(campaign)
    pool = campaign.sms_pool if channel is Channel.SMS else campaign.whatsapp_pool
    return ways_through(pool, channel, now=now)


def ways_through(pool: Pool | None, channel: Channel, *, now: datetime | None = None) -> Ways:
    """What goes through a pool of this channel; without a pool there is no line."""
    moment = now or datetime.now(UTC)
    lines = list(Gateway.objects.filter(pool_id=pool.pk, active=True).defer("secrets")) if pool is not None else []
    there = (
        connected_gateways([line.pk for line in lines]) if channel is Channel.WHATSAPP and lines else set[ObjectId]()
    )
    at_work = [line for line in lines if line.pk in there] or lines
    lanes = tuple(_lane(pool, line, len(at_work), moment) for line in at_work) if pool is not None else ()
    return Ways(channel, lanes, len(lines), len(there) if channel is Channel.WHATSAPP else None)


def example(channel: Channel) -> Ways:
    """One line as usual, where there is none yet."""
    if channel is Channel.SMS:
        return Ways(channel, (Lane(EXAMPLE_RATE * 60),), 1, None, assumed=True)
    usual = {field.name: field.default for field in KINDS["whatsapp_web"].fields}
    delay, variation = DEFAULT_PACE[Channel.WHATSAPP]
    pace = planned_per_minute(Pace(delay, variation), lanes=1)
    lane = Lane(pace, *(int(usual[limit.value] or 0) for limit in (Limit.MINUTE, Limit.HOUR, Limit.DAY)))
    return Ways(channel, (lane,), 1, 1, assumed=True)


def forecast_of(
    campaign: Campaign, number: int, *, now: datetime | None = None, ways: Ways | None = None, total: int | None = None
) -> Forecast:
    """What sending `number` messages of the campaign (of `total`, if it has begun) from now on takes."""
    moment = now or datetime.now(UTC)
    by = ways or ways_of(campaign, now=moment)
    plan = campaign.pauses_by(by.channel)
    row = None
    if campaign.started_at is not None and plan.mode is not PauseMode.OFF:
        row = CampaignStretch.objects.filter(campaign=campaign.pk, channel=by.channel).first()
    return forecast(
        number,
        lanes=by.lanes,
        window=campaign.window,
        now=moment,
        limits_zone=limits_zone(),
        pauses=plan,
        total=row.total if row is not None else total,
        stretch=row.stretch if row is not None else None,
    )


def _lane(pool: Pool, line: Gateway, lanes: int, now: datetime) -> Lane:
    """A line with its pool's pace, its limits and what it has spent of them.

    Everybody counts as a stranger where first contacts are limited: that is the careful side.
    """
    pace = Pace(pool.delay_seconds, pool.variation_seconds, float(line.config.get("rate_per_second") or 0))
    if pool.auto_throttle:
        pace = throttled(pace, lanes=lanes, target=pool.throttle_target, most=pool.throttle_max)
    most, usage = limits_of(line), spent(line.usage)
    day, used_day = _day(most, usage, now)
    return Lane(
        planned_per_minute(pace, lanes=1),
        minute=most.get(Limit.MINUTE, 0),
        hour=most.get(Limit.HOUR, 0),
        day=day,
        used_hour=used(usage, Limit.HOUR, now),
        used_day=used_day,
    )


def _day(most: dict[Limit, int], usage: Usage, now: datetime) -> tuple[int, int]:
    """The least of a day's limits, and what was used of it so that what is left is the least of what they leave."""
    limited = [limit for limit in (Limit.DAY, Limit.FIRST_CONTACTS) if most.get(limit)]
    if not limited:
        return 0, 0
    least = min(most[limit] for limit in limited)
    left = min(most[limit] - used(usage, limit, now) for limit in limited)
    return least, max(0, least - max(0, left))
