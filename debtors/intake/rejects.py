"""The file of a sheet's refused rows: its own columns and the reason, to be corrected and imported again."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from domain.cells import Cell, CellProblem


def write_rejects(path: Path, headers: Sequence[str], rejects: Iterable[tuple[Sequence[Cell], str]]) -> None:
    """Write (cells, reason) pairs as an xlsx, whatever the name's ending.

    Texts stay texts, never formulas. A cell that had no usable value holds an error, so that the row is refused again
    until somebody corrects it. Importing ignores the column of reasons (domain.columns.REASON_HEADERS). Raises OSError.
    """
    with path.open("wb") as file:  # first, so that a bad path costs no work
        book = Workbook(write_only=True)
        sheet = book.create_sheet(_("Rejected rows"))
        sheet.append([_text_cell(sheet, text) for text in (*headers, _("Reason for rejection"))])
        for cells, reason in rejects:
            padded = [*cells, *[""] * (len(headers) - len(cells))]
            # The reason stands under its header; what stood beyond the headers comes after it.
            row = [*padded[: len(headers)], reason, *padded[len(headers) :]]
            sheet.append([_cell(sheet, cell) for cell in row])
        book.save(file)


def _cell(sheet: Any, cell: Cell) -> Any:
    if isinstance(cell, str):
        return _text_cell(sheet, cell)
    if isinstance(cell, CellProblem):
        written = WriteOnlyCell(sheet)
        written.value = cell.text if cell.text.startswith("#") else "#N/A"
        written.data_type = "e"
        return written
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell if cell is None or isinstance(cell, (bool, int, float, datetime, date, time, timedelta)) else str(cell)


def _text_cell(sheet: Any, text: str) -> Any:
    written = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text) or None)
    if written.value is not None:
        written.data_type = "s"
    return written
