"""Seals every secret in the database anew under the first key, so that an older key may go.

Each value is one compare-and-set: whoever changes it meanwhile wins, a kill at any point leaves each of them opened by
one of the keys, and the next run goes on with what is left.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Model

from lib.mongo import collection
from lib.sealed import SealedJSONField, opened_by, resealed

TRIES = 20
"""How often a value is tried again that others keep changing."""


@dataclass(frozen=True, slots=True)
class Value:
    """Where a sealed value stands: what it belongs to, as people call it, and its column."""

    model: type[Model]
    pk: Any
    column: str
    name: str

    def read(self) -> str:
        """The sealed text as it is now; empty where it is gone, or holds nothing."""
        row = collection(self.model).find_one({"_id": self.pk}, {self.column: 1})
        return (row or {}).get(self.column) or ""

    def replace(self, old: str, new: str) -> bool:
        same = {"_id": self.pk, self.column: old}
        return bool(collection(self.model).update_one(same, {"$set": {self.column: new}}).matched_count)


@dataclass(slots=True)
class Standing:
    """How many values each key opens, by its place in settings.SEAL_KEYS; whose no key opens; whose kept changing."""

    by_key: Counter[int] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    changing: list[str] = field(default_factory=list)
    anew: int = 0

    @property
    def total(self) -> int:
        return self.by_key.total() + len(self.lost) + len(self.changing)

    @property
    def done(self) -> bool:
        """Whether the first key opens all of them."""
        return self.by_key[0] == self.total


def values() -> Iterator[Value]:
    """Every sealed value that there is."""
    for model in apps.get_models():
        for each in model._meta.concrete_fields:
            if isinstance(each, SealedJSONField):
                for one in model._base_manager.only(*_named_by(model)).order_by("pk").iterator():
                    yield Value(model, one.pk, str(each.column), f"{model._meta.verbose_name} “{one}”")


def _named_by(model: type[Model]) -> list[str]:
    return [each.name for each in model._meta.concrete_fields if each.primary_key or each.name == "name"]


def look() -> Standing:
    """How the values stand, with nothing changed."""
    found = Standing()
    for value in values():
        _note(found, value, opened_by(value.read()))
    return found


def reseal() -> Iterator[Standing]:
    """Seal anew what the first key does not open; tells how it stands after each value."""
    found = Standing()
    for value in values():
        for _try in range(TRIES):
            text = value.read()
            place = opened_by(text)
            if not place:  # the first key's already, or nobody's
                _note(found, value, place)
                break
            if value.replace(text, resealed(text)):
                found.anew += 1
                found.by_key[0] += 1
                break
        else:
            found.changing.append(value.name)
        yield found


def _note(found: Standing, value: Value, place: int | None) -> None:
    if place is None:
        found.lost.append(value.name)
    else:
        found.by_key[place] += 1
