"""Pictures of how a pool shares messages, worked out: who gets what in an example, and what delays make of a minute.

The example gives lanes unequal speeds, because that is what tells the strategies apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.pacing import Pace, gap, throttled
from domain.routing import LaneRoom, deal_fixed, deal_random

EXAMPLE = 12
"""Messages in the picture: enough to tell equal shares from others, and few enough to count."""

SPEEDS = (1.0, 1.5, 3.0, 2.0, 1.0)
"""Seconds that each lane takes for a message in the example."""

_DRAWS = (0.93, 0.21, 0.47, 0.88, 0.02, 0.61, 0.35, 0.97, 0.64, 0.12, 0.45, 0.28)
"""What chance says in the example: the same each time, so that the picture is."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of the example: its number, from 1, and when its lane begins with it and ends."""

    number: int
    begins: float
    ends: float


def share_competitive(speeds: Sequence[float], *, count: int = EXAMPLE) -> list[list[Piece]]:
    """Each message goes to the lane that is free first, as lanes pull from one queue; by lane."""
    lanes: list[list[Piece]] = [[] for _ in speeds]
    free = [0.0] * len(speeds)
    for number in range(1, count + 1) if speeds else ():
        lane = min(range(len(speeds)), key=lambda place: (free[place], place))
        lanes[lane].append(Piece(number, free[lane], free[lane] + speeds[lane]))
        free[lane] += speeds[lane]
    return lanes


def share_fixed(speeds: Sequence[float], *, count: int = EXAMPLE) -> list[list[Piece]]:
    """One after another, whatever each lane needs for its share; by lane."""
    rooms = [LaneRoom(str(place), count) for place in range(len(speeds))]
    return _laid_out(speeds, deal_fixed(rooms, count=count, turn=0)[0])


def share_random(speeds: Sequence[float], *, count: int = EXAMPLE) -> list[list[Piece]]:
    """Each drawn by chance; by lane."""
    rooms = [LaneRoom(str(place), count) for place in range(len(speeds))]
    return _laid_out(speeds, deal_random(rooms, draws=[_DRAWS[place % len(_DRAWS)] for place in range(count)]))


def _laid_out(speeds: Sequence[float], dealt: Sequence[str]) -> list[list[Piece]]:
    lanes: list[list[Piece]] = [[] for _ in speeds]
    for number, name in enumerate(dealt, start=1):
        lane = int(name)
        begins = lanes[lane][-1].ends if lanes[lane] else 0.0
        lanes[lane].append(Piece(number, begins, begins + speeds[lane]))
    return lanes


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast so many lanes go together: each waits `least` to `most` seconds, and they send so many a minute."""

    lanes: int
    least: float
    most: float
    each: float
    together: float


def rate_of(pace: Pace, *, lanes: int, target: int = 0, most: float = 1.0) -> Rate | None:
    """The rate of `lanes` lanes at the pace, slowed down past `target` lanes (0: never); None without a delay."""
    if target:
        pace = throttled(pace, lanes=lanes, target=target, most=most)
    usual = gap(pace, started=1, draw=0.5)
    if usual <= 0 or lanes <= 0:
        return None
    each = 60.0 / usual
    longest = pace.delay + pace.variation
    return Rate(lanes, gap(pace, started=1, draw=0.0), longest, each, each * lanes)


def beats(pace: Pace, *, span: float, most: int = 60) -> list[float]:
    """When one lane would send within `span` seconds, from 0, by the example's chance; at most `most` times."""
    found: list[float] = []
    at = 0.0
    while at <= span and len(found) < most:
        found.append(at)
        step = gap(pace, started=1, draw=_DRAWS[len(found) % len(_DRAWS)])
        if step <= 0:
            break
        at += step
    return found
