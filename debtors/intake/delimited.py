"""A csv: its encoding and delimiter are found out, and the whole of it is read once before it is trusted."""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from debtors.intake.sheet import MAX_COLUMNS, SheetError
from domain.cells import Cell
from domain.columns import HEADER_SEARCH_ROWS, text_of_header
from domain.headers import recognise

LEGACY_ENCODINGS = ["cp1252", "cp850", "mac_roman"]
"""What spreadsheets save where it is not Unicode: Windows, the DOS choice of Excel's, and old Macs."""
DELIMITERS = ",;\t|"
NAMED_LINES = 5
"""How many bad lines an error names."""
_SAMPLE_BYTES = 256 * 1024
_SAMPLE_RECORDS = 50

_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
# Signs of other kinds of file: PDF, PNG, JPEG, GIF, gzip, 7z, RAR, RTF; and markup, which banks like to call .xls.
_OTHER_FILES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"{\\rtf", b"<")
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x19\x1c-\x1f\x7f]")
_SEPARATOR_LINE = re.compile(r"\ufeff?sep=(.)\r?\n?", re.IGNORECASE)


class DelimitedSheet:
    """A csv (see debtors.intake.sheet.Sheet). Raises SheetError."""

    name = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.encoding = _find_encoding(path)
        with self._open(errors="replace") as file:
            start = file.read(_SAMPLE_BYTES)
        declared = _SEPARATOR_LINE.match(start)
        self._skip_first = declared is not None
        self.delimiter = declared[1] if declared else _find_delimiter(start)
        self.height = self._read_through()

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        with self._open() as file:
            yield from enumerate(self._records(file), start=1)

    def _open(self, errors: str = "strict") -> io.TextIOWrapper:
        return self._path.open(encoding=self.encoding, errors=errors, newline="")

    def _records(self, file: io.TextIOWrapper) -> Iterator[list[Cell]]:
        if self._skip_first:  # Excel's own `sep=;`, which it does not show as a row
            next(file)
        # Strict: a quote that is never closed would swallow the rows after it.
        reader = csv.reader(file, delimiter=self.delimiter, strict=True)
        line = 1
        try:
            for record in reader:
                if len(record) > MAX_COLUMNS:
                    raise SheetError("too_many_columns", columns=len(record), limit=MAX_COLUMNS, row=line)
                yield list(record)
                line = reader.line_num + 1 + self._skip_first
        except csv.Error as error:
            raise SheetError("bad_quotes", line=line) from error
        except UnicodeError as error:
            raise SheetError("mixed_encodings", lines=[line], encoding=self.encoding) from error

    def _read_through(self) -> int:
        with self._open() as file:
            rows = filled = 0
            for record in self._records(file):
                rows += 1
                filled += any(record)
        if not filled:
            raise SheetError("empty_sheet", sheet="")
        return rows


# The encoding --------------------------------------------------------------------------------------------------------
def _find_encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(_SAMPLE_BYTES)
        for mark, encoding in _BYTE_ORDER_MARKS.items():
            if start.startswith(mark):
                if encoding == "utf-8-sig":
                    _check_utf_8(file, path)
                return encoding
        if wide := _utf_16_without_mark(start):
            return wide
        if start.lstrip().startswith(_OTHER_FILES) or _CONTROL.search(start):
            raise SheetError("not_a_spreadsheet")
        return _check_utf_8(file, path)


def _utf_16_without_mark(start: bytes) -> str | None:
    """UTF-16 text of our languages has a zero in nearly every second byte."""
    pairs = len(start) // 2
    if pairs and start[1::2].count(0) > 0.8 * pairs:
        return "utf-16-le"
    if pairs and start[0::2].count(0) > 0.8 * pairs:
        return "utf-16-be"
    return None


def _check_utf_8(file: io.BufferedReader, path: Path) -> str:
    """The encoding of a file of bytes: UTF-8 if all of it is, else an older one if nothing of it is UTF-8."""
    file.seek(0)
    unicode_lines: list[int] = []
    other_lines: list[int] = []
    sample = bytearray()
    for number, line in enumerate(file, start=1):
        if b"\0" in line:
            raise SheetError("nul_bytes", line=number)
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError:
            other_lines.append(number)
            if len(sample) < _SAMPLE_BYTES:
                sample += line
        else:
            unicode_lines.append(number)
    if not other_lines:
        return "utf-8-sig"
    if unicode_lines:
        few = min(unicode_lines, other_lines, key=len)
        encoding = "UTF-8" if few is other_lines else "Windows-1252"
        raise SheetError("mixed_encodings", lines=few[:NAMED_LINES], encoding=encoding)
    guess = from_bytes(bytes(sample), cp_isolation=LEGACY_ENCODINGS).best()
    return _decodable(file, guess.encoding if guess else LEGACY_ENCODINGS[0])


def _decodable(file: io.BufferedReader, encoding: str) -> str:
    file.seek(0)
    bad: list[int] = []
    for number, line in enumerate(file, start=1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            bad.append(number)
    if bad:
        raise SheetError("mixed_encodings", lines=bad[:NAMED_LINES], encoding=encoding)
    return encoding


# The delimiter -------------------------------------------------------------------------------------------------------
def _find_delimiter(start: str) -> str:
    """The one that gives the most headers we know, and after that the most rows of one width."""
    return max(DELIMITERS, key=lambda delimiter: _rate(_sample(start, delimiter)))


def _sample(start: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)
    records: list[list[str]] = []
    try:
        records.extend(itertools.islice(reader, _SAMPLE_RECORDS))
    except csv.Error:
        return records
    return records


def _rate(records: Iterable[list[str]]) -> tuple[int, int, int]:
    records = [record for record in records if record]
    known = max((_known_headers(record) for record in records[:HEADER_SEARCH_ROWS]), default=0)
    widths = Counter(len(record) for record in records if len(record) > 1)
    width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return known, rows, width


def _known_headers(record: list[str]) -> int:
    return len({field for cell in record if (field := recognise(text_of_header(cell)))})
