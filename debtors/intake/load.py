"""Rows to MongoDB, in batches: each batch, with the outcome of every row and the counts, is one transaction.

A kill leaves whole batches only, and the same file again completes it: what is there already is `unchanged`.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from bson import Decimal128, Int64, ObjectId
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from debtors import suppressions
from debtors.intake.cells import to_stored
from debtors.models import Debtor, Import, ImportRow, Outcome, found_by
from domain.cells import Cell
from domain.headers import Field
from domain.rows import DebtorRow, RowError, RowReader
from lib.mongo import bulk_write, collection, insert_many, retry_unavailable, run_tx, session

BATCH_ROWS: Final = 2_000
AWAY_SECONDS: Final = 60
"""How long a batch is tried again while MongoDB does not answer."""
CLASHES: Final = 8
"""How often a batch starts over because another import created one of its debtors meanwhile."""

EXPONENT_BIAS: Final = 6176
"""Of IEEE 754 decimal128. Its high word holds it 49 bits up while the digits fit the low word: ours are at most 18."""

Document = dict[str, Any]
_FINDS = frozenset({"name", "rut", "external_id", "phone"})
"""What a debtor is found by."""


class LeaseLost(Exception):
    """Another worker reads this import now, or nobody may: nothing of the batch was stored."""


@dataclass(slots=True)
class RowResult:
    """One row, read: a debtor, or why not. `cells` are kept where there is no debtor."""

    number: int
    row: DebtorRow | None
    outcome: str = ""
    code: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)
    cells: Sequence[Cell] = ()
    debtor: ObjectId | None = None


class Duplicates:
    """Finds the rows of one file that are a debtor it already had. About 130 bytes a row are kept."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._numbers = array("q")
        self._phones = array("q")

    def check(self, number: int, row: DebtorRow) -> RowError | None:
        """None for the first row of a debtor; for a later one, which row it repeats and by which field."""
        place = self._place.setdefault(row.identity, len(self._numbers))
        if place == len(self._numbers):
            self._numbers.append(number)
            self._phones.append(int(row.phone))
            return None
        kind, _colon, value = row.identity.partition(":")
        code = {"id": "same_external_id", "rut": "same_rut", "tel": "same_phone"}[kind]
        params: dict[str, str | int] = {"row": self._numbers[place], "value": value}
        if self._phones[place] != int(row.phone):
            return RowError(f"{code}_other_phone", {**params, "phone": row.phone})
        return RowError(code, params)


def read_row(reader: RowReader, duplicates: Duplicates, number: int, cells: Sequence[Cell]) -> RowResult:
    """What becomes of a row by its file alone: a debtor, or rejected, or a duplicate, and why."""
    row = reader.read(cells)
    if isinstance(row, RowError):
        return RowResult(number, None, Outcome.REJECTED.value, row.code, row.params, cells)
    if repeated := duplicates.check(number, row):
        return RowResult(number, None, Outcome.DUPLICATE.value, repeated.code, repeated.params, cells)
    return RowResult(number, row)


class Loader:
    """Gives every row its outcome, and stores it unless it is a dry run (`import_id` is None).

    `fields` are those that the file has a column for: no other field of a debtor is touched. An empty cell clears a
    debt, a due date or a metadata column, but never a name or what identifies.

    With a `token` a batch is stored only while the import's lease has it.
    """

    def __init__(
        self, *, import_id: ObjectId | None, fields: frozenset[Field], owner_id: ObjectId | None, token: str = ""
    ) -> None:
        self._import_id = import_id
        self._token = token
        self._fields = fields
        self._owner_id = owner_id
        self._out: set[str] = set()
        """The people of the batch at work who are on the suppression list, by whichever phone."""

    def load(self, batch: Sequence[RowResult]) -> Counter[str]:
        """How many rows had each outcome, which is also set in them. Repeats itself while MongoDB is away.

        Raises LeaseLost.
        """
        if self._import_id is None:
            self._decide(batch, stored_now())
            return Counter(result.outcome for result in batch)
        tried = False

        def once() -> None:
            nonlocal tried
            # The answer to a commit may have been lost: what is stored is not stored again.
            if tried and self._recall(batch):
                return
            tried = True
            _again_after_clash(lambda: run_tx(lambda: self._store(batch)))

        retry_unavailable(once, seconds=AWAY_SECONDS)
        return Counter(result.outcome for result in batch)

    def _store(self, batch: Sequence[RowResult]) -> None:
        now = stored_now()
        operations = self._decide(batch, now)
        if operations:
            bulk_write(Debtor, operations)
        if self._out:
            # Somebody on the suppression list has another phone now: the list follows them.
            suppressions.follow([row for row in self._people(batch) if row["identity"] in self._out])
        insert_many(ImportRow, [self._row_document(result) for result in batch])
        counts = Counter(result.outcome for result in batch)
        increments = {outcome: Int64(count) for outcome, count in counts.items()}
        place = {"position": Int64(batch[-1].number), "starts": Int64(0), "heartbeat_at": now}
        stored = collection(Import).update_one(
            {"_id": self._import_id, "work_token": self._token},
            {"$inc": {**increments, "rows": Int64(len(batch))}, "$set": place},
            session=session(),
        )
        if not stored.matched_count:
            raise LeaseLost

    def _recall(self, batch: Sequence[RowResult]) -> bool:
        numbers = [result.number for result in batch]
        found = collection(ImportRow).find(
            {"import_id": self._import_id, "number": {"$gte": numbers[0], "$lte": numbers[-1]}},
            {"number": 1, "outcome": 1, "debtor_id": 1},
        )
        stored = {row["number"]: row for row in found}
        for result in batch if stored else ():
            result.outcome, result.debtor = stored[result.number]["outcome"], stored[result.number]["debtor_id"]
        return bool(stored)

    def _decide(self, batch: Sequence[RowResult], now: datetime) -> list[Any]:
        """Sets the outcome of the batch's valid rows; the writes that make it true."""
        rows = [result for result in batch if result.row is not None]
        wanted = {"identity": {"$in": [result.row.identity for result in rows if result.row]}}
        # In one answer: by itself the server splits it after a hundred.
        found = collection(Debtor).find(wanted, batch_size=len(rows) + 1, session=session())
        known = {document["identity"]: document for document in found}
        phones = suppressions.suppressed({result.row.phone for result in rows if result.row})
        self._out = set(suppressions.people_suppressed({result.row.identity for result in rows if result.row}))
        operations: list[Any] = []
        for result in rows:
            row = result.row
            assert row is not None
            document = known.get(row.identity)
            if document is None:
                result.outcome, result.debtor = Outcome.CREATED.value, ObjectId()
                out = row.phone in phones or row.identity in self._out
                operations.append(InsertOne({**self._new_document(result.debtor, row, now), "suppressed": out}))
                continue
            result.debtor = document["_id"]
            changes = self._changes(document, row)
            result.outcome = Outcome.UPDATED.value if changes else Outcome.UNCHANGED.value
            if changes:
                if not _FINDS.isdisjoint(changes):
                    values: dict[str, Any] = {name: changes.get(name, document[name]) for name in _FINDS}
                    changes.update(found_by(**values))
                if "phone" in changes:
                    changes["suppressed"] = row.phone in phones or row.identity in self._out
                operations.append(UpdateOne({"_id": result.debtor}, {"$set": {**changes, "updated_at": now}}))
        return operations

    def _new_document(self, key: ObjectId, row: DebtorRow, now: datetime) -> Document:
        return {
            "_id": key,
            "identity": row.identity,
            "name": row.name,
            "phone": row.phone,
            "phone_raw": row.phone_raw,
            "country": row.country,
            "debt": _stored_amount(row.debt),
            "rut": row.rut,
            "external_id": row.external_id,
            "due_date": _stored_day(row.due_date),
            "owner_id": self._owner_id,
            "metadata": row.metadata,
            "answered_at": None,
            "created_at": now,
            "updated_at": now,
            **found_by(name=row.name, rut=row.rut, external_id=row.external_id, phone=row.phone),
        }

    def _changes(self, document: Document, row: DebtorRow) -> Document:
        """What the row says otherwise than the stored debtor. The same number written otherwise is no change."""
        changes: Document = {}
        if row.phone != document["phone"]:
            changes.update(phone=row.phone, phone_raw=row.phone_raw, country=row.country)
        for column, text in (("name", row.name), ("rut", row.rut), ("external_id", row.external_id)):
            if text and text != document[column]:
                changes[column] = text
        if Field.DEBT in self._fields:
            debt = _stored_amount(row.debt)
            # Equal amounts may be stored otherwise (1.5, 1.50), but seldom are: unpacking them is the slow way to see.
            if debt != document["debt"] and row.debt != _amount(document["debt"]):
                changes["debt"] = debt
        if Field.DUE_DATE in self._fields and (day := _stored_day(row.due_date)) != document["due_date"]:
            changes["due_date"] = day
        if self._owner_id is not None and self._owner_id != document["owner_id"]:
            changes["owner_id"] = self._owner_id
        metadata = document["metadata"]
        changes.update({f"metadata.{key}": text for key, text in row.metadata.items() if text != metadata.get(key, "")})
        return changes

    @staticmethod
    def _people(batch: Sequence[RowResult]) -> list[Document]:
        rows = [result.row for result in batch if result.row is not None]
        return [{"identity": row.identity, "phone": row.phone, "name": row.name} for row in rows]

    def _row_document(self, result: RowResult) -> Document:
        return {
            "import_id": self._import_id,
            "number": Int64(result.number),
            "outcome": result.outcome,
            "debtor_id": result.debtor,
            "code": result.code,
            "params": dict(result.params),
            "values": None if result.debtor else to_stored(result.cells),
        }


def _again_after_clash(store: Callable[[], None]) -> None:
    """Another import may create a debtor between our look and our insert: then look again."""
    for _attempt in range(CLASHES):
        try:
            return store()
        except BulkWriteError as error:
            if not any(each.get("code") == 11000 for each in error.details.get("writeErrors", ())):
                raise
    return store()


def stored_now() -> datetime:
    """The time as MongoDB stores it: UTC without a zone, in whole milliseconds."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _stored_amount(amount: Decimal | None) -> Decimal128 | None:
    """The amount as Decimal128(amount) would be, put together four times as fast from its digits."""
    if amount is None:
        return None
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)  # no NaN, no infinity
    words: Any = ((EXPONENT_BIAS + exponent) << 49, int(amount.scaleb(-exponent)))
    return Decimal128(words)


def _amount(stored: Decimal128 | None) -> Decimal | None:
    return None if stored is None else stored.to_decimal()


def _stored_day(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001  # a day has no zone
