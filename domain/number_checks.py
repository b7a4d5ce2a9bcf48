"""Is a number on WhatsApp? What a remembered answer is worth, and when WhatsApp is asked (again).

Questions are few on purpose: accounts that ask much are blocked. A "no" may be a lost connection, so it counts only
when it was given twice with a pause in between.
"""

from dataclasses import dataclass

YES_LASTS = 30 * 86_400.0
NO_LASTS = 7 * 86_400.0
CONFIRM_AFTER = 17.0
"""Seconds between two questions whose answers, both no, are believed: wa-js answers from memory for 15."""

BELIEVED = 2
"""Misses in a row."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What WhatsApp said of a number `age` seconds ago. `wid` is what answered before any misses."""

    wid: str
    lid: str
    misses: int
    age: float


@dataclass(frozen=True, slots=True)
class Known:
    """The number is on WhatsApp, under this id."""

    wid: str
    lid: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Nobody knows, or it is too long ago."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It was asked a moment ago; the answer is confirmed by asking again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Absent:
    """The number is not on WhatsApp."""


def judge(remembered: Remembered | None) -> Known | Ask | Wait | Absent:
    """What to do for a message to the number."""
    if remembered is None:
        return Ask()
    if remembered.misses == 0:
        return Known(remembered.wid, remembered.lid) if remembered.wid and remembered.age < YES_LASTS else Ask()
    if remembered.age >= NO_LASTS:
        return Ask()
    if remembered.misses >= BELIEVED:
        return Absent()
    return Wait(CONFIRM_AFTER - remembered.age) if remembered.age < CONFIRM_AFTER else Ask()
