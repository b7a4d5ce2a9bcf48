"""Days and slots of the figures: when a day begins on a zone's clocks, the same time of the day before.

A slot is five minutes of UTC. Zones are a multiple of fifteen minutes away from it, so no slot is of two days.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

SLOT = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAST_COMPARED = 10
MOST_PERCENT = 1_000
"""Of fewer than that, or by more than that, a growth in per cent says nothing."""


def slot_of(moment: datetime) -> datetime:
    """When the slot begins that a moment is in."""
    return EPOCH + (moment - EPOCH) // SLOT * SLOT


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The day of a moment on a zone's clocks."""
    return moment.astimezone(zone).date()


def begins(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day. Where clocks jump over midnight it is the jump, where they repeat it the first one."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


def day_before(day: date) -> date:
    return day - timedelta(days=1)


def same_time_before(now: datetime, zone: tzinfo) -> datetime:
    """Yesterday at the time that the zone's clocks show now. A time that they jumped over is as far into the day."""
    local = now.astimezone(zone)
    yesterday = day_before(local.date())
    then = datetime.combine(yesterday, local.time(), tzinfo=zone).astimezone(UTC)
    return min(max(then, begins(yesterday, zone)), begins(local.date(), zone))


def share_of_slot(moment: datetime) -> float:
    """How much of its slot is over at a moment, from 0 to less than 1."""
    return (moment - slot_of(moment)) / SLOT


def by_then(*, before: int, within: int, moment: datetime) -> int:
    """What was counted until a moment: all `before` its slot, and the share that is over of what is `within` it."""
    return before + round(within * share_of_slot(moment))


def change(before: int, now: int) -> int | None:
    """By how many per cent something grew (or fell); None where that says nothing."""
    if before < LEAST_COMPARED:
        return None
    percent = round(100 * (now - before) / before)
    return percent if percent < MOST_PERCENT else None
