"""Rows of a sheet, read to debtors or refused with a reason."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cells import Cell, CellProblem, is_blank, text_of
from domain.columns import choose_columns
from domain.rows import DebtorRow, RowError, RowReader, check_digit, identity_of, normalise_rut

HEADERS = ["Nombre", "Teléfono", "Deuda", "RUT", "ID externo", "Vencimiento", "Ejecutivo"]


def read(*cells: Cell, headers: list[str] = HEADERS, country: str = "CL", delimiter: str = "") -> DebtorRow | RowError:
    return RowReader(choose_columns(headers, {}), country, delimiter).read(cells)


def test_read_makes_a_debtor_of_a_full_row() -> None:
    row = read(" Ana  Soto ", 987654321.0, 125000.0, "12.345.678-5", 77.0, date(2026, 3, 5), "Luis")
    assert row == DebtorRow(
        identity="id:77",
        name="Ana Soto",
        phone="+56987654321",
        phone_raw="987654321",
        country="CL",
        debt=Decimal(125000),
        rut="12345678-5",
        external_id="77",
        due_date=date(2026, 3, 5),
        metadata={"ejecutivo": "Luis"},
    )


def test_read_needs_nothing_but_the_phone() -> None:
    row = read(None, "+56 9 8765 4321")
    assert row == DebtorRow("tel:+56987654321", "", "+56987654321", "+56 9 8765 4321", "CL", None, "", "", None,
                            {"ejecutivo": ""})  # fmt: skip


def test_read_composes_letters_with_accents_of_their_own() -> None:
    row = read("Jose\u0301", "987654321")
    assert isinstance(row, DebtorRow)
    assert row.name == "José"


@pytest.mark.parametrize(
    ("changes", "code", "params"),
    [
        ({1: ""}, "no_phone", {"column": "Teléfono", "value": ""}),
        ({1: "22 345 6789"}, "landline", {"column": "Teléfono", "value": "22 345 6789"}),
        ({1: date(2026, 1, 1)}, "phone_too_short", None),
        ({1: CellProblem("cell_error", "#N/A")}, "cell_error", {"column": "Teléfono", "text": "#N/A"}),
        ({2: CellProblem("cell_formula")}, "cell_formula", {"column": "Deuda", "text": ""}),
        ({6: CellProblem("cell_error", "#REF!")}, "cell_error", {"column": "Ejecutivo", "text": "#REF!"}),
        ({6: "#¡REF!"}, "cell_error", {"column": "Ejecutivo", "text": "#¡REF!"}),
        ({2: "mucho"}, "bad_debt", {"column": "Deuda", "value": "mucho", "currency": ""}),
        ({2: date(2026, 1, 1)}, "bad_debt", {"column": "Deuda", "value": "01-01-2026"}),
        ({2: "-1"}, "debt_negative", {"column": "Deuda", "value": "-1", "currency": ""}),
        ({2: "10 USD"}, "debt_other_currency", {"column": "Deuda", "value": "10 USD", "currency": "USD"}),
        ({3: "S/I"}, "bad_rut", {"column": "RUT", "value": "S/I"}),
        ({5: "31/02/2026"}, "bad_due_date", {"column": "Vencimiento", "value": "31/02/2026", "example": "25-03-2026"}),
        ({5: 46000.0}, "bad_due_date", {"column": "Vencimiento", "value": "46000", "example": "25-03-2026"}),
        ({0: "x" * 201}, "too_long", {"column": "Nombre", "length": 201, "limit": 200}),
        ({4: "x" * 101}, "too_long", {"column": "ID externo", "length": 101, "limit": 100}),
        ({6: "x" * 2001}, "too_long", {"column": "Ejecutivo", "length": 2001, "limit": 2000}),
        ({2: "z" * 100}, "bad_debt", {"column": "Deuda", "value": "z" * 59 + "…", "currency": ""}),
    ],
)
def test_read_refuses_a_row_and_says_why(
    changes: dict[int, Cell], code: str, params: dict[str, str | int] | None
) -> None:
    cells: list[Cell] = ["Ana", "987654321", 1.0, "1-9", "a", "2026-03-05", "Luis"]
    for index, cell in changes.items():
        cells[index] = cell
    error = read(*cells)
    assert isinstance(error, RowError)
    assert error.code == code
    assert params is None or error.params == params


def test_read_of_a_csv_refuses_a_row_whose_cells_moved() -> None:
    headers = ["Nombre", "Fono", "Deuda"]
    error = read("Ana", "987654321", "1", "234", headers=headers, delimiter=",")
    assert error == RowError("extra_cells", {"cells": 4, "headers": 3, "delimiter": ","})
    row = read("Ana", "987654321", "1", "", " ", headers=headers, delimiter=",")
    assert isinstance(row, DebtorRow)
    assert row.debt == Decimal(1)


def test_read_ignores_a_problem_in_a_column_it_does_not_read() -> None:
    reader = RowReader(choose_columns(["Fono", "Total"], {"Total": "ignore"}), "CL")
    assert isinstance(reader.read(["987654321", CellProblem("cell_error", "#N/A")]), DebtorRow)


@pytest.mark.parametrize(
    ("written", "country", "rut"),
    [
        ("12.345.678-5", "CL", "12345678-5"),
        ("12.345.678-9", "CL", "12345678-9"),
        ("12345678-k", "CL", "12345678-K"),
        ("012345678-5", "CL", "12345678-5"),
        (" 12 345 678 – 5 ", "CL", "12345678-5"),
        ("123456785", "CL", "12345678-5"),
        ("12345678K", "CL", "12345678-K"),
        ("12345678", "CL", "12345678"),
        ("", "CL", ""),
        ("S/I", "CL", ""),
        ("-", "CL", ""),
        ("K", "CL", ""),
        ("12345678-X", "CL", ""),
        ("123.456.789-09", "BR", "123456789-09"),
        ("20-12345678-9", "AR", "20-12345678-9"),
        ("pegj800101hdfrrn09", "MX", "PEGJ800101HDFRRN09"),
        ("N/A", "MX", ""),
    ],
)
def test_normalise_rut_drops_dots_and_keeps_the_dash(written: str, country: str, rut: str) -> None:
    assert normalise_rut(written, country) == rut


@pytest.mark.parametrize(("body", "digit"), [("12345678", "5"), ("1", "9"), ("11111111", "1"), ("6", "K"), ("0", "0")])
def test_check_digit_is_modulo_eleven(body: str, digit: str) -> None:
    assert check_digit(body) == digit


@given(st.integers(1, 999_999_999))
def test_normalise_rut_gives_every_way_of_writing_it_one_form(body: int) -> None:
    digit = check_digit(str(body))
    expected = f"{body}-{digit}"
    dotted = f"{body:,}".replace(",", ".")
    for written in (f"{body}-{digit}", f"{dotted}-{digit.lower()}", f"{body}{digit}", f"00{body}-{digit}"):
        assert normalise_rut(written, "CL") == expected
    assert normalise_rut(expected, "CL") == expected


def test_identity_of_prefers_what_names_the_person() -> None:
    assert identity_of(external_id="77", rut="1-9", phone="+56987654321") == "id:77"
    assert identity_of(external_id="", rut="1-9", phone="+56987654321") == "rut:1-9"
    assert identity_of(external_id="", rut="", phone="+56987654321") == "tel:+56987654321"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" a ", "a"),
        (12.0, "12"),
        (1.5, "1.5"),
        (7, "7"),
        (True, "TRUE"),
        (False, "FALSE"),
        (None, ""),
        (date(2026, 3, 5), "05-03-2026"),
        (datetime(2026, 3, 5), "05-03-2026"),
        (datetime(2026, 3, 5, 14, 30), "05-03-2026 14:30"),
        (time(14, 30), "14:30"),
        (timedelta(hours=36, minutes=5), "36:05"),
        (CellProblem("cell_error", "#N/A"), ""),
    ],
)
def test_text_of_shows_a_cell_as_its_country_does(cell: Cell, text: str) -> None:
    assert text_of(cell, "CL") == text


def test_is_blank_sees_nothing_but_spaces() -> None:
    assert is_blank([None, "", "  "])
    assert not is_blank([None, 0.0])


_cells = st.one_of(
    st.none(), st.text(max_size=30), st.floats(), st.booleans(), st.datetimes(), st.dates(), st.times(),
    st.timedeltas(), st.just(CellProblem("cell_error", "#N/A")),
)  # fmt: skip


@given(st.lists(_cells, max_size=9))
def test_read_never_raises(cells: list[Cell]) -> None:
    row = read(*cells)
    assert isinstance(row, RowError) or row.phone.startswith("+")
