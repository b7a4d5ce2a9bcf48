"""What filters and ranges of rows mean."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.audiences import ColumnTest, Filter, Op, Problem, RowRange, matches, read_filter, read_range

ANA: dict[str, Any] = {
    "name": "Ana María Díaz",
    "phone": "+56987654321",
    "country": "CL",
    "debt": Decimal(125_000),
    "rut": "12345678-5",
    "external_id": "",
    "due_date": date(2026, 11, 30),
    "metadata": {"cartera": "Norte (2)", "tramo": "  "},
}
TYPED = st.dictionaries(
    st.sampled_from(["text", "debt_from", "debt_to", "due_from", "due_to", "country", "written_in"]),
    st.text(max_size=12) | st.sampled_from(["1.000", "2026-01-01", "CL", "ES"]),
)
TESTS = st.lists(st.fixed_dictionaries({}, optional={"key": st.text(max_size=6), "op": st.text(max_size=5) |
                 st.sampled_from(["is", "has", "lacks"]), "values": st.text(max_size=9)}), max_size=12)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        ({"debt_from": "125.000"}, True),
        ({"debt_from": "125.001"}, False),
        ({"debt_from": "100,5", "debt_to": "$ 125.000"}, True),
        ({"due_from": "2026-11-30", "due_to": "2026-11-30"}, True),
        ({"due_to": "2026-11-29"}, False),
        ({"country": "cl"}, True),
        ({"country": "AR"}, False),
        ({"text": "mari ana"}, True),
        ({"text": "12.345"}, True),
        ({"text": "9 8765"}, True),
        ({"text": "aria"}, False),
        ({"tests": [{"key": "Cartera", "op": "is", "values": "sur; norte (2)"}]}, True),
        ({"tests": [{"key": "cartera", "op": "is", "values": "norte"}]}, False),
        ({"tests": [{"key": "cartera", "op": "has"}, {"key": "tramo", "op": "lacks"}]}, True),
        ({"tests": [{"key": "ejecutivo", "op": "has"}]}, False),
        ({"tests": [{"key": "debt", "op": "has"}, {"key": "external_id", "op": "lacks"}]}, True),
        ({"text": "ana", "country": "CL", "debt_to": "1"}, False),
    ],
)
def test_filter_fits_a_debtor_when_all_of_it_holds(typed: dict[str, Any], fits: bool) -> None:
    reading = read_filter({"written_in": "CL", **typed})
    assert not reading.problems
    assert reading.filter.conditions
    assert matches(reading.filter, **ANA) is fits


def test_control_characters_are_no_part_of_a_value() -> None:
    [test] = read_filter({"tests": [{"key": "a", "op": "is", "values": "nor\x00te;\x7f;s\rur"}]}).filter.tests
    assert test.values == ("norte", "sur")


def test_who_has_no_debt_or_no_date_fits_no_bounds_of_it() -> None:
    nothing = {**ANA, "debt": None, "due_date": None}
    assert not matches(read_filter({"debt_from": "0"}).filter, **nothing)
    assert not matches(read_filter({"due_to": "2099-01-01"}).filter, **nothing)
    assert matches(read_filter({"tests": [{"key": "debt", "op": "lacks"}]}).filter, **nothing)


@pytest.mark.parametrize(
    ("typed", "problems"),
    [
        ({}, {"text": Problem.NOTHING}),
        ({"text": " ", "tests": [{"key": "", "op": "is", "values": ""}]}, {"text": Problem.NOTHING}),
        ({"imports": ["a"]}, {}),
        ({"debt_from": "mucho"}, {"debt_from": Problem.NOT_MONEY}),
        ({"debt_from": "5", "debt_to": "4"}, {"debt_to": Problem.REVERSED}),
        ({"due_from": "30/11/2026"}, {"due_from": Problem.NOT_A_DATE}),
        ({"country": "QQ"}, {"country": Problem.NO_COUNTRY}),
        ({"text": "¿?"}, {"text": Problem.NO_VALUE}),
        ({"tests": [{"key": "", "op": "is", "values": "x"}]}, {"test-0": Problem.NO_COLUMN}),
        ({"tests": [{"key": "a", "op": "is", "values": " ; "}]}, {"test-0": Problem.NO_VALUE}),
        ({"tests": [{"key": "a", "op": "has"}] * 11}, {"test-10": Problem.TOO_MANY}),
        # What is not used would mean more people than the page shows: it is never left out without a word.
        ({"text": "a b c d e f g"}, {"text": Problem.TOO_MANY}),
        ({"text": "9" * 2_001}, {"text": Problem.TOO_LONG}),
        ({"debt_to": "1", "tests": [{"key": "", "op": "lacks", "values": ""}]}, {"test-0": Problem.NO_COLUMN}),
        ({"debt_to": "1", "tests": [{"key": "", "op": "is", "values": ""}]}, {}),
        ({"tests": [{"key": "a", "op": "is", "values": f"x; {'y' * 201}"}]}, {"test-0": Problem.TOO_LONG}),
        ({"tests": [{"key": "a", "op": "is", "values": "x; " * 700}]}, {"test-0": Problem.TOO_LONG}),
        ({"tests": [{"key": "a", "op": "is", "values": "\x00"}]}, {"test-0": Problem.NO_VALUE}),
    ],
)
def test_what_cannot_be_read_is_told_by_its_field(typed: dict[str, Any], problems: dict[str, Problem]) -> None:
    assert read_filter(typed).problems == problems


@given(typed=TYPED, tests=TESTS)
def test_reading_never_fails_and_a_filter_without_problems_asks_something(
    typed: dict[str, str], tests: list[dict[str, str]]
) -> None:
    reading = read_filter({**typed, "tests": tests})
    assert reading.problems or not reading.filter.empty
    matches(reading.filter, **ANA)
    assert read_filter({**typed, "tests": tests}) == reading


@given(value=st.text(min_size=1, max_size=20), other=st.text(max_size=20))
def test_value_is_compared_as_a_whole_and_nothing_in_it_is_interpreted(value: str, other: str) -> None:
    wanted = Filter(tests=(ColumnTest("tramo", Op.IS, (value,)),))
    assert matches(wanted, **{**ANA, "metadata": {"tramo": value}})
    if other.casefold() != value.casefold() and other.lower() != value.lower() and other.upper() != value.upper():
        assert not matches(wanted, **{**ANA, "metadata": {"tramo": other}})


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({"from": "2", "to": "500"}, RowRange("", 2, 500)),
        ({"import": "x", "from": " 1.000 ", "to": "1000"}, RowRange("x", 1000, 1000)),
        ({"from": "9", "to": "2"}, {"to": Problem.REVERSED}),
        ({"from": "0", "to": "x"}, {"from": Problem.NOT_A_ROW, "to": Problem.NOT_A_ROW}),
        ({}, {"from": Problem.NOT_A_ROW, "to": Problem.NOT_A_ROW}),
    ],
)
def test_range_of_rows(typed: dict[str, str], found: Any) -> None:
    assert read_range(typed) == found
