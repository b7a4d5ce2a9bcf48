"""Delays, rates and sending windows."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import (
    CLAIM_MAX,
    InvalidWindow,
    Pace,
    Window,
    burst,
    claim_size,
    days_text,
    gap,
    opens_at,
    parse_days,
    parse_hours,
    throttled,
)

SANTIAGO = "America/Santiago"
EVERY_DAY = frozenset(range(7))
MON_SAT = frozenset(range(6))
OFFICE = Window(time(8), time(20), MON_SAT, SANTIAGO)
NIGHT = Window(time(22), time(2), frozenset({4}), SANTIAGO)


def at(text: str, zone: str = SANTIAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("pace", "probing", "expected_burst", "expected_claim"),
    [
        (Pace(), False, 16, 128),
        (Pace(), True, 1, 1),
        (Pace(delay=3), False, 1, 1),
        (Pace(rate=20), False, 10, 20),
        (Pace(rate=1), False, 1, 1),
        (Pace(rate=10_000), False, 16, CLAIM_MAX),
    ],
)
def test_burst_and_claim_size_by_pace(pace, probing, expected_burst, expected_claim) -> None:
    assert burst(pace, batch_size=16, probing=probing) == expected_burst
    assert claim_size(pace, batch_size=16, probing=probing) == expected_claim


def test_gap_with_delay_and_variation() -> None:
    pace = Pace(delay=10, variation=5)
    assert [gap(pace, started=1, draw=draw) for draw in (0.0, 0.5, 1.0)] == [5.0, 10.0, 15.0]


def test_gap_with_rate() -> None:
    assert gap(Pace(rate=20), started=10, draw=0.3) == 0.5


@given(
    st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1000), st.integers(1, 500), st.floats(0, 1, exclude_max=True)
)
def test_gap_is_never_negative_nor_faster_than_the_rate(delay, variation, rate, started, draw) -> None:
    seconds = gap(Pace(delay, variation, rate), started=started, draw=draw)
    assert seconds >= 0
    if rate > 0:
        assert seconds >= started / rate


@pytest.mark.parametrize(
    ("window", "now", "opens"),
    [
        (OFFICE, "2026-11-23T08:00", "2026-11-23T08:00"),  # a Monday
        (OFFICE, "2026-11-23T07:59:59", "2026-11-23T08:00"),
        (OFFICE, "2026-11-23T20:00", "2026-11-24T08:00"),
        (OFFICE, "2026-11-28T20:30", "2026-11-30T08:00"),  # Saturday evening waits for Monday
        (OFFICE, "2026-11-29T12:00", "2026-11-30T08:00"),
        (NIGHT, "2026-11-27T23:00", "2026-11-27T23:00"),
        (NIGHT, "2026-11-28T01:59", "2026-11-28T01:59"),  # belongs to Friday's window
        (NIGHT, "2026-11-28T02:00", "2026-12-04T22:00"),
        (Window(None, None, MON_SAT, SANTIAGO), "2026-11-29T12:00", "2026-11-30T00:00"),
        (Window(None, None, EVERY_DAY, SANTIAGO), "2026-11-29T12:00", "2026-11-29T12:00"),
    ],
)
def test_opens_at_by_window_and_time(window, now, opens) -> None:
    assert opens_at(window, at(now).astimezone(UTC)) == at(opens)


def test_opens_at_is_the_campaign_s_time_not_the_server_s() -> None:
    madrid = Window(time(9), time(21), EVERY_DAY, "Europe/Madrid")
    assert opens_at(madrid, datetime(2026, 11, 23, 7, 30, tzinfo=UTC)) == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_opens_at_on_the_day_the_clocks_change() -> None:
    """Chile's clocks went forward at midnight of 2026-09-06: 8:00 came an hour sooner."""
    window = Window(time(8), time(20), EVERY_DAY, SANTIAGO)
    before = at("2026-09-05T21:00").astimezone(UTC)
    assert opens_at(window, before) == at("2026-09-06T08:00")
    assert opens_at(window, before) - before == timedelta(hours=10)


def test_opens_at_without_days() -> None:
    with pytest.raises(InvalidWindow):
        opens_at(Window(time(8), time(20), frozenset(), SANTIAGO), datetime(2026, 1, 1, tzinfo=UTC))


@given(
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sets(st.integers(0, 6), min_size=1).map(frozenset),
    st.sampled_from([SANTIAGO, "Europe/Madrid", "America/Sao_Paulo", "UTC"]),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)),
)
def test_opens_at_is_open_and_soon(start, end, days, zone, now) -> None:
    window = Window(start, end, days, zone)
    opens = opens_at(window, now)
    assert opens >= now
    assert opens - now <= timedelta(days=8)
    assert opens_at(window, opens) == opens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("08:00-20:00", (time(8), time(20))),
        (" 8:30 - 17:15 ", (time(8, 30), time(17, 15))),
        ("22:00-02:00", (time(22), time(2))),
        ("08:00-24:00", (time(8), time(0))),
        ("none", None),
        ("Ninguna", None),
    ],
)
def test_parse_hours_by_text(text, expected) -> None:
    assert parse_hours(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [("8-20", "bad_hours"), ("25:00-26:00", "bad_hours"), ("24:30-25:00", "bad_hours"), ("08:00-08:00", "empty_hours")],
)
def test_parse_hours_with_a_bad_text(text, code) -> None:
    with pytest.raises(InvalidWindow) as refused:
        parse_hours(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon-sat", MON_SAT),
        ("mon,wed,fri", frozenset({0, 2, 4})),
        ("lun-vie", frozenset(range(5))),
        ("miércoles, sábado", frozenset({2, 5})),
        ("fri-mon", frozenset({4, 5, 6, 0})),
        ("all", EVERY_DAY),
    ],
)
def test_parse_days_by_text(text, expected) -> None:
    assert parse_days(text) == expected


@pytest.mark.parametrize("text", ["", "someday", "mon-", "mon-xyz", "1-5"])
def test_parse_days_with_a_bad_text(text) -> None:
    with pytest.raises(InvalidWindow):
        parse_days(text)


@given(st.integers(0, 50), st.integers(0, 10), st.floats(0, 10))
def test_throttled_keeps_the_pace_between_once_and_so_many_times(lanes, target, most) -> None:
    usual = Pace(10.0, 5.0)
    slowed = throttled(usual, lanes=lanes, target=target, most=most)
    assert usual.delay <= slowed.delay <= usual.delay * max(1.0, most) + 1e-9
    assert slowed.variation <= slowed.delay


@pytest.mark.parametrize(("lanes", "delay"), [(0, 10.0), (3, 10.0), (6, 20.0), (9, 30.0), (40, 30.0)])
def test_throttled_by_lanes(lanes, delay) -> None:
    assert throttled(Pace(10.0, 5.0), lanes=lanes, target=3, most=3.0) == Pace(delay, delay / 2)


@given(days=st.frozensets(st.integers(0, 6), min_size=1))
def test_days_are_written_as_they_are_read(days: frozenset[int]) -> None:
    assert parse_days(days_text(days)) == days


@pytest.mark.parametrize(
    ("days", "text"), [({0, 1, 2, 3, 4, 5}, "mon-sat"), ({0, 2, 3}, "mon,wed,thu"), (range(7), "all"), ({6}, "sun")]
)
def test_days_that_follow_each_other_are_written_as_a_stretch(days: set[int], text: str) -> None:
    assert days_text(days) == text
