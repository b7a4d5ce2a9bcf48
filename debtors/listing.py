"""Lists of debtors under any combination of filters, each request of bounded cost however many debtors there are.

No combination is refused, and none reads all debtors. There are three ways, from the dearest to ask to the cheapest:

- *gathered*: a condition that an index finds few debtors for (GATHERED at most) gives all of them, and the other
  conditions are asked of those. The count is exact.
- *members*: an import or a campaign gives debtors in its own order, a batch at a time.
- *walked*: the debtors in the order of the list along its index, some at a time.

The last two look at so many debtors and no more (WINDOW, WALKED). What they then found is shown, however little it is,
with the mark of where to look further. A walk is quick or patient: a page shows what the quick one found, and has the
patient one fill it.
"""

import base64
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from bson import Decimal128, ObjectId, json_util

from accounts.roles import Scope
from debtors.models import Debtor
from debtors.queries import conditions_of
from domain.audiences import Filter, Op
from lib.mongo import collection, session
from lib.paging import LARGEST, PAGE_SIZE

GATHERED = 5_000
"""Debtors that are looked at one by one, and sorted, for a page."""
WINDOW = 5_000
"""Members that are looked at for a page."""
STEP = 500
WALKED = 100_000
"""Debtors that are walked past for a page, so many at a step, while it is not full and its time has not passed."""
QUICK, PATIENT = 0.015, 0.6
"""Seconds after which no further step is begun."""
COUNTED = 1_000
"""Debtors that are counted before a list says “more than 1,000”."""
BATCH = 1_000
"""Members that are looked at together."""
METADATA = "debtor_metadata"
"""The index of every column of metadata (migrations)."""

Document = dict[str, Any]
Mark = tuple[Any, ObjectId | None, bool]
"""A value of what the list is in the order of, the key beside it, and whether the page ends before it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is in the order of: the field, its direction, the index, and what its values are."""

    field: str
    direction: int
    index: str
    kind: type


ORDERS: Mapping[str, Order] = {
    "latest": Order("updated_at", -1, "debtor_updated", datetime),
    "name": Order("folded_name", 1, "debtor_name", str),
    # Of these each has a filter that leaves out who has none, by which it is offered.
    "answered": Order("answered_at", -1, "debtor_answered", datetime),
    "debt": Order("debt", -1, "debtor_debt", Decimal128),
    "due": Order("due_date", 1, "debtor_due", datetime),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which debtors: all of it has to hold, and None asks for nothing. Of `audience` files are asked as members."""

    audience: Filter = field(default_factory=Filter)
    owner: ObjectId | None = None
    nobodys: bool = False
    answered: bool | None = None
    suppressed: bool | None = None

    @property
    def empty(self) -> bool:
        return self == Wanted()

    @property
    def orders(self) -> list[str]:
        """The orders that the list can have, the usual one first."""
        own = []
        if self.answered:
            own.append("answered")
        if self.audience.debt_from is not None or self.audience.debt_to is not None:
            own.append("debt")
        if self.audience.due_from is not None or self.audience.due_to is not None:
            own.append("due")
        return [*own, "latest", "name"]


class Members(Protocol):
    """Debtors that something lists in an order of its own, such as the rows of a file."""

    def beside(self, place: Any, *, backwards: bool, limit: int) -> list[tuple[Any, ObjectId | None]]:
        """The next ones behind a place, or in front of it and then backwards, each with its place; None begins."""

    def among(self, keys: Sequence[ObjectId]) -> set[ObjectId]:
        """Which of these it lists."""

    def number(self) -> int:
        """How many it lists, at once however many they are."""

    kind: type
    """Of places."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A raw condition, and the index that finds what fits; without one it is asked of what others find."""

    asked: Document
    index: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A page: the debtors' keys, the marks of those around it, and how many there are in all.

    `more`: at least so many. `onward`: only `looked` debtors were looked at, and this is the mark from
    where to look further.
    """

    keys: Sequence[ObjectId]
    previous: str = ""
    following: str = ""
    number: int = 0
    more: bool = False
    onward: str = ""
    looked: int = 0

    @property
    def alone(self) -> bool:
        return not self.previous and not self.following

    @property
    def further(self) -> bool:
        return bool(self.onward)


class Listing:
    """One list, decided once: so its pages fit together while it is read to its end."""

    def __init__(self, wanted: Wanted, *, scope: Scope, members: Sequence[Members] = (), order: str = "") -> None:
        self.wanted = wanted
        self.members = list(members)
        self.orders = wanted.orders
        self.order = order if order in self.orders else self.orders[0]
        self._by = ORDERS[self.order]
        self._conditions = [*_scoped(scope), *_conditions(wanted)]

    @property
    def condition(self) -> Document:
        """All that is asked of a debtor, as one raw filter; members apart."""
        return _all_of([each.asked for each in self._conditions])

    @property
    def in_own_order(self) -> bool:
        """Whether it is in the order of its members: of a file's rows, of a campaign's messages."""
        return bool(self.members) and self._lead is None

    def page(self, mark: str = "", *, size: int = PAGE_SIZE, longest: float = PATIENT) -> Found:
        """The page at a mark; the first where the mark can't be read. It is empty where nothing is left behind it.

        A walk begins no further step after so many seconds (QUICK or PATIENT).
        """
        lead = self.members[0] if self.in_own_order else None
        read = _read(mark, lead.kind if lead else self._by.kind, keyed=lead is None)
        if self._lead is not None:
            return self._gathered_page(read, size)
        return self._members_page(read, size) if self.members else self._walked_page(read, size, longest)

    def every(self) -> Iterator[list[ObjectId]]:
        """The keys of all of them, some at a time, each debtor that does not change meanwhile once."""
        if self._lead is not None:
            keys = [key for _value, key in self._gathered]
            yield from (keys[place : place + BATCH] for place in range(0, len(keys), BATCH))
        elif self.members:
            yield from self._every_member()
        else:
            # In the order of keys, which no change moves.
            rows = collection(Debtor).find(self.condition, {"_id": 1}, session=session(), allow_disk_use=True)
            batch: list[ObjectId] = []
            for row in rows.sort("_id", 1):
                batch.append(row["_id"])
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch

    # Gathered ---------------------------------------------------------------------------------------------------------
    @cached_property
    def _lead(self) -> Condition | None:
        """The condition that finds the fewest, where they are few enough."""
        if not self.members and len(self._conditions) == 1 and self._prefix:
            return None  # its own index has them in order
        lead, fewest = None, GATHERED + 1
        for each in self._conditions:
            # Counted no further than what would make it the one.
            if each.index and (number := _count(each.asked, each.index, fewest)) < fewest:
                lead, fewest = each, number
            if not fewest:
                break
        return lead

    @cached_property
    def _gathered(self) -> list[tuple[Any, ObjectId]]:
        """All that fit, in order."""
        assert self._lead is not None
        by = self._by
        rows = collection(Debtor).find(self.condition, {by.field: 1}, session=session(), batch_size=GATHERED)
        # More may have come since they were counted; they are shown the next time.
        rows = rows.hint(self._lead.index).sort([(by.field, by.direction), ("_id", by.direction)]).limit(2 * GATHERED)
        found = [(row[by.field], row["_id"]) for row in rows]
        for each in self.members:
            there = each.among([key for _value, key in found])
            found = [row for row in found if row[1] in there]
        return found

    def _gathered_page(self, mark: Mark | None, size: int) -> Found:
        rows, up = self._gathered, self._by.direction == 1

        def passed(row: tuple[Any, ObjectId], value: Any, key: Any) -> bool:
            """Whether the row stands in front of a place or at it."""
            own, other = (_comparable(row[0]), row[1]), (_comparable(value), key)
            return own <= other if up else own >= other

        begin, end = 0, size
        if mark is not None:
            value, key, backwards = mark
            at = sum(passed(row, value, key) for row in rows)
            if backwards:
                end = at - sum((_comparable(row[0]), row[1]) == (_comparable(value), key) for row in rows)
                begin = max(0, end - size)
            else:
                begin, end = at, at + size
        shown = rows[begin:end]
        if not shown and rows:
            return self._gathered_page(None, size)  # all that were there when the mark was made are gone
        return Found(
            [key for _value, key in shown],
            previous=_write(*shown[0], backwards=True) if shown and begin else "",
            following=_write(*shown[-1], backwards=False) if shown and end < len(rows) else "",
            number=len(rows),
        )

    # Members ----------------------------------------------------------------------------------------------------------
    def _members_page(self, mark: Mark | None, size: int) -> Found:
        lead = self.members[0]
        place, backwards = (mark[0], mark[2]) if mark else (None, False)
        asked = bool(self._conditions) or len(self.members) > 1
        rows: list[tuple[Any, ObjectId]] = []
        looked, ended = 0, False
        while len(rows) <= size and looked < WINDOW and not ended:
            limit = BATCH if asked else size + 1
            batch = lead.beside(place, backwards=backwards, limit=limit)
            looked, ended = looked + len(batch), len(batch) < limit
            fitting = self._fitting([key for _place, key in batch if key])
            rows += [(at, key) for at, key in batch if key in fitting]
            place = batch[-1][0] if batch else place
        found = self._found([(at, None, key) for at, key in rows], mark, size, place=(place, None), ended=ended, up=1)
        return replace(found, looked=looked) if asked else replace(found, number=lead.number(), more=False)

    def _fitting(self, keys: Sequence[ObjectId]) -> set[ObjectId]:
        """Which of these are debtors that fit."""
        if not keys:
            return set()
        asked = _all_of([{"_id": {"$in": list(keys)}}, self.condition] if self._conditions else [])
        asked = asked or {"_id": {"$in": list(keys)}}
        there = {row["_id"] for row in collection(Debtor).find(asked, {"_id": 1}, session=session()).hint("_id_")}
        for each in self.members[1:]:
            there &= each.among(list(there))
        return there

    def _every_member(self) -> Iterator[list[ObjectId]]:
        place: Any = None
        while batch := self.members[0].beside(place, backwards=False, limit=BATCH):
            place = batch[-1][0]
            fitting = self._fitting([key for _place, key in batch if key])
            yield [key for key in dict.fromkeys(key for _place, key in batch if key) if key in fitting]

    # Walked -----------------------------------------------------------------------------------------------------------
    @cached_property
    def _prefix(self) -> Condition | None:
        """The condition whose index has what fits in the order of the list."""
        if self.order != "latest":
            return None
        return next((each for each in self._conditions if each.index in ("debtor_owner", "debtor_suppressed")), None)

    def _walked_page(self, mark: Mark | None, size: int, longest: float) -> Found:
        by = self._by
        index = self._prefix.index if self._prefix else by.index
        # What the index itself tells needs no steps: each of its keys is a debtor that fits.
        own = [each.asked for each in self._conditions if each is self._prefix or each.index == index]
        others = [each.asked for each in self._conditions if each.asked not in own]
        backwards = mark is not None and mark[2]
        direction = -by.direction if backwards else by.direction
        sort = [(by.field, direction), ("_id", direction)]
        rows: list[tuple[Any, Any, ObjectId]] = []
        place = mark[:2] if mark else None
        ended = False
        looked, begun = 0, time.monotonic()
        while looked < WALKED and (not looked or time.monotonic() - begun < longest):
            asked = [*own, *_behind(by.field, place, direction)]
            found, end = self._step(asked, others, index=index, sort=sort, limit=size + 1 - len(rows))
            rows += [(row[by.field], row["_id"], row["_id"]) for row in found]
            if end is None:
                ended = True
                break
            place, looked = end, looked + STEP
            if len(rows) > size:
                break
        found_page = self._found(rows, mark, size, place=place or (None, None), ended=ended, up=by.direction)
        number, more = self._walked_number(found_page, own=not others)
        return replace(found_page, number=number, more=more, looked=looked)

    def _step(
        self, asked: Sequence[Document], others: Sequence[Document], *, index: str, sort: Any, limit: int
    ) -> tuple[list[Document], tuple[Any, ObjectId] | None]:
        """The debtors of the next step that fit, and where the step ends; None where it is the last one."""
        field = self._by.field
        if not others:
            found = collection(Debtor).find(_all_of(asked), {field: 1}, session=session()).hint(index).sort(sort)
            return list(found.limit(limit)), None
        stages = _step_stages(field, asked, others, sort=sort, limit=limit)
        (both,) = collection(Debtor).aggregate(stages, hint=index, session=session())
        end = next(((row[field], row["_id"]) for row in both["last"]), None)
        return both["fitting"], end

    def _walked_number(self, found: Found, *, own: bool) -> tuple[int, bool]:
        """How many there are, as far as it is cheap to tell."""
        if not self._conditions or own:
            number = _count(self.condition, self._prefix.index if self._prefix else self._by.index, COUNTED + 1)
            return min(number, COUNTED), number > COUNTED
        if len(self._conditions) == 1 and self._conditions[0].index:
            return COUNTED, True  # else they would have been gathered
        return found.number, found.more

    def _found(
        self, rows: list[tuple[Any, Any, ObjectId]], mark: Mark | None, size: int, *, place: Any, ended: bool, up: int
    ) -> Found:
        """The page of rows (place, key beside it, debtor) that were read from a mark in its direction, as far as
        `place`, or to the end of all; `up` is the list's direction."""
        backwards = mark is not None and mark[2]
        over = len(rows) > size
        shown = rows[:size]
        further = not ended and not over
        edge = shown[-1][:2] if over else place
        beyond = _write(*edge, backwards=backwards) if over or further else ""
        back = ""
        if mark is not None:
            # From the first row that is shown; where none is, from the mark, whose own row was shown before.
            start = shown[0][:2] if shown else _beside(*mark[:2], up if backwards else -up)
            back = _write(*start, backwards=not backwards)
        if backwards:
            shown = shown[::-1]
        previous, following = (beyond, back) if backwards else (back, beyond)
        alone = not previous and not following
        return Found(
            list(dict.fromkeys(row[2] for row in shown)),
            previous,
            following,
            number=len(shown),
            more=not alone,
            onward=beyond if further else "",
        )


# Conditions -----------------------------------------------------------------------------------------------------------
def _scoped(scope: Scope) -> list[Condition]:
    return [] if scope.everything else [Condition({"owner_id": scope.owner}, "debtor_owner")]


def _conditions(wanted: Wanted) -> list[Condition]:
    found = []
    if wanted.owner is not None or wanted.nobodys:
        found.append(Condition({"owner_id": wanted.owner}, "debtor_owner"))
    if wanted.suppressed is not None:
        found.append(Condition({"suppressed": wanted.suppressed}, "debtor_suppressed"))
    if wanted.answered is not None:
        # Any time, which leaves out null; `$ne` would read the index twice.
        asked: Any = {"$gt": datetime.min} if wanted.answered else None  # noqa: DTZ901  # as MongoDB stores times
        found.append(Condition({"answered_at": asked}, "debtor_answered"))
    columns = [test for test in wanted.audience.tests if test.op is Op.IS]
    found += [Condition({f"metadata.{test.key}": {"$in": _spellings(test.values)}}, METADATA) for test in columns]
    rest = replace(wanted.audience, imports=(), tests=tuple(t for t in wanted.audience.tests if t.op is not Op.IS))
    found += [Condition(asked, index) for asked, index in conditions_of(rest)]
    return found


def _spellings(values: Sequence[str]) -> list[str]:
    """The values as they were typed and in the usual cases: an index finds values as they are, not by patterns."""
    return list(
        dict.fromkeys(
            each
            for value in values
            for each in (value, value.lower(), value.upper(), value.capitalize(), value.title())
        )
    )


def _all_of(asked: Sequence[Document]) -> Document:
    conditions = [each for each in asked if each]
    return {"$and": conditions} if len(conditions) > 1 else conditions[0] if conditions else {}


def _count(asked: Document, index: str, limit: int) -> int:
    return int(collection(Debtor).count_documents(asked, limit=limit, hint=index, session=session()))


# Places ---------------------------------------------------------------------------------------------------------------
def _step_stages(
    name: str, asked: Sequence[Document], others: Sequence[Document], *, sort: Any, limit: int
) -> list[Document]:
    """Which debtors of a step fit, and where it ends, of one reading: the end alone would read them once more."""
    shown = {"$project": {name: 1}}
    fitting = [{"$match": _all_of(others)}, {"$limit": limit}, shown]
    return [
        {"$match": _all_of(asked)},
        {"$sort": dict(sort)},
        {"$limit": STEP},
        {"$facet": {"fitting": fitting, "last": [{"$skip": STEP - 1}, shown]}},
    ]


def _behind(name: str, place: Any, direction: int) -> list[Document]:
    """Behind a place, in that direction."""
    if place is None:
        return []
    value, key = place
    beyond = "$gt" if direction == 1 else "$lt"
    # The first one alone decides for the index; the second tells rows of the same value apart.
    return [{name: {f"{beyond}e": value}}, {"$or": [{name: {beyond: value}}, {"_id": {beyond: key}}]}]


def _beside(value: Any, key: ObjectId | None, direction: int) -> tuple[Any, ObjectId | None]:
    """The place right in front of one, for reading in that direction: what stands at it is read again."""
    if key is not None:
        return value, _shifted(key, -direction)
    return (_shifted(value, -direction) if isinstance(value, ObjectId) else value - direction), None


def _shifted(key: ObjectId, by: int) -> ObjectId:
    number = min(max(int(str(key), 16) + by, 0), 2**96 - 1)
    return ObjectId(f"{number:024x}")


def _comparable(value: Any) -> Any:
    return value.to_decimal() if isinstance(value, Decimal128) else value


def _write(value: Any, key: ObjectId | None, *, backwards: bool) -> str:
    text = json_util.dumps([value, key, backwards], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(mark: str, kind: type, *, keyed: bool) -> Mark | None:
    """The place that a mark means; None for one that can't be of a list in this order: somebody shortened an address,
    or it is of another order."""
    try:
        text = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4))
        value, key, backwards = json.loads(text, object_hook=json_util.object_hook)
        if isinstance(value, datetime):
            value = value.replace(tzinfo=None)
        elif isinstance(value, str):
            value.encode()
        sound = type(value) is kind and isinstance(key, ObjectId) == keyed and isinstance(backwards, bool)
        if isinstance(value, int):
            sound = sound and abs(value) <= LARGEST
        elif isinstance(value, Decimal128):
            sound = sound and value.to_decimal().is_finite()
    except Exception:  # whatever is wrong with it, it is no mark of ours
        return None
    return (value, key if keyed else None, backwards) if sound else None
