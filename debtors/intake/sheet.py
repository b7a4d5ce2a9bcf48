"""Opening a file that somebody calls a spreadsheet: told by its content, never by its name, and checked before use."""

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from domain.cells import Cell

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_COLUMNS = 256

_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class SheetError(Exception):
    """The file can't be read as a sheet; nothing of it was used. debtors.intake.reasons has a sentence for each code.

    Codes and what comes with them: not_found(path), unreadable(path, error), too_large(size, limit), empty_file,
    not_a_spreadsheet, other_format(format), old_format, password_protected, damaged, zip_bomb(limit),
    empty_sheet(sheet), no_such_sheet(sheet, sheets), no_sheets, sheets_of_text, too_many_columns(columns, limit, row),
    too_many_cells(cells, limit), unplaced_formulas(sheet), mixed_encodings(lines, encoding), nul_bytes(line),
    bad_quotes(line).
    """

    def __init__(self, code: str, **params: str | int | Sequence[str] | Sequence[int]) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params


class Sheet(Protocol):
    """A sheet that was checked as a whole, so that reading its rows finds no more errors of the file."""

    @property
    def name(self) -> str:
        """Blank for a csv."""

    @property
    def height(self) -> int:
        """The number of its last row: what progress is measured by."""

    @property
    def delimiter(self) -> str:
        """Of a csv; blank for a workbook."""

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """(row number as a spreadsheet shows it, cells), blank rows included."""


def open_sheet(path: Path, sheet: str | None = None) -> Sheet:
    """The sheet of that name, or the first visible one, of an xlsx; or a csv.

    Raises SheetError.
    """
    from debtors.intake.delimited import DelimitedSheet
    from debtors.intake.workbook import WorkbookSheet

    start = _start_of(path)
    if start.startswith(_ZIP):
        return WorkbookSheet(path, sheet)
    if start.startswith(_OLE):
        raise SheetError(_kind_of_compound_file(path))
    if start.startswith(_EMPTY_ZIP):
        raise SheetError("not_a_spreadsheet")
    if sheet:
        raise SheetError("sheets_of_text")
    return DelimitedSheet(path)


def sheet_names(path: Path) -> list[str]:
    """The sheets of an xlsx, in its order; none of what is no workbook. Raises SheetError."""
    from debtors.intake.workbook import sheet_names as names_in

    return names_in(path) if _start_of(path).startswith(_ZIP) else []


def _start_of(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        raise SheetError("not_found", path=str(path)) from None
    except OSError as error:
        raise SheetError("unreadable", path=str(path), error=error.strerror or str(error)) from error
    if not size:
        raise SheetError("empty_file")
    if size > MAX_FILE_BYTES:
        raise SheetError("too_large", size=size, limit=MAX_FILE_BYTES)
    return start


def _kind_of_compound_file(path: Path) -> str:
    """What an OLE file is, by the names in its directory: an encrypted xlsx, an old xls, or something else."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find("EncryptedPackage".encode("utf-16-le")) >= 0:
            return "password_protected"
        if any(content.find(name.encode("utf-16-le")) >= 0 for name in ("Workbook", "Book")):
            return "old_format"
    return "not_a_spreadsheet"
