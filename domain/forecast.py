"""How fast a campaign goes, what its days look like and when it ends, as far as that can be told."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain import pauses as pausing
from domain.limits import Limit, span_end
from domain.pacing import Pace, Window, closes_at, opens_at, span_of
from domain.pauses import NO_PAUSES, PauseMode, PausePlan, Stretch

MOST_SPANS = 120
"""Sending windows that are looked ahead: an end beyond them is not told."""


def per_minute(number: int, seconds: float) -> float | None:
    """The rate of `number` messages, the first of which was sent `seconds` ago; None where too few tell nothing."""
    if number < 2 or seconds < 1:
        return None
    return (number - 1) * 60 / seconds


def planned_per_minute(pace: Pace, *, lanes: int) -> float | None:
    """What so many lanes of a pace send; None where nothing but the far side slows them."""
    if not lanes:
        return None
    speeds = [60 / pace.delay] if pace.delay > 0 else []
    if pace.rate > 0:
        speeds.append(pace.rate * 60)
    return lanes * min(speeds) if speeds else None


def ends_at(window: Window, now: datetime, seconds: float) -> datetime | None:
    """When so many seconds of sending will be over that begin at `now`, or at the window's next opening.

    None when that is more than MOST_SPANS windows away.
    """
    at = now
    for _span in range(MOST_SPANS):
        at = opens_at(window, at)
        closes = closes_at(window, at)
        if closes is None:
            return at + timedelta(seconds=seconds)
        room = (closes - at).total_seconds()
        if seconds <= room:
            return at + timedelta(seconds=seconds)
        seconds -= room
        at = closes
    return None


# A whole campaign ----------------------------------------------------------------------------------------------------

HORIZON = timedelta(days=400)
DETAIL = timedelta(days=9)
"""How far ahead the stretches of time are told one by one; days are counted to the end."""
MOST_STEPS = 60_000
"""Changes of pace that are followed: a campaign of more is too long to be told."""
NEVER = math.inf
NOISE = 1e-6


class Why(StrEnum):
    """Why it can't be told when a campaign ends."""

    NOTHING = "nothing"  # there is nothing to send
    NO_LINES = "no_lines"
    NO_PACE = "no_pace"  # a line is slowed by nothing but the far side
    NO_DAYS = "no_days"  # its window opens on no day
    TOO_FAR = "too_far"


class Doing(StrEnum):
    """What goes on in a stretch of time."""

    SENDING = "sending"
    PAUSE = "pause"
    LIMIT = "limit"  # every line has sent all that it may for now
    CLOSED = "closed"  # outside of the sending window


@dataclass(frozen=True, slots=True)
class Lane:
    """A line as the forecast sees it: `per_minute` is its pace (None: nothing slows it), 0 of a limit is none."""

    per_minute: float | None
    minute: int = 0
    hour: int = 0
    day: int = 0
    used_hour: int = 0
    used_day: int = 0

    @property
    def rate(self) -> float | None:
        """Messages a second: what a full minute may hold limits the pace."""
        paces = [each for each in (self.per_minute, self.minute or None) if each is not None]
        return min(paces) / 60 if paces else None


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time (UTC, `end` excluded) and how many messages start in it."""

    doing: Doing
    start: datetime
    end: datetime
    messages: int = 0


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many messages start on a day of the campaign's time zone."""

    day: date
    messages: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a campaign goes on from a moment: to `ends_at`, or as far as it can be told (`why` it can't be told)."""

    number: int
    lanes: int
    starts_at: datetime | None = None
    """When the first message starts."""
    ends_at: datetime | None = None
    """When the last one does."""
    why: Why | None = None
    segments: tuple[Segment, ...] = ()
    """Without gaps from the beginning, over the first days (DETAIL)."""
    days: tuple[DayCount, ...] = ()
    """The days on which messages start."""
    pauses: int = 0
    """How many pauses are begun on the way."""


def forecast(
    number: int,
    *,
    lanes: Sequence[Lane],
    window: Window,
    now: datetime,
    limits_zone: ZoneInfo,
    pauses: PausePlan = NO_PAUSES,
    total: int | None = None,
    stretch: Stretch | None = None,
) -> Forecast:
    """What sending `number` messages from `now` (aware) on takes: pauses are as long as they are on average.

    `total` is the campaign's size and `stretch` where it is by now, if it has begun; `limits_zone` is whose midnight
    begins the lanes' days. Without a channel's pauses, give no plan.
    """
    plain = Forecast(number, len(lanes))
    for missing, why in (
        (number <= 0, Why.NOTHING),
        (not lanes, Why.NO_LINES),
        (not window.days, Why.NO_DAYS),
        (any(lane.rate is None for lane in lanes), Why.NO_PACE),
    ):
        if missing:
            return replace(plain, why=why)
    at = stretch or pausing.first(pauses, total or number)
    run = _Run(number, lanes, window, now, limits_zone, pauses, total or number, at)
    run.go(now + HORIZON)
    return run.told()


def day_capacity(
    *,
    lanes: Sequence[Lane],
    window: Window,
    day: date,
    limits_zone: ZoneInfo,
    pauses: PausePlan = NO_PAUSES,
) -> int | None:
    """How many messages the window that opens on `day` has room for, with lanes that are fresh; None: can't be told.

    Pauses that are spread over a campaign depend on its size, and don't count.
    """
    if not lanes or any(lane.rate is None for lane in lanes) or day.weekday() not in window.days:
        return None
    opens, closes = span_of(window, day)
    fresh = [replace(lane, used_hour=0, used_day=0) for lane in lanes]
    plan = pauses if pauses.mode is PauseMode.FIXED else NO_PAUSES
    huge = 10**9
    run = _Run(huge, fresh, window, opens, limits_zone, plan, huge, pausing.first(plan, huge))
    run.go(closes)
    return round(huge - run.left)


class _Group:
    """Lanes that are alike: `count` of them, each with `rate` messages a second and the same limits and usage."""

    __slots__ = ("count", "day", "hour", "rate", "used_day", "used_hour")

    def __init__(self, lane: Lane, count: int) -> None:
        assert lane.rate is not None
        self.count = count
        self.rate = lane.rate
        self.hour: float = lane.hour or NEVER
        self.day: float = lane.day or NEVER
        self.used_hour = float(min(lane.used_hour, self.hour))
        self.used_day = float(min(lane.used_day, self.day))

    @property
    def room(self) -> float:
        """How many messages each of them may still send in this hour and day."""
        room = min(self.hour - self.used_hour, self.day - self.used_day)
        return room if room > NOISE else 0.0


class _Run:
    """A campaign followed from one change of pace to the next, never from message to message."""

    def __init__(
        self,
        number: int,
        lanes: Sequence[Lane],
        window: Window,
        now: datetime,
        limits_zone: ZoneInfo,
        plan: PausePlan,
        total: int,
        stretch: Stretch,
    ) -> None:
        self.number = number
        self.lanes = len(lanes)
        self.window = window
        self.zone = ZoneInfo(window.zone)
        self.limits_zone = limits_zone
        self.plan, self.total = plan, total
        self.groups = [_Group(lane, count) for lane, count in Counter(lanes).items()]
        self.hourly = any(group.hour < NEVER for group in self.groups)
        self.left = float(number)
        self.begins = self.at = now.timestamp()
        self.hour = self.at // 3600
        self.stretch_number = stretch.number
        self.stretch_left = float(stretch.length - stretch.used) if stretch.length is not None else NEVER
        self.rests_until = -NEVER
        if stretch.rests_until is not None:  # the pause at its end has begun
            self.rests_until = stretch.rests_until.timestamp()
            self._next_stretch()
        self.made = 0
        self.starts_at: float | None = None
        self.segments: list[tuple[Doing, float, float, float]] = []
        self.by_day: dict[date, float] = {}
        self.closes = self.day_ends = self.limits_day_ends = -NEVER
        self.today = now.date()
        self.steps = 0

    def go(self, until: datetime) -> None:
        """Until everything is sent, or until then."""
        end = until.timestamp()
        while self.left > NOISE and self.at < end and self.steps < MOST_STEPS:
            self.steps += 1
            self._turn_days()
            if self.at >= self.closes:
                self._open(end)
            elif self.at < self.rests_until:
                self._pass(Doing.PAUSE, min(self.rests_until, self.closes))
            elif self.stretch_left <= NOISE:
                self._end_stretch()
            else:
                self._send(end)

    def _open(self, end: float) -> None:
        """Wait for the window, if it is not open."""
        now = datetime.fromtimestamp(self.at, UTC)
        opens = opens_at(self.window, now)
        if opens > now:
            self._pass(Doing.CLOSED, min(opens.timestamp(), end))
            if opens.timestamp() > end:
                return
        closes = closes_at(self.window, opens)
        self.closes = closes.timestamp() if closes is not None else NEVER

    def _turn_days(self) -> None:
        """What was used is used no more when its hour or its day is over."""
        if self.at >= self.day_ends:
            local = datetime.fromtimestamp(self.at, self.zone)
            self.today = local.date()
            self.day_ends = span_end(Limit.DAY, local, self.zone).timestamp()
        if self.at >= self.limits_day_ends:
            moment = datetime.fromtimestamp(self.at, UTC)
            if self.limits_day_ends > 0:
                for group in self.groups:
                    group.used_day = 0.0
            self.limits_day_ends = span_end(Limit.DAY, moment, self.limits_zone).timestamp()
            self._merge()
        if self.hourly:
            hour = self.at // 3600
            if hour != self.hour:
                for group in self.groups:
                    group.used_hour = 0.0
                self._merge()
            self.hour = hour

    def _merge(self) -> None:
        """Lanes that were told apart by what they had used."""
        alike: dict[tuple[float, ...], _Group] = {}
        for group in self.groups:
            key = (group.rate, group.hour, group.day, group.used_hour, group.used_day)
            if key in alike:
                alike[key].count += group.count
            else:
                alike[key] = group
        self.groups = list(alike.values())

    def _end_stretch(self) -> None:
        self.made += 1
        self.rests_until = self.at + self.plan.durations.mean.total_seconds()
        self._next_stretch()

    def _next_stretch(self) -> None:
        self.stretch_number += 1
        length = self.plan.stretch(self.total, self.stretch_number)
        self.stretch_left = float(length) if length is not None else NEVER

    def _send(self, end: float) -> None:
        at_work = [group for group in self.groups if group.room]
        hour_ends = (self.at // 3600 + 1) * 3600 if self.hourly else NEVER
        stop = min(self.closes, self.day_ends, self.limits_day_ends, hour_ends, end)
        if not at_work:
            capped_for_the_day = all(group.used_day >= group.day - NOISE for group in self.groups)
            waits = self.limits_day_ends if capped_for_the_day else hour_ends
            self._pass(Doing.LIMIT, min(waits, self.closes, end))
            return
        rate = sum(group.count * group.rate for group in at_work)
        fits = min(*(group.room / group.rate for group in at_work), min(self.left, self.stretch_left) / rate)
        seconds = min(stop - self.at, fits)
        if self.starts_at is None:
            self.starts_at = self.at
        for group in at_work:
            group.used_hour += group.rate * seconds
            group.used_day += group.rate * seconds
        sent = min(rate * seconds, self.left)
        self.left -= sent
        self.stretch_left -= sent
        self.by_day[self.today] = self.by_day.get(self.today, 0.0) + sent
        self._pass(Doing.SENDING, min(self.at + seconds, stop), sent)

    def _pass(self, doing: Doing, until: float, sent: float = 0.0) -> None:
        if until <= self.at and not sent:
            return
        if self.segments and self.segments[-1][0] is doing and self.segments[-1][2] == self.at:
            _doing, start, _end, before = self.segments[-1]
            self.segments[-1] = (doing, start, until, before + sent)
        elif self.at - self.begins < DETAIL.total_seconds():
            self.segments.append((doing, self.at, until, sent))
        self.at = until

    def told(self) -> Forecast:
        done = self.left <= NOISE
        segments, before = [], 0.0
        for doing, start, end, sent in self.segments:
            whole = _whole(before + sent) - _whole(before)
            before += sent
            segments.append(Segment(doing, _moment(start), _moment(end), whole))
        days, before = [], 0.0
        for day, sent in self.by_day.items():
            whole = _whole(before + sent) - _whole(before)
            before += sent
            if whole:
                days.append(DayCount(day, whole))
        return Forecast(
            number=self.number,
            lanes=self.lanes,
            starts_at=_moment(self.starts_at) if self.starts_at is not None else None,
            ends_at=_moment(self.at) if done else None,
            why=None if done else Why.TOO_FAR,
            segments=tuple(segments),
            days=tuple(days),
            pauses=self.made,
        )


def _whole(sent: float) -> int:
    return math.floor(sent + 1e-3)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
