"""Pages of a long list by the place of the last row, not by its number: the thousandth page is as fast as the first."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from bson import ObjectId
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)

PAGE_SIZE = 50
LARGEST = 2**63 - 1
"""The largest number that MongoDB stores."""


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """The rows, and the marks of the pages around it: empty where there is none."""

    rows: Sequence[M]
    previous: str
    following: str

    @property
    def alone(self) -> bool:
        return not self.previous and not self.following


def keyset_page(queryset: QuerySet[M], *, by: str, mark: str = "", size: int = PAGE_SIZE) -> Page[M]:
    """The page at a mark, in the order of `by` (a field, `-field` for the last ones first) and of the key.

    `by` should be indexed, together with what the queryset filters by, and never be null. A mark that can't be read
    gives the first page: it comes from a URL that somebody shortened, or of a list in another order. So does one
    behind which nothing is left.
    """
    field, descending = by.removeprefix("-"), by.startswith("-")
    place, backwards = _read(mark)
    if place is not None and not _fits(place[0], queryset.model, field):
        place, backwards = None, False
    unplaced = queryset
    if place is not None:
        value, key = place
        after = "lt" if descending != backwards else "gt"
        # The first condition alone decides for the index; the second one tells rows of the same value apart.
        queryset = queryset.filter(**{f"{field}__{after}e": value}).filter(
            Q(**{f"{field}__{after}": value}) | Q(pk__gt=key)
            if after == "gt"
            else Q(**{f"{field}__{after}": value}) | Q(pk__lt=key)
        )
    sign = "-" if descending != backwards else ""
    found = list(queryset.order_by(f"{sign}{field}", f"{sign}pk")[: size + 1])
    if not found and place is not None:
        return keyset_page(unplaced, by=by, size=size)
    more, rows = len(found) > size, found[:size]
    if backwards:
        rows.reverse()
    at_start = place is None or (backwards and not more)
    at_end = not more if not backwards else False
    return Page(
        rows,
        previous="" if at_start or not rows else _write(rows[0], field, backwards=True),
        following="" if at_end or not rows else _write(rows[-1], field, backwards=False),
    )


def _fits(value: Any, model: type[Model], field: str) -> bool:
    """Whether the list can be in the order of such values."""
    stored: Any = model._meta.pk if field == "pk" else model._meta.get_field(field)
    try:
        kept = stored.get_prep_value(value)
    except (TypeError, ValueError, ValidationError):
        return False
    return type(kept) is type(value) and not (isinstance(value, int) and abs(value) > LARGEST)


def _write(row: Model, field: str, *, backwards: bool) -> str:
    value: Any = getattr(row, field)
    if isinstance(value, datetime):
        value = {"at": value.isoformat()}
    elif isinstance(value, ObjectId):
        value = {"id": str(value)}
    text = json.dumps([value, str(row.pk), backwards], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(mark: str) -> tuple[tuple[Any, ObjectId] | None, bool]:
    try:
        value, key, backwards = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        if isinstance(value, dict):
            value = datetime.fromisoformat(value["at"]).astimezone(UTC) if "at" in value else ObjectId(value["id"])
        elif not isinstance(value, str | int):
            return None, False
        return (value, ObjectId(key)), bool(backwards)
    except Exception:  # whatever is wrong with it, it is no mark of ours
        return None, False
