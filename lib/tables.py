"""Tables that spreadsheets open: text stays text, so nothing that people typed can run as a formula."""

import codecs
import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, islice
from typing import Any

from asgiref.sync import sync_to_async
from django.http import FileResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKBOOK_ROWS = 50_000
"""Up to so many rows a workbook is made in some ten seconds; a csv begins at once."""
CSV_ROWS = 500
PHONE = re.compile(r"\+[0-9]+")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How what a spreadsheet takes for a formula begins."""
PARTED_FORMULA = re.compile(r"([;\t\r\n])(?=[=+\-@])")
"""Where one would begin inside a value. A spreadsheet parts a csv by its computer's own separator, which in Spanish is
the semicolon, and then sees no quotes around a value: a file for either separator is still opened by the other."""


def text_cell(sheet: Any, value: str) -> Any:
    """A workbook's cell that is a text, whatever it looks like."""
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    return cell


def plain(value: Any) -> str:
    """A csv's cell: what people typed must not run as a formula, and an apostrophe in front makes it text.

    A phone begins with a sign of formulas, and is none.
    """
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    text = "" if value is None else str(value)
    if not isinstance(value, str) or PHONE.fullmatch(text):
        return text
    return f"'{text}" if text.startswith(FORMULA) else PARTED_FORMULA.sub(r"\1'", text)


def csv_pieces(lines: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """Lines of cells as a csv, a piece at a time: of any length, it begins at once."""
    running = iter(lines)
    yield codecs.BOM_UTF8  # without it Excel reads the accents wrong
    while piece := list(islice(running, CSV_ROWS)):
        text = io.StringIO()
        csv.writer(text).writerows(piece)
        yield text.getvalue().encode()


class PieceByPiece(StreamingHttpResponse):
    """An answer that is sent piece by piece to an asynchronous server too, and never held in memory as a whole."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self)

        def following() -> bytes:
            return next(pieces, b"")

        while piece := await sync_to_async(following)():
            yield piece


class CsvDownload(PieceByPiece):
    """A csv of these rows, each cell as `plain` has it: of any length, it begins at once."""

    def __init__(self, titles: Sequence[str], rows: Iterable[Sequence[Any]], *, name: str) -> None:
        lines = chain([titles], ([plain(value) for value in row] for row in rows))
        disposition = content_disposition_header(True, f"{name}.csv")
        super().__init__(
            csv_pieces(lines),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": disposition},
        )


class Download(PieceByPiece, FileResponse):
    """A file."""
