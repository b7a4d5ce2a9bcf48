"""Reading the log: entries by what is asked for, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from lib.converters import object_id
from lib.mongo import collection
from lib.remembered import Remembered
from systemlog.models import Level, SystemLog

MOST_LIVE = 100
MOST_NEWER = 1_000
"""Entries that came while the log was held are counted so far."""
_SEPARATOR = "|"
LEVELS = {"warning": [Level.WARNING, Level.ERROR], "error": [Level.ERROR]}
WHO = {"acts": True, "processes": False}


@dataclass(frozen=True, slots=True)
class Filter:
    """What the log is asked for; empty texts ask for nothing.

    `level` is the least one, `who` is `acts` (what people did) or `processes`; `since` and `until` are days, both of
    them within, in the time zone of whoever looks; the others are exact.
    """

    level: str = ""
    who: str = ""
    actor: str = ""
    source: str = ""
    kind: str = ""
    object: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Filter":
        """What a page's address asks for; what it does not know is left out."""
        values = {field.name: query.get(field.name, "").strip()[:60] for field in fields(cls)}
        return cls(**values).known()

    @classmethod
    def of_key(cls, key: str) -> "Filter":
        """The filter whose key it is."""
        values = key.split(_SEPARATOR)
        names = [field.name for field in fields(cls)]
        return cls(**dict(zip(names, values, strict=False))).known()

    @property
    def key(self) -> str:
        """It as one text, for a live fragment."""
        return _SEPARATOR.join(getattr(self, field.name) for field in fields(self)).rstrip(_SEPARATOR)

    def known(self) -> "Filter":
        return Filter(
            level=self.level if self.level in LEVELS else "",
            who=self.who if self.who in WHO else "",
            actor=self.actor,
            source=self.source,
            kind=self.kind,
            object=self.object if self.kind else "",
            since=self.since if _day(self.since) else "",
            until=self.until if _day(self.until) else "",
        )

    @property
    def query(self) -> str:
        """It as a page's address asks for it."""
        return urlencode({each.name: value for each in fields(self) if (value := getattr(self, each.name))})

    @property
    def narrow(self) -> bool:
        """Whether it asks for more than people or processes."""
        return self != Filter(who=self.who)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def entries(wanted: Filter) -> QuerySet[SystemLog]:
    """The entries, in no order yet. Every filter alone is answered by an index with `at`."""
    found = SystemLog.objects.all()
    if wanted.level:
        found = found.filter(level__in=LEVELS[wanted.level])
    if wanted.who:
        found = found.filter(act=WHO[wanted.who])
    if wanted.actor:
        found = found.filter(actor=wanted.actor)
    if wanted.source:
        found = found.filter(source=wanted.source)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.object:
        found = found.filter(object_id=wanted.object)
    if since := _day(wanted.since):
        found = found.filter(at__gte=_midnight(since))
    if (until := _day(wanted.until)) and until < date.max:
        found = found.filter(at__lt=_midnight(until + timedelta(days=1)))
    return found


def held_at(pk: str) -> datetime | None:
    """The moment of the entry at which somebody holds the log still; None where it is gone, or was none."""
    key = object_id(pk)
    return SystemLog.objects.filter(pk=key).values_list("at", flat=True).first() if key else None


_HELD = "~"


def held_key(held: str, wanted: Filter) -> str:
    """What a page watches that is held at an entry, as one text."""
    return f"{held}{_HELD}{wanted.key}"


def of_held_key(key: str) -> tuple[str, Filter]:
    pk, _sign, filters = key.partition(_HELD)
    return pk, Filter.of_key(filters)


def newer(wanted: Filter, than: datetime) -> int:
    """How many entries came after that moment, counted to MOST_NEWER."""
    return entries(wanted).filter(at__gt=than)[:MOST_NEWER].count()


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to filter by."""

    sources: Sequence[str]
    actors: Sequence[str]
    kinds: Sequence[str]


def _ask_choices(_nothing: None) -> Choices:
    table = collection(SystemLog)  # each is read from the first field of an index, value by value
    found = (sorted(filter(None, table.distinct(name))) for name in ("source", "actor", "kind"))
    return Choices(*found)


_choices = Remembered(_ask_choices, seconds=30.0)


def choices() -> Choices:
    """What there is to filter by, as it was a moment ago."""
    return _choices(None)


def object_name(kind: str, key: str) -> str:
    """What an object was called when somebody last did something to it; empty where nobody did."""
    acts = SystemLog.objects.filter(kind=kind, object_id=key, act=True)
    return acts.order_by("-at", "-pk").values_list("message", flat=True).first() or ""


def latest(wanted: Filter, *, most: int = MOST_LIVE) -> list[SystemLog]:
    return list(entries(wanted).order_by("-at", "-pk")[:most])


MOST_LOOKED_AT = 5_000
"""Of more warnings than that the latest are counted: a line in trouble may tell of it all day."""
LEVEL_INDEX = "systemlog_level"


@dataclass(frozen=True, slots=True)
class Repeated:
    """What was said of the same object again and again: how often, of which how often lately, and when last.

    `code` is the stable word that the record carried, `facts` what the last one told with it; both empty where it
    carried none, which are grouped by their source.
    """

    code: str
    kind: str
    object_id: str
    source: str
    serious: bool
    times: int
    lately: int
    last_at: datetime
    facts: Mapping[str, Any]

    @classmethod
    def once(cls, code: str, kind: str, object_id: str, at: datetime) -> "Repeated":
        """Something that is known without the log."""
        return cls(code, kind, object_id, "", False, 1, 0, at, {})


def repeated(since: datetime, *, lately: datetime) -> list[Repeated]:
    """The warnings and errors since then, by what they say of what; the latest first."""
    start, late = (moment.astimezone(UTC).replace(tzinfo=None) for moment in (since, lately))
    code = {"$ifNull": ["$data.code", ""]}
    pipeline: list[dict[str, Any]] = [
        {"$match": {"level": {"$in": [level.value for level in LEVELS["warning"]]}, "at": {"$gte": start}}},
        {"$sort": {"at": -1, "_id": -1}},
        {"$limit": MOST_LOOKED_AT},
        {
            "$group": {
                "_id": {"code": code, "kind": "$kind", "object": "$object_id", "source": "$source"},
                "times": {"$sum": 1},
                "lately": {"$sum": {"$cond": [{"$gte": ["$at", late]}, 1, 0]}},
                "serious": {"$max": {"$eq": ["$level", Level.ERROR.value]}},
                "last_at": {"$first": "$at"},
                "facts": {"$first": "$data"},
            }
        },
        {"$sort": {"last_at": -1}},
    ]
    rows = collection(SystemLog).aggregate(pipeline, hint=LEVEL_INDEX)
    return [
        Repeated(
            code=row["_id"]["code"],
            kind=row["_id"]["kind"],
            object_id=row["_id"]["object"],
            source=row["_id"]["source"],
            serious=row["serious"],
            times=row["times"],
            lately=row["lately"],
            last_at=row["last_at"].replace(tzinfo=UTC),
            facts={name: value for name, value in (row["facts"] or {}).items() if name not in ("code", "traceback")},
        )
        for row in rows
    ]
