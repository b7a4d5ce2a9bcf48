"""An amount of money, as a cell holds it or a person writes it, to a Decimal; or the reason why not.

Where the signs themselves tell (1.234.567,50; 1,234,567.50; 1234.5) any country's way is read. Where they don't
(1.234), the country decides: 1234 in Chile, 1.234 in Mexico.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from babel import Locale, UnknownLocaleError, numbers
from babel.languages import get_official_languages

DECIMAL_PLACES = 4
"""Decimals kept: Chile's UF needs four. What a spreadsheet's floating point adds after them is rounded off."""
MAX_WHOLE_DIGITS = 14


class MoneyProblem(StrEnum):
    NOT_MONEY = "bad_debt"
    OTHER_CURRENCY = "debt_other_currency"  # currency, expected
    NEGATIVE = "debt_negative"
    TOO_LARGE = "debt_too_large"


@dataclass(frozen=True, slots=True)
class MoneyError:
    code: MoneyProblem
    currency: str = ""
    """The code the text names, where it is not the country's."""


@dataclass(frozen=True, slots=True)
class _Notation:
    """How a country writes money: ISO 4217 code, its sign, and the sign before decimals."""

    currency: str
    symbol: str
    decimal: str


_GROUP = re.compile(r"[1-9]\d{0,2}([.,’' ])\d{3}(?:\1\d{3})*")
_GROUP_WITH_DECIMALS = re.compile(r"[1-9]\d{0,2}(?:([.,’' ])\d{3}(?:\1\d{3})*)([.,])\d+")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_DIGITS = re.compile(r"\d+")
_SPACES = re.compile(r"[\s\u00a0\u202f]+")
_CODE = re.compile(r"(?<![A-Z])([A-Z]{3})(?![A-Z])")
_WRITTEN_END = re.compile(r"[.,]?\s?[-–]+$")  # $ 1.234.- as cheques have it
_QUANTUM = Decimal(1).scaleb(-DECIMAL_PLACES)


@lru_cache(maxsize=512)
def _notation(country: str) -> _Notation:
    """The country's currency and separators; a country that babel does not know gets a bare decimal point."""
    languages = get_official_languages(country)
    # Several languages may be official (Paraguay): Spanish is what our users' files are written in.
    identifier = f"es_{country}" if "es" in languages else f"und_{country}"
    try:
        locale = Locale.parse(identifier)
    except (UnknownLocaleError, ValueError):
        return _Notation("", "", ".")
    currencies = numbers.get_territory_currencies(country)
    currency = currencies[0] if currencies else ""
    symbol = numbers.get_currency_symbol(currency, locale) if currency else ""
    return _Notation(currency, symbol, numbers.get_decimal_symbol(locale))


def parse_money(value: str | float | int, country: str) -> Decimal | MoneyError | None:
    """The amount in `value`, None when it is blank, or why it is none. `country` is an ISO 3166 code in capitals."""
    if isinstance(value, bool):
        return MoneyError(MoneyProblem.NOT_MONEY)
    if isinstance(value, (int, float)):
        return _amount(repr(value))
    text = _SPACES.sub(" ", value).strip()
    if not text:
        return None
    plain = _without_currency(text, _notation(country))
    if isinstance(plain, MoneyError):
        return plain
    if plain.startswith(("-", "−", "(")):
        return MoneyError(MoneyProblem.NEGATIVE if any(map(str.isdigit, plain)) else MoneyProblem.NOT_MONEY)
    return _amount_of_text(plain, _notation(country).decimal)


def _without_currency(text: str, style: _Notation) -> str | MoneyError:
    for code in _CODE.findall(text.upper()):
        if code != style.currency:
            known = code in numbers.list_currencies()
            return MoneyError(MoneyProblem.OTHER_CURRENCY, code) if known else MoneyError(MoneyProblem.NOT_MONEY)
    plain = _CODE.sub("", text.upper())
    for sign in dict.fromkeys((style.symbol.upper(), "$")):  # the longer one first: R$ before $
        plain = plain.replace(sign, "", 1) if sign else plain
    plain = plain.strip()
    return _WRITTEN_END.sub("", plain).strip() if plain[:1].isdigit() else plain


def _amount_of_text(text: str, decimal: str) -> Decimal | MoneyError:
    if not text.isascii() and not text.replace("’", "").isascii():
        return MoneyError(MoneyProblem.NOT_MONEY)
    if _DIGITS.fullmatch(text):
        return _amount(text)
    grouped = _GROUP.fullmatch(text)
    with_decimals = _DECIMAL.fullmatch(text)
    if grouped and not (with_decimals and grouped[1] == decimal):
        return _amount(re.sub(r"\D", "", text))
    if with_decimals:
        return _amount(text.replace(",", "."))
    both = _GROUP_WITH_DECIMALS.fullmatch(text)
    if both and both[1] != both[2]:
        whole, fraction = text.rsplit(both[2], 1)
        return _amount(f"{re.sub(r'[^0-9]', '', whole)}.{fraction}")
    return MoneyError(MoneyProblem.NOT_MONEY)


def _amount(plain: str) -> Decimal | MoneyError:
    if not plain.lstrip("-")[:1].isdigit():  # nan, inf
        return MoneyError(MoneyProblem.NOT_MONEY)
    amount = Decimal(plain)
    if amount < 0:
        return MoneyError(MoneyProblem.NEGATIVE)
    if amount.adjusted() >= MAX_WHOLE_DIGITS:
        return MoneyError(MoneyProblem.TOO_LARGE)
    if not amount:
        return Decimal(0)
    if amount == amount.to_integral_value():
        return amount.quantize(Decimal(1))
    return amount.quantize(_QUANTUM).normalize()
