"""The day that results from hours, pauses and lines: a strip of 24 hours, and the same in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import audience, forecasting
from campaigns.describe import window_text
from campaigns.forecasting import Ways
from campaigns.models import Campaign
from campaigns.pacing_fields import Pacing
from domain.forecast import Doing, Forecast, Lane, Why, day_capacity, forecast
from domain.pacing import Window, closes_at, opens_at, span_of
from domain.pauses import LEAST_MESSAGES, NO_PAUSES, PauseMode
from gateways.models import Channel, Pool
from lib.figures import figure
from preferences.sending import minutes_in_words, plan_in_words

EXAMPLE_MESSAGES = 300
"""How many messages stand for an audience that is not chosen yet."""

DAY = timedelta(days=1)
FREE = "free"
"""The window is open, and nothing is left to send."""

LABELS = {
    Doing.SENDING.value: lambda: _("sending"),
    Doing.PAUSE.value: lambda: _("pause"),
    Doing.LIMIT.value: lambda: _("limit reached"),
    FREE: lambda: _("open, nothing left to send"),
    Doing.CLOSED.value: lambda: _("closed"),
}


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of the strip: `kind` is a Doing or FREE, `width` a share of the day in percent."""

    kind: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """An hour below the strip; every other one is left out on a phone."""

    hour: str
    left: str
    finer: bool


@dataclass(frozen=True, slots=True)
class Day:
    """What the page shows of a day. `words` say the same as the strip, and more."""

    title: str
    blocks: Sequence[Block]
    ticks: Sequence[Tick]
    legend: Sequence[tuple[str, str]]
    words: Sequence[str]
    note: str
    forecast: Forecast


def day_of_campaign(campaign: Campaign, *, pacing: Pacing, now: datetime | None = None) -> Day:
    """The day of a draft, with its own lines and the audience that it was found to have."""
    ways = forecasting.ways_of(campaign, now=now)
    check = audience.kept(campaign)
    return day(pacing, ways=ways, number=check.rows - check.incomplete if check is not None else None, now=now)


def usual_day(pacing: Pacing, *, now: datetime | None = None) -> Day:
    """The day of a campaign that nothing else is known of: by the lines that a new one would be offered first."""
    for channel in (Channel.WHATSAPP, Channel.SMS):
        pool = Pool.objects.filter(channel=channel, active=True).order_by("name").first()
        if pool is not None:
            return day(pacing, ways=forecasting.ways_through(pool, channel, now=now), number=None, now=now)
    return day(pacing, ways=forecasting.example(Channel.WHATSAPP), number=None, now=now)


def day(pacing: Pacing, *, ways: Ways, number: int | None, now: datetime | None = None) -> Day:
    """The next whole day on which it sends, as if it began with it; without a `number`, with an example of messages."""
    moment = now or datetime.now(UTC)
    window, zone = pacing.window, ZoneInfo(pacing.window.zone)
    by = ways if ways.lanes else forecasting.example(ways.channel)
    if not window.days:
        return _never(number or EXAMPLE_MESSAGES)
    plan = pacing.pauses if pacing.pauses.applies_to(by.channel) else NO_PAUSES
    many = number or EXAMPLE_MESSAGES
    fresh = [_fresh(lane) for lane in by.lanes]
    which = _next_day(window, moment.astimezone(zone).date())
    opens, _closes = span_of(window, which)
    found = forecast(many, lanes=fresh, window=window, now=opens, limits_zone=forecasting.limits_zone(), pauses=plan)
    begins = _begins(window, which, zone)
    blocks = list(_blocks(found, window, begins, begins + DAY, zone))
    kinds = dict.fromkeys(block.kind for block in blocks)
    capacity = day_capacity(lanes=fresh, window=window, day=which, limits_zone=forecasting.limits_zone(), pauses=plan)
    return Day(
        title=date_format(which, _("l j F")),  # the words in which a day is written
        blocks=blocks,
        ticks=list(_ticks(begins, zone)),
        legend=[(kind, LABELS[kind]()) for kind in LABELS if kind in kinds],
        words=list(_words(pacing, by, found, capacity, zone)),
        note=_note(number, by),
        forecast=found,
    )


def _never(number: int) -> Day:
    """The day of who sends on none."""
    closed = Doing.CLOSED.value
    found = Forecast(number, 0, why=Why.NO_DAYS)
    blocks, legend = [Block(closed, "100", LABELS[closed]())], [(closed, LABELS[closed]())]
    return Day(_("No day"), blocks, (), legend, [_("Choose at least one day.")], "", found)


def _fresh(lane: Lane) -> Lane:
    return Lane(lane.per_minute, lane.minute, lane.hour, lane.day)


def _next_day(window: Window, today: date) -> date:
    """The first day after today on which the window opens."""
    return next(day for offset in range(1, 9) if (day := today + timedelta(days=offset)).weekday() in window.days)


def _begins(window: Window, which: date, zone: ZoneInfo) -> datetime:
    """Where the strip begins: at midnight, or for a window that crosses it in the middle of the hours between."""
    begins = time(0)
    if window.start is not None and window.end is not None and time(0) < window.end < window.start:
        begins = time((window.end.hour + window.start.hour) // 2)
    return datetime.combine(which, begins, tzinfo=zone).astimezone(UTC)


def _blocks(found: Forecast, window: Window, begins: datetime, ends: datetime, zone: ZoneInfo) -> Iterator[Block]:
    for kind, start, end, messages in _stretches(found, window, begins, ends):
        span = f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}"
        title = f"{span} {LABELS[kind]()}"
        if messages:
            title += f" ({figure(messages)})"
        yield Block(kind, f"{100 * (end - start) / DAY:.3f}", title)


def _stretches(
    found: Forecast, window: Window, begins: datetime, ends: datetime
) -> Iterator[tuple[str, datetime, datetime, int]]:
    """What goes on between two moments, without gaps: what the forecast tells, and the window before and after it."""
    at = begins
    for segment in found.segments:
        start, end = max(at, segment.start), min(ends, segment.end)
        if end <= start:
            continue
        if start > at:
            yield from _window_only(window, at, start, Doing.CLOSED.value)
        yield (segment.doing.value, start, end, segment.messages)
        at = end
    # What can't be told is not called free: nothing slows such lines, and they send as long as they may.
    yield from _window_only(window, at, ends, Doing.SENDING.value if found.why is Why.NO_PACE else FREE)


def _window_only(
    window: Window, at: datetime, ends: datetime, open_is: str
) -> Iterator[tuple[str, datetime, datetime, int]]:
    while at < ends:
        opens = min(opens_at(window, at), ends)
        if opens > at:
            yield (Doing.CLOSED.value, at, opens, 0)
        closes = min(closes_at(window, opens) or ends, ends)
        if closes > opens:
            yield (open_is, opens, closes, 0)
        at = closes


def _ticks(begins: datetime, zone: ZoneInfo) -> Iterator[Tick]:
    first = begins.astimezone(zone).hour
    for hours in range(0, 25, 3):
        hour = (first + hours) % 24
        yield Tick(f"{24 if hours == 24 and hour == 0 else hour:02d}", f"{100 * hours / 24:.3f}", bool(hours % 6))


# In words ------------------------------------------------------------------------------------------------------------


def _words(pacing: Pacing, ways: Ways, found: Forecast, capacity: int | None, zone: ZoneInfo) -> Iterator[str]:
    yield _("Sends %(window)s (%(zone)s).") % {"window": window_text(pacing.window), "zone": pacing.window.zone}
    yield _by_day(ways, capacity)
    yield from _pauses(pacing, ways, found)
    if ended := _end(found, zone):
        yield ended


def _by_day(ways: Ways, capacity: int | None) -> str:
    if ways.channel is Channel.SMS:
        by = ngettext("With %(number)s SMS line", "With %(number)s SMS lines", len(ways.lanes))
    else:
        by = ngettext("With %(number)s session", "With %(number)s sessions", len(ways.lanes))
    by %= {"number": len(ways.lanes)}
    if capacity is None:
        return by + " " + _("it sends as fast as the gateway takes them: its end can't be told.")
    most = ngettext("up to about %(number)s message a day.", "up to about %(number)s messages a day.", capacity)
    return by + " " + most % {"number": figure(capacity)}


def _pauses(pacing: Pacing, ways: Ways, found: Forecast) -> Iterator[str]:
    plan = pacing.pauses
    if plan.mode is PauseMode.OFF:
        yield _("No pauses.")
    elif not plan.applies_to(ways.channel):
        yield _("Pauses: %(pauses)s.") % {"pauses": plan_in_words(plan)}
    elif found.number < LEAST_MESSAGES:
        yield _("No pauses: it has fewer than %(least)s messages.") % {"least": LEAST_MESSAGES}
    elif plan.mode is PauseMode.AUTO:
        number = plan.pauses(found.number)
        sentence = ngettext("%(number)s pause of %(minutes)s.", "%(number)s pauses of %(minutes)s.", number)
        yield sentence % {"number": number, "minutes": minutes_in_words(plan.durations)}
    else:
        number = plan.pauses(found.number)
        sentence = ngettext(
            "A pause of %(minutes)s after every %(every)s messages: %(number)s in all.",
            "A pause of %(minutes)s after every %(every)s messages: %(number)s in all.",
            number,
        )
        yield sentence % {
            "minutes": minutes_in_words(plan.durations),
            "every": figure(plan.every),
            "number": figure(number),
        }


def _end(found: Forecast, zone: ZoneInfo) -> str:
    """When the messages are through."""
    sentence = ngettext("%(number)s message:", "%(number)s messages:", found.number)
    number = sentence % {"number": figure(found.number)}
    if found.ends_at is None or found.starts_at is None:
        return number + " " + _("they take more than a year.") if found.why is Why.TOO_FAR else ""
    starts, ends = found.starts_at.astimezone(zone), found.ends_at.astimezone(zone)
    if ends - starts < timedelta(minutes=1):
        return number + " " + _("from %(start)s, in less than a minute.") % {"start": f"{starts:%H:%M}"}
    if starts.date() == ends.date():
        span = _("from %(start)s to about %(end)s.") % {"start": f"{starts:%H:%M}", "end": f"{ends:%H:%M}"}
        return f"{number} {span}"
    until = date_format(ends, _("D j F"))
    days = ngettext(
        "on %(days)s day, until about %(end)s.", "on %(days)s days, until about %(end)s.", len(found.days)
    ) % {"days": len(found.days), "end": f"{until} {ends:%H:%M}"}
    return f"{number} {days}"


def _note(number: int | None, ways: Ways) -> str:
    """What stands for what is not known yet."""
    if number is None and ways.assumed:
        what = _("one session") if ways.channel is Channel.WHATSAPP else _("one SMS line")
        return _("An example: %(number)s messages by %(what)s at the usual pace.") % {
            "number": EXAMPLE_MESSAGES,
            "what": what,
        }
    if number is None:
        return _("An example of %(number)s messages.") % {"number": EXAMPLE_MESSAGES}
    if ways.assumed:
        return _("An example: its pool has no line yet, and one at the usual pace stands for it.")
    return ""
