"""Time in equal slots."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.slots import MOST_SLOTS, SIZES, slot_size, slots

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


@given(st.floats(0, 5 * 365 * 86_400))
def test_so_many_slots_cover_it_and_no_shorter_ones_would(seconds: float) -> None:
    size = slot_size(seconds)
    assert size in SIZES
    assert seconds < size * MOST_SLOTS or size == SIZES[-1]
    shorter = [each for each in SIZES if each < size]
    assert not shorter or seconds >= shorter[-1] * MOST_SLOTS


@given(st.dictionaries(st.integers(0, 200), st.integers(1, 1_000)))
def test_slots_hold_every_number_and_have_no_holes(numbers: dict[int, int]) -> None:
    found = slots(numbers, start=START, size=60)
    assert sum(number for _moment, number in found) == sum(numbers.values())
    assert [moment for moment, _number in found] == [START + timedelta(seconds=60 * n) for n in range(len(found))]
    assert not found or found[-1][1]
