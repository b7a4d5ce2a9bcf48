"""Pauses in a campaign: after how many messages it rests, for how long, and what may start in between.

A campaign that pauses sends in stretches. A place in the stretch is taken before each message starts, and whoever takes
the last one begins the pause: however many lanes pull, no more start between two pauses than the plan says.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LEAST_MESSAGES = 30
"""A campaign of fewer messages makes no pauses."""

MOST_PAUSES = 100
MOST_EVERY = 1_000_000
LONGEST = 24 * 60
"""Minutes of a pause."""
MOST_DURATIONS = 20


class PauseMode(StrEnum):
    OFF = "off"
    AUTO = "auto"  # so many pauses, spread evenly over the campaign
    FIXED = "fixed"  # a pause after every so many messages


class PauseChannels(StrEnum):
    BOTH = "both"
    WHATSAPP = "whatsapp"
    SMS = "sms"


class InvalidPauses(ValueError):
    """Pauses can't be read or can't be meant; `code` says why, `text` is what was given."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Durations:
    """How long pauses are, in whole minutes: one of `choices` drawn at random, or anything from `least` to `most`."""

    choices: tuple[int, ...] = (5, 10, 20, 30)
    least: int = 0
    most: int = 0

    @property
    def is_range(self) -> bool:
        return not self.choices

    @property
    def shortest(self) -> int:
        return min(self.choices, default=self.least)

    @property
    def longest(self) -> int:
        return max(self.choices, default=self.most)

    @property
    def mean(self) -> timedelta:
        """How long a pause is on average."""
        minutes = sum(self.choices) / len(self.choices) if self.choices else (self.least + self.most) / 2
        return timedelta(minutes=minutes)

    def drawn(self, draw: float) -> timedelta:
        """How long one pause is; `draw` is in [0, 1)."""
        if self.choices:
            return timedelta(minutes=self.choices[int(draw * len(self.choices))])
        return timedelta(minutes=self.least + (self.most - self.least) * draw)

    def __str__(self) -> str:
        """As `parse_durations` reads it."""
        return f"{self.least}-{self.most}" if self.is_range else ",".join(str(each) for each in self.choices)


def parse_durations(text: str) -> Durations:
    """`5,10,20,30` as a list of minutes, `5-30` as a range. Raises InvalidPauses."""
    wanted = text.strip()
    if match := re.fullmatch(r"(\d{1,5})\s*[-–]\s*(\d{1,5})", wanted):
        least, most = int(match[1]), int(match[2])
        if not 1 <= least <= most <= LONGEST:
            raise InvalidPauses("bad_range", text)
        return Durations((), least, most)
    parts = [part.strip() for part in re.split(r"[,;\s]+", wanted) if part.strip()]
    if not parts or len(parts) > MOST_DURATIONS or not all(re.fullmatch(r"\d{1,5}", part) for part in parts):
        raise InvalidPauses("bad_durations", text)
    minutes = tuple(dict.fromkeys(int(part) for part in parts))
    if not all(1 <= each <= LONGEST for each in minutes):
        raise InvalidPauses("bad_durations", text)
    return Durations(minutes)


@dataclass(frozen=True, slots=True)
class PausePlan:
    """Which pauses a campaign makes, by each of its `channels` for itself.

    `auto` spreads `count` pauses evenly over the campaign, `fixed` makes one after `every` messages.
    """

    mode: PauseMode = PauseMode.OFF
    count: int = 3
    every: int = LEAST_MESSAGES
    durations: Durations = Durations()
    channels: PauseChannels = PauseChannels.BOTH

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_PAUSES:
            raise InvalidPauses("bad_count", str(self.count))
        if not 1 <= self.every <= MOST_EVERY:
            raise InvalidPauses("bad_every", str(self.every))

    def applies_to(self, channel: str) -> bool:
        """Whether messages of this channel (`whatsapp`, `sms`) are sent with pauses."""
        return self.mode is not PauseMode.OFF and self.channels in (PauseChannels.BOTH, channel)

    def pauses(self, total: int) -> int:
        """How many pauses are made in sending `total` messages, each once: none before the first or after the last."""
        if self.mode is PauseMode.OFF or total < LEAST_MESSAGES:
            return 0
        if self.mode is PauseMode.AUTO:
            return min(self.count, total - 1)
        return (total - 1) // self.every

    def stretch(self, total: int, number: int) -> int | None:
        """How many messages of `total` start after `number` pauses before the next one; None: no pause follows.

        The fixed ones follow each other for as long as messages start, retries too.
        """
        if self.mode is PauseMode.OFF or total < LEAST_MESSAGES:
            return None
        if self.mode is PauseMode.FIXED:
            return self.every
        parts = self.pauses(total) + 1
        if number >= parts - 1:
            return None
        return (number + 1) * total // parts - number * total // parts


NO_PAUSES = PausePlan()


def parse_plan(text: str, *, durations: str = "", channels: str = "", usual: PausePlan = NO_PAUSES) -> PausePlan:
    """`off`, `auto:3` (or `auto`) and `every:30` as a plan; what an empty text leaves open is as `usual`.

    Raises InvalidPauses.
    """
    mode, count, every = usual.mode, usual.count, usual.every
    if wanted := text.strip().lower():
        match = re.fullmatch(r"(off|none|no)|(auto)(?::(\d{1,9}))?|every:(\d{1,9})", wanted)
        if match is None:
            raise InvalidPauses("bad_pauses", text)
        if match[1]:
            mode = PauseMode.OFF
        elif match[2]:
            mode, count = PauseMode.AUTO, int(match[3] or count)
        else:
            mode, every = PauseMode.FIXED, int(match[4])
    by = channels.strip().lower() or usual.channels.value
    if by not in [each.value for each in PauseChannels]:
        raise InvalidPauses("bad_channels", channels)
    found = parse_durations(durations) if durations.strip() else usual.durations
    return PausePlan(mode, count, every, found, PauseChannels(by))


# One stretch after another -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """The stretch that a campaign is in: `number` pauses were made before it, `used` of its `length` places are taken.

    `rests_until`: when the pause at its end is over; it may be in the past. No `length`: no pause follows.
    """

    number: int = 0
    length: int | None = None
    used: int = 0
    rests_until: datetime | None = None

    def rests(self, now: datetime) -> bool:
        return self.rests_until is not None and self.rests_until > now


def first(plan: PausePlan, total: int) -> Stretch:
    """Where a campaign of so many messages begins."""
    return Stretch(0, plan.stretch(total, 0))


def take(
    stretch: Stretch, wanted: int, *, plan: PausePlan, total: int, now: datetime, draw: float
) -> tuple[int, Stretch]:
    """Take up to `wanted` places: how many may start, and the stretch afterwards.

    The last place of a stretch begins the pause, which `draw` makes long or short, but for the last stretch that was
    planned: nothing may follow it, and if something does (a retry), it makes its pause then.
    """
    if stretch.length is None:
        return wanted, stretch
    if stretch.used >= stretch.length:
        if stretch.rests_until is None:
            return 0, replace(stretch, rests_until=now + plan.durations.drawn(draw))
        if stretch.rests_until > now:
            return 0, stretch
        following = stretch.number + 1
        return take(
            Stretch(following, plan.stretch(total, following)), wanted, plan=plan, total=total, now=now, draw=draw
        )
    granted = min(wanted, stretch.length - stretch.used)
    used = stretch.used + granted
    ends = used == stretch.length and stretch.number < plan.pauses(total)
    return granted, replace(stretch, used=used, rests_until=now + plan.durations.drawn(draw) if ends else None)


def give_back(stretch: Stretch, places: int, *, number: int, now: datetime) -> Stretch:
    """The stretch without places that were taken after `number` pauses and surely not used.

    A pause that they began is undone while it lasts; one that is over, or a stretch that is over, is left alone.
    """
    if stretch.number != number or stretch.length is None or (stretch.rests_until and not stretch.rests(now)):
        return stretch
    used = max(0, stretch.used - places)
    return replace(stretch, used=used, rests_until=stretch.rests_until if used >= stretch.length else None)
