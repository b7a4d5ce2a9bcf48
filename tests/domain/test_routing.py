"""Turns and the order among campaigns."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.routing import DEALT_MAX, LaneRoom, after, deal_fixed, deal_random

LANES = [LaneRoom("a", 100), LaneRoom("b", 100), LaneRoom("c", 100)]
ROOMS = st.lists(st.integers(0, DEALT_MAX), max_size=6).map(
    lambda rooms: [LaneRoom(str(number), room) for number, room in enumerate(rooms)]
)


def test_deal_fixed_goes_round_from_its_turn() -> None:
    assert deal_fixed(LANES, count=5, turn=4) == (["b", "c", "a", "b", "c"], 9)


def test_deal_fixed_with_a_full_lane_stops_at_its_turn() -> None:
    assert deal_fixed([LaneRoom("a", 9), LaneRoom("b", 1)], count=9, turn=0) == (["a", "b", "a"], 3)


def test_deal_fixed_without_lanes() -> None:
    assert deal_fixed([], count=3, turn=7) == ([], 7)


@given(ROOMS, st.integers(0, 500), st.integers(0, 1000))
def test_deal_fixed_gives_equal_shares_within_the_room(lanes, count, turn) -> None:
    dealt, following = deal_fixed(lanes, count=count, turn=turn)
    shares = Counter(dealt)
    assert following == turn + len(dealt)
    assert len(dealt) <= count
    assert all(shares[lane.lane] <= lane.room for lane in lanes)
    if lanes:
        assert max(shares[lane.lane] for lane in lanes) - min(shares[lane.lane] for lane in lanes) <= 1


@given(ROOMS, st.lists(st.floats(0, 1, exclude_max=True), max_size=300))
def test_deal_random_stays_within_the_room(lanes, draws) -> None:
    shares = Counter(deal_random(lanes, draws=draws))
    assert all(shares[lane.lane] <= lane.room for lane in lanes)


@given(st.lists(st.floats(0, 1, exclude_max=True), max_size=100))
def test_deal_random_with_room_deals_every_draw(draws) -> None:
    assert len(deal_random(LANES, draws=draws)) == len(draws)


def test_deal_random_stops_at_a_full_lane_that_is_drawn() -> None:
    assert deal_random([LaneRoom("a", 9), LaneRoom("b", 1)], draws=[0.9, 0.1, 0.1, 0.9, 0.1]) == ["b", "a", "a"]


def test_deal_random_follows_its_draws() -> None:
    assert deal_random(LANES, draws=[0.0, 0.34, 0.99, 0.5]) == ["a", "b", "c", "b"]


@pytest.mark.parametrize(
    ("served", "expected"),
    [(None, ["a", "b", "c"]), ("a", ["b", "c", "a"]), ("c", ["a", "b", "c"]), ("z", ["a", "b", "c"])],
)
def test_after_begins_behind_the_one_served(served, expected) -> None:
    assert after(["a", "b", "c"], served) == expected
