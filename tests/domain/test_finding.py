"""What a debtor is found by, and what somebody types to find it."""

import pytest

from domain.finding import all_terms, is_number, national, phone_beginnings, search_terms, search_words


def test_words_are_those_of_the_name_the_rut_the_id_and_the_phone() -> None:
    words = search_words(name="María-José  Pérez Pérez", rut="12345678-K", external_id="C-77", phone="+56987654321")
    assert words == ["maria", "jose", "perez", "12345678k", "c77", "c", "77", "56987654321", "987654321"]


def test_debtor_of_a_phone_alone_is_found_by_it() -> None:
    assert search_words(name="", rut="", external_id="", phone="+34612345678") == ["34612345678", "612345678"]


@pytest.mark.parametrize(
    ("digits", "rest"), [("12125550123", "2125550123"), ("5959812345", "9812345"), ("999", "999"), ("", "")]
)
def test_national_leaves_the_countrys_prefix_out(digits: str, rest: str) -> None:
    assert national(digits) == rest


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("María  PÉREZ", ["maria", "perez"]),
        ("+56 9 8765-4321", ["56987654321"]),
        ("12.345.678-k", ["12345678k"]),
        ("pérez 12.345", ["perez", "12345"]),
        ("maría maria", ["maria"]),
        ("", []),
        (" -- ", []),
        ("a b c d e f g h", ["a", "b", "c", "d", "e", "f"]),
    ],
)
def test_terms_are_what_all_words_have_to_begin_with(typed: str, terms: list[str]) -> None:
    assert search_terms(typed) == terms
    assert all_terms(typed)[:6] == terms


def test_all_terms_are_more_than_a_list_looks_for() -> None:
    assert all_terms("a b c d e f g a") == ["a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize(
    ("typed", "country", "beginnings"),
    [
        ("+56 9 8765", "CL", ["+5698765"]),
        ("9 8765-4321", "CL", ["+987654321", "+56987654321"]),
        ("(11) 2345", "AR", ["+112345", "+54112345"]),
        ("987", "", ["+987"]),
        ("()", "CL", []),
    ],
)
def test_phone_is_looked_for_with_the_prefix_and_as_one_of_the_country(
    typed: str, country: str, beginnings: list[str]
) -> None:
    assert phone_beginnings(typed, country=country) == beginnings


@pytest.mark.parametrize(("typed", "number"), [("+56 9", True), ("9.876", True), ("ana 9", False), ("()", False)])
def test_what_is_typed_is_a_number_or_a_name(typed: str, number: bool) -> None:
    assert is_number(typed) is number
