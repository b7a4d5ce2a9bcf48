"""The figures of days and of slots: counted together with what they count, and read for the panel."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.utils import timezone
from pymongo import UpdateOne

from domain.day import SLOT, begins, by_then, day_before, day_of, same_time_before, slot_of
from domain.milestones import MILESTONES
from lib.mongo import bulk_write, collection, session
from lib.remembered import Remembered
from messaging.models import SLOT_INDEX, DayTally, SlotTally

WROTE = "wrote"
FIGURES = (*MILESTONES, WROTE)
YESTERDAY = 5.0
"""Seconds for which yesterday's figures are remembered: today's are asked for at every event, and those stand still."""


# Counting -------------------------------------------------------------------------------------------------------------
def add(counts: Mapping[tuple[str, datetime], Mapping[str, int]], *, spent: Mapping[str, int] | None = None) -> None:
    """Add figures by (lane, moment) to their days and slots; joins the transaction of what they count. What was `spent`
    with each is kept by day alone."""
    zone = timezone.get_default_timezone()
    days: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    slots: dict[tuple[str, datetime], Counter[str]] = defaultdict(Counter)
    for (lane, moment), figures in counts.items():
        days[lane, day_of(moment, zone).isoformat()].update({**figures, **(spent or {})})
        slots[lane, _stored(slot_of(moment))].update(figures)
    bulk_write(
        DayTally, [_increment({"lane": lane, "day": day}, found) for (lane, day), found in days.items() if found]
    )
    bulk_write(SlotTally, [_increment({"lane": lane, "at": at}, found) for (lane, at), found in slots.items() if found])


def _increment(which: Mapping[str, Any], figures: Counter[str]) -> UpdateOne:
    return UpdateOne(which, {"$inc": dict(figures)}, upsert=True)


# Reading --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of today beside yesterday's. `by_now` is yesterday's until the same time, None where nobody knows."""

    today: int
    yesterday: int
    by_now: int | None


def compared(now: datetime) -> dict[str, Compared]:
    """FIGURES of today and of yesterday, in this installation's time zone."""
    zone = timezone.get_default_timezone()
    today = day_of(now, zone)
    then = same_time_before(now, zone)
    [whole, *parts] = _yesterday((day_before(today), slot_of(then)))
    figures = _day(today)
    found = {}
    for name in FIGURES:
        before, within, after = (part[name] for part in parts)
        # Slots that don't make up the day are of one that began before there were any.
        known = before + within + after >= whole[name]
        by_now = by_then(before=before, within=within, moment=then) if known else None
        found[name] = Compared(figures[name], whole[name], by_now)
    return found


def _day(day: date) -> Counter[str]:
    """The figures of a day, of all lanes."""
    pipeline: list[dict[str, Any]] = [{"$match": {"day": day.isoformat()}}, {"$group": {"_id": None, **_SUMS}}]
    return _figures(next(iter(collection(DayTally).aggregate(pipeline, session=session())), None))


def this_day() -> str:
    """Today in this installation's time zone, as DayTally has it."""
    return day_of(timezone.now(), timezone.get_default_timezone()).isoformat()


def sent_today_by(lanes: Iterable[ObjectId]) -> dict[ObjectId, int]:
    """How many messages went out today by each of these lanes, tests and replies too."""
    wanted = {str(lane): lane for lane in lanes}
    found = collection(DayTally).find({"day": this_day(), "lane": {"$in": list(wanted)}}, {"lane": 1, "sent": 1})
    return {wanted[row["lane"]]: int(row["sent"]) for row in found if row.get("sent")}


def _ask_yesterday(which: tuple[date, datetime]) -> list[Counter[str]]:
    """The figures of a day as a whole, and of its slots: those before one, that one, and those after it."""
    day, slot = which
    zone = timezone.get_default_timezone()
    whole = _day(day)
    start, end = begins(day, zone), begins(day + timedelta(days=1), zone)
    pipeline: list[dict[str, Any]] = [
        {"$match": {"at": {"$gte": _stored(start), "$lt": _stored(end)}}},
        {"$group": {"_id": {"$cmp": ["$at", _stored(slot)]}, **_SUMS}},
    ]
    found = {row["_id"]: row for row in collection(SlotTally).aggregate(pipeline, hint=SLOT_INDEX, session=session())}
    return [whole, *(_figures(found.get(place)) for place in (-1, 0, 1))]


_yesterday = Remembered(_ask_yesterday, seconds=YESTERDAY)


def forget() -> None:
    """Ask everything anew."""
    _yesterday.forget()


def slots(start: datetime, end: datetime) -> dict[datetime, Counter[str]]:
    """The figures of all lanes by slot, of those from `start` to before `end` in which anything was counted."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"at": {"$gte": _stored(start), "$lt": _stored(end)}}},
        {"$group": {"_id": "$at", **_SUMS}},
    ]
    rows = collection(SlotTally).aggregate(pipeline, hint=SLOT_INDEX, session=session())
    return {row["_id"].replace(tzinfo=UTC): _figures(row) for row in rows}


def latest_slots(now: datetime) -> dict[datetime, Counter[str]]:
    """The slot of now and the one before it, both there even where they are empty."""
    current = slot_of(now)
    found = slots(current - SLOT, current + SLOT)
    return {at: found.get(at, _figures(None)) for at in (current - SLOT, current)}


def past_slots(now: datetime, *, span: timedelta) -> tuple[datetime, list[Counter[str]]]:
    """The slots of a span that are over, the first one's time and the figures of each in turn."""
    current = slot_of(now)
    start = current - span
    found = slots(start, current)
    return start, [found.get(start + SLOT * place, _figures(None)) for place in range(span // SLOT)]


_SUMS: dict[str, Any] = {name: {"$sum": f"${name}"} for name in FIGURES}


def _figures(row: Mapping[str, Any] | None) -> Counter[str]:
    return Counter({name: int(row[name]) if row else 0 for name in FIGURES})


def _stored(moment: datetime) -> datetime:
    """A time as MongoDB stores it."""
    return moment.astimezone(UTC).replace(tzinfo=None)
