"""Files of contacts: kept row by row as they are written, understood by the columns chosen, and taken into the book.

A file is first looked at, with what would become of each row; taking it is harmless to repeat, and goes on where it
was killed: each chunk of contacts is stored together with the outcome of its rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.utils import timezone
from django.utils.translation import gettext as _
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from debtors.intake.cells import from_stored, to_stored
from debtors.intake.sheet import open_sheet
from domain.book import Entry, Part, guess_parts, read_entry
from domain.cells import Cell, is_blank
from domain.columns import HEADER_SEARCH_ROWS, find_header, text_of_header
from lib.mongo import bulk_write, chunks, collection, insert_many, run_tx, session, typed_values
from outreach.errors import OutreachError
from outreach.models import BookImport, BookOutcome, BookRow, Contact, contact_values

MOST_ROWS = 20_000
"""Rows of one file: they are read while somebody waits for the page."""
KEPT = timedelta(days=7)
_TRIES, _DUPLICATE = 5, 11000
_GOOD = (BookOutcome.CREATED.value, BookOutcome.UPDATED.value, BookOutcome.UNCHANGED.value)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: Sequence[Cell]


def keep(path: Path, *, file_name: str, user: ObjectId | None, country: str) -> BookImport:
    """Keep the rows of a file, its columns guessed. Raises SheetError and OutreachError."""
    sheet = open_sheet(path)
    rows = [_Row(number, cells) for number, cells in _first(sheet.rows(), MOST_ROWS + HEADER_SEARCH_ROWS + 1)]
    place = find_header([row.cells for row in rows[:HEADER_SEARCH_ROWS]], {})
    if place is None:
        raise OutreachError(_("The file has no rows."), field="file")
    headers = [text_of_header(cell) for cell in rows[place].cells]
    body = [row for row in rows[place + 1 :] if not is_blank(row.cells)]
    if not body:
        raise OutreachError(_("Below its header the sheet has no rows."), field="file")
    if len(body) > MOST_ROWS:
        raise OutreachError(
            _("The file has more than %(most)s rows. Split it into several files.") % {"most": MOST_ROWS}, field="file"
        )
    now = timezone.now()
    kept = BookImport.objects.create(
        file_name=file_name[-255:],
        user=user,
        country=country,
        headers=headers,
        mapping={part.value: index for part, index in guess_parts(headers).items()},
        created_at=now,
        expires_at=now + KEPT,
    )
    expires = kept.expires_at
    for chunk in chunks(body):
        bulk_write(BookRow, [InsertOne(_document(kept.pk, row, expires)) for row in chunk])
    understand(kept)
    BookImport.objects.filter(pk=kept.pk).update(ready=True)
    kept.ready = True
    return kept


def _first(rows: Iterator[tuple[int, list[Cell]]], most: int) -> Iterator[tuple[int, list[Cell]]]:
    """So many rows that are not blank; what is far below in a large file is not read."""
    found = 0
    for number, cells in rows:
        if not is_blank(cells):
            found += 1
            yield number, cells
        if found >= most:
            return


def _document(source: ObjectId, row: _Row, expires_at: datetime) -> dict[str, Any]:
    values = {
        "source": source, "number": row.number, "values": to_stored(row.cells), "rut": "", "name": "", "phone": "",
        "outcome": BookOutcome.REJECTED.value, "code": "", "params": {}, "taken": False, "expires_at": expires_at,
    }  # fmt: skip
    return typed_values(BookRow, values)


def choose_columns(kept: BookImport, parts: Mapping[Part, int]) -> None:
    """Read the rows again, by other columns. Raises OutreachError."""
    if kept.done_at is not None:
        raise OutreachError(_("This file is in the book already."))
    if len(set(parts.values())) < len(Part):
        raise OutreachError(_("Choose three different columns."))
    kept.mapping = {part.value: index for part, index in parts.items()}
    kept.save(update_fields=["mapping"])
    understand(kept)


def parts_of(kept: BookImport) -> dict[Part, int] | None:
    """Which column is what; None while one is missing."""
    found = {part: int(kept.mapping[part.value]) for part in Part if part.value in kept.mapping}
    return found if len(found) == len(Part) else None


def understand(kept: BookImport) -> None:
    """Say of each row what would become of it now. Without all of the columns nothing is said."""
    parts = parts_of(kept)
    if parts is None:
        return
    seen: dict[str, int] = {}
    for rows in chunks(BookRow.objects.filter(source=kept.pk).order_by("number")):
        read: dict[int, dict[str, Any]] = {}
        for row in rows:
            read[row.number] = _read(row, kept, parts, seen)
        _foresee(read.values())
        bulk_write(BookRow, [UpdateOne({"_id": row.pk}, {"$set": read[row.number]}) for row in rows])


def _read(row: BookRow, kept: BookImport, parts: Mapping[Part, int], seen: dict[str, int]) -> dict[str, Any]:
    entry = read_entry(from_stored(row.values), kept.headers, parts, kept.country)
    if not isinstance(entry, Entry):
        return _said(BookOutcome.REJECTED, code=entry.code, params=dict(entry.params))
    first = seen.setdefault(entry.rut, row.number)
    if first != row.number:
        return _said(BookOutcome.DUPLICATE, entry, code="same_rut", params={"row": first, "value": entry.rut})
    return _said(BookOutcome.CREATED, entry)


def _said(outcome: BookOutcome, entry: Entry | None = None, *, code: str = "", params: Any = None) -> dict[str, Any]:
    entry = entry or Entry("", "", "")
    fields = {"rut": entry.rut, "name": entry.name, "phone": entry.phone}
    return typed_values(BookRow, {**fields, "outcome": outcome.value, "code": code, "params": params or {}})


def _foresee(rows: Any) -> None:
    """Of the good rows, which are in the book already, as they are or otherwise."""
    good = [row for row in rows if row["outcome"] in _GOOD]
    there = _in_book([row["rut"] for row in good])
    for row in good:
        row["outcome"] = _outcome(row, there.get(row["rut"])).value


def _in_book(ruts: Sequence[str]) -> dict[str, dict[str, Any]]:
    found = collection(Contact).find({"rut": {"$in": list(ruts)}}, {"rut": 1, "name": 1, "phone": 1}, session=session())
    return {row["rut"]: row for row in found}


def _outcome(row: Mapping[str, Any], there: Mapping[str, Any] | None) -> BookOutcome:
    if there is None:
        return BookOutcome.CREATED
    same = (there["name"], there["phone"]) == (row["name"], row["phone"])
    return BookOutcome.UNCHANGED if same else BookOutcome.UPDATED


def counts(kept: BookImport) -> dict[str, int]:
    """How many rows have each outcome."""
    stages: list[dict[str, Any]] = [
        {"$match": {"source": kept.pk}},
        {"$group": {"_id": "$outcome", "n": {"$sum": 1}}},
    ]
    found = {row["_id"]: int(row["n"]) for row in collection(BookRow).aggregate(stages)}
    return {outcome.value: found.get(outcome.value, 0) for outcome in BookOutcome}


def take(kept: BookImport) -> dict[str, int]:
    """Take the good rows into the book; what became of all rows. Raises OutreachError."""
    if parts_of(kept) is None:
        raise OutreachError(_("Say first which columns are the RUT, the name and the phone."))
    if kept.done_at is None:
        after = -1
        while rows := _untaken(kept.pk, after):
            _take_surely(rows)
            after = rows[-1]["number"]
        BookImport.objects.filter(pk=kept.pk, done_at=None).update(done_at=timezone.now())
    return counts(kept)


def _untaken(source: ObjectId, after: int) -> list[dict[str, Any]]:
    wanted = {"source": source, "outcome": {"$in": list(_GOOD)}, "taken": False, "number": {"$gt": after}}
    fields = {"number": 1, "rut": 1, "name": 1, "phone": 1}
    return list(collection(BookRow).find(wanted, fields).sort("number", 1).limit(1_000))


def _take_surely(rows: Sequence[Mapping[str, Any]]) -> None:
    for left in reversed(range(_TRIES)):
        try:
            run_tx(lambda: _take(rows))
            return
        except BulkWriteError as error:
            # Somebody put one of them into the book in between: the next time it is found there.
            if not left or any(e.get("code") != _DUPLICATE for e in error.details.get("writeErrors", [])):
                raise


def _take(rows: Sequence[Mapping[str, Any]]) -> None:
    there, now = _in_book([row["rut"] for row in rows]), timezone.now()
    changes, outcomes, new = [], [], []
    for row in rows:
        known = there.get(row["rut"])
        outcome = _outcome(row, known)
        values = contact_values(rut=row["rut"], name=row["name"], phone=row["phone"])
        if known is None:
            fields = {**values, "digests": True, "created_at": now, "updated_at": now}
            new.append(typed_values(Contact, fields))
        elif outcome is BookOutcome.UPDATED:
            update = typed_values(Contact, {**values, "updated_at": now})
            changes.append(UpdateOne({"_id": known["_id"]}, {"$set": update}))
        outcomes.append(UpdateOne({"_id": row["_id"]}, {"$set": {"outcome": outcome.value, "taken": True}}))
    insert_many(Contact, new)
    bulk_write(Contact, changes)
    bulk_write(BookRow, outcomes)


def refused(source: ObjectId) -> Any:
    """The rows that are no contact, in the file's order."""
    outcomes = [BookOutcome.REJECTED.value, BookOutcome.DUPLICATE.value]
    return BookRow.objects.filter(source=source, outcome__in=outcomes).order_by("number")
