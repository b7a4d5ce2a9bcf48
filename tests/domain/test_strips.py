"""A strip of states covers its time whole and in order, and drawing it loses no state that was worse."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.strips import Segment, cells, segments, totals

END = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
BEGIN = END - timedelta(hours=24)
STATES = ["failed", "connected", "stopped"]
RANKS = STATES
seconds = st.one_of(st.integers(-90_000, 90_000), st.sampled_from([0, 86_400, 43_200]))
changes = st.lists(st.tuples(seconds.map(lambda s: BEGIN + timedelta(seconds=s)), st.sampled_from(STATES)), max_size=30)
steps = st.integers(60, 90_000).map(lambda s: timedelta(seconds=s))


def at(hours: float) -> datetime:
    return BEGIN + timedelta(hours=hours)


def strip_of(found: list[tuple[datetime, str]], before: str = "stopped") -> list[Segment]:
    return segments(found, before=before, begin=BEGIN, end=END)


def test_strip_begins_with_what_was_before_and_ends_now() -> None:
    found = strip_of([(at(5), "failed"), (at(2), "connected"), (at(-3), "failed"), (at(30), "stopped")], "connected")
    assert found == [
        Segment("failed", at(0), at(2)),
        Segment("connected", at(2), at(5)),
        Segment("failed", at(5), END),
    ]
    assert totals(found) == {"failed": timedelta(hours=21), "connected": timedelta(hours=3)}


def test_short_fault_is_drawn_and_tells_how_long_it_was() -> None:
    hour = timedelta(hours=1)
    found = cells(strip_of([(at(2.5), "failed"), (at(2.51), "connected")], "connected"), step=hour, ranks=RANKS)
    assert [(one.state, one.begin, one.steps) for one in found] == [
        ("connected", at(0), 2),
        ("failed", at(2), 1),
        ("connected", at(3), 21),
    ]
    assert found[1].lasted == timedelta(seconds=36)
    assert cells([], step=hour, ranks=RANKS) == []


@given(changes, st.sampled_from(STATES))
def test_segments_cover_the_window_exactly(found: list[tuple[datetime, str]], before: str) -> None:
    strip = strip_of(found, before)
    assert (strip[0].begin, strip[-1].end) == (BEGIN, END)
    assert all(one.end == other.begin and one.state != other.state for one, other in pairwise(strip))
    assert all(one.begin < one.end for one in strip)
    assert sum(totals(strip).values(), start=timedelta()) == END - BEGIN
    last = [state for moment, state in sorted(found, key=lambda change: change[0]) if moment < END]
    assert strip[-1].state == (last[-1] if last else before)


@given(changes, st.sampled_from(STATES), steps)
def test_cells_cover_the_window_and_show_the_worst(
    found: list[tuple[datetime, str]], before: str, step: timedelta
) -> None:
    strip = strip_of(found, before)
    drawn = cells(strip, step=step, ranks=RANKS)
    assert (drawn[0].begin, drawn[-1].end) == (BEGIN, END)
    assert all(one.end == other.begin and one.state != other.state for one, other in pairwise(drawn))
    assert sum(one.steps for one in drawn) == -(-(END - BEGIN) // step)
    for cell in drawn:
        assert timedelta() < cell.lasted <= cell.end - cell.begin
        within = [one.state for one in strip if one.begin < cell.end and one.end > cell.begin]
        assert RANKS.index(cell.state) == min(map(RANKS.index, within))
    assert {"failed"} & {one.state for one in strip} == {"failed"} & {one.state for one in drawn}
