"""A due date, as a cell holds it or a person writes it, to a date; or None where it is none.

15/03/2026 is read in the country's order, and 03/15/2026 is not turned round to make sense: nothing is guessed. A bare
number is no date, even though a spreadsheet that lost its format shows dates so.
"""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from domain.folding import fold
from domain.values import numeric_date

FIRST_YEAR, LAST_YEAR = 1900, 2199
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?")
_IN_DIGITS = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?: \d{1,2}:\d{2}.*)?")
_WITH_MONTH = re.compile(r"(\d{1,2})(?:[-/. ]| de )([^\W\d]{3,10})\.?(?:[-/. ]| de | del )(\d{4}|\d{2})", re.IGNORECASE)
# By their first three letters, in Spanish, English and Portuguese.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "ene jan",
            "feb fev",
            "mar",
            "abr apr",
            "may mai",
            "jun",
            "jul",
            "ago aug",
            "sep set",
            "oct out",
            "nov",
            "dic dec dez",
        ),
        start=1,
    )
    for name in names.split()
}


def parse_date(value: object, country: str) -> date | None:
    """The day in `value`, a date cell or text; None when it tells none. `country` is an ISO 3166 code in capitals."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value if FIRST_YEAR <= value.year <= LAST_YEAR else None
    if isinstance(value, (bool, int, float, time, timedelta)) or not isinstance(value, str):
        return None
    return _date_of_text(" ".join(value.split()), country)


@lru_cache(maxsize=4096)
def _date_of_text(text: str, country: str) -> date | None:
    if match := _ISO.fullmatch(text):
        return _day(int(match[1]), int(match[3]), int(match[4]))
    if match := _IN_DIGITS.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), _year(match[4])
        return _day(year, first, second) if _month_first(country) else _day(year, second, first)
    if match := _WITH_MONTH.fullmatch(text):
        month = _MONTHS.get(fold(match[2])[:3])
        return _day(_year(match[3]), month, int(match[1])) if month else None
    return None


@lru_cache(maxsize=512)
def _month_first(country: str) -> bool:
    return numeric_date(date(2001, 2, 3), country).lstrip("0").startswith("2")


def _year(digits: str) -> int:
    """Two digits as POSIX reads them: 69-99 are 19xx, 00-68 are 20xx."""
    year = int(digits)
    return year if len(digits) == 4 else year + (1900 if year >= 69 else 2000)


def _day(year: int, month: int, day: int) -> date | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None
