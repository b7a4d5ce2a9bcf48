"""How fast a campaign goes, and when it ends."""

from datetime import UTC, datetime, time, timedelta

import pytest

from domain.forecast import ends_at, per_minute, planned_per_minute
from domain.pacing import Pace, Window, closes_at

ALWAYS = Window(None, None, frozenset(range(7)), "UTC")
OFFICE = Window(time(8), time(20), frozenset(range(5)), "UTC")
NIGHT = Window(time(22), time(2), frozenset({0}), "UTC")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = 3600.0


@pytest.mark.parametrize(("number", "seconds", "rate"), [(0, 0, None), (1, 60, None), (2, 0.5, None), (11, 60, 10)])
def test_rate_needs_two_messages_and_some_time(number: int, seconds: float, rate: float | None) -> None:
    assert per_minute(number, seconds) == rate


@pytest.mark.parametrize(
    ("pace", "lanes", "rate"),
    [
        (Pace(), 3, None),
        (Pace(delay=30), 0, None),
        (Pace(delay=30), 4, 8),
        (Pace(rate=2), 1, 120),
        (Pace(delay=1, rate=2), 2, 120),
    ],
)
def test_planned_rate_is_that_of_all_lanes(pace: Pace, lanes: int, rate: float | None) -> None:
    assert planned_per_minute(pace, lanes=lanes) == rate


@pytest.mark.parametrize(
    ("window", "now", "closes"),
    [
        (ALWAYS, MONDAY, None),
        (OFFICE, MONDAY + timedelta(hours=9), MONDAY + timedelta(hours=20)),
        (OFFICE, MONDAY + timedelta(hours=21), MONDAY + timedelta(hours=21)),
        (NIGHT, MONDAY + timedelta(hours=23), MONDAY + timedelta(hours=26)),
        (NIGHT, MONDAY + timedelta(hours=25), MONDAY + timedelta(hours=26)),
    ],
)
def test_window_closes(window: Window, now: datetime, closes: datetime | None) -> None:
    assert closes_at(window, now) == closes


@pytest.mark.parametrize(
    ("window", "begins", "seconds", "end"),
    [
        (ALWAYS, 9, 100 * HOUR, 109),
        (OFFICE, 9, 2 * HOUR, 11),
        (OFFICE, 0, 12 * HOUR, 20),
        (OFFICE, 19, 2 * HOUR, 24 + 9),
        (OFFICE, 4 * 24 + 19, 2 * HOUR, 7 * 24 + 9),  # Friday evening goes on on Monday
        (NIGHT, 0, 5 * HOUR, 7 * 24 + 23),
    ],
)
def test_end_counts_open_hours_only(window: Window, begins: float, seconds: float, end: float) -> None:
    assert ends_at(window, MONDAY + timedelta(hours=begins), seconds) == MONDAY + timedelta(hours=end)


def test_end_that_is_too_far_is_not_told() -> None:
    assert ends_at(NIGHT, MONDAY, 4 * HOUR * 200) is None
