"""Which column of a sheet is what: the fields of a debtor by their headers, and every other column as metadata."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.cells import Cell, CellProblem, text_of
from domain.folding import fold
from domain.headers import WEAK_PHONES, Field, recognise

HEADER_SEARCH_ROWS = 20
"""Titles and blank rows may stand above the header: this many rows are looked at."""


IGNORE = "ignore"
"""What `--map` takes besides a field: the column is not read at all."""
KEEP = "keep"
"""And this: the column is kept under its own name, whatever its header means."""
MAPPABLE = (*(each.value for each in Field), IGNORE, KEEP)
_NO_FIELDS = (IGNORE, KEEP)


REASON_HEADERS = frozenset({"motivo_del_rechazo", "reason_for_rejection"})
"""Folded: the column that a file of refused rows has besides its own. It is not read."""


class ColumnsError(Exception):
    """The columns can't be told. Codes and what comes with them:

    no_phone_column(headers); unknown_header(header, headers); unknown_field(field, fields); mapped_twice(field);
    bad_mapping(text).
    """

    def __init__(self, code: str, **params: str | Sequence[str]) -> None:
        super().__init__(code, params)
        self.code = code
        self.params: Mapping[str, str | Sequence[str]] = params


@dataclass(frozen=True, slots=True)
class ColumnWarning:
    """Codes: same_field(field, used, kept), same_name(header, key)."""

    code: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MetadataColumn:
    index: int
    key: str
    """What a placeholder calls it: the folded header."""
    header: str


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column of a sheet is; indexes count from 0."""

    headers: tuple[str, ...]
    fields: Mapping[Field, int]
    metadata: tuple[MetadataColumn, ...]
    unnamed: tuple[int, ...]
    """Columns whose header is blank: not read."""
    warnings: tuple[ColumnWarning, ...] = ()

    def header_of(self, each: Field) -> str:
        return self.headers[self.fields[each]]


def parse_mapping(texts: Sequence[str]) -> dict[str, str]:
    """`HEADER=field` texts as a dict of both.

    Raises ColumnsError: bad_mapping, unknown_field, mapped_twice.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        header, equals, name = (part.strip() for part in text.rpartition("="))  # a header may hold a =
        if not equals or not header or not name:
            raise ColumnsError("bad_mapping", text=text)
        name = name.lower()
        if name not in MAPPABLE:
            raise ColumnsError("unknown_field", field=name, fields=MAPPABLE)
        if name not in _NO_FIELDS and name in mapping.values():
            raise ColumnsError("mapped_twice", field=name)
        mapping[header] = name
    return mapping


def find_header(rows: Sequence[Sequence[Cell]], mapping: Mapping[str, str]) -> int | None:
    """The index, among the first rows, of the header: the first with a phone column, else the first not blank.

    None when all of them are blank.
    """
    mapped = {fold(header) for header, name in mapping.items() if name == Field.PHONE}
    filled = None
    for index, row in enumerate(rows[:HEADER_SEARCH_ROWS]):
        headers = [text_of_header(cell) for cell in row]
        if any(_is_phone(header) or (header and fold(header) in mapped) for header in headers):
            return index
        if filled is None and any(headers):
            filled = index
    return filled


def _is_phone(header: str) -> bool:
    return recognise(header) is Field.PHONE or fold(header) in WEAK_PHONES


def text_of_header(cell: Cell) -> str:
    return "" if isinstance(cell, CellProblem) else " ".join(text_of(cell, "").split())


def choose_columns(headers: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """What each column is: by `mapping` (header to field), else by its header.

    Of two columns that mean the same field the first has it, and the other is metadata. Raises ColumnsError:
    no_phone_column, unknown_header.
    """
    named = [header for header in headers if header]
    chosen: dict[int, str] = {}
    for header, name in mapping.items():
        matches = [index for index, each in enumerate(headers) if each and fold(each) == fold(header)]
        exact = [index for index in matches if headers[index] == header]
        if not matches:
            raise ColumnsError("unknown_header", header=header, headers=named)
        chosen[(exact or matches)[0]] = name
    fields = {Field(name): index for index, name in chosen.items() if name not in _NO_FIELDS}
    given = frozenset(fields)
    warnings: list[ColumnWarning] = []
    for index, header in enumerate(headers):
        each = recognise(header) if index not in chosen else None
        if each is None:
            continue
        if each not in fields:
            fields[each] = index
        elif each not in given:
            warnings.append(ColumnWarning("same_field", {"field": each, "used": headers[fields[each]], "kept": header}))
    if Field.PHONE not in fields:
        weak = [i for i, header in enumerate(headers) if i not in chosen and fold(header) in WEAK_PHONES]
        if not weak:
            raise ColumnsError("no_phone_column", headers=named)
        fields[Field.PHONE] = weak[0]
    taken = {*fields.values(), *(index for index, name in chosen.items() if name == IGNORE)}
    taken.update(index for index, header in enumerate(headers) if fold(header) in REASON_HEADERS)
    metadata, more = _name_metadata(headers, taken)
    unnamed = tuple(index for index, header in enumerate(headers) if not header)
    return Columns(tuple(headers), fields, metadata, unnamed, (*warnings, *more))


def guess_columns(headers: Sequence[str]) -> dict[int, str]:
    """{index: field, "ignore" or "keep"} of the columns with a header, by their headers, a phone among them or not."""
    try:
        fields = choose_columns(headers, {}).fields
    except ColumnsError:
        recognised = ((recognise(header), index) for index, header in reversed(list(enumerate(headers))))
        fields = {each: index for each, index in recognised if each is not None}
    found = {index: each.value for each, index in fields.items()}
    return {
        index: found.get(index, IGNORE if fold(header) in REASON_HEADERS else KEEP)
        for index, header in enumerate(headers)
        if header
    }


def headers_digest(headers: Sequence[str]) -> str:
    """Tells files with the same columns, in whatever order, case and accents; the column of reasons apart."""
    names = sorted({fold(header) for header in headers if fold(header)} - REASON_HEADERS)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def remember(mapping: Mapping[str, str]) -> dict[str, str]:
    """{folded header: choice} of what somebody chose for a file's columns; two with one folded name tell nothing."""
    folded = [fold(header) for header in mapping]
    return {
        fold(header): chosen for header, chosen in mapping.items() if fold(header) and folded.count(fold(header)) == 1
    }


def recall(headers: Sequence[str], remembered: Mapping[str, str]) -> dict[int, str]:
    """{index: choice} for a file with the same columns: what was chosen last, else what the headers say."""
    found = guess_columns(headers)
    taken = {chosen for chosen in remembered.values() if chosen not in _NO_FIELDS}
    for index, header in enumerate(headers):
        if not header or fold(header) in REASON_HEADERS:
            continue
        if chosen := remembered.get(fold(header)):
            found[index] = chosen
        elif found[index] in taken:
            found[index] = KEEP
    return found


def _name_metadata(headers: Sequence[str], taken: set[int]) -> tuple[tuple[MetadataColumn, ...], list[ColumnWarning]]:
    columns: list[MetadataColumn] = []
    warnings: list[ColumnWarning] = []
    keys: set[str] = set()
    for index, header in enumerate(headers):
        if not header or index in taken:
            continue
        # A header of signs only still has a place: column_d.
        base = key = fold(header) or f"column_{column_letter(index).lower()}"
        count = 1
        while key in keys:
            count += 1
            key = f"{base}_{count}"
        if key != base:
            warnings.append(ColumnWarning("same_name", {"header": header, "key": key}))
        keys.add(key)
        columns.append(MetadataColumn(index, key, header))
    return tuple(columns), warnings


def column_letter(index: int) -> str:
    """What a spreadsheet calls the column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
