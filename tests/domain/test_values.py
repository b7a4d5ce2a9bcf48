"""Values as debtors read them: equal to CLDR's formats, in characters that keep an SMS short."""

from datetime import date
from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from domain.values import display_values, first_name, money, numeric_date
from tests.effort import calls_of

COUNTRIES = {
    "AR": ("es_AR", "ARS"),
    "BR": ("pt_BR", "BRL"),
    "CL": ("es_CL", "CLP"),
    "CO": ("es_CO", "COP"),
    "CR": ("es_CR", "CRC"),
    "EC": ("es_EC", "USD"),
    "ES": ("es_ES", "EUR"),
    "IN": ("hi_IN", "INR"),
    "MX": ("es_MX", "MXN"),
    "PE": ("es_PE", "PEN"),
    "PY": ("es_PY", "PYG"),
    "US": ("en_US", "USD"),
    "UY": ("es_UY", "UYU"),
}


@pytest.mark.parametrize(
    ("country", "amount", "shown"),
    [
        ("CL", "1234567", "$1.234.567"),
        ("CL", "999.6", "$1.000"),
        ("ES", "1234.56", "1.234,56 €"),
        ("MX", "1234.56", "$1,234.56"),
        ("BR", "1234.56", "R$ 1.234,56"),
        ("PE", "1234.5", "S/ 1,234.50"),
        ("US", "0.005", "$0.00"),
        ("PY", "1234567", "Gs. 1.234.567"),
        ("CH", "1234567.5", "CHF 1'234'567.50"),
        ("IN", "1234567.5", "₹12,34,567.50"),
        ("AR", "-1234.5", "-$1.234,50"),
        ("XX", "1234.5", "1.234,50"),
        ("", "1234.5", "1.234,50"),
    ],
)
def test_money_in_the_manner_of_the_country(country: str, amount: str, shown: str) -> None:
    assert money(Decimal(amount), country) == shown


@given(
    st.sampled_from(sorted(COUNTRIES)),
    st.decimals(min_value=-(10**13), max_value=10**13, places=4) | st.integers(-(10**13), 10**13).map(Decimal),
)
def test_money_equals_babel_but_for_spaces(country: str, amount: Decimal) -> None:
    locale, currency = COUNTRIES[country]
    expected = format_currency(amount, currency, locale=Locale.parse(locale))
    assert money(amount, country) == expected.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("country", "shown"),
    [
        ("CL", "05-11-2026"),
        ("US", "11/05/2026"),
        ("PA", "11/05/2026"),
        ("AR", "05/11/2026"),
        ("ES", "05/11/2026"),
        ("BR", "05/11/2026"),
        ("DE", "05.11.2026"),
        ("BG", "05.11.2026"),
        ("HU", "2026. 11. 05."),
        ("XX", "05/11/2026"),
    ],
)
def test_date_in_the_order_of_the_country(country: str, shown: str) -> None:
    assert numeric_date(date(2026, 11, 5), country) == shown


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("MARÍA JOSÉ PÉREZ", "María"),
        ("María José", "María"),
        ("JEAN-PIERRE", "Jean-Pierre"),
        ("O'HIGGINS BERNARDO", "O'Higgins"),
        ("PÉREZ, Juan", "Pérez"),
        ("J. Soto", "J."),
        ("McDonald", "McDonald"),
        ("  ana  ", "ana"),
        (" ", ""),
    ],
)
def test_first_name_of(name: str, first: str) -> None:
    assert first_name(name) == first


def test_display_values_of_a_full_row() -> None:
    assert display_values(
        name="MARÍA JOSÉ PÉREZ",
        phone="+56912345678",
        country="CL",
        debt=Decimal("1234567"),
        rut="12.345.678-5",
        external_id="A-1",
        due_date=date(2026, 11, 5),
        metadata={"ejecutivo": "Ana", "deuda": "wrong", "fono": "wrong"},
    ) == {
        "name": "MARÍA JOSÉ PÉREZ",
        "first_name": "María",
        "phone": "+56912345678",
        "debt": "$1.234.567",
        "rut": "12.345.678-5",
        "external_id": "A-1",
        "due_date": "05-11-2026",
        "ejecutivo": "Ana",
    }


def test_display_values_leaves_out_what_is_lacking() -> None:
    assert display_values(name="", phone="+56912345678", country="CL", metadata={"debt": "column"}) == {
        "phone": "+56912345678"
    }


def test_debt_of_zero_is_shown() -> None:
    assert display_values(name="", phone="", country="CL", debt=Decimal(0)) == {"debt": "$0"}


def test_display_values_take_few_steps() -> None:
    """Those of 100,000 debtors take seconds."""

    def work() -> None:
        display_values(
            name="MARÍA JOSÉ PÉREZ",
            phone="+56912345678",
            country="CL",
            debt=Decimal(1_234_567),
            due_date=date(2026, 11, 5),
            metadata={"ejecutivo": "Ana", "sucursal": "Ñuñoa"},
        )

    work()  # the first one reads the country's formats
    assert calls_of(work) < 60
