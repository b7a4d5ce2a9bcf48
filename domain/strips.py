"""A strip of states: what something was over a span of time, whole and in order, and short enough to be drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Segment:
    """One state from `begin` to `end` (excluded)."""

    state: str
    begin: datetime
    end: datetime

    @property
    def lasted(self) -> timedelta:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a drawn strip in the colour of the worst state that it holds, which `lasted` so long of it."""

    state: str
    begin: datetime
    end: datetime
    lasted: timedelta
    steps: int
    """How many of the strip's equal steps it takes."""


def segments(changes: Iterable[tuple[datetime, str]], *, before: str, begin: datetime, end: datetime) -> list[Segment]:
    """The states from `begin` to `end`, without gaps: `before`, until a change (when, to what) says otherwise."""
    found: list[Segment] = []

    def add(state: str, since: datetime, until: datetime) -> None:
        if until <= since:
            return
        if found and found[-1].state == state:
            since = found.pop().begin
        found.append(Segment(state, since, until))

    state, since = before, begin
    for moment, target in sorted(changes, key=lambda change: change[0]):
        at = min(max(moment, begin), end)
        add(state, since, at)
        state, since = (target, at) if moment < end else (state, at)
    add(state, since, end)
    return found


def totals(strip: Iterable[Segment]) -> dict[str, timedelta]:
    """How long each state lasted in all, the longest first."""
    found: dict[str, timedelta] = {}
    for segment in strip:
        found[segment.state] = found.get(segment.state, timedelta()) + segment.lasted
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def cells(strip: Sequence[Segment], *, step: timedelta, ranks: Sequence[str]) -> list[Cell]:
    """The strip in steps of equal length, each as its worst state, neighbours of the same state together.

    A state of a few seconds takes a whole step, so that it is seen; `ranks` has the worst first. The last step may be
    shorter than the others.
    """
    places = {state: place for place, state in enumerate(ranks)}
    found: list[Cell] = []
    rest = list(strip)
    begin = rest[0].begin if rest else None
    while begin is not None and rest:
        end = min(begin + step, strip[-1].end)
        within = [one for one in rest if one.begin < end]
        worst = min((one.state for one in within), key=lambda state: places.get(state, len(places)))
        lasted = sum(
            (min(one.end, end) - max(one.begin, begin) for one in within if one.state == worst), start=timedelta()
        )
        cell = Cell(worst, begin, end, lasted, 1)
        if found and found[-1].state == worst:
            last = found.pop()
            cell = Cell(worst, last.begin, end, last.lasted + lasted, last.steps + 1)
        found.append(cell)
        begin, rest = end, [one for one in rest if one.end > end]
    return found
