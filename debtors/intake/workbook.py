"""An xlsx sheet: its archive is checked before it is parsed, and cells without a usable value are found.

calamine reads the values, fast, but it makes nothing of an error (#N/A) and of a formula that was never calculated:
both look blank. It also lays out the sheet as a full rectangle, so that one stray cell far out takes all memory and
aborts the process. So the sheet's XML is looked through first: 0.5 s for 700,000 cells.
"""

import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import python_calamine

from debtors.intake.sheet import MAX_COLUMNS, SheetError
from domain.cells import Cell, CellProblem

MAX_ENTRIES = 10_000
MAX_UNPACKED_BYTES = 2 * 1024 * 1024 * 1024
MAX_RATIO = 250
"""An entry may unpack to so many times its size; real sheets reach about 50."""
RATIO_FREE_BYTES = 10 * 1024 * 1024
"""Below this size any ratio passes: it does no harm."""
MAX_INDEX_BYTES = 10 * 1024 * 1024
"""Of the two small parts that list the sheets."""
MAX_CELLS = 30_000_000
"""Rows times columns. calamine takes about 32 bytes for each, blank ones too."""

_CHUNK = 1024 * 1024
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_RELATION_IDS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)


class WorkbookSheet:
    """One sheet of an xlsx (see debtors.intake.sheet.Sheet). Raises SheetError."""

    delimiter = ""

    def __init__(self, path: Path, name: str | None) -> None:
        with _archive_errors(), path.open("rb") as file, zipfile.ZipFile(file) as archive:
            _check_archive(archive)
            parts = _sheet_parts(archive, file)
            self.name = _choose(parts, name)
            part = parts[self.name].part
            self._scan = scan_sheet(_inflate(archive, file, part))
            _check_the_rest(archive, file, {each.part for each in parts.values()})
        self._scan.check()
        self._sheet = _read_with_calamine(path, self.name)
        if self._sheet.start is None and not self._scan.problems:
            raise SheetError("empty_sheet", sheet=self.name)

    @property
    def height(self) -> int:
        end = self._sheet.end
        return max([end[0] + 1 if end else 1, *self._scan.problems])

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        start = self._sheet.start
        left: list[Cell] = [""] * (start[1] if start else 0)
        number = 0
        for number, row in enumerate(self._sheet.iter_rows(), start=1):
            yield number, self._with_problems(number, [*left, *row] if left else row)
        for last in sorted(each for each in self._scan.problems if each > number):
            yield last, self._with_problems(last, [])

    def _with_problems(self, number: int, cells: list[Cell]) -> list[Cell]:
        for column, problem in self._scan.problems.get(number, {}).items():
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = problem
        return cells


def sheet_names(path: Path) -> list[str]:
    """The worksheets' names, in the workbook's order. Raises SheetError."""
    with _archive_errors(), path.open("rb") as file, zipfile.ZipFile(file) as archive:
        _check_archive(archive)
        return list(_sheet_parts(archive, file))


@contextmanager
def _archive_errors() -> Iterator[None]:
    """What a damaged archive is found by, as a SheetError."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, ElementTree.ParseError, KeyError) as error:
        raise SheetError("damaged") from error


def _read_with_calamine(path: Path, name: str) -> Any:
    try:
        return python_calamine.load_workbook(path).get_sheet_by_name(name)
    except python_calamine.PasswordError as error:
        raise SheetError("password_protected") from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise SheetError("damaged") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's way to crash: no Exception, and of no public name
            raise
        raise SheetError("damaged") from error


# The archive ---------------------------------------------------------------------------------------------------------
def _check_archive(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = {entry.filename for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        raise SheetError("password_protected")
    if "xl/workbook.xml" not in names:
        if "xl/workbook.bin" in names:
            raise SheetError("other_format", format="xlsb")
        if "mimetype" in names and "content.xml" in names:
            raise SheetError("other_format", format="ods")
        raise SheetError("not_a_spreadsheet")
    if (
        len(entries) > MAX_ENTRIES
        or sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES
        or any(
            entry.file_size > RATIO_FREE_BYTES and entry.file_size > MAX_RATIO * entry.compress_size
            for entry in entries
        )
    ):
        raise SheetError("zip_bomb", limit=MAX_UNPACKED_BYTES)


def _inflate(archive: zipfile.ZipFile, file: Any, part: str) -> Iterator[bytes]:
    """The part's content in chunks. Its true size is watched, for the one in the archive's directory may be a lie.

    zipfile stops at the declared size, and so sees less than calamine would.
    """
    entry = archive.getinfo(part)
    file.seek(entry.header_offset)
    signature, name_size, extra_size = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if signature != b"PK\x03\x04" or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise SheetError("damaged")
    file.seek(name_size + extra_size, 1)
    inflater = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    packed_left, size, checksum = entry.compress_size, 0, 0
    packed = b""
    while True:
        if not packed and packed_left:
            packed = file.read(min(_CHUNK, packed_left))
            if not packed:
                raise SheetError("damaged")
            packed_left -= len(packed)
        if inflater is None:
            chunk, packed = packed, b""
        else:
            chunk = inflater.decompress(packed, _CHUNK)
            packed = inflater.unconsumed_tail
        size += len(chunk)
        checksum = zlib.crc32(chunk, checksum)
        if size > entry.file_size:
            raise SheetError("zip_bomb", limit=MAX_UNPACKED_BYTES)
        if chunk:
            yield chunk
        elif (inflater is None or inflater.eof or not packed) and not packed_left:
            break
    if size != entry.file_size or checksum != entry.CRC:
        raise SheetError("damaged")


def _check_the_rest(archive: zipfile.ZipFile, file: Any, sheets: set[str]) -> None:
    """Whether the parts that calamine reads for any sheet (texts, styles) are whole and as large as they say."""
    for entry in archive.infolist():
        if entry.filename.endswith((".xml", ".rels")) and entry.filename not in sheets:
            for _chunk in _inflate(archive, file, entry.filename):
                pass


@dataclass(frozen=True, slots=True)
class _SheetPart:
    part: str
    visible: bool


def _sheet_parts(archive: zipfile.ZipFile, file: Any) -> dict[str, _SheetPart]:
    """The worksheets by name, in the workbook's order: charts and macros are no sheets."""
    relations = {
        relation.get("Id"): relation.get("Target", "")
        for relation in _small_xml(archive, file, "xl/_rels/workbook.xml.rels")
        if relation.get("Type", "").endswith("/worksheet")
    }
    workbook = _small_xml(archive, file, "xl/workbook.xml")
    parts: dict[str, _SheetPart] = {}
    for sheet in (*workbook.iter(f"{_MAIN}sheet"), *workbook.iter(f"{_STRICT}sheet")):
        target = relations.get(next((sheet.get(key) for key in _RELATION_IDS if sheet.get(key)), None))
        if target:
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            parts[sheet.get("name", "")] = _SheetPart(part, sheet.get("state", "visible") == "visible")
    return parts


def _small_xml(archive: zipfile.ZipFile, file: Any, part: str) -> ElementTree.Element:
    if archive.getinfo(part).file_size > MAX_INDEX_BYTES:
        raise SheetError("zip_bomb", limit=MAX_INDEX_BYTES)
    # expat bounds what entities expand to, and loads nothing from outside.
    return ElementTree.fromstring(b"".join(_inflate(archive, file, part)))  # noqa: S314


def _choose(parts: dict[str, _SheetPart], name: str | None) -> str:
    if not parts:
        raise SheetError("no_sheets")
    if name is None:
        return next((each for each, sheet in parts.items() if sheet.visible), next(iter(parts)))
    if name in parts:
        return name
    wanted = name.strip().casefold()
    for each in parts:
        if each.strip().casefold() == wanted:
            return each
    raise SheetError("no_such_sheet", sheet=name, sheets=list(parts))


# The sheet's XML -----------------------------------------------------------------------------------------------------
# A `<` in text is always escaped, so these find tags, under whatever namespace prefix.
_CELL_TAG = re.compile(rb"<(?:\w+:)?c[\s/>]")
_REFERENCE = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]+)(\d+)[\"']")
_FILLED_REFERENCE = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]+)(\d+)[\"'][^>]*(?<!/)>")
_ROW_TAG = re.compile(rb"<(?:\w+:)?row(?=[\s/>])")
_ROW_NUMBER = re.compile(rb"\sr\s*=\s*[\"'](\d+)[\"']")
_CELL = re.compile(rb"<(?:\w+:)?c(\s[^>]*?)?(?:/>|>(.*?)</(?:\w+:)?c\s*>)", re.DOTALL)
_ERROR_TYPE = re.compile(rb"\st\s*=\s*[\"']e[\"']")
_TEXT_TYPE = re.compile(rb"\st\s*=\s*[\"']str[\"']")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>(.+?)</", re.DOTALL)


@dataclass(slots=True)
class Scan:
    """The extent of a sheet (last row and column, counted from 1) and, by row and column (from 0), its bad cells."""

    last_row: int = 0
    last_column: int = 0
    problems: dict[int, dict[int, CellProblem]] = field(default_factory=dict)
    unplaced: bool = False
    row_tags: int = 0

    def check(self) -> None:
        """Raises SheetError: too_many_columns, too_many_cells, unplaced_formulas."""
        if self.last_column > MAX_COLUMNS:
            raise SheetError("too_many_columns", columns=self.last_column, limit=MAX_COLUMNS, row=0)
        cells = self.last_row * self.last_column
        if cells > MAX_CELLS:
            raise SheetError("too_many_cells", cells=cells, limit=MAX_CELLS)
        if self.unplaced:
            raise SheetError("unplaced_formulas")


def scan_sheet(chunks: Iterable[bytes]) -> Scan:
    """Look through a worksheet's XML."""
    scan = Scan()
    columns: dict[bytes, int] = {}
    for rows in _whole_rows(chunks):
        references = _REFERENCE.findall(rows)
        complete = len(_CELL_TAG.findall(rows)) <= len(references)
        if not complete:
            _extend_by_counting(scan, rows)
        _extend_by_references(scan, references, rows, columns)
        if b"<f" in rows or b":f" in rows or b'"e"' in rows or b"'e'" in rows:
            _find_problems(scan, rows, columns)
    return scan


def _whole_rows(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The content cut between rows only."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        cut = max(rest.rfind(b"<row"), rest.rfind(b"<", 0, max(rest.rfind(b":row"), 0)))
        if cut > 0:
            yield rest[:cut]
            rest = rest[cut:]
    yield rest


def _extend_by_references(
    scan: Scan, references: list[tuple[bytes, bytes]], rows: bytes, columns: dict[bytes, int]
) -> None:
    if not references:
        return
    letters = {column for column, _row in references}
    for each in letters - columns.keys():
        columns[each] = _column_number(each)
    widest = max(columns[each] for each in letters)
    deepest = max(int(row) for _column, row in references)
    if widest > MAX_COLUMNS or widest * max(deepest, scan.last_row) > MAX_CELLS:
        # Cells with a format only (a border along a whole row) hold nothing and are no part of the sheet.
        filled = _FILLED_REFERENCE.findall(rows)
        widest = max((columns[column] for column, _row in filled), default=0)
        deepest = max((int(row) for _column, row in filled), default=0)
    scan.last_column = max(scan.last_column, widest)
    scan.last_row = max(scan.last_row, deepest)


def _extend_by_counting(scan: Scan, rows: bytes) -> None:
    """Cells may leave out where they are: then each stands after the one before it."""
    scan.row_tags += len(_ROW_TAG.findall(rows))
    numbers = [int(number) for number in _ROW_NUMBER.findall(rows)]
    scan.last_row = max(scan.last_row, scan.row_tags, *numbers, 0)
    widths = [len(_CELL_TAG.findall(row)) for row in _ROW_TAG.split(rows)]
    scan.last_column = max(scan.last_column, *widths)


def _find_problems(scan: Scan, rows: bytes, columns: dict[bytes, int]) -> None:
    for match in _CELL.finditer(rows):
        attributes, content = match[1] or b"", match[2] or b""
        problem = _problem(attributes, content)
        if problem is None:
            continue
        reference = _REFERENCE.search(attributes)
        if reference is None:
            scan.unplaced = True
            return
        column = columns.get(reference[1]) or _column_number(reference[1])
        scan.problems.setdefault(int(reference[2]), {})[column - 1] = problem


def _problem(attributes: bytes, content: bytes) -> CellProblem | None:
    value = _VALUE.search(content)
    if _ERROR_TYPE.search(attributes):
        return CellProblem("cell_error", value[1].decode("utf-8", "replace") if value else "")
    # A formula whose result is an empty text says so by its type.
    if value is None and _FORMULA.search(content) and not _TEXT_TYPE.search(attributes):
        return CellProblem("cell_formula")
    return None


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper()[:6]:
        number = number * 26 + letter - 64
    return number
