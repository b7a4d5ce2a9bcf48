"""Files of people who are not to be written to: read row by row, and kept between their preview and their import."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.utils import timezone
from django.utils.translation import gettext as _

from debtors import stored_files
from debtors.intake.reasons import row_reason
from debtors.intake.rejects import write_rejects
from debtors.intake.sheet import Sheet, SheetError, open_sheet
from debtors.models import SuppressionFile, SuppressionSource
from debtors.suppressions import Entry, people_suppressed, suppressed
from domain.cells import Cell, CellProblem, is_blank, text_of
from domain.columns import HEADER_SEARCH_ROWS, guess_columns, text_of_header
from domain.dates import parse_date
from domain.folding import fold
from domain.headers import Field
from domain.phones import PhoneError, parse_phone
from domain.rows import normalise_rut
from lib.mongo import chunks

MOST_ROWS: Final = 50_000
"""Rows of a file that a page takes at once; the command line takes any number."""
PREVIEW: Final = 10
KEPT = timedelta(hours=24)
REASONS = frozenset(fold(each) for each in ("motivo", "razón", "reason", "nota", "note", "observación", "comentario"))
UNTIL = frozenset(fold(each) for each in ("hasta", "vence", "until", "expires", "expira"))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a file: whom it names, or why it names nobody."""

    number: int
    cells: list[Cell]
    entry: Entry | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """A file that was opened: its columns, and its rows one after the other."""

    sheet: Sheet
    header: int
    """The header's row, 0 for a file that is a bare list of phones."""
    headers: list[str]
    columns: Mapping[str, int] = field(default_factory=dict)
    country: str = ""
    base: Entry = field(default_factory=lambda: Entry("", SuppressionSource.IMPORT))

    def rows(self) -> Iterator[Row]:
        """Every row below the header that is not blank."""
        for number, cells in self.sheet.rows():
            if number > self.header and not is_blank(cells):
                yield self._row(number, list(cells))

    def _row(self, number: int, cells: list[Cell]) -> Row:
        padded = [*cells, *[""] * (len(self.headers) - len(cells))]
        try:
            return Row(number, cells, entry=self._entry(padded))
        except ValueError as error:
            return Row(number, cells, refused=str(error))

    def _entry(self, cells: list[Cell]) -> Entry:
        """Raises ValueError, with the reason."""
        phone_text, rut_text = self._text(cells, Field.PHONE), self._text(cells, Field.RUT)
        phone = identity = ""
        if phone_text or not rut_text:
            raw = cells[self.columns[Field.PHONE]] if Field.PHONE in self.columns else ""
            read = parse_phone(raw if isinstance(raw, (int, float)) else phone_text, self.country)
            if isinstance(read, PhoneError):
                at = self.columns.get(Field.PHONE, self.columns.get(Field.RUT, 0))
                raise ValueError(row_reason(read.code, {"column": self.headers[at], "value": phone_text}))
            phone = read.e164
        if rut_text:
            rut = normalise_rut(rut_text, self.country)
            if not rut:
                where = {"column": self.headers[self.columns[Field.RUT]], "value": rut_text}
                raise ValueError(row_reason("bad_rut", where))
            identity = f"rut:{rut}"
        name, reason = self._text(cells, Field.NAME), self._text(cells, "reason")
        base = self.base
        return Entry(
            phone, base.source, identity=identity, name=name, reason=reason or base.reason, actor=base.actor,
            until=self._until(cells),
        )  # fmt: skip

    def _text(self, cells: list[Cell], column: str) -> str:
        at = self.columns.get(column)
        if at is None or isinstance(cells[at], CellProblem):
            return ""
        return " ".join(text_of(cells[at], self.country).split())

    def _until(self, cells: list[Cell]) -> datetime | None:
        if not self._text(cells, "until"):
            return self.base.until
        day = parse_date(cells[self.columns["until"]], self.country)
        if day is None:
            raise ValueError(
                _("%(column)s: %(value)s is not a date.")
                % {"column": self.headers[self.columns["until"]], "value": self._text(cells, "until")}
            )
        return datetime(day.year, day.month, day.day, tzinfo=_zone()) + timedelta(days=1)


def read(path: Path, *, country: str, base: Entry) -> People:
    """The people of a file. A column of phones or of RUTs is found by its header; a bare list of phones needs none.

    `base` says what is true of all of them: source, reason, who. Raises SheetError.
    """
    sheet = open_sheet(path)
    first = list(islice(sheet.rows(), HEADER_SEARCH_ROWS))
    for number, cells in first:
        headers = [text_of_header(cell) for cell in cells]
        columns = _columns(headers)
        if Field.PHONE in columns or Field.RUT in columns:
            return People(sheet, number, headers, columns, country, base)
    filled = next(((number, cells) for number, cells in first if not is_blank(cells)), None)
    if filled is None:
        raise SheetError("empty_sheet", sheet=sheet.name)
    at = next((place for place, cell in enumerate(filled[1]) if _is_phone(cell, country)), None)
    if at is None:
        raise SheetError("no_people_column")
    headers = [_("Phone") if place == at else "" for place in range(len(filled[1]))]
    return People(sheet, filled[0] - 1, headers, {Field.PHONE: at}, country, base)


def _columns(headers: list[str]) -> dict[str, int]:
    """Which column is what, of those that matter here."""
    guessed = {name: at for at, name in reversed(list(guess_columns(headers).items()))}
    columns: dict[str, int] = {name: guessed[name] for name in (Field.PHONE, Field.RUT, Field.NAME) if name in guessed}
    for name, known in (("reason", REASONS), ("until", UNTIL)):
        found = next((at for at, header in enumerate(headers) if fold(header) in known), None)
        if found is not None:
            columns[name] = found
    return columns


def _is_phone(cell: Cell, country: str) -> bool:
    if isinstance(cell, CellProblem):
        return False
    raw = cell if isinstance(cell, (int, float)) else text_of(cell, country)
    return not isinstance(parse_phone(raw, country), PhoneError)


def _zone() -> ZoneInfo:
    return timezone.get_current_timezone()


# What would become of its rows, or became -----------------------------------------------------------------------------
@dataclass(slots=True)
class Outcome:
    """What a file does: how many rows it puts onto the list, how many people were on it, which rows it can't use."""

    rows: int = 0
    added: int = 0
    already: int = 0
    refused: list[Row] = field(default_factory=list)
    first: list[tuple[Row, bool]] = field(default_factory=list)
    """The first rows, with whether they were on the list already."""


def carry_out(people: People, store: Callable[[Sequence[Entry]], int] | None, *, most: int | None = None) -> Outcome:
    """Put the people of a file onto the list by `store`, in batches, or only tell what that would do.

    Interrupted, it has done whole batches; again, it completes them. Raises SheetError for a file of more rows than
    `most`, before anything is stored.
    """
    outcome = Outcome()
    if most is not None and sum(1 for _row in islice(people.rows(), most + 1)) > most:
        raise SheetError("too_many_rows", limit=most)
    seen: set[str] = set()
    for batch in chunks(people.rows()):
        outcome.rows += len(batch)
        outcome.refused += [row for row in batch if row.entry is None]
        entries = [row.entry for row in batch if row.entry is not None]
        out = on_list(entries)
        fresh = [each for each in entries if not (keys_of(each) & (out | seen))]
        new = {key for each in fresh for key in keys_of(each)}
        seen |= new
        number = len({min(keys_of(each)) for each in fresh})
        if store is not None and entries:
            store(entries)
        outcome.added += number
        outcome.already += len(entries) - number
        for row in batch[: PREVIEW - len(outcome.first)]:
            outcome.first.append((row, row.entry is not None and bool(keys_of(row.entry) & out)))
    return outcome


def keys_of(entry: Entry) -> set[str]:
    """What an entry is known by."""
    return {each for each in (entry.phone, entry.identity) if each}


def on_list(entries: Sequence[Entry]) -> set[str]:
    """The phones and identities of these that are on the list."""
    out = suppressed(each.phone for each in entries if each.phone)
    return out | set(people_suppressed(each.identity for each in entries if each.identity and not each.phone))


# Files of pages -------------------------------------------------------------------------------------------------------
def keep(pieces: Iterable[bytes], *, file_name: str, country: str, actor: str, reason: str) -> SuppressionFile:
    """Keep a file, in pieces of stored_files.CHUNK_BYTES, until somebody has looked at what it would do."""
    key, now = ObjectId(), timezone.now()
    _size, sha256 = stored_files.store(key, pieces, expires_at=now + KEPT)
    return SuppressionFile.objects.create(
        pk=key,
        file_name=file_name[-255:],
        sha256=sha256,
        country=country,
        actor=actor,
        reason=reason,
        created_at=now,
        expires_at=now + KEPT,
    )


@contextmanager
def opened(kept: SuppressionFile) -> Iterator[People]:
    """The people of a kept file. Raises SheetError, FileGone."""
    base = Entry("", SuppressionSource.IMPORT, reason=kept.reason, actor=kept.actor)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        stored_files.fetch(kept, path)
        yield read(path, country=kept.country, base=base)


def rejects(people: People, refused: Iterable[Row], path: Path) -> None:
    """Write the refused rows with their reasons, to be corrected and imported again. Raises OSError."""
    write_rejects(path, people.headers, ((row.cells, row.refused) for row in refused))
