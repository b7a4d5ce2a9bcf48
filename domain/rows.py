"""The rows of a sheet to debtors: each one a DebtorRow, or the reason why it is none."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from domain.cells import Cell, CellProblem, is_blank, text_of
from domain.columns import Columns
from domain.dates import parse_date
from domain.headers import Field
from domain.money import MoneyError, MoneyProblem, parse_money
from domain.phones import PhoneError, parse_phone
from domain.values import numeric_date

MAX_NAME = 200
MAX_EXTERNAL_ID = 100
MAX_RUT = 30
MAX_METADATA = 2_000
"""Characters; a longer text refuses its row, for a text cut short would be sent to somebody."""
EXAMPLE_DAY = date(2026, 3, 25)
MAX_QUOTED = 60
"""Characters of a cell that a reason repeats."""


class RowProblem(StrEnum):
    CELL_ERROR = "cell_error"  # column, text
    CELL_FORMULA = "cell_formula"  # column
    TOO_LONG = "too_long"  # column, length, limit
    BAD_RUT = "bad_rut"  # column, value
    BAD_DUE_DATE = "bad_due_date"  # column, value, example
    EXTRA_CELLS = "extra_cells"  # cells, headers, delimiter


# What a csv holds for a spreadsheet's error cells, in English, Spanish and Portuguese.
_ERRORS = (
    "#N/A #REF! #DIV/0! #VALUE! #NAME? #NULL! #NUM! #SPILL! #CALC! "
    "#N/D #¡REF! #¡DIV/0! #¡VALOR! #VALOR! #¿NOMBRE? #NOMBRE? #NOME? #¡NULO! #NULO! #¡NUM! #NÚM!"
)
ERROR_TEXTS = frozenset(_ERRORS.split())


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row is no debtor: a RowProblem, PhoneProblem or MoneyProblem, and what its sentence names."""

    code: str
    params: Mapping[str, str | int]


class DebtorRow(NamedTuple):
    """A valid row. What its file has no column for is blank; `metadata` has every metadata column, by key."""

    identity: str
    name: str
    phone: str
    phone_raw: str
    country: str
    debt: Decimal | None
    rut: str
    external_id: str
    due_date: date | None
    metadata: dict[str, str]


class _RefusedError(Exception):
    def __init__(self, error: RowError) -> None:
        self.error = error


class RowReader:
    """Reads the rows of one sheet. `country` (ISO 3166, in capitals) is that of its phones, money and dates.

    `delimiter` is that of a csv, where a row longer than the header is one whose cells moved: it is refused.
    """

    def __init__(self, columns: Columns, country: str, delimiter: str = "") -> None:
        self._delimiter = delimiter
        self._headers = columns.headers
        self._country = country
        self._index = dict(columns.fields)
        self._metadata = [(column.index, column.key) for column in columns.metadata]
        self._read_columns = sorted({*columns.fields.values(), *(column.index for column in columns.metadata)})
        self._blanks = [""] * len(columns.headers)

    def read(self, cells: Sequence[Cell]) -> DebtorRow | RowError:
        """The row as a debtor, or the first reason why it is none. A short row is blank at its end."""
        if len(cells) < len(self._blanks):
            cells = [*cells, *self._blanks[len(cells) :]]
        try:
            return self._read(cells)
        except _RefusedError as refused:
            return refused.error

    def _read(self, cells: Sequence[Cell]) -> DebtorRow:
        if self._delimiter and not is_blank(cells[len(self._headers) :]):
            raise self._too_many(len(cells))
        for index in self._read_columns:
            cell = cells[index]
            if isinstance(cell, CellProblem):
                raise self._refuse(cell.code, index, text=cell.text)
            if isinstance(cell, str) and cell.startswith("#") and cell in ERROR_TEXTS:
                raise self._refuse(RowProblem.CELL_ERROR, index, text=cell)
        phone_index = self._index[Field.PHONE]
        raw = cells[phone_index]
        phone_raw = text_of(raw, self._country)
        phone = parse_phone(raw if isinstance(raw, (float, int)) else phone_raw, self._country)
        if isinstance(phone, PhoneError):
            raise self._refuse(phone.code, phone_index, value=phone_raw)
        rut = self._rut(cells)
        external_id = self._text(cells, Field.EXTERNAL_ID, MAX_EXTERNAL_ID)
        return DebtorRow(
            identity_of(external_id=external_id, rut=rut, phone=phone.e164),
            " ".join(unicodedata.normalize("NFC", self._text(cells, Field.NAME, MAX_NAME)).split()),
            phone.e164,
            phone_raw,
            phone.country,
            self._debt(cells),
            rut,
            external_id,
            self._due_date(cells),
            {key: self._limited(cells, index, MAX_METADATA) for index, key in self._metadata},
        )

    def _too_many(self, cells: int) -> _RefusedError:
        params: dict[str, str | int] = {"cells": cells, "headers": len(self._headers), "delimiter": self._delimiter}
        return _RefusedError(RowError(RowProblem.EXTRA_CELLS, params))

    def _refuse(self, code: str, index: int, **params: str | int) -> _RefusedError:
        if isinstance(value := params.get("value"), str) and len(value) > MAX_QUOTED:
            params["value"] = f"{value[: MAX_QUOTED - 1]}…"
        return _RefusedError(RowError(code, {"column": self._headers[index], **params}))

    def _limited(self, cells: Sequence[Cell], index: int, limit: int) -> str:
        text = text_of(cells[index], self._country)
        if len(text) > limit:
            raise self._refuse(RowProblem.TOO_LONG, index, length=len(text), limit=limit)
        return text

    def _text(self, cells: Sequence[Cell], field: Field, limit: int) -> str:
        index = self._index.get(field)
        return "" if index is None else self._limited(cells, index, limit)

    def _rut(self, cells: Sequence[Cell]) -> str:
        written = self._text(cells, Field.RUT, MAX_RUT)
        rut = normalise_rut(written, self._country)
        if written and not rut:
            raise self._refuse(RowProblem.BAD_RUT, self._index[Field.RUT], value=written)
        return rut

    def _debt(self, cells: Sequence[Cell]) -> Decimal | None:
        index = self._index.get(Field.DEBT)
        if index is None or (cell := cells[index]) is None:
            return None
        if not isinstance(cell, (str, float, int)):
            raise self._refuse(MoneyProblem.NOT_MONEY, index, value=text_of(cell, self._country))
        debt = parse_money(cell, self._country)
        if isinstance(debt, MoneyError):
            raise self._refuse(debt.code, index, value=text_of(cell, self._country), currency=debt.currency)
        return debt

    def _due_date(self, cells: Sequence[Cell]) -> date | None:
        index = self._index.get(Field.DUE_DATE)
        if index is None or (cell := cells[index]) is None or (isinstance(cell, str) and not cell.strip()):
            return None
        day = parse_date(cell, self._country)
        if day is None:
            example = numeric_date(EXAMPLE_DAY, self._country)
            raise self._refuse(RowProblem.BAD_DUE_DATE, index, value=text_of(cell, self._country), example=example)
        return day


def identity_of(*, external_id: str, rut: str, phone: str) -> str:
    """Who a debtor is, from file to file: the external id where there is one, else the RUT, else the phone."""
    if external_id:
        return f"id:{external_id}"
    return f"rut:{rut}" if rut else f"tel:{phone}"


_CHILEAN_RUT = re.compile(r"0*(\d{1,9})(?:-([0-9K]))?")
_CHILEAN_RUT_AS_ONE = re.compile(r"0*(\d{1,9})([0-9K])")
_OTHER_ID = re.compile(r"(?=.*\d)[0-9A-Z][0-9A-Z-]{2,29}")


def normalise_rut(written: str, country: str) -> str:
    """A national id without dots and spaces, in capitals; in Chile with the dash before its check digit.

    The check digit is not enforced, but it tells whether digits without a dash hold one (12345678 does not, 123456785
    does). Blank when the text can't be an id.
    """
    plain = re.sub(r"[.\s]", "", written).upper().replace("‐", "-").replace("–", "-").replace("−", "-")
    if country != "CL":
        return plain if _OTHER_ID.fullmatch(plain) else ""
    if (dashed := _CHILEAN_RUT.fullmatch(plain)) and dashed[2]:
        return f"{dashed[1]}-{dashed[2]}"
    # Without a dash only a K or the right digit is taken for a check digit.
    if (joined := _CHILEAN_RUT_AS_ONE.fullmatch(plain)) and (joined[2] == "K" or check_digit(joined[1]) == joined[2]):
        return f"{joined[1]}-{joined[2]}"
    return dashed[1] if dashed else ""


def check_digit(body: str) -> str:
    """The check digit of a RUT's digits: modulo 11, K for 10."""
    total = sum(int(digit) * (2 + index % 6) for index, digit in enumerate(reversed(body)))
    return {10: "K", 11: "0"}.get(11 - total % 11) or str(11 - total % 11)
