"""Days that begin, end and are compared rightly, wherever the clocks are and whatever they jump over."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.day import (
    SLOT,
    begins,
    by_then,
    change,
    day_before,
    day_of,
    same_time_before,
    share_of_slot,
    slot_of,
)

SANTIAGO = ZoneInfo("America/Santiago")
ZONES = st.sampled_from(
    [
        "UTC",
        "America/Santiago",
        "America/Havana",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Asia/Beirut",
    ]
).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, ZONES)
def test_every_moment_and_its_slot_are_within_their_day(moment: datetime, zone: ZoneInfo) -> None:
    day = day_of(moment, zone)
    assert begins(day, zone) <= slot_of(moment) <= moment < begins(day + timedelta(days=1), zone)
    assert moment - slot_of(moment) < SLOT
    assert 0 <= share_of_slot(moment) < 1


@given(MOMENTS, ZONES)
def test_same_time_before_is_of_yesterday_and_shows_the_same_clock(moment: datetime, zone: ZoneInfo) -> None:
    then = same_time_before(moment, zone)
    today = day_of(moment, zone)
    assert begins(day_before(today), zone) <= then <= begins(today, zone)
    usual = timedelta(hours=22) <= moment - then <= timedelta(hours=26)
    assert usual
    local = moment.astimezone(zone).replace(tzinfo=None)
    apart = abs(local - timedelta(days=1) - then.astimezone(zone).replace(tzinfo=None))
    assert apart <= timedelta(hours=1)  # of those that the clocks jumped over; nothing for all others
    if begins(today, zone) - begins(day_before(today), zone) == timedelta(days=1):
        assert apart == timedelta(0)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 4, 4), 25), (date(2026, 9, 6), 23), (date(2026, 11, 23), 24)],
)
def test_a_day_may_have_an_hour_more_or_less(day: date, hours: int) -> None:
    assert begins(day + timedelta(days=1), SANTIAGO) - begins(day, SANTIAGO) == timedelta(hours=hours)


def test_time_that_yesterday_jumped_over_is_as_far_into_the_day() -> None:
    # On 6 September 2026 Chile's clocks go from 24:00 to 01:00: half past midnight was not there.
    now = datetime(2026, 9, 7, 0, 30, tzinfo=SANTIAGO)
    assert same_time_before(now, SANTIAGO) - begins(date(2026, 9, 6), SANTIAGO) == timedelta(minutes=30)


@given(
    before=st.integers(0, 10**6),
    within=st.integers(0, 10**4),
    moment=MOMENTS,
    later=st.integers(0, 299),
)
def test_counts_until_a_moment_never_fall_within_its_slot(
    before: int, within: int, moment: datetime, later: int
) -> None:
    slot = slot_of(moment)
    first = by_then(before=before, within=within, moment=moment)
    assert before <= first <= before + within
    assert by_then(before=before, within=within, moment=slot) == before
    after = max(moment, slot + timedelta(seconds=later))
    assert by_then(before=before, within=within, moment=after) >= first


@pytest.mark.parametrize(
    ("before", "now", "percent"),
    [(100, 112, 12), (100, 88, -12), (100, 100, 0), (50, 0, -100), (0, 9, None), (9, 90, None), (10, 111, None)],
)
def test_change_is_told_where_it_says_something(before: int, now: int, percent: int | None) -> None:
    assert change(before, now) == percent
