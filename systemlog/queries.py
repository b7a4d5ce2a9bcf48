"""Reading the log: entries by what is asked for, newest first."""

from dataclasses import dataclass, fields

from django.db.models import QuerySet
from django.http import QueryDict

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


def incidents(*, most: int = 5) -> list[SystemLog]:
    """The latest warnings and errors."""
    return latest(Filter(level="warning"), most=most)
