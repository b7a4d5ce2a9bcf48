"""Which calls of a line somebody looks for: by what they were for, how they ended, and whom they are about."""

import re
from dataclasses import dataclass, fields, replace
from urllib.parse import urlencode

from bson import ObjectId
from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict

from domain.delivery import Purpose, Verdict
from domain.phones import PhoneError, parse_phone
from gateways.models import Call
from lib.converters import object_id
from lib.mongo import collection
from messaging import carried

PAGE = 50
MOST_ABOUT = 1_000
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line's log is asked for; empty texts ask for nothing. `about` is a phone, or an attempt's id."""

    line: str
    purpose: str = ""
    verdict: str = ""
    about: str = ""

    @classmethod
    def of(cls, line: ObjectId, query: QueryDict) -> "Asked":
        """What a page's address asks for; what it does not know is left out."""
        values = {name: query.get(name, "").strip()[:40] for name in ("purpose", "verdict", "about")}
        return cls(str(line), **values)._known()

    @classmethod
    def of_key(cls, key: str) -> "Asked | None":
        """The one whose key it is."""
        names = [field.name for field in fields(cls)]
        values = dict(zip(names, key.split(_SEPARATOR), strict=False))
        return cls(**values)._known() if object_id(values["line"]) else None

    @property
    def key(self) -> str:
        """It as one text, for a live part."""
        return _SEPARATOR.join((self.line, self.purpose, self.verdict, self.about)).rstrip(_SEPARATOR)

    @property
    def query(self) -> str:
        """It as a page's address asks for it."""
        values = {"purpose": self.purpose, "verdict": self.verdict, "about": self.about}
        return urlencode({name: value for name, value in values.items() if value})

    def _known(self) -> "Asked":
        return replace(
            self,
            purpose=self.purpose if self.purpose in set(Purpose) else "",
            verdict=self.verdict if self.verdict in set(Verdict) else "",
            about=self.about.replace(_SEPARATOR, ""),
        )


def line_of_key(key: str) -> str:
    """The line whose calls a live part shows."""
    return key.partition(_SEPARATOR)[0]


def calls_of(asked: Asked) -> QuerySet[Call]:
    """The calls, in no order yet. Each filter is answered by an index, those about somebody by their attempts."""
    line = ObjectId(asked.line)
    found = Call.objects.filter(gateway=line)
    if asked.purpose:
        found = found.filter(purpose=asked.purpose)
    if asked.verdict:
        found = found.filter(verdict=asked.verdict)
    if asked.about:
        found = found.filter(pk__in=_about(_attempts(asked.about), line))
    return found


def _about(attempts: list[str], line: ObjectId) -> list[ObjectId]:
    """The calls that carried these. By the index that surely finds the few of them among the many of a line."""
    asked = {"attempts": {"$in": attempts}, "gateway": line}
    return [row["_id"] for row in collection(Call).find(asked, {"_id": 1}, hint="call_attempts").limit(MOST_ABOUT)]


def _attempts(about: str) -> list[str]:
    """The attempts that a phone or an id stands for; none for what is neither."""
    if re.fullmatch(r"[0-9a-fA-F]{32}", about):
        return [about.lower()]
    phone = parse_phone(about, settings.DEFAULT_COUNTRY)
    return [] if isinstance(phone, PhoneError) else carried.attempts_to(phone.e164)
