"""What SMS cost: prices as they are written, exact sums, and what is expected."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.costs import (
    COST,
    MILLION,
    PARTS,
    UNPRICED,
    Amount,
    Charge,
    Estimate,
    Price,
    PriceProblem,
    Range,
    Spent,
    charge_of,
    currency_of,
    decimals,
    estimate,
    increments,
    is_currency,
    parse_price,
    parts_of_all,
    price_of,
    spent_of,
    total,
    with_spent,
)

CHARGES = st.builds(
    Charge,
    st.integers(1, 20),
    st.none() | st.builds(Price, st.integers(0, 10**11), st.sampled_from(["CLP", "USD", "PEN"])),
)
PRICES = st.lists(st.builds(Price, st.integers(0, 10**9), st.sampled_from(["CLP", "USD"])), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.035", Decimal("0.035")),
        ("0,035", Decimal("0.035")),
        (" 9 ", Decimal(9)),
        ("1.234", Decimal("1.234")),
        ("0", Decimal(0)),
        ("0.0000010000", Decimal("0.000001")),
        ("", None),
        ("  ", None),
        ("0.0000001", PriceProblem.TOO_PRECISE),
        ("100001", PriceProblem.TOO_HIGH),
        ("-1", PriceProblem.NOT_A_PRICE),
        ("1.234,5", PriceProblem.NOT_A_PRICE),
        ("9 CLP", PriceProblem.NOT_A_PRICE),
        ("NaN", PriceProblem.NOT_A_PRICE),
        ("٣", PriceProblem.NOT_A_PRICE),
        ("1e9", PriceProblem.NOT_A_PRICE),
    ],
)
def test_price_as_a_person_writes_it(text: str, expected: Decimal | PriceProblem | None) -> None:
    assert parse_price(text) == expected


def test_currencies() -> None:
    assert (currency_of("CL"), currency_of("XX")) == ("CLP", "")
    assert (is_currency("USD"), is_currency("usd"), is_currency("ABC")) == (True, False, False)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("12300.4", "CLP", 0),
        ("12.345", "USD", 2),
        ("0.035", "USD", 3),
        ("9", "CLP", 0),
        ("8.5", "CLP", 1),
        ("0", "USD", 2),
    ],
)
def test_small_amounts_are_shown_with_all_their_decimals(amount: str, currency: str, expected: int) -> None:
    assert decimals(Decimal(amount), currency) == expected


@given(st.lists(st.tuples(CHARGES, st.integers(1, 50))))
def test_sums_are_exact_in_whatever_order_they_are_counted(counted: list[tuple[Charge, int]]) -> None:
    kept: dict[str, int] = {}
    for charge, number in counted:
        for name, value in increments(charge, number).items():
            kept[name] = kept.get(name, 0) + value
    costs = {name.removeprefix(f"{COST}."): value for name, value in kept.items() if "." in name}
    found = spent_of({PARTS: kept.get(PARTS), UNPRICED: kept.get(UNPRICED), COST: costs})
    assert found.parts == sum(charge.parts * number for charge, number in counted)
    assert found.unpriced == sum(charge.parts * number for charge, number in counted if charge.price is None)
    assert sum(found.cost.values()) == sum(
        charge.parts * number * charge.price.millionths for charge, number in counted if charge.price is not None
    )
    assert total([found, Spent()]) == found


@given(CHARGES)
def test_charge_is_kept_with_its_attempt(charge: Charge) -> None:
    assert charge_of({"attempt_id": "x", **charge.as_stored()}) == charge


def test_attempt_of_whatsapp_costs_nothing() -> None:
    assert charge_of({"attempt_id": "x"}) is None


def test_price_of_a_line_is_whole_millionths() -> None:
    assert price_of(Decimal("0.035"), "USD") == Price(35_000, "USD")
    assert price_of(None, "") is None


# Expected -------------------------------------------------------------------------------------------------------------
SIZES = st.dictionaries(st.integers(1, 6), st.integers(1, 500), min_size=1)


@given(SIZES)
def test_parts_of_an_audience_that_was_looked_at_whole_are_exact(seen: dict[int, int]) -> None:
    parts = sum(size * times for size, times in seen.items())
    assert parts_of_all(seen, sum(seen.values())) == Range(parts, parts)


@given(SIZES, st.integers(0, 100_000))
def test_parts_of_more_than_was_looked_at_are_a_range_around_what_was_seen(seen: dict[int, int], more: int) -> None:
    looked = sum(seen.values())
    found = parts_of_all(seen, looked + more)
    mean = sum(size * times for size, times in seen.items()) / looked
    assert found.low <= mean * (looked + more) + 1
    assert found.high >= mean * (looked + more) - 1
    assert min(seen) * (looked + more) <= found.low <= found.high <= max(seen) * (looked + more)


def test_a_larger_sample_says_it_more_precisely() -> None:
    few, many = parts_of_all({1: 10, 2: 10}, 10_000), parts_of_all({1: 1_000, 2: 1_000}, 10_000)
    assert few.high - few.low > many.high - many.low
    assert parts_of_all({}, 10) == Range(0, 0)


@given(PRICES, st.integers(0, 10_000), st.integers(0, 1_000), st.booleans())
def test_what_is_expected_holds_whatever_the_lines_take(prices, low: int, more: int, in_turn: bool) -> None:
    found = estimate(Range(low, low + more), prices, in_turn=in_turn)
    for amount in found.amounts:
        assert 0 <= amount.low <= amount.high
    if len({price.currency for price in prices}) == 1:
        [amount] = found.amounts
        mean = sum(price.millionths for price in prices) / len(prices)
        assert amount.low <= low * mean + 1
        assert amount.high + 1 >= (low + more) * mean - 1


def test_lines_in_turn_share_the_parts_and_free_ones_may_take_any() -> None:
    prices = [Price(10 * MILLION, "CLP"), Price(20 * MILLION, "CLP")]
    assert estimate(Range(100, 100), prices, in_turn=True).amounts == (Amount("CLP", 1_500 * MILLION, 1_500 * MILLION),)
    assert estimate(Range(100, 100), prices, in_turn=False).amounts == (
        Amount("CLP", 1_000 * MILLION, 2_000 * MILLION),
    )


def test_lines_of_several_currencies_or_without_a_price_leave_it_open() -> None:
    mixed = [Price(10 * MILLION, "CLP"), Price(35_000, "USD")]
    found = estimate(Range(100, 100), mixed, in_turn=False)
    assert (found.amounts, found.apart) == ((Amount("CLP", 0, 1_000 * MILLION), Amount("USD", 0, 3_500_000)), True)
    assert estimate(Range(100, 100), mixed, in_turn=True).amounts == (
        Amount("CLP", 500 * MILLION, 500 * MILLION),
        Amount("USD", 1_750_000, 1_750_000),
    )
    unknown = estimate(Range(100, 100), [None, mixed[0]], in_turn=False)
    assert (unknown.unpriced, unknown.apart, unknown.amounts) == (1, True, (Amount("CLP", 0, 1_000 * MILLION),))
    assert estimate(Range(1, 1), [None], in_turn=True) == Estimate(Range(1, 1), (), 1, 1)


def test_what_was_spent_is_part_of_what_it_comes_to() -> None:
    expected = estimate(Range(10, 20), [Price(10 * MILLION, "CLP")], in_turn=True)
    found = with_spent(expected, Spent(5, 0, {"CLP": 60 * MILLION, "USD": 35_000}))
    assert found.parts == Range(15, 25)
    assert found.amounts == (Amount("CLP", 160 * MILLION, 260 * MILLION), Amount("USD", 35_000, 35_000))
