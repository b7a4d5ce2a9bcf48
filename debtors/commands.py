"""What staff do with debtors: import a file of them."""

import hashlib
import itertools
import os
import socket
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from debtors.intake import reasons
from debtors.intake.load import BATCH_ROWS, Duplicates, Loader, RowResult, read_row
from debtors.intake.rejects import write_rejects as write_rejects_file
from debtors.intake.sheet import Sheet, SheetError, open_sheet
from debtors.models import Import, Outcome
from domain.cells import Cell, is_blank
from domain.columns import (
    HEADER_SEARCH_ROWS,
    Columns,
    ColumnsError,
    ColumnWarning,
    choose_columns,
    find_header,
    text_of_header,
)
from domain.phones import is_country
from domain.rows import RowReader
from domain.states import ImportStatus
from lib.mongo import compare_and_set, retry_unavailable

SILENCE = timedelta(minutes=10)
"""A running import that stored no batch for so long is dead, wherever it ran."""

LISTED_ROWS = 20
"""Refused rows that a summary lists."""

Progress = Callable[[int, int], None]
"""Is told the last row's number and the sheet's height, after every batch."""


class ImportRefused(Exception):  # it is an answer, not a breakdown
    """Nothing was imported. `code` is stable; str() is the translated sentence, which says what to do."""

    def __init__(self, code: str, params: Mapping[str, Any]) -> None:
        super().__init__(reasons.file_error(code, params))
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that became no debtor's: rejected, or duplicate of an earlier one in the file."""

    number: int
    outcome: str
    code: str
    params: Mapping[str, str | int]
    cells: Sequence[Cell]

    @property
    def reason(self) -> str:
        return reasons.row_reason(self.code, self.params)


@dataclass(slots=True)
class ImportReport:
    """What an import did, or would have done: a dry run has no `import_id`, and stored nothing at all."""

    import_id: ObjectId | None
    file: str
    sheet: str
    dry_run: bool
    headers: tuple[str, ...]
    columns: list[dict[str, str]]
    """The metadata columns: {"key", "header"}."""
    mapping: dict[str, str]
    """{field: header}."""
    warnings: list[str]
    counts: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return self.counts.total()

    def as_json(self) -> dict[str, Any]:
        return {
            "import": str(self.import_id) if self.import_id else None,
            "file": self.file,
            "sheet": self.sheet,
            "rows": self.rows,
            **{outcome.value: self.counts[outcome.value] for outcome in Outcome},
            "dry_run": self.dry_run,
            "columns": self.columns,
            "mapping": self.mapping,
            "warnings": self.warnings,
            "rejects": [
                {"row": each.number, "outcome": each.outcome, "code": each.code, "reason": each.reason}
                for each in self.rejects
            ],
        }

    def _worst_first(self) -> list[Reject]:
        """Rejected rows before duplicates, each in the file's order: many duplicates must not hide what is wrong."""
        return sorted(self.rejects, key=lambda each: each.outcome != Outcome.REJECTED.value)

    def summary(self, listed: int = LISTED_ROWS) -> str:
        """The report for people: the counts, the warnings and the first refused rows, one to a line."""
        where = f"{self.file} ({self.sheet})" if self.sheet else self.file
        first = ngettext("%(where)s: %(count)s row.", "%(where)s: %(count)s rows.", self.rows)
        lines = [first % {"where": where, "count": self.rows}]
        if self.dry_run:
            lines.append(_("Dry run: nothing was stored."))
        lines.extend(f"  {label}: {self.counts[value]}" for value, label in Outcome.choices)
        lines.extend(self.warnings)
        lines.extend(
            _("Row %(number)s: %(reason)s") % {"number": each.number, "reason": each.reason}
            for each in self._worst_first()[:listed]
        )
        more = len(self.rejects) - listed
        if more > 0:
            rest = ngettext("... and %(count)s row more.", "... and %(count)s rows more.", more)
            lines.append(rest % {"count": more})
            lines.append(_("All of them, with their cells: import_debtors with --rejects OUT.xlsx, or --json."))
        return "\n".join(lines)


def find_owner(username: str) -> User:
    """The user that debtors are given to. Raises ImportRefused: unknown_owner."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise ImportRefused("unknown_owner", {"owner": username})
    return user


def import_file(
    path: Path,
    *,
    country: str | None = None,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    owner: User | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Make debtors of the file's rows: new ones, or new values of those that are there.

    `country` (ISO 3166) is that of phones without a prefix, of money and of dates; None is DEFAULT_COUNTRY. `mapping`
    is {header: field or "ignore"} (domain.columns.parse_mapping makes it of texts). Raises ImportRefused when the file
    can't be used, before anything is stored; an import that is interrupted after that is stored as failed.
    """
    country = (country or settings.DEFAULT_COUNTRY).upper()
    if not is_country(country):
        raise ImportRefused("unknown_country", {"country": country})
    reading = open_reading(path, sheet=sheet, mapping=mapping or {})
    opened, columns = reading.sheet, reading.columns
    report = ImportReport(
        import_id=None,
        file=path.name,
        sheet=opened.name,
        dry_run=dry_run,
        headers=columns.headers,
        columns=[{"key": each.key, "header": each.header} for each in columns.metadata],
        mapping={each.value: columns.headers[index] for each, index in columns.fields.items()},
        warnings=[reasons.column_warning(warning) for warning in columns.warnings],
    )
    if not dry_run:
        fail_interrupted_imports()
        report.import_id = _begin(report, path, country, owner)
    loader = Loader(import_id=report.import_id, fields=frozenset(columns.fields), owner_id=owner.pk if owner else None)
    rows = load_rows(
        reading, loader, country=country, warn=lambda each: report.warnings.append(reasons.column_warning(each))
    )
    with _marked_failed_unless_finished(report.import_id), closing(rows) as loaded:
        for batch, counts in loaded:
            report.counts.update(counts)
            report.rejects.extend(_reject(each) for each in batch if each.row is None)
            if progress:
                progress(batch[-1].number, opened.height)
    return report


def _reject(result: RowResult) -> Reject:
    return Reject(result.number, result.outcome, result.code, result.params, result.cells)


def write_rejects(report: ImportReport, path: Path) -> None:
    """The rejected and duplicate rows as an xlsx, with the reasons, to correct and import. Raises OSError."""
    write_rejects_file(path, report.headers, ((each.cells, each.reason) for each in report.rejects))


def fail_interrupted_imports() -> int:
    """Mark as failed every import whose process is gone; how many there were."""
    found = 0
    running = Import.objects.filter(status=ImportStatus.RUNNING, upload=None)  # those have leases of their own
    for key, host, pid, heartbeat_at in running.values_list("pk", "host", "pid", "heartbeat_at"):
        silent = timezone.now() - heartbeat_at > SILENCE
        if silent or (host == socket.gethostname() and not _is_alive(pid)):
            found += _finish(key, ImportStatus.FAILED, "interrupted")
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# Reading -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Reading:
    """A sheet that can be imported: `header` is its header's row number."""

    sheet: Sheet
    header: int
    columns: Columns


def open_reading(path: Path, *, sheet: str | None, mapping: Mapping[str, str]) -> Reading:
    """Open a file to import it. Raises ImportRefused."""
    try:
        opened = open_sheet(path, sheet)
        return Reading(opened, *_read_header(opened, mapping))
    except (SheetError, ColumnsError) as error:
        raise ImportRefused(error.code, error.params) from error


def load_rows(
    reading: Reading, loader: Loader, *, country: str, after: int = 0, warn: Callable[[ColumnWarning], None]
) -> Generator[tuple[list[RowResult], Counter[str]], None, None]:
    """Store the rows behind number `after`, and give each batch with its counts. Close it: it has a thread.

    Those before are read too: a later row may repeat one of them.
    """
    reader = RowReader(reading.columns, country, delimiter=reading.sheet.delimiter)
    return _loaded(loader, _batches(_results(reading, reader, after, warn)))


def _read_header(sheet: Sheet, mapping: Mapping[str, str]) -> tuple[int, Columns]:
    """The header's row number, and what its columns are. Raises SheetError, ColumnsError."""
    first = list(itertools.islice(sheet.rows(), HEADER_SEARCH_ROWS))
    index = find_header([cells for _number, cells in first], mapping)
    if index is None:
        raise SheetError("empty_sheet", sheet=sheet.name)
    number, cells = first[index]
    columns = choose_columns([text_of_header(cell) for cell in cells], mapping)
    if all(is_blank(cells) for each, cells in sheet.rows() if each > number):
        raise SheetError("no_rows")
    return number, columns


def _results(
    reading: Reading, reader: RowReader, after: int, warn: Callable[[ColumnWarning], None]
) -> Iterator[RowResult]:
    """Every row below the header that is not blank. Warns once of each column with values but without a header."""
    duplicates = Duplicates()
    unnamed = set(reading.columns.unnamed)
    for number, cells in reading.sheet.rows():
        if number <= reading.header or is_blank(cells):
            continue
        for index in [each for each in unnamed if not is_blank(cells[each : each + 1])]:
            warn(reasons.unnamed_column(index))
            unnamed.remove(index)
        result = read_row(reader, duplicates, number, cells)
        if number > after:
            yield result


def _batches(results: Iterator[RowResult]) -> Iterator[list[RowResult]]:
    while batch := list(itertools.islice(results, BATCH_ROWS)):
        yield batch


def _loaded(
    loader: Loader, batches: Iterator[list[RowResult]]
) -> Generator[tuple[list[RowResult], Counter[str]], None, None]:
    """Each batch with its counts, once it is stored. The next one is read meanwhile: MongoDB is half of the time."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as writer:
        waiting: tuple[list[RowResult], Future[Counter[str]]] | None = None
        try:
            for batch in batches:
                if waiting:
                    yield waiting[0], waiting[1].result()
                waiting = batch, writer.submit(loader.load, batch)
            if waiting:
                yield waiting[0], waiting[1].result()
        finally:
            writer.submit(connection.close)  # the thread's own


# The Import ----------------------------------------------------------------------------------------------------------
def _begin(report: ImportReport, path: Path, country: str, owner: User | None) -> ObjectId:
    now = timezone.now()
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    created = Import.objects.create(
        file_name=report.file[-255:],
        sheet=report.sheet[:100],
        sha256=sha256,
        country=country,
        owner=owner,
        headers=list(report.headers),
        columns=report.columns,
        mapping=report.mapping,
        started_at=now,
        heartbeat_at=now,
        host=socket.gethostname(),
        pid=os.getpid(),
    )
    return ObjectId(created.pk)


@contextmanager
def _marked_failed_unless_finished(import_id: ObjectId | None) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        if import_id is not None:
            interrupted = isinstance(error, (KeyboardInterrupt, SystemExit))
            _finish(import_id, ImportStatus.FAILED, "interrupted" if interrupted else "unexpected")
        raise
    if import_id is not None:
        retry_unavailable(lambda: _finish(import_id, ImportStatus.DONE, ""), seconds=60)


def _finish(import_id: ObjectId, status: ImportStatus, error: str) -> bool:
    return compare_and_set(
        Import,
        import_id,
        {"status": ImportStatus.RUNNING},
        {"status": status, "error": error, "finished_at": timezone.now()},
    )
