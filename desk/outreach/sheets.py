"""Tables as csv files that a spreadsheet opens as they are: what people typed never runs as a formula."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.http import StreamingHttpResponse

from lib.tables import CSV_ROWS, FORMULA, PARTED_FORMULA


def csv_pieces(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The file piece by piece, as rows are read."""
    yield codecs.BOM_UTF8  # by which spreadsheets know the encoding
    lines = iter([list(headers)])
    yield _lines(lines)
    body = (list(row) for row in rows)
    while piece := list(islice(body, CSV_ROWS)):
        yield _lines(iter(piece))


def _lines(rows: Iterator[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _plain(text: str) -> str:
    if text.startswith("+") and text[1:].isdigit():
        return text  # a phone
    return f"'{text}" if text.startswith(FORMULA) else PARTED_FORMULA.sub(r"\1'", text)


def csv_answer(name: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> StreamingHttpResponse:
    """The file as a page's answer; rows are read as it is sent."""
    answer = StreamingHttpResponse(csv_pieces(headers, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
