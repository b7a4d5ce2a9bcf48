"""Debtors as plain values, read page by page along an index: what a campaign's audience is enrolled from."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId
from django.db.models import QuerySet
from pymongo.errors import ExecutionTimeout

import lib.arrays  # noqa: F401  # the lookup any_startswith
from debtors.models import Debtor, Import, ImportRow, Outcome
from domain.audiences import CORE, ColumnTest, Filter, Op
from domain.finding import all_terms, search_terms
from domain.folding import fold
from lib.mongo import collection, session

IMPORTS_READ = 200
"""Files whose columns a list offers, the latest ones."""

VALID_OUTCOMES = (Outcome.CREATED.value, Outcome.UPDATED.value, Outcome.UNCHANGED.value)


@dataclass(frozen=True, slots=True)
class DebtorValues:
    """What messages are rendered from."""

    id: ObjectId
    name: str
    phone: str
    """E.164."""
    country: str
    """ISO 3166 code of the phone's country."""
    debt: Decimal | None
    rut: str
    external_id: str
    due_date: date | None
    metadata: Mapping[str, str]
    """By the folded name of the column."""


_VALUES = {"name": 1, "phone": 1, "country": 1, "debt": 1, "rut": 1, "external_id": 1, "due_date": 1, "metadata": 1}


def audience_rows(
    import_id: ObjectId | str, after_number: int = 0, limit: int = 1_000, *, last: int | None = None
) -> list[tuple[int, ObjectId]]:
    """The next valid rows of an import as (row number, debtor's id), unchanged ones too, in the file's order, up to
    the row `last`."""
    condition = audience_filter(import_id, after_number)
    if last is not None:
        condition["number"]["$lte"] = last
    rows = collection(ImportRow).find(condition, {"number": 1, "debtor_id": 1}, session=session())
    return [(int(row["number"]), row["debtor_id"]) for row in rows.sort("number", 1).limit(limit)]


def audience_filter(import_id: ObjectId | str, after_number: int) -> dict[str, Any]:
    return {
        "import_id": ObjectId(import_id),
        "number": {"$gt": after_number},
        "outcome": {"$in": list(VALID_OUTCOMES)},
        "debtor_id": {"$ne": None},  # a debtor erased since
    }


def count_audience(import_id: ObjectId | str) -> int:
    """How many rows `audience_rows` has in all."""
    return collection(ImportRow).count_documents(audience_filter(import_id, 0), session=session())


def debtors_in(imports: Iterable[ObjectId], debtors: Iterable[ObjectId]) -> set[ObjectId]:
    """Which of these debtors have a valid row in one of these imports."""
    condition = {
        "debtor_id": {"$in": list(debtors)},
        "import_id": {"$in": list(imports)},
        "outcome": {"$in": list(VALID_OUTCOMES)},
    }
    return {row["debtor_id"] for row in collection(ImportRow).find(condition, {"debtor_id": 1}, session=session())}


def debtors_by_id(ids: Iterable[ObjectId]) -> dict[ObjectId, DebtorValues]:
    """The debtors of these ids; those that are gone are left out."""
    documents = collection(Debtor).find({"_id": {"$in": list(ids)}}, _VALUES, session=session())
    return {values.id: values for values in map(_values, documents)}


def phones_of(ids: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """The phones of those that are there now."""
    found = collection(Debtor).find({"_id": {"$in": list(ids)}}, {"phone": 1}, session=session())
    return {row["_id"]: row["phone"] for row in found}


def all_debtors(after_id: ObjectId | None = None, limit: int = 1_000) -> list[DebtorValues]:
    """The next debtors in the order of their ids, which is about the order of their creation."""
    condition = {"_id": {"$gt": after_id}} if after_id else {}
    documents = collection(Debtor).find(condition, _VALUES, session=session()).sort("_id", 1).limit(limit)
    return [_values(document) for document in documents]


def count_debtors() -> int:
    """About how many debtors there are: exact but for a moment after a crash, and as fast for a million."""
    return collection(Debtor).estimated_document_count()


def metadata_columns(imports: Iterable[ObjectId] | None) -> list[str]:
    """The folded names of the columns that these imports brought, or all of them; each once, in order of appearance."""
    found = collection(Import).find(_imports(imports), {"columns": 1}, session=session()).sort("_id", 1)
    return list(dict.fromkeys(column["key"] for row in found for column in row["columns"]))


def field_aliases(imports: Iterable[ObjectId] | None) -> dict[str, str]:
    """{folded header: field} of the columns that became fields: `Saldo vencido` may be what a file calls the debt."""
    found = collection(Import).find(_imports(imports), {"mapping": 1}, session=session())
    return {fold(header): name for each in found for name, header in each["mapping"].items()}


# Audiences by a filter ------------------------------------------------------------------------------------------------
WINDOW = 20_000
"""Debtors that are read at most for one page of those that fit: a page never takes long, however few fit."""
COUNTED_FOR = 1_500
"""Milliseconds that counting may take: what no index serves would read every debtor."""
FEW, TURNS = 10_000, 4
"""So few are counted in a moment without any index. If they are not, the machine is busy: so often it is tried."""
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are. `more`: at least so many, not counted any further; `slow`: it would have taken too long."""

    number: int
    more: bool = False
    slow: bool = False


def condition_of(wanted: Filter) -> dict[str, Any]:
    """The raw filter of the debtors that fit, as domain.audiences.matches says, whatever file they are from."""
    asked = [condition for condition, _index in conditions_of(wanted)]
    return {"$and": asked} if asked else {}


def conditions_of(wanted: Filter) -> list[tuple[dict[str, Any], str]]:
    """The same one by one, each with the index that finds what fits; empty where none does."""
    asked: list[tuple[dict[str, Any], str]] = []
    if bounds := _bounds(wanted.debt_from, wanted.debt_to, Decimal128):
        asked.append(({"debt": bounds}, "debtor_debt"))
    if bounds := _bounds(wanted.due_from, wanted.due_to, lambda day: datetime.combine(day, time())):
        asked.append(({"due_date": bounds}, "debtor_due"))
    if wanted.country:
        asked.append(({"country": wanted.country}, "debtor_country"))
    asked += [({"words": {"$regex": f"^{re.escape(term)}"}}, "debtor_words") for term in all_terms(wanted.text)]
    asked += [(_asked(test), "") for test in wanted.tests]
    return asked


def _bounds(low: Any, high: Any, stored: Any) -> dict[str, Any]:
    given = {"$gte": low, "$lte": high}
    return {operator: stored(value) for operator, value in given.items() if value is not None}


def _asked(test: ColumnTest) -> dict[str, Any]:
    path = test.key if test.key in CORE else f"metadata.{test.key}"
    if test.op is Op.IS:
        return {path: {"$regex": test.pattern, "$options": "i"}}
    there: Any = {"$ne": None} if test.key in ("debt", "due_date") else {"$regex": r"\S"}
    return {path: there} if test.op is Op.HAS else {path: {"$not": there}}


def fitting(
    condition: Mapping[str, Any], *, after: ObjectId | None = None, limit: int = 1_000
) -> tuple[list[DebtorValues], ObjectId | None]:
    """The next debtors that fit in the order of their ids, and behind which id to go on; None at the end.

    There may be fewer than `limit`, and none at all, with more behind them.
    """
    debtors = collection(Debtor)
    place: dict[str, Any] = {"$gt": after} if after else {}
    edge = debtors.find({"_id": place} if place else {}, {"_id": 1}, session=session()).sort("_id", 1)
    ends = [row["_id"] for row in edge.skip(WINDOW - 1).limit(1)]
    if ends:
        place["$lte"] = ends[0]
    asked = {**({"_id": place} if place else {}), **condition}
    rows = debtors.find(asked, _VALUES, session=session()).sort("_id", 1).limit(limit).hint("_id_")
    found = [_values(row) for row in rows]
    if len(found) == limit:
        return found, found[-1].id
    return found, ends[0] if ends else None


def count_fitting(wanted: Filter, *, milliseconds: int = COUNTED_FOR) -> Counted:
    """How many debtors fit, each once, up to MOST_COUNTED and for so long."""
    condition = condition_of(wanted)
    if not wanted.imports:
        return _bounded(lambda: _count(condition, milliseconds))
    rows = {**_of_imports(wanted.imports), "outcome": {"$in": list(VALID_OUTCOMES)}, "debtor_id": {"$ne": None}}
    stages: list[dict[str, Any]] = [{"$match": rows}, {"$group": {"_id": "$debtor_id"}}]
    if condition:
        own = [{"$match": condition}, {"$project": {"_id": 1}}]
        join = {"from": Debtor._meta.db_table, "localField": "_id", "foreignField": "_id", "pipeline": own, "as": "is"}
        stages += [{"$lookup": join}, {"$match": {"is": {"$ne": []}}}]
    stages += [{"$limit": MOST_COUNTED + 1}, {"$count": "n"}]

    def count() -> int:
        found = list(collection(ImportRow).aggregate(stages, maxTimeMS=milliseconds, session=session()))
        return int(found[0]["n"]) if found else 0

    return _bounded(count)


def count_rows(import_id: ObjectId | str, *, first: int = 1, last: int | None = None) -> Counted:
    """How many valid rows an import has from one to another."""
    condition = audience_filter(import_id, first - 1)
    if last is not None:
        condition["number"]["$lte"] = last
    options = {"limit": MOST_COUNTED + 1, "maxTimeMS": COUNTED_FOR}
    return _bounded(lambda: collection(ImportRow).count_documents(condition, session=session(), **options))


def _count(condition: Mapping[str, Any], milliseconds: int) -> int:
    options = {"limit": MOST_COUNTED + 1, "maxTimeMS": milliseconds}
    return int(collection(Debtor).count_documents(condition, session=session(), **options))


def _bounded(count: Callable[[], int]) -> Counted:
    """What it counts in time. Of a few documents it is no fault of the question when it does not: it is asked again."""
    for _turn in range(TURNS):
        try:
            number = count()
        except ExecutionTimeout:
            if any(collection(one).estimated_document_count() > FEW for one in (Debtor, ImportRow)):
                break
        else:
            return Counted(min(number, MOST_COUNTED), more=number > MOST_COUNTED)
    return Counted(0, slow=True)


def _of_imports(imports: Iterable[str | ObjectId]) -> dict[str, Any]:
    return {"import_id": {"$in": [ObjectId(each) for each in imports]}}


def id_before(position: int) -> ObjectId | None:
    """Behind which id the debtor at this position (from 1) stands, in the order of ids; None for the first.

    Raises LookupError when there are fewer.
    """
    if position <= 1:
        return None
    ids = collection(Debtor).find({}, {"_id": 1}, session=session()).sort("_id", 1).skip(position - 2).limit(1)
    for row in ids:
        found: ObjectId = row["_id"]
        return found
    raise LookupError(position)


def existing(ids: Iterable[ObjectId]) -> list[ObjectId]:
    """Those of the ids that are debtors', in their order."""
    wanted = list(ids)
    there = {row["_id"] for row in collection(Debtor).find({"_id": {"$in": wanted}}, {"_id": 1}, session=session())}
    return [each for each in wanted if each in there]


# Lists of the pages (see also debtors/listing.py) ---------------------------------------------------------------------
def listed(*, search: str = "") -> QuerySet[Debtor]:
    """The debtors that a search finds by beginnings of words: for a few of them, by their latest change."""
    found = Debtor.objects.defer("metadata", "words")
    for term in search_terms(search):
        found = found.filter(words__any_startswith=term)
    return found


class RowsOf:
    """An import's debtors as members of a list (debtors.listing.Members), in the file's order."""

    kind: type = int

    def __init__(self, brought: Import) -> None:
        self.brought = brought

    def beside(self, place: Any, *, backwards: bool, limit: int) -> list[tuple[Any, ObjectId | None]]:
        bounds = {"before": place} if backwards else {"after": place or 0}
        rows = brought_by(self.brought.pk, **bounds).values_list("number", "debtor_id")[:limit]
        return [(int(number), debtor) for number, debtor in rows]

    def among(self, keys: Iterable[ObjectId]) -> set[ObjectId]:
        return debtors_in([self.brought.pk], keys)

    def number(self) -> int:
        return int(self.brought.created + self.brought.updated + self.brought.unchanged)


def brought_by(import_id: ObjectId, *, after: int = 0, before: int = 0) -> QuerySet[ImportRow]:
    """The valid rows of an import in the file's order, behind one number; or those in front of one, backwards."""
    rows = ImportRow.objects.filter(source=import_id, outcome__in=VALID_OUTCOMES)
    return (
        rows.filter(number__lt=before).order_by("-number")
        if before
        else rows.filter(number__gt=after).order_by("number")
    )


def known_columns() -> dict[str, str]:
    """{column's key: its header} of what files brought beside the fields, the latest ones first."""
    latest = collection(Import).find({}, {"columns": 1}, session=session()).sort("_id", -1).limit(IMPORTS_READ)
    found: dict[str, str] = {}
    for row in latest:
        for column in row["columns"]:
            found.setdefault(column["key"], column["header"])
    return found


def refused_rows(import_id: ObjectId) -> QuerySet[ImportRow]:
    """The rejected and duplicate rows of an import, in the file's order; an index has these alone."""
    return ImportRow.objects.filter(source=import_id, code__gt="").order_by("number")


def rows_of(debtor: ObjectId, *, most: int = 10) -> list[ImportRow]:
    """The latest rows that brought a debtor, with their imports."""
    return list(ImportRow.objects.filter(debtor=debtor).select_related("source").order_by("-pk")[:most])


def _imports(imports: Iterable[ObjectId] | None) -> dict[str, Any]:
    return {} if imports is None else {"_id": {"$in": list(imports)}}


def _values(document: Mapping[str, Any]) -> DebtorValues:
    debt, due_date = document["debt"], document["due_date"]
    return DebtorValues(
        id=document["_id"],
        name=document["name"],
        phone=document["phone"],
        country=document["country"],
        debt=debt.to_decimal() if debt is not None else None,
        rut=document["rut"],
        external_id=document["external_id"],
        due_date=due_date.date() if due_date is not None else None,
        metadata=document["metadata"],
    )
