"""Amounts of money as people read them, in the language of the page: `12.300 CLP`."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from domain.costs import MILLION, Amount, Price, Spent, decimals
from lib.figures import figure

UNBROKEN = "\u00a0"


def money(amount: Decimal, currency: str) -> str:
    """An amount with its currency's code: a bare sign would be another currency to somebody else."""
    places = decimals(amount, currency)
    rounded = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return f"{number_format(rounded, decimal_pos=places, force_grouping=True)}{UNBROKEN}{currency}"


def of_millionths(millionths: int, currency: str) -> str:
    return money(Decimal(millionths) / MILLION, currency)


def price(found: Price | None) -> str:
    """What a part costs by a line; empty where nobody said."""
    return "" if found is None else of_millionths(found.millionths, found.currency)


def between(amount: Amount) -> str:
    """An amount that is known within two bounds: one figure where both read the same."""
    low, high = of_millionths(amount.low, amount.currency), of_millionths(amount.high, amount.currency)
    if low == high:
        return high
    if not amount.low:
        return _("up to %(high)s") % {"high": high}
    return _("%(low)s to %(high)s") % {"low": low.partition(UNBROKEN)[0], "high": high}


def spent(found: Spent) -> str:
    """What was spent, each currency by itself; never zero for what has no price."""
    amounts = " + ".join(money(amount, currency) for currency, amount in found.amounts())
    if not found.unpriced:
        return amounts or "—"
    unknown = ngettext("%(number)s part without a price", "%(number)s parts without a price", found.unpriced)
    return " + ".join(filter(None, [amounts, unknown % {"number": figure(found.unpriced)}]))


def summed(found: Iterable[Amount]) -> str:
    """Several amounts that all come together."""
    return " + ".join(map(between, found))
