"""Text, as people and spreadsheets write phones, to an E.164 number that can get an SMS, or the reason why not.

Nothing is guessed: a number is accepted when it is valid in its country and a mobile (or may be one), so a typing error
is told instead of becoming somebody else's number. The rules are libphonenumber's, with these of our own:

- Chile: every number of nine digits that begins with 9 is a mobile and every other one a landline. That is the
  numbering plan; libphonenumber calls both kinds "landline or mobile" and knows only the ranges it has heard of.
- Mexico: the 1 after +52 and the prefixes 01, 044 and 045, abolished in 2019, are dropped.
- Chile: the 0 before a mobile (09 8765 4321), abolished in 2016, is dropped.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

MAX_TEXT = 100
"""Characters of a cell that still may be a phone, or two of them."""


class PhoneProblem(StrEnum):
    EMPTY = "no_phone"
    NOT_A_PHONE = "not_a_phone"  # letters or signs that no phone has
    EXTENSION = "phone_extension"
    ROUNDED = "phone_rounded"  # 5.69E+10: the spreadsheet lost digits
    TOO_SHORT = "phone_too_short"
    TOO_LONG = "phone_too_long"
    INVALID = "phone_invalid"  # its country has no such number
    LANDLINE = "landline"
    NOT_MOBILE = "not_mobile"  # toll free, premium and other services


@dataclass(frozen=True, slots=True)
class Phone:
    e164: str
    country: str
    """ISO 3166 code of the country that the number belongs to."""


@dataclass(frozen=True, slots=True)
class PhoneError:
    code: PhoneProblem


_MOBILE_TYPES = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_CHILEAN_MOBILE = re.compile(r"9\d{8}")
# What people put between digits. Those that part two phones in a cell (/ ; , |) are tried as separators after that.
_ALLOWED = re.compile(r"[\d\s+()\[\].,;/|~‐-―−-]*")
_SEPARATORS = re.compile(r"[/;,|\n]|\s(?:y|o|e|and|or|-|–)\s", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?e\+?(\d{1,2})", re.IGNORECASE)
_WHOLE_FLOAT = re.compile(r"(\d+)[.,]0")
_PREFIXES = re.compile(r"^(?:tel:|')\s*", re.IGNORECASE)
_BLANKS = re.compile(r"[^\S\n]+")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"))
_FAST_STRIP = str.maketrans("", "", " .-()\t\u00a0")
_FAST: Mapping[str, re.Pattern[str]] = {"CL": re.compile(r"(?:\+56|0056|56)?(9[0-9]{8})")}


def is_country(code: str) -> bool:
    """Whether `code` is an ISO 3166 code, in capitals, of a country whose phones are known."""
    return code in phonenumbers.SUPPORTED_REGIONS


def parse_phone(value: str | float | int, country: str) -> Phone | PhoneError:
    """The mobile number in `value`, or why there is none; of two phones in a cell, the first good one.

    `country` (ISO 3166, in capitals) is where a number without a prefix belongs. Raises ValueError when no country has
    that code.
    """
    text = value if isinstance(value, str) else _text_of_number(value)
    if len(text.strip()) > MAX_TEXT:
        return PhoneError(PhoneProblem.TOO_LONG)
    fast = _FAST.get(country)
    if fast is not None and (match := fast.fullmatch(text.translate(_FAST_STRIP))):
        return _FAST_RESULT[country](match[1])
    return _parse_cached(text, country)


_FAST_RESULT: Mapping[str, Callable[[str], Phone]] = {"CL": lambda national: Phone(f"+56{national}", "CL")}


def parse_phone_slowly(text: str, country: str) -> Phone | PhoneError:
    """What `parse_phone` returns, by libphonenumber alone: the fast path is proved equal to this."""
    if not is_country(country):
        raise ValueError(f"no country has the code {country!r}")
    text = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).strip()
    text = _BLANKS.sub(" ", _PREFIXES.sub("", text))
    if not text:
        return PhoneError(PhoneProblem.EMPTY)
    whole = _parse_one(text, country)
    if isinstance(whole, Phone):
        return whole
    parts = [part.strip() for part in _SEPARATORS.split(text) if part.strip()]
    if len(parts) < 2:
        return whole
    outcomes = [_parse_one(part, country) for part in parts]
    return next((outcome for outcome in outcomes if isinstance(outcome, Phone)), outcomes[0])


_parse_cached = lru_cache(maxsize=16_384)(parse_phone_slowly)


def _text_of_number(value: float | int) -> str:
    """A numeric cell as a person would read it: 912345678.0 is 912345678."""
    if isinstance(value, bool) or not float(value).is_integer():
        return f"?{value}"  # no phone
    return str(int(value))


def _parse_one(text: str, country: str) -> Phone | PhoneError:
    if scientific := _SCIENTIFIC.fullmatch(text):
        decimals, exponent = scientific[2] or "", int(scientific[3])
        if len(decimals) != exponent:  # digits that are missing would read as zeros
            return PhoneError(PhoneProblem.ROUNDED if len(decimals) < exponent else PhoneProblem.NOT_A_PHONE)
        text = scientific[1] + decimals
    elif whole := _WHOLE_FLOAT.fullmatch(text):
        text = whole[1]
    return _parse_digits(text, country)


def _parse_digits(text: str, country: str) -> Phone | PhoneError:
    strange = not _ALLOWED.fullmatch(text) or not any(character.isdigit() for character in text)
    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        problem = _PARSE_PROBLEMS.get(error.error_type, PhoneProblem.INVALID)
        return PhoneError(PhoneProblem.NOT_A_PHONE if strange else problem)
    if number.extension:
        return PhoneError(PhoneProblem.EXTENSION)
    if strange:
        return PhoneError(PhoneProblem.NOT_A_PHONE)
    return _judge(_without_abolished_prefix(number))


_PARSE_PROBLEMS: Mapping[int, PhoneProblem] = {
    phonenumbers.NumberParseException.NOT_A_NUMBER: PhoneProblem.NOT_A_PHONE,
    phonenumbers.NumberParseException.TOO_SHORT_NSN: PhoneProblem.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: PhoneProblem.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_LONG: PhoneProblem.TOO_LONG,
}

# By calling code: the abolished prefix and, as its group, the number that remains.
_ABOLISHED: Mapping[int, re.Pattern[str]] = {
    52: re.compile(r"(?:1|01|044|045)(\d{10})"),
    56: re.compile(r"0(9\d{8})"),
}


def _without_abolished_prefix(number: PhoneNumber) -> PhoneNumber:
    pattern = _ABOLISHED.get(number.country_code or 0)
    if pattern is None or not (match := pattern.fullmatch(phonenumbers.national_significant_number(number))):
        return number
    return PhoneNumber(country_code=number.country_code, national_number=int(match[1]))


def _judge(number: PhoneNumber) -> Phone | PhoneError:
    national = phonenumbers.national_significant_number(number)
    if number.country_code == 56 and _CHILEAN_MOBILE.fullmatch(national):
        return Phone(f"+56{national}", "CL")
    if not phonenumbers.is_valid_number(number):
        return PhoneError(
            _LENGTH_PROBLEMS.get(phonenumbers.is_possible_number_with_reason(number), PhoneProblem.INVALID)
        )
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.FIXED_LINE or (number.country_code == 56 and kind in _MOBILE_TYPES):
        return PhoneError(PhoneProblem.LANDLINE)
    if kind not in _MOBILE_TYPES:
        return PhoneError(PhoneProblem.NOT_MOBILE)
    country = phonenumbers.region_code_for_number(number)
    if not country:
        return PhoneError(PhoneProblem.INVALID)
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), country)


_LENGTH_PROBLEMS: Mapping[int, PhoneProblem] = {
    ValidationResult.TOO_SHORT: PhoneProblem.TOO_SHORT,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: PhoneProblem.TOO_SHORT,
    ValidationResult.TOO_LONG: PhoneProblem.TOO_LONG,
}


def shown_phone(e164: str) -> str:
    """An E.164 number as people write it, `+56 9 8765 4321`; anything else as it is."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
