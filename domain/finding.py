"""Finding a debtor by what somebody types: the beginning of a name, of a RUT, of a phone."""

import re

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, country_code_for_region

from domain.folding import fold

MOST_TERMS = 6
"""Words of a search that are looked at."""

_NOT_DIGITS = re.compile(r"\D+")
_NUMBER = re.compile(r"[\d\s.,+()/-]*\d[\d\s.,+()/-]*k?", re.IGNORECASE)


def search_words(*, name: str, rut: str, external_id: str, phone: str) -> list[str]:
    """What a debtor is found by, folded: each word of the name, the RUT in one, the id, the phone with its prefix and
    without it. Each once."""
    words = fold(name).split("_")
    if rut:
        words.append(fold(rut).replace("_", ""))
    if external_id:
        words += [fold(external_id).replace("_", ""), *fold(external_id).split("_")]
    digits = phone.lstrip("+")
    words += [digits, national(digits)]
    return [word for word in dict.fromkeys(words) if word]


def national(digits: str) -> str:
    """A phone's digits without the country's prefix."""
    for length in (1, 2, 3):
        if int(digits[:length] or 0) in COUNTRY_CODE_TO_REGION_CODE:
            return digits[length:]
    return digits


def search_terms(typed: str) -> list[str]:
    """The first MOST_TERMS of all_terms: a list that somebody looks at may be wider than what was typed."""
    return all_terms(typed)[:MOST_TERMS]


def all_terms(typed: str) -> list[str]:
    """The beginnings that all have to be among a debtor's words; a number is one, however it is written."""
    if _NUMBER.fullmatch(typed.strip()):
        digits = _NOT_DIGITS.sub("", typed)
        return [digits + "k"] if typed.strip().lower().endswith("k") else [digits]
    terms: list[str] = []
    for part in typed.split():
        terms += [fold(part).replace("_", "")] if _NUMBER.fullmatch(part) else fold(part).split("_")
    return [term for term in dict.fromkeys(terms) if term]


def is_number(typed: str) -> bool:
    """Whether what was typed is a number, however it is written."""
    return _NUMBER.fullmatch(typed.strip()) is not None


def phone_beginnings(typed: str, *, country: str) -> list[str]:
    """How the phones in E.164 begin that a number may mean: with the country's prefix, or as one of that country.

    Empty when it has no digit.
    """
    digits = _NOT_DIGITS.sub("", typed)
    if not digits:
        return []
    prefix = country_code_for_region(country)
    inside = [] if typed.strip().startswith("+") or not prefix else [f"+{prefix}{digits}"]
    return [f"+{digits}", *inside]
