"""Amounts as people and spreadsheets of several countries write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import MoneyError, MoneyProblem, parse_money


@pytest.mark.parametrize(
    ("value", "country", "amount"),
    [
        (1234567.0, "CL", "1234567"),
        (1234567, "CL", "1234567"),
        (0.1 + 0.2, "CL", "0.3"),
        (1234.567, "CL", "1234.567"),
        (-0.0, "CL", "0"),
        ("1234567", "CL", "1234567"),
        ("0", "CL", "0"),
        ("1.234.567", "CL", "1234567"),
        ("$ 1.234.567,50", "CL", "1234567.5"),
        ("$1.234.567.-", "CL", "1234567"),
        ("$ 1.234,-", "CL", "1234"),
        ("1,234,567.50", "CL", "1234567.5"),
        ("1234567 CLP", "CL", "1234567"),
        ("CLP 1.234", "CL", "1234"),
        ("clp1.234", "CL", "1234"),
        ("1.234", "CL", "1234"),
        ("1.234", "MX", "1.234"),
        ("1,234", "MX", "1234"),
        ("1,234", "CL", "1.234"),
        ("1.234.567", "MX", "1234567"),
        ("1234.5", "CL", "1234.5"),
        ("1234,5", "CL", "1234.5"),
        ("1234,56", "MX", "1234.56"),
        ("1234.567", "CL", "1234.567"),
        ("0.123", "CL", "0.123"),
        ("1 234 567", "CL", "1234567"),
        ("1\u00a0234\u202f567,5", "CL", "1234567.5"),
        ("1'234'567.50", "CH", "1234567.5"),
        ("R$ 1.234,56", "BR", "1234.56"),
        ("S/ 1,234.56", "PE", "1234.56"),
        ("1.234,56 €", "ES", "1234.56"),
        ("$1,234.56", "US", "1234.56"),
        ("12,345678", "CL", "12.3457"),
        (" \u00a0 ", "CL", None),
        ("", "CL", None),
    ],
)
def test_parse_money_reads_the_countrys_way_and_every_plain_one(
    value: str | float, country: str, amount: str | None
) -> None:
    assert parse_money(value, country) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("mucho", MoneyError(MoneyProblem.NOT_MONEY)),
        ("12 34", MoneyError(MoneyProblem.NOT_MONEY)),
        ("1.23.456", MoneyError(MoneyProblem.NOT_MONEY)),
        ("1,234,56", MoneyError(MoneyProblem.NOT_MONEY)),
        ("1.234.567.50", MoneyError(MoneyProblem.NOT_MONEY)),
        ("1e6", MoneyError(MoneyProblem.NOT_MONEY)),
        ("UF 12,5", MoneyError(MoneyProblem.NOT_MONEY)),
        ("US$ 100", MoneyError(MoneyProblem.NOT_MONEY)),
        ("100 €", MoneyError(MoneyProblem.NOT_MONEY)),
        ("$$ 100", MoneyError(MoneyProblem.NOT_MONEY)),
        ("-", MoneyError(MoneyProblem.NOT_MONEY)),
        ("١٢٣", MoneyError(MoneyProblem.NOT_MONEY)),
        (True, MoneyError(MoneyProblem.NOT_MONEY)),
        (float("nan"), MoneyError(MoneyProblem.NOT_MONEY)),
        (float("inf"), MoneyError(MoneyProblem.NOT_MONEY)),
        ("100 USD", MoneyError(MoneyProblem.OTHER_CURRENCY, "USD")),
        ("EUR 1.000", MoneyError(MoneyProblem.OTHER_CURRENCY, "EUR")),
        ("-1.000", MoneyError(MoneyProblem.NEGATIVE)),
        ("$ -1.000", MoneyError(MoneyProblem.NEGATIVE)),
        ("(1.000)", MoneyError(MoneyProblem.NEGATIVE)),
        (-5.0, MoneyError(MoneyProblem.NEGATIVE)),
        ("1" * 15, MoneyError(MoneyProblem.TOO_LARGE)),
        (1e15, MoneyError(MoneyProblem.TOO_LARGE)),
    ],
)
def test_parse_money_guesses_nothing(value: str | float, error: MoneyError) -> None:
    assert parse_money(value, "CL") == error


@given(st.integers(0, 10**14 - 1), st.integers(0, 9999), st.sampled_from([("CL", ".", ","), ("MX", ",", ".")]))
def test_parse_money_reads_back_every_amount_as_its_country_writes_it(
    whole: int, fraction: int, style: tuple[str, str, str]
) -> None:
    country, group, point = style
    grouped = f"{whole:,}".replace(",", group)
    amount = Decimal(whole) + Decimal(fraction).scaleb(-4)
    assert parse_money(f"$ {grouped}{point}{fraction:04}", country) == amount
    assert parse_money(f"{whole}{point}{fraction:04}", country) == amount
    assert parse_money(f"{grouped}", country) == Decimal(whole)


@given(st.text(max_size=30) | st.floats() | st.integers(), st.sampled_from(["CL", "MX", "CH", "PY", "XX"]))
def test_parse_money_never_raises_nor_gives_less_than_nothing(value: str | float, country: str) -> None:
    amount = parse_money(value, country)
    if isinstance(amount, Decimal):
        assert Decimal(0) <= amount < Decimal(10) ** 14
        assert amount == round(amount, 4)
