"""Phones as spreadsheets of several countries hold them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.phones import Phone, PhoneError, PhoneProblem, is_country, parse_phone, parse_phone_slowly

MARIA = Phone("+56987654321", "CL")


@pytest.mark.parametrize(
    "value",
    [
        "987654321",
        "9 8765 4321",
        "9-8765-4321",
        "(9) 8765.4321",
        "+56 9 8765 4321",
        "+56987654321",
        "+56-9-87654321",
        "56987654321",
        "56 9 8765 4321",
        "0056987654321",
        "00 56 9 8765 4321",
        "09 8765 4321",
        "tel:+56987654321",
        "'987654321",
        "\u00a0987654321\u200b",
        "９８７６５４３２１",
        987654321,
        987654321.0,
        56987654321.0,
        "987654321.0",
        "9.87654321E8",
        "9,87654321E+08",
        "5.6987654321e+10",
    ],
)
def test_parse_phone_reads_every_way_of_writing_a_chilean_mobile(value: str | float) -> None:
    assert parse_phone(value, "CL") == MARIA


def test_parse_phone_accepts_each_number_of_the_chilean_mobile_plan() -> None:
    # libphonenumber has not heard of this range, and would refuse the whole of it.
    assert parse_phone("912345678", "CL") == Phone("+56912345678", "CL")


@pytest.mark.parametrize(
    ("text", "country", "e164", "belongs_to"),
    [
        ("011 15-2345-6789", "AR", "+5491123456789", "AR"),
        ("+54 9 11 2345-6789", "AR", "+5491123456789", "AR"),
        ("+52 1 55 1234 5678", "MX", "+525512345678", "MX"),
        ("+52 1 55 1234 5678", "CL", "+525512345678", "MX"),
        ("55 1234 5678", "MX", "+525512345678", "MX"),
        ("044 55 1234 5678", "MX", "+525512345678", "MX"),
        ("(11) 91234-5678", "BR", "+5511912345678", "BR"),
        ("300 123 4567", "CO", "+573001234567", "CO"),
        ("987654321", "PE", "+51987654321", "PE"),
        ("612 34 56 78", "ES", "+34612345678", "ES"),
        ("(305) 555-1234", "US", "+13055551234", "US"),
        ("0034 612 34 56 78", "BR", "+34612345678", "ES"),
        ("+51 987 654 321", "CL", "+51987654321", "PE"),
    ],
)
def test_parse_phone_follows_each_country(text: str, country: str, e164: str, belongs_to: str) -> None:
    assert parse_phone(text, country) == Phone(e164, belongs_to)


@pytest.mark.parametrize(
    ("value", "country", "problem"),
    [
        ("", "CL", PhoneProblem.EMPTY),
        (" \u200b ", "CL", PhoneProblem.EMPTY),
        ("sin fono", "CL", PhoneProblem.NOT_A_PHONE),
        ("987654321 mamá", "CL", PhoneProblem.NOT_A_PHONE),
        ("9CALLMENO", "CL", PhoneProblem.NOT_A_PHONE),
        ("9*87654321", "CL", PhoneProblem.NOT_A_PHONE),
        ("---", "CL", PhoneProblem.NOT_A_PHONE),
        (True, "CL", PhoneProblem.NOT_A_PHONE),
        (987654321.5, "CL", PhoneProblem.NOT_A_PHONE),
        ("987654321 ext 5", "CL", PhoneProblem.EXTENSION),
        ("987654321 anexo 12", "CL", PhoneProblem.EXTENSION),
        ("5.69877E+10", "CL", PhoneProblem.ROUNDED),
        ("9E8", "CL", PhoneProblem.ROUNDED),
        ("1.23456E2", "CL", PhoneProblem.NOT_A_PHONE),
        ("87654321", "CL", PhoneProblem.TOO_SHORT),
        ("12", "CL", PhoneProblem.TOO_SHORT),
        ("9876543210", "CL", PhoneProblem.INVALID),
        ("5491123456789", "CL", PhoneProblem.TOO_LONG),
        ("9" * 101, "CL", PhoneProblem.TOO_LONG),
        ("22 345 6789", "CL", PhoneProblem.LANDLINE),
        ("+56 32 234 5678", "CL", PhoneProblem.LANDLINE),
        ("+56 32 234 5678", "PE", PhoneProblem.LANDLINE),
        ("11 2345 6789", "AR", PhoneProblem.LANDLINE),
        ("(11) 3123-4567", "BR", PhoneProblem.LANDLINE),
        ("+55 11 8123-4567", "BR", PhoneProblem.INVALID),
        ("800 123 456", "CL", PhoneProblem.NOT_MOBILE),
        ("600 600 6000", "CL", PhoneProblem.NOT_MOBILE),
        ("+999 123456789", "CL", PhoneProblem.INVALID),
    ],
)
def test_parse_phone_says_why_there_is_no_mobile(value: str | float, country: str, problem: PhoneProblem) -> None:
    assert parse_phone(value, country) == PhoneError(problem)


@pytest.mark.parametrize(
    "text",
    [
        "987654321 / 912345678",
        "987654321/912345678",
        "987654321; 912345678",
        "987654321, 912345678",
        "987654321\n912345678",
        "987654321 y 912345678",
        "987654321 - 912345678",
        "22 345 6789 / 987654321",
        "s/n / 987654321",
    ],
)
def test_parse_phone_takes_the_first_good_one_of_several(text: str) -> None:
    assert parse_phone(text, "CL") == MARIA


def test_parse_phone_of_two_bad_ones_tells_about_the_first() -> None:
    assert parse_phone("22 345 6789 / 123", "CL") == PhoneError(PhoneProblem.LANDLINE)


def test_parse_phone_refuses_an_unknown_country() -> None:
    assert not is_country("XX")
    with pytest.raises(ValueError, match="'XX'"):
        parse_phone("123", "XX")


_almost_chilean = st.builds(
    lambda prefix, digits, cuts, tail: prefix + "".join(d + c for d, c in zip(digits, cuts, strict=False)) + tail,
    st.sampled_from(["", "+56", "56", "0056", "00 56 ", "+56 ", "+5 6", "(56)", "+", "0", "-", "(", ".", " +56"]),
    st.text("0123456789", min_size=7, max_size=11).map(lambda digits: "9" + digits),
    st.lists(st.sampled_from(["", "", "", " ", "-", ".", "(", ")", "\t", "\u00a0"]), min_size=12, max_size=12),
    st.sampled_from(["", " ", ".", "-", ")", "\u00a0"]),
)


@given(_almost_chilean)
@example("9........87654321")
@example("(9)(8)(7)(6)(5)(4)(3)(2)(1)")
@example("+56(9)87654321.")
def test_fast_path_equals_libphonenumber(text: str) -> None:
    assert parse_phone(text, "CL") == parse_phone_slowly(text, "CL")


@given(st.text(max_size=40) | st.integers(0, 10**13) | st.floats(allow_nan=True), st.sampled_from(["CL", "MX", "US"]))
def test_parse_phone_never_raises_and_gives_e164(value: str | float, country: str) -> None:
    outcome = parse_phone(value, country)
    if isinstance(outcome, Phone):
        assert outcome.e164.startswith("+")
        assert outcome.e164[1:].isascii()
        assert outcome.e164[1:].isdigit()
        assert parse_phone(outcome.e164, country) == outcome
