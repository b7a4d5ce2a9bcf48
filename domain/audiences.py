"""Whom a filter or a range of rows means: read from what a person typed, and asked of one debtor."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.finding import MOST_TERMS, all_terms, search_words
from domain.folding import fold
from domain.money import MoneyError, parse_money
from domain.phones import is_country

MOST_TESTS = 10
"""Conditions on columns that one filter may have."""
MOST_VALUES = 50
"""Values that one of them may name."""
LONGEST_VALUE = 200
LONGEST_TYPED = 2_000
"""Characters that one field may have. What is longer is refused and never cut: a shorter filter means more people."""
LARGEST_ROW = 100_000_000
CORE = ("name", "debt", "due_date", "rut", "external_id")
"""The fields that a test may ask for by themselves; every other key is a column of a file."""


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Op(StrEnum):
    """What a column is asked."""

    IS = "is"
    HAS = "has"
    LACKS = "lacks"


class Problem(StrEnum):
    """Why what was typed can't be used."""

    NOT_MONEY = "not_money"
    NOT_A_DATE = "not_a_date"
    REVERSED = "reversed"
    NO_COUNTRY = "no_country"
    NO_COLUMN = "no_column"
    NO_VALUE = "no_value"
    TOO_MANY = "too_many"
    TOO_LONG = "too_long"
    NOTHING = "nothing"
    NOT_A_ROW = "not_a_row"


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """One condition on a column, by its folded name; `values` are for IS, any of them fits, whatever their case."""

    key: str
    op: Op
    values: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """A regular expression that a fitting value matches as a whole, without regard to case."""
        return f"^(?:{'|'.join(map(re.escape, self.values))})$"


@dataclass(frozen=True, slots=True)
class Filter:
    """All of it has to hold. `imports` are ids; empty means debtors of any file."""

    imports: tuple[str, ...] = ()
    debt_from: Decimal | None = None
    debt_to: Decimal | None = None
    due_from: date | None = None
    due_to: date | None = None
    text: str = ""
    country: str = ""
    tests: tuple[ColumnTest, ...] = ()

    @property
    def conditions(self) -> bool:
        """Whether it asks anything beside the file."""
        return self != Filter(imports=self.imports)

    @property
    def empty(self) -> bool:
        """Whether it means everybody."""
        return self == Filter()


@dataclass(frozen=True, slots=True)
class Reading:
    """A filter as far as it can be read, and what is wrong by the name of the field that was typed into."""

    filter: Filter
    problems: Mapping[str, Problem] = field(default_factory=dict)


def read_filter(typed: Mapping[str, Any]) -> Reading:
    """The filter that a person typed: texts by field, `imports` a list of ids, `tests` of {key, op, values}.

    `written_in` is the country whose way of writing money is meant. What can't be read is left out of the filter and
    told; a filter with nothing at all is a problem of `text`.
    """
    problems: dict[str, Problem] = {}
    money: dict[str, Any] = {name: _money(typed, name, problems) for name in ("debt_from", "debt_to")}
    days: dict[str, Any] = {name: _day(typed, name, problems) for name in ("due_from", "due_to")}
    for low, high in (("debt_from", "debt_to"), ("due_from", "due_to")):
        bounds = {**money, **days}
        if bounds[low] is not None and bounds[high] is not None and bounds[low] > bounds[high]:
            problems[high] = Problem.REVERSED
    country = _text(typed, "country").upper()
    if country and not is_country(country):
        problems["country"] = Problem.NO_COUNTRY
        country = ""
    text = _text(typed, "text")
    if problem := _search_problem(text):
        problems["text"] = problem
        text = ""
    imports = tuple(dict.fromkeys(str(each) for each in typed.get("imports") or ()))
    found = Filter(imports=imports, **money, **days, text=text, country=country, tests=_tests(typed, problems))
    if found.empty and not problems:
        problems["text"] = Problem.NOTHING
    return Reading(found, problems)


def _search_problem(text: str) -> Problem | None:
    if len(text) > LONGEST_TYPED:
        return Problem.TOO_LONG
    terms = all_terms(text)
    if len(terms) > MOST_TERMS:
        return Problem.TOO_MANY
    return Problem.NO_VALUE if text and not terms else None


def _text(typed: Mapping[str, Any], name: str) -> str:
    return str(typed.get(name) or "").strip()


def _money(typed: Mapping[str, Any], name: str, problems: dict[str, Problem]) -> Decimal | None:
    found = parse_money(_text(typed, name), str(typed.get("written_in") or "CL"))
    if isinstance(found, MoneyError):
        problems[name] = Problem.NOT_MONEY
        return None
    return found


def _day(typed: Mapping[str, Any], name: str, problems: dict[str, Problem]) -> date | None:
    text = _text(typed, name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems[name] = Problem.NOT_A_DATE
        return None


def _tests(typed: Mapping[str, Any], problems: dict[str, Problem]) -> tuple[ColumnTest, ...]:
    given: Sequence[Mapping[str, Any]] = typed.get("tests") or ()
    found: list[ColumnTest] = []
    for place, one in enumerate(given):
        written = _text(one, "values")
        key, values = fold(_text(one, "key")), _values(written[:LONGEST_TYPED])
        op = Op(one["op"]) if one.get("op") in list(Op) else Op.IS
        if not key and not values and op is Op.IS:
            continue  # a row that was added and not filled in
        if not key:
            problems[f"test-{place}"] = Problem.NO_COLUMN
        elif op is Op.IS and (len(written) > LONGEST_TYPED or any(len(value) > LONGEST_VALUE for value in values)):
            problems[f"test-{place}"] = Problem.TOO_LONG
        elif op is Op.IS and not values:
            problems[f"test-{place}"] = Problem.NO_VALUE
        elif len(found) >= MOST_TESTS or len(values) > MOST_VALUES:
            problems[f"test-{place}"] = Problem.TOO_MANY
        else:
            found.append(ColumnTest(key, op, values if op is Op.IS else ()))
    return tuple(found)


def _values(text: str) -> tuple[str, ...]:
    """The values that a person lists with semicolons or on lines of their own: a comma may be part of one.

    Control characters, which nobody types and no query may have, are left out.
    """
    parts = (_CONTROL.sub("", part).strip() for part in re.split(r"[;\n]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


def matches(
    wanted: Filter,
    *,
    name: str,
    phone: str,
    country: str,
    debt: Decimal | None,
    rut: str,
    external_id: str,
    due_date: date | None,
    metadata: Mapping[str, str],
) -> bool:
    """Whether a debtor fits, whatever file it is from."""
    if not _between(debt, wanted.debt_from, wanted.debt_to) or not _between(due_date, wanted.due_from, wanted.due_to):
        return False
    if wanted.country and country != wanted.country:
        return False
    if terms := all_terms(wanted.text):
        words = search_words(name=name, rut=rut, external_id=external_id, phone=phone)
        if not all(any(word.startswith(term) for word in words) for term in terms):
            return False
    core: dict[str, Any] = {"name": name, "debt": debt, "due_date": due_date, "rut": rut, "external_id": external_id}
    return all(_fits(test, core[test.key] if test.key in CORE else metadata.get(test.key)) for test in wanted.tests)


def _between(value: Any, low: Any, high: Any) -> bool:
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _fits(test: ColumnTest, value: Any) -> bool:
    if test.op is not Op.IS:
        there = value is not None and bool(str(value).strip())
        return there if test.op is Op.HAS else not there
    return isinstance(value, str) and re.search(test.pattern, value, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class RowRange:
    """Rows `first` to `last`, both among them: as the spreadsheet of an import numbers them, or counted from 1 among
    all debtors in the order in which they came, where there is no import."""

    source: str
    first: int
    last: int


def read_range(typed: Mapping[str, Any]) -> RowRange | dict[str, Problem]:
    """The range that a person typed (`import`, `from`, `to`), or what is wrong by field."""
    problems: dict[str, Problem] = {}
    numbers = {}
    for name in ("from", "to"):
        text = _text(typed, name).replace(".", "").replace(" ", "")
        if text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_ROW:
            numbers[name] = int(text)
        else:
            problems[name] = Problem.NOT_A_ROW
    if problems:
        return problems
    if numbers["from"] > numbers["to"]:
        return {"to": Problem.REVERSED}
    return RowRange(_text(typed, "import"), numbers["from"], numbers["to"])
