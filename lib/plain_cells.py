"""Cells of a csv that spreadsheets open: what people typed must not run as a formula."""

import codecs
import csv
import io
import itertools
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

ROWS = 500
"""Rows of one piece."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How what a spreadsheet takes for a formula begins."""
PARTED_FORMULA = re.compile(r"([;\t\r\n])(?=[=+\-@])")
"""Where one would begin inside a value, for a spreadsheet that parts cells by another sign than ours."""


def plain(text: str) -> str:
    """The text as a cell that stays a text: an apostrophe stands before what would be a formula."""
    return f"'{text}" if text.startswith(FORMULA) else PARTED_FORMULA.sub(r"\1'", text)


def csv_pieces(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The rows as a csv, a piece at a time: of any length, it begins at once."""
    lines = itertools.chain([titles], ([plain(value) for value in row] for row in rows))
    yield codecs.BOM_UTF8  # without it Excel reads the accents wrong
    while piece := list(itertools.islice(lines, ROWS)):
        text = io.StringIO()
        csv.writer(text).writerows(piece)
        yield text.getvalue().encode()


class CsvResponse(StreamingHttpResponse):
    """A csv that is sent piece by piece to an asynchronous server too, and never held in memory as a whole."""

    def __init__(self, pieces: Iterator[bytes], *, name: str) -> None:
        disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        super().__init__(pieces, content_type="text/csv; charset=utf-8", headers=disposition)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self)

        def following() -> bytes:
            return next(pieces, b"")

        while piece := await sync_to_async(following)():
            yield piece
