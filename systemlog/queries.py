"""Reading the log: entries by what is asked for, newest first."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from lib.mongo import collection
from systemlog.models import Level, SystemLog

MOST_LIVE = 100
_SEPARATOR = "|"
LEVELS = {"warning": [Level.WARNING, Level.ERROR], "error": [Level.ERROR]}
WHO = {"acts": True, "processes": False}


@dataclass(frozen=True, slots=True)
class Filter:
    """What the log is asked for; empty texts ask for nothing.

    `level` is the least one, `who` is `acts` (what people did) or `processes`, the others are exact.
    """

    level: str = ""
    who: str = ""
    actor: str = ""
    source: str = ""
    kind: str = ""
    object: str = ""

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
            kind=self.kind if self.object else "",
            object=self.object if self.kind else "",
        )


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
    if wanted.object:
        found = found.filter(kind=wanted.kind, object_id=wanted.object)
    return found


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
