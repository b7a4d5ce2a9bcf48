"""Which lane takes a message: the strategies that deal turns, and the order among campaigns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

DEALT_MAX = 100
"""The most undelivered messages that wait at one lane."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class LaneRoom:
    """A lane that takes part in the deal, and how many more messages may wait at it.

    One that its far side has `slowed` down holds nobody up: once it has no room, the others share its turns.
    """

    lane: str
    room: int
    slowed: bool = False


def deal_fixed(lanes: Sequence[LaneRoom], *, count: int, turn: int) -> tuple[list[str], int]:
    """The lanes of the next `count` messages, one after another, and the turn that follows.

    `turn` counts the messages dealt so far. The deal stops at the first lane without room: the turns are equal
    shares, so a slow lane sets the pace, unless it is slow because its far side has it wait.
    """
    left = list(lanes)
    room = {lane.lane: lane.room for lane in lanes}
    dealt: list[str] = []
    while left and len(dealt) < count:
        lane = left[turn % len(left)]
        if room[lane.lane] <= 0:
            if not lane.slowed:
                break
            left.remove(lane)
            continue
        room[lane.lane] -= 1
        dealt.append(lane.lane)
        turn += 1
    return dealt, turn


def deal_random(lanes: Sequence[LaneRoom], *, draws: Sequence[float]) -> list[str]:
    """A lane for each draw in [0, 1), drawn alike among all; stops when the lane drawn has no room.

    Passing over a full lane would give its share to the quick ones: that is what competitive does. Of one that its
    far side has slowed down it is what has to be done.
    """
    left = list(lanes)
    room = {lane.lane: lane.room for lane in lanes}
    dealt: list[str] = []
    for draw in draws:
        while left and (lane := left[int(draw * len(left))]).slowed and room[lane.lane] <= 0:
            left.remove(lane)
        if not left or room[lane.lane] <= 0:
            break
        room[lane.lane] -= 1
        dealt.append(lane.lane)
    return dealt


def after(items: Sequence[Item], served: Item | None) -> list[Item]:
    """The items in their order, beginning with the one after `served`; all of them when it is not among them."""
    if served not in items:
        return list(items)
    place = items.index(served) + 1
    return [*items[place:], *items[:place]]
