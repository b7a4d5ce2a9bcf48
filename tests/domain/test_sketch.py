"""The pictures of a pool are worked out by the rules that the engine keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import Pace
from domain.sketch import EXAMPLE, SPEEDS, Piece, beats, rate_of, share_competitive, share_fixed, share_random

speeds = st.lists(st.floats(0.5, 5.0), min_size=1, max_size=6)


@given(speeds, st.integers(0, 40))
def test_each_message_of_the_example_goes_to_one_lane_and_lanes_do_one_at_a_time(own: list[float], count: int) -> None:
    for share in (share_competitive, share_fixed, share_random):
        lanes = share(own, count=count)
        assert sorted(piece.number for lane in lanes for piece in lane) == list(range(1, count + 1))
        for lane, speed in zip(lanes, own, strict=True):
            assert [piece.begins for piece in lane[1:]] == [piece.ends for piece in lane[:-1]]
            assert all(piece.ends == piece.begins + speed for piece in lane)


@given(speeds, st.integers(0, 40))
def test_turns_are_equal_shares_and_competing_ends_no_later(own: list[float], count: int) -> None:
    turns = share_fixed(own, count=count)
    numbers = [len(lane) for lane in turns]
    assert max(numbers) - min(numbers) <= 1

    def end(lanes: list[list[Piece]]) -> float:
        return max((lane[-1].ends for lane in lanes if lane), default=0.0)

    # Whoever is free takes the next: nobody ends more than one message after the others could have.
    assert end(share_competitive(own, count=count)) <= end(turns) + max(own)


def test_a_fast_lane_takes_more_when_lanes_compete() -> None:
    fast, middle, slow = share_competitive(SPEEDS[:3])
    assert len(fast) > len(middle) > len(slow) > 0
    assert [len(lane) for lane in share_fixed(SPEEDS[:3])] == [4, 4, 4]
    assert share_random(SPEEDS[:3]) == share_random(SPEEDS[:3])
    assert [share([]) for share in (share_competitive, share_fixed, share_random)] == [[], [], []]
    assert sum(map(len, share_random(SPEEDS))) == EXAMPLE


def test_rate_is_what_the_delay_makes_of_a_minute() -> None:
    pace = Pace(10, 5)
    one = rate_of(pace, lanes=1)
    assert one is not None
    assert (one.least, one.most, one.each, one.together) == (5, 15, 6, 6)
    ten = rate_of(pace, lanes=10)
    assert ten is not None
    assert ten.together == 60
    slowed = rate_of(pace, lanes=10, target=2, most=3)
    assert slowed is not None
    assert (slowed.least, slowed.most, slowed.each, slowed.together) == (15, 45, 2, 20)
    assert rate_of(Pace(), lanes=3) is None
    assert rate_of(pace, lanes=0) is None


@given(st.integers(1, 200), st.integers(1, 50), st.floats(1, 20), st.floats(0.1, 100))
def test_throttled_pool_is_never_faster_than_a_free_one(lanes: int, target: int, most: float, delay: float) -> None:
    pace = Pace(delay, delay / 2)
    free, slowed = rate_of(pace, lanes=lanes), rate_of(pace, lanes=lanes, target=target, most=most)
    assert free is not None
    assert slowed is not None
    assert slowed.together <= free.together * 1.0001
    assert slowed.together * most >= free.together * 0.9999


@pytest.mark.parametrize(("pace", "number"), [(Pace(10, 0), 7), (Pace(), 1), (Pace(0.1, 0), 60)])
def test_beats_are_those_of_one_lane(pace: Pace, number: int) -> None:
    found = beats(pace, span=60)
    assert len(found) == number
    assert found[0] == 0
