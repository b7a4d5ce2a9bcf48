"""How much a lane may still send: limits of a minute, an hour and a day, and what was spent of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from enum import StrEnum
from zoneinfo import ZoneInfo


class Limit(StrEnum):
    """What is counted; the values are the names of the gateway's fields."""

    MINUTE = "per_minute"
    HOUR = "per_hour"
    DAY = "per_day"
    FIRST_CONTACTS = "first_contacts_per_day"


TIMED = (Limit.MINUTE, Limit.HOUR, Limit.DAY)
"""What every message counts in."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used of a limit in the span that ends at `until` (UTC, excluded)."""

    until: datetime
    used: int


Usage = Mapping[Limit, Spent]


@dataclass(frozen=True, slots=True)
class Cap:
    """Why nothing more may go, and until when."""

    limit: Limit
    until: datetime


def span_end(limit: Limit, now: datetime, zone: ZoneInfo) -> datetime:
    """When the span that `now` (aware) is in ends, in UTC: full minutes and hours of UTC, days of `zone`."""
    moment = now.astimezone(UTC)
    if limit is Limit.MINUTE:
        return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if limit is Limit.HOUR:
        return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    # A midnight that the clocks jump over is the moment of the jump.
    return datetime.combine(tomorrow, wall_time(0), tzinfo=zone).astimezone(UTC)


def used(usage: Usage, limit: Limit, now: datetime) -> int:
    """What counts of a limit now: what was spent in a span that is over does not."""
    spent = usage.get(limit)
    return spent.used if spent is not None and spent.until > now else 0


def cap(usage: Usage, limits: Mapping[Limit, int], wanted: Mapping[Limit, int], now: datetime) -> Cap | None:
    """What keeps `wanted` from going, the limit that lasts longest if there are several; None when nothing does.

    `limits` are the most of each; one that is not there, or is 0, is no limit.
    """
    reached = [
        Cap(limit, usage[limit].until)
        for limit, number in wanted.items()
        if number and limits.get(limit) and used(usage, limit, now) + number > limits[limit] and limit in usage
    ]
    return max(reached, key=lambda c: c.until, default=None)


def current(usage: Usage, limits: Mapping[Limit, int], now: datetime, zone: ZoneInfo) -> dict[Limit, Spent]:
    """The usage of every limit there is, in the spans of now; what is not limited is not counted."""
    return {limit: Spent(span_end(limit, now, zone), used(usage, limit, now)) for limit, most in limits.items() if most}


def spend(usage: Usage, wanted: Mapping[Limit, int]) -> dict[Limit, Spent]:
    """The usage (as `current` gives it) with `wanted` added."""
    return {limit: replace(spent, used=spent.used + wanted.get(limit, 0)) for limit, spent in usage.items()}


@dataclass(frozen=True, slots=True)
class Want:
    """One message: whether it is a `first` contact, and whether it goes whatever the limits say (`always`)."""

    first: bool = False
    always: bool = False

    @property
    def amounts(self) -> dict[Limit, int]:
        return dict.fromkeys(TIMED, 1) | {Limit.FIRST_CONTACTS: int(self.first)}


@dataclass(frozen=True, slots=True)
class Reserved:
    """How many of the messages may go, the first ones; the usage with them; and what keeps others from going now."""

    granted: int
    usage: dict[Limit, Spent]
    cap: Cap | None


def reserve(
    usage: Usage,
    limits: Mapping[Limit, int],
    wants: Sequence[Want],
    *,
    held: Limit | None,
    now: datetime,
    zone: ZoneInfo,
) -> Reserved:
    """Take places for messages in their order, up to the first that meets a limit.

    `held` is the limit that was reached before, if any. A used up minute, hour or day is told with its last message;
    used up first contacts only by the first stranger who must wait: those who are known may still be written to.
    """
    spent = current(usage, limits, now, zone)
    granted = 0
    met: Cap | None = None
    for want in wants:
        met = None if want.always else cap(spent, limits, want.amounts, now)
        if met is not None:
            break
        spent = spend(spent, want.amounts)
        granted += 1
    return Reserved(granted, spent, met or standing(spent, limits, held=held, now=now))


def standing(usage: Usage, limits: Mapping[Limit, int], *, held: Limit | None, now: datetime) -> Cap | None:
    """What keeps messages from going, `held` being the limit that was reached before: by now it may have room again."""
    wanted = dict.fromkeys(TIMED, 1) | ({held: 1} if held is not None else {})
    return cap(usage, limits, wanted, now)


def give_back(usage: Usage, unspent: Usage) -> dict[Limit, Spent]:
    """The usage without what was reserved and surely not sent; a span that is over is left alone."""
    return {
        limit: replace(spent, used=max(0, spent.used - unspent[limit].used))
        if limit in unspent and unspent[limit].until == spent.until
        else spent
        for limit, spent in usage.items()
    }
