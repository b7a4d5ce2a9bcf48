"""How fast a campaign goes and when it ends, as far as that can be told."""

from datetime import datetime, timedelta

from domain.pacing import Pace, Window, closes_at, opens_at

MOST_SPANS = 120
"""Sending windows that are looked ahead: an end beyond them is not told."""


def per_minute(number: int, seconds: float) -> float | None:
    """The rate of `number` messages, the first of which was sent `seconds` ago; None where too few tell nothing."""
    if number < 2 or seconds < 1:
        return None
    return (number - 1) * 60 / seconds


def planned_per_minute(pace: Pace, *, lanes: int) -> float | None:
    """What so many lanes of a pace send; None where nothing but the far side slows them."""
    if not lanes:
        return None
    speeds = [60 / pace.delay] if pace.delay > 0 else []
    if pace.rate > 0:
        speeds.append(pace.rate * 60)
    return lanes * min(speeds) if speeds else None


def ends_at(window: Window, now: datetime, seconds: float) -> datetime | None:
    """When so many seconds of sending will be over that begin at `now`, or at the window's next opening.

    None when that is more than MOST_SPANS windows away.
    """
    at = now
    for _span in range(MOST_SPANS):
        at = opens_at(window, at)
        closes = closes_at(window, at)
        if closes is None:
            return at + timedelta(seconds=seconds)
        room = (closes - at).total_seconds()
        if seconds <= room:
            return at + timedelta(seconds=seconds)
        seconds -= room
        at = closes
    return None
