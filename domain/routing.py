"""Which lane takes a message: the strategies that deal turns, and the order among campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

DEALT_MAX = 100
"""The most undelivered messages that wait at one lane."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class LaneRoom:
    """A lane that takes part in the deal, and how many more messages may wait at it."""

    lane: str
    room: int


def deal_fixed(lanes: Sequence[LaneRoom], *, count: int, turn: int) -> tuple[list[str], int]:
    """The lanes of the next `count` messages, one after another, and the turn that follows.

    `turn` counts the messages dealt so far. The deal stops at the first lane without room: the turns are equal
    shares, so a slow lane sets the pace.
    """
    if not lanes:
        return [], turn
    room = {lane.lane: lane.room for lane in lanes}
    dealt: list[str] = []
    while len(dealt) < count:
        lane = lanes[turn % len(lanes)].lane
        if room[lane] <= 0:
            break
        room[lane] -= 1
        dealt.append(lane)
        turn += 1
    return dealt, turn


def deal_random(lanes: Sequence[LaneRoom], *, draws: Sequence[float]) -> list[str]:
    """A lane for each draw in [0, 1), drawn alike among all; stops when the lane drawn has no room.

    Passing over a full lane would give its share to the quick ones: that is what competitive does.
    """
    room = {lane.lane: lane.room for lane in lanes}
    dealt: list[str] = []
    for draw in draws if lanes else ():
        lane = lanes[int(draw * len(lanes))].lane
        if room[lane] <= 0:
            break
        room[lane] -= 1
        dealt.append(lane)
    return dealt


def after(items: Sequence[Item], served: Item | None) -> list[Item]:
    """The items in their order, beginning with the one after `served`; all of them when it is not among them."""
    if served not in items:
        return list(items)
    place = items.index(served) + 1
    return [*items[place:], *items[:place]]
