"""How fast a campaign goes, and when it ends."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.forecast import (
    DETAIL,
    DayCount,
    Doing,
    Forecast,
    Lane,
    Why,
    day_capacity,
    ends_at,
    forecast,
    per_minute,
    planned_per_minute,
)
from domain.pacing import Pace, Window, closes_at, opens_at
from domain.pauses import Stretch, parse_plan

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


# A whole campaign ----------------------------------------------------------------------------------------------------

ZONE = ZoneInfo("America/Santiago")
CHILE = Window(time(8), time(20), frozenset(range(6)), "America/Santiago")
NINE = datetime(2026, 11, 23, 9, tzinfo=ZONE)


def tell(number: int, lanes: list[Lane], **given: Any) -> Forecast:
    return forecast(number, lanes=lanes, **{"window": CHILE, "now": NINE, "limits_zone": ZONE, **given})


@pytest.mark.parametrize(
    ("number", "lanes", "window", "why"),
    [
        (0, [Lane(6)], CHILE, Why.NOTHING),
        (5, [], CHILE, Why.NO_LINES),
        (5, [Lane(None, day=10)], CHILE, Why.NO_PACE),
        (5, [Lane(6)], Window(None, None, frozenset(), "UTC"), Why.NO_DAYS),
        (5_000_000, [Lane(6)], CHILE, Why.TOO_FAR),
    ],
)
def test_forecast_says_why_it_tells_no_end(number: int, lanes: list[Lane], window: Window, why: Why) -> None:
    found = tell(number, lanes, window=window)
    assert (found.ends_at, found.why) == (None, why)


def test_forecast_of_lanes_without_limits_is_their_pace_in_the_window() -> None:
    found = tell(6 * 60 * 12 * 2, [Lane(6), Lane(6)])
    assert found.ends_at == NINE + timedelta(days=1)
    assert [(each.doing, each.messages) for each in found.segments] == [
        (Doing.SENDING, 7920),
        (Doing.CLOSED, 0),
        (Doing.SENDING, 720),
    ]
    assert [each.messages for each in found.days] == [7920, 720]


def test_forecast_keeps_to_the_limits_of_each_lane() -> None:
    found = tell(500, [Lane(6, hour=60, day=200, used_day=50), Lane(6, minute=3)])
    # The first sends 150 today in ten minutes an hour, beside the other's 3 a minute.
    # In two hours 120 + 360, and then the 20 that are left by both at nine a minute.
    end = NINE + timedelta(hours=2, seconds=20 / 9 * 60)
    assert found.ends_at is not None
    assert abs(found.ends_at - end) < timedelta(milliseconds=1)
    assert found.days == (DayCount(NINE.date(), 500),)


def test_a_day_is_full_when_every_lane_has_sent_its_limit() -> None:
    found = tell(900, [Lane(6, day=200)] * 4)
    assert [each.messages for each in found.days] == [800, 100]
    assert [each.doing for each in found.segments] == [Doing.SENDING, Doing.LIMIT, Doing.CLOSED, Doing.SENDING]
    assert found.segments[1].start == NINE + timedelta(seconds=2000)


def test_forecast_makes_the_pauses_of_the_plan() -> None:
    found = tell(100, [Lane(6)], pauses=parse_plan("auto:3", durations="10"))
    assert found.pauses == 3
    assert found.ends_at is not None
    assert found.ends_at - NINE == pytest.approx(timedelta(seconds=1000, minutes=30), abs=timedelta(seconds=1))
    assert [each.messages for each in found.segments if each.doing is Doing.SENDING] == [25] * 4


def test_forecast_goes_on_from_where_a_campaign_rests() -> None:
    rests = Stretch(0, 25, 25, NINE + timedelta(minutes=4))
    plan = parse_plan("auto:3", durations="10")
    found = tell(75, [Lane(6)], pauses=plan, total=100, stretch=rests)
    assert (found.starts_at, found.pauses) == (NINE + timedelta(minutes=4), 2)


def test_a_window_that_crosses_midnight_sends_on_both_days() -> None:
    night = Window(time(22), time(2), frozenset({0}), "America/Santiago")
    found = tell(6 * 60 * 3, [Lane(6)], window=night)
    assert found.days == (DayCount(date(2026, 11, 23), 720), DayCount(date(2026, 11, 24), 360))
    assert found.ends_at == datetime(2026, 11, 24, 1, tzinfo=ZONE)


def test_a_million_messages_are_told_in_a_few_steps() -> None:
    found = tell(1_000_000, [Lane(1200, hour=40_000, day=100_000)] * 3, pauses=parse_plan("auto:100"))
    assert sum(each.messages for each in found.days) == 1_000_000
    assert found.pauses == 100


@pytest.mark.parametrize(
    ("lanes", "plan", "number"),
    [
        ([Lane(6)], "off", 4320),
        ([Lane(6, day=200, used_day=150)] * 4, "off", 800),
        ([], "off", None),
        ([Lane(None)], "off", None),
        ([Lane(6)], "every:60", 1440),  # ten minutes of sending, twenty of pause
    ],
)
def test_capacity_of_a_day(lanes: list[Lane], plan: str, number: int | None) -> None:
    pauses = parse_plan(plan, durations="20")
    day = NINE.date()
    assert day_capacity(lanes=lanes, window=CHILE, day=day, limits_zone=ZONE, pauses=pauses) == number


some_lanes = st.lists(
    st.builds(
        Lane,
        st.sampled_from([0.5, 2.0, 6.0, 60.0]),
        minute=st.sampled_from([0, 0, 3]),
        hour=st.sampled_from([0, 0, 20, 60]),
        day=st.sampled_from([0, 50, 200]),
        used_hour=st.integers(0, 30),
        used_day=st.integers(0, 80),
    ),
    min_size=1,
    max_size=4,
)
some_windows = st.builds(
    lambda hours, days: Window(*hours, days, "America/Santiago"),
    st.sampled_from([(None, None), (time(8), time(20)), (time(22), time(2)), (time(20, 30), time(8, 15))]),
    st.frozensets(st.integers(0, 6), min_size=1),
)
some_plans = st.sampled_from(["off", "auto:3", "auto:10", "every:30", "every:7"])
some_moments = st.integers(0, 8 * 24 * 60).map(lambda minutes: NINE + timedelta(minutes=minutes, seconds=17))


@settings(max_examples=150, deadline=None)
@given(number=st.integers(1, 1500), lanes=some_lanes, window=some_windows, plan=some_plans, now=some_moments)
def test_a_forecast_holds_together(number: int, lanes: list[Lane], window: Window, plan: str, now: datetime) -> None:
    found = tell(number, lanes, window=window, now=now, pauses=parse_plan(plan))
    if found.ends_at is not None:
        assert sum(each.messages for each in found.days) == number
        assert found.pauses == parse_plan(plan).pauses(number)
    segments = found.segments
    assert segments[0].start == now
    assert all(before.end == after.start for before, after in itertools.pairwise(segments))
    assert all(before.doing is not after.doing for before, after in itertools.pairwise(segments))
    if found.ends_at is not None and segments[-1].end < now + DETAIL:
        assert segments[-1].end == found.ends_at
        assert sum(each.messages for each in segments) == number
    for each in segments:
        assert (each.messages == 0) or each.doing is Doing.SENDING
        middle = each.start + (each.end - each.start) / 2
        if each.doing is not Doing.CLOSED and window.start is not None:
            assert opens_at(window, middle) == middle
        if each.doing is Doing.CLOSED:
            assert opens_at(window, middle) > middle
    if all(lane.day for lane in lanes):
        first_day = max(0, sum(max(0, lane.day - lane.used_day) for lane in lanes))
        whole_day = sum(lane.day for lane in lanes)
        for each in found.days:
            assert each.messages <= (first_day if each.day == now.date() else whole_day)


@settings(max_examples=60, deadline=None)
@given(
    number=st.integers(31, 800),
    more=st.integers(1, 300),
    lanes=some_lanes,
    window=some_windows,
    plan=st.sampled_from(["off", "every:30"]),
    now=some_moments,
)
def test_more_messages_never_end_earlier(
    number: int, more: int, lanes: list[Lane], window: Window, plan: str, now: datetime
) -> None:
    ends = [
        tell(each, lanes, window=window, now=now, pauses=parse_plan(plan)).ends_at for each in (number, number + more)
    ]
    assert ends[1] is None or (ends[0] is not None and ends[0] <= ends[1])
