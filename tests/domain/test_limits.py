"""Limits of a minute, an hour and a day: spans, places, and what keeps a message from going."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.limits import Cap, Limit, Spent, Want, current, give_back, reserve, span_end, standing, used

ZONES = [ZoneInfo(name) for name in ("America/Santiago", "Europe/Madrid", "UTC", "Asia/Kolkata", "Africa/Cairo")]
SANTIAGO = ZONES[0]
NOON = datetime(2026, 11, 24, 15, 0, 30, tzinfo=UTC)

moments = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(ZONES)
limits = st.dictionaries(st.sampled_from(Limit), st.integers(0, 6))
wants = st.lists(st.builds(Want, first=st.booleans(), always=st.booleans()), max_size=8)


@given(st.sampled_from(Limit), moments, zones)
def test_span_end_is_ahead_and_the_same_for_the_whole_span(limit, now, zone) -> None:
    end = span_end(limit, now, zone)
    length = {Limit.MINUTE: timedelta(minutes=1), Limit.HOUR: timedelta(hours=1)}.get(limit, timedelta(hours=25))
    assert now < end <= now + length
    assert span_end(limit, end - timedelta(milliseconds=1), zone) == end
    assert span_end(limit, end, zone) > end


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 11, 24, 2, 59, tzinfo=UTC), datetime(2026, 11, 24, 3, tzinfo=UTC)),  # summer time, -3
        (datetime(2026, 7, 24, 4, tzinfo=UTC), datetime(2026, 7, 25, 4, tzinfo=UTC)),  # winter time, -4
        # The clocks jump over midnight of 6 September 2026: the day ends with the jump.
        (datetime(2026, 9, 6, 3, 59, tzinfo=UTC), datetime(2026, 9, 6, 4, tzinfo=UTC)),
    ],
)
def test_span_end_of_a_day_is_midnight_in_its_zone(now, end) -> None:
    assert span_end(Limit.DAY, now, SANTIAGO) == end


@given(limits, wants, st.lists(moments, max_size=3), zones)
def test_reserve_never_goes_over_a_limit(most, asked, later, zone) -> None:
    """However the places are asked for, over any spans; what always goes is the only exception."""
    usage: dict[Limit, Spent] = {}
    held = None
    for now in sorted(later):
        found = reserve(usage, most, asked, held=held, now=now, zone=zone)
        always = sum(want.always for want in asked[: found.granted])
        for limit, spent in found.usage.items():
            assert spent.used <= max(most[limit], used(usage, limit, now)) + always
            assert spent.until == span_end(limit, now, zone)
        if found.granted < len(asked):
            assert found.cap is not None
            assert not asked[found.granted].always
        usage, held = found.usage, found.cap.limit if found.cap else None


@given(limits, wants, moments, zones)
def test_reserve_and_give_back_leaves_nothing(most, asked, now, zone) -> None:
    usage = current({}, most, now, zone)
    found = reserve(usage, most, asked, held=None, now=now, zone=zone)
    assert give_back(found.usage, found.usage) == usage


def test_reserve_tells_a_used_up_hour_with_its_last_message() -> None:
    most = {Limit.HOUR: 2, Limit.DAY: 100}
    first = reserve({}, most, [Want()], held=None, now=NOON, zone=SANTIAGO)
    assert (first.granted, first.cap) == (1, None)
    second = reserve(first.usage, most, [Want()], held=None, now=NOON, zone=SANTIAGO)
    assert (second.granted, second.cap) == (1, Cap(Limit.HOUR, NOON.replace(hour=16, minute=0, second=0)))
    later = NOON + timedelta(hours=1)
    third = reserve(second.usage, most, [Want()], held=Limit.HOUR, now=later, zone=SANTIAGO)
    assert (third.granted, third.cap, third.usage[Limit.HOUR].used, third.usage[Limit.DAY].used) == (1, None, 1, 3)


def test_reserve_beyond_a_day_and_an_hour_waits_for_the_day() -> None:
    most = {Limit.HOUR: 1, Limit.DAY: 1}
    found = reserve({}, most, [Want(), Want()], held=None, now=NOON, zone=SANTIAGO)
    assert (found.granted, found.cap) == (1, Cap(Limit.DAY, datetime(2026, 11, 25, 3, tzinfo=UTC)))


def test_reserve_of_first_contacts_stops_at_a_stranger_and_not_before() -> None:
    most = {Limit.FIRST_CONTACTS: 1}
    stranger, known = Want(first=True), Want()
    found = reserve({}, most, [stranger, known, known], held=None, now=NOON, zone=SANTIAGO)
    assert (found.granted, found.cap) == (3, None)
    again = reserve(found.usage, most, [known, stranger, known], held=None, now=NOON, zone=SANTIAGO)
    assert (again.granted, again.cap.limit) == (1, Limit.FIRST_CONTACTS)
    # A reply in between does not free the lane.
    reply = reserve(again.usage, most, [Want(always=True)], held=Limit.FIRST_CONTACTS, now=NOON, zone=SANTIAGO)
    assert (reply.granted, reply.cap) == (1, again.cap)


def test_standing_after_the_limit_was_raised_is_nothing() -> None:
    usage = {Limit.DAY: Spent(span_end(Limit.DAY, NOON, SANTIAGO), 5)}
    assert standing(usage, {Limit.DAY: 5}, held=Limit.DAY, now=NOON) == Cap(Limit.DAY, usage[Limit.DAY].until)
    assert standing(usage, {Limit.DAY: 6}, held=Limit.DAY, now=NOON) is None


def test_give_back_of_a_span_that_is_over_changes_nothing() -> None:
    yesterday = {Limit.DAY: Spent(NOON - timedelta(hours=12), 1)}
    today = {Limit.DAY: Spent(NOON + timedelta(hours=12), 3)}
    assert give_back(today, yesterday) == today
