"""How many messages now, and when the next: delays, rates and sending windows."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CLAIM_MAX = 400
"""The most messages one lane holds at once."""

RATE_SPAN = 0.5
"""Seconds of a rate that are spent at once: 20 a second goes out as 10 every half second."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A lane's pace: `delay` +- `variation` seconds between messages, and at most `rate` a second (0: no limit)."""

    delay: float = 0.0
    variation: float = 0.0
    rate: float = 0.0

    @property
    def one_by_one(self) -> bool:
        return self.delay > 0 or self.variation > 0


def throttled(pace: Pace, *, lanes: int, target: int, most: float) -> Pace:
    """The pace of one of `lanes` lanes: more of them than `target` lengthen its delays, up to `most` times.

    So the pool as a whole stays about as fast as `target` lanes are.
    """
    factor = min(max(lanes / max(1, target), 1.0), max(1.0, most))
    return replace(pace, delay=pace.delay * factor, variation=pace.variation * factor)


def burst(pace: Pace, *, batch_size: int, probing: bool, least: int = 1) -> int:
    """How many messages may start together; at least 1, and at least `least` where one request carries so many."""
    if probing or pace.one_by_one:
        return 1
    if pace.rate > 0:
        return max(1, min(batch_size, max(least, int(pace.rate * RATE_SPAN))))
    return max(1, batch_size)


def claim_size(pace: Pace, *, batch_size: int, probing: bool, least: int = 1) -> int:
    """How many messages a lane takes at once: what it can send within about a second, at most CLAIM_MAX."""
    start = burst(pace, batch_size=batch_size, probing=probing, least=least)
    if probing or pace.one_by_one:
        return 1
    if pace.rate > 0:
        return max(start, min(CLAIM_MAX, int(pace.rate)))
    return min(CLAIM_MAX, start * 8) if start < CLAIM_MAX else start


def gap(pace: Pace, *, started: int, draw: float) -> float:
    """Seconds from the start of `started` requests to the next start; `draw` is in [0, 1)."""
    seconds = 0.0
    if pace.one_by_one:
        seconds = max(0.0, pace.delay + pace.variation * (2 * draw - 1)) * started
    if pace.rate > 0:
        seconds = max(seconds, started / pace.rate)
    return seconds


class InvalidWindow(ValueError):
    """A window's or a days' text can't be read; `code` says why, `text` is what was given."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Window:
    """When a campaign may send, in its own time zone.

    `start` and `end` are wall-clock times, `end` excluded; an end that is not after the start means the next day.
    Both None: all day. `days` are weekdays, 0 = Monday; a window belongs to the day it starts on.
    """

    start: time | None
    end: time | None
    days: frozenset[int]
    zone: str

    @property
    def always(self) -> bool:
        return self.start is None and len(self.days) == 7


def span_of(window: Window, day: date) -> tuple[datetime, datetime]:
    """The UTC instants between which the window of `day` is open, if that is one of its days."""
    zone = ZoneInfo(window.zone)
    start = window.start or time(0, 0)
    end = window.end or time(0, 0)
    last = day + timedelta(days=1) if end <= start else day
    opens = datetime.combine(day, start, tzinfo=zone).astimezone(UTC)
    closes = datetime.combine(last, end, tzinfo=zone).astimezone(UTC)
    return opens, closes


def opens_at(window: Window, now: datetime) -> datetime:
    """`now` itself while the window is open, else the UTC instant at which it opens next.

    `now` is aware. Raises InvalidWindow for a window with no day at all.
    """
    if not window.days:
        raise InvalidWindow("no_days", "")
    if window.always:
        return now
    zone = ZoneInfo(window.zone)
    today = now.astimezone(zone).date()
    coming: list[datetime] = []
    for offset in range(-1, 9):  # yesterday's may cross midnight; a week and a day always holds an opening
        day = today + timedelta(days=offset)
        if day.weekday() not in window.days:
            continue
        opens, closes = span_of(window, day)
        if opens <= now < closes:
            return now
        if opens > now:
            coming.append(opens)
    return min(coming)


def closes_at(window: Window, now: datetime) -> datetime | None:
    """The UTC instant at which the window that is open at `now` closes; None for one that never does.

    `now` itself while it is closed. Windows that touch count as two.
    """
    if window.always:
        return None
    zone = ZoneInfo(window.zone)
    today = now.astimezone(zone).date()
    ends = [now]
    for day in (today - timedelta(days=1), today):
        opens, closes = span_of(window, day)
        if day.weekday() in window.days and opens <= now < closes:
            ends.append(closes)
    return max(ends)


DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NUMBERS = {name: number for number, name in enumerate(DAY_NAMES)} | {
    name: number for number, name in enumerate(("lun", "mar", "mie", "jue", "vie", "sab", "dom"))
}
_HOURS = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)")


def parse_hours(text: str) -> tuple[time, time] | None:
    """`08:00-20:00` as two times, `none` as None. `24:00` is midnight. Raises InvalidWindow."""
    wanted = text.strip().lower()
    if wanted in ("none", "ninguna", "no"):
        return None
    match = _HOURS.fullmatch(wanted)
    if match is None:
        raise InvalidWindow("bad_hours", text)
    numbers = [int(group) for group in match.groups()]
    if (numbers[0] == 24 and numbers[1]) or (numbers[2] == 24 and numbers[3]):
        raise InvalidWindow("bad_hours", text)
    start, end = time(numbers[0] % 24, numbers[1]), time(numbers[2] % 24, numbers[3])
    if start == end and numbers[0] == numbers[2]:
        raise InvalidWindow("empty_hours", text)
    return start, end


def parse_days(text: str) -> frozenset[int]:
    """`mon-sat`, `mon,wed,fri`, `lun-vie` or `all` as weekday numbers, 0 = Monday. Raises InvalidWindow."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.strip().lower()) if not unicodedata.combining(c))
    if plain in ("all", "todos"):
        return frozenset(range(7))
    found: set[int] = set()
    for part in plain.split(","):
        first, dash, last = (piece.strip()[:3] for piece in part.partition("-"))
        if first not in _DAY_NUMBERS or (dash and last not in _DAY_NUMBERS):
            raise InvalidWindow("bad_days", text)
        start = _DAY_NUMBERS[first]
        length = (_DAY_NUMBERS[last] - start) % 7 if dash else 0
        found.update((start + step) % 7 for step in range(length + 1))
    return frozenset(found)


def day_stretches(days: Collection[int]) -> list[list[int]]:
    """Weekdays in their order, those that follow each other together; three and more make a stretch worth the name."""
    stretches: list[list[int]] = []
    for day in sorted(days):
        if stretches and stretches[-1][-1] == day - 1:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    return stretches


def days_text(days: Collection[int]) -> str:
    """Weekday numbers in the words that `parse_days` reads, in short: `mon-sat`, `mon,wed,fri`, `all`."""
    if len(days) == len(DAY_NAMES):
        return "all"
    return ",".join(
        f"{DAY_NAMES[each[0]]}-{DAY_NAMES[each[-1]]}" if len(each) > 2 else ",".join(DAY_NAMES[day] for day in each)
        for each in day_stretches(days)
    )
