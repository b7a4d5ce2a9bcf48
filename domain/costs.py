"""What SMS cost: parts by the price of their line, in whole millionths of a currency so that sums stay exact.

Nothing is ever zero because its price is not known: parts without a price are counted as such.
"""

import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from math import ceil, floor, sqrt
from typing import Any

from babel.core import get_global
from babel.numbers import get_currency_precision, get_territory_currencies, list_currencies

MILLION = 1_000_000
PLACES = 6
DEAREST = Decimal(100_000)
"""No part costs more, in any currency."""

PARTS, UNPRICED, COST = "paid_parts", "unpriced_parts", "cost"
"""How messages and counts keep what was spent: the parts, those of them without a price, {currency: millionths}."""


class PriceProblem(StrEnum):
    NOT_A_PRICE = "bad_price"
    TOO_PRECISE = "price_too_precise"
    TOO_HIGH = "price_too_high"


@dataclass(frozen=True, slots=True)
class Price:
    """Of one part, in millionths."""

    millionths: int
    currency: str


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request costs once the far side takes it on; `price` is None where its line has none."""

    parts: int
    price: Price | None = None

    def as_stored(self) -> dict[str, Any]:
        """As an attempt keeps it."""
        if self.price is None:
            return {"parts": self.parts}
        return {"parts": self.parts, "price": self.price.millionths, "currency": self.price.currency}


def charge_of(attempt: Mapping[str, Any]) -> Charge | None:
    """What an attempt keeps of it; None of one that costs nothing, as on WhatsApp."""
    parts = attempt.get("parts")
    if parts is None:
        return None
    millionths = attempt.get("price")
    return Charge(parts, None if millionths is None else Price(int(millionths), attempt["currency"]))


def price_of(amount: Decimal | None, currency: str) -> Price | None:
    """A line's price as it is set, None where it has none."""
    return None if amount is None else Price(int(amount * MILLION), currency)


def parse_price(text: str) -> Decimal | PriceProblem | None:
    """A price as a person writes it, None when it is blank. A point and a comma are both the sign before decimals: no
    part costs thousands."""
    plain = text.strip().replace(",", ".")
    if not plain:
        return None
    if not re.fullmatch(r"\d{1,12}(\.\d+)?", plain, re.ASCII):
        return PriceProblem.NOT_A_PRICE
    if len(plain.partition(".")[2].rstrip("0")) > PLACES:
        return PriceProblem.TOO_PRECISE
    amount = Decimal(plain)
    return PriceProblem.TOO_HIGH if amount > DEAREST else amount


def is_currency(code: str) -> bool:
    """Whether it is an ISO 4217 code in capitals."""
    return code in list_currencies()


def currency_of(country: str) -> str:
    """What is paid with in a country, empty where nobody knows."""
    return next(iter(_present(country)), "")


@functools.cache
def currencies_in_use() -> tuple[str, ...]:
    """Those that are paid with anywhere today, by code."""
    return tuple(sorted({code for territory in get_global("territory_currencies") for code in _present(territory)}))


def _present(territory: str) -> list[str]:
    found: list[str] = get_territory_currencies(territory)
    return found


def decimals(amount: Decimal, currency: str) -> int:
    """How many decimals an amount is shown with: as many as the currency has, and of small ones all that there are."""
    usual = int(get_currency_precision(currency))
    if not amount or abs(amount) >= 10:
        return usual
    exponent = amount.normalize().as_tuple().exponent
    return max(usual, min(PLACES, -exponent if isinstance(exponent, int) else 0))


# Spent ----------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Spent:
    """Parts that were taken on, and what they cost by currency, in millionths. Of `unpriced` parts nobody knows."""

    parts: int = 0
    unpriced: int = 0
    cost: Mapping[str, int] = field(default_factory=dict)

    def amounts(self) -> list[tuple[str, Decimal]]:
        """The currencies with their amounts, by name."""
        return [(currency, Decimal(self.cost[currency]) / MILLION) for currency in sorted(self.cost)]


def spent_of(row: Mapping[str, Any]) -> Spent:
    """What a stored message or count keeps of it."""
    cost = {currency: int(millionths) for currency, millionths in (row.get(COST) or {}).items()}
    return Spent(int(row.get(PARTS) or 0), int(row.get(UNPRICED) or 0), cost)


def total(spents: Iterable[Spent]) -> Spent:
    """All of it together."""
    parts, unpriced, cost = 0, 0, Counter[str]()
    for spent in spents:
        parts, unpriced = parts + spent.parts, unpriced + spent.unpriced
        cost.update(spent.cost)
    return Spent(parts, unpriced, dict(cost))


def increments(charge: Charge, number: int = 1) -> dict[str, int]:
    """What so many messages of that charge add to what is kept, by (dotted) name."""
    parts = charge.parts * number
    if charge.price is None:
        return {PARTS: parts, UNPRICED: parts}
    return {PARTS: parts, f"{COST}.{charge.price.currency}": parts * charge.price.millionths}


# Expected -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Range:
    """From `low` to `high`, both inclusive."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Amount:
    """Between two amounts of a currency, in millionths."""

    currency: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What parts that are still to go will cost by `lines` lines, of which `unpriced` have no price.

    `apart`: what any currency gets is open, because lines of several, or without a price, take what they can.
    """

    parts: Range
    amounts: tuple[Amount, ...] = ()
    lines: int = 0
    unpriced: int = 0
    apart: bool = False


def parts_of_all(seen: Mapping[int, int], number: int) -> Range:
    """How many parts `number` messages take, of which some were `seen`: {parts of a message: how many have it}.

    All of them: exactly. Some of them: what 19 in 20 samples of that size would say, were they drawn at random.
    """
    looked = sum(seen.values())
    if not looked or number <= 0:
        return Range(0, 0)
    parts = sum(size * times for size, times in seen.items())
    if number <= looked:
        exact = parts if number == looked else round(parts * number / looked)
        return Range(exact, exact)
    mean = parts / looked
    variance = sum(times * (size - mean) ** 2 for size, times in seen.items()) / max(1, looked - 1)
    # Of those that were not looked at only, for the others are known.
    rest = number - looked
    doubt = 1.96 * sqrt(variance / looked + variance / rest)
    low = max(min(seen), mean - doubt) * rest
    high = min(max(seen), mean + doubt) * rest
    return Range(parts + floor(low), parts + ceil(high))


def estimate(parts: Range, prices: Sequence[Price | None], *, in_turn: bool) -> Estimate:
    """What so many parts cost by lines with these prices. `in_turn`: each gets an equal share, else any gets any."""
    known = [price for price in prices if price is not None]
    by_currency: dict[str, list[int]] = {}
    for price in known:
        by_currency.setdefault(price.currency, []).append(price.millionths)
    unpriced = len(prices) - len(known)
    apart = not in_turn and (len(by_currency) > 1 or (bool(known) and unpriced > 0))
    amounts = []
    for currency, of_lines in sorted(by_currency.items()):
        if in_turn:
            low, high = parts.low * sum(of_lines) // len(prices), -(-parts.high * sum(of_lines) // len(prices))
        else:
            low, high = (0 if apart else parts.low * min(of_lines)), parts.high * max(of_lines)
        amounts.append(Amount(currency, low, high))
    return Estimate(parts, tuple(amounts), len(prices), unpriced, apart)


def with_spent(expected: Estimate, spent: Spent) -> Estimate:
    """What it comes to in all: what was spent, and what the rest is expected to cost."""
    amounts = {each.currency: each for each in expected.amounts}
    for currency, millionths in spent.cost.items():
        before = amounts.get(currency, Amount(currency, 0, 0))
        amounts[currency] = Amount(currency, before.low + millionths, before.high + millionths)
    parts = Range(expected.parts.low + spent.parts, expected.parts.high + spent.parts)
    found = tuple(amounts[currency] for currency in sorted(amounts))
    return Estimate(parts, found, expected.lines, expected.unpriced, expected.apart)
