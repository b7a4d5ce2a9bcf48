"""What a cell of a sheet may hold, and how it reads as text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from domain.values import numeric_date


@dataclass(frozen=True, slots=True)
class CellProblem:
    """A cell without a usable value: `code` is `cell_error` (`text` is #N/A, #REF!...) or `cell_formula`."""

    code: str
    text: str = ""


Cell = str | float | int | bool | date | datetime | time | timedelta | CellProblem | None


def is_blank(cells: Sequence[Cell]) -> bool:
    return all(cell is None or (isinstance(cell, str) and (not cell or cell.isspace())) for cell in cells)


def text_of(cell: Cell, country: str) -> str:
    """A cell as text, the way its country shows it: 12.0 is 12, and a date is written in the country's order."""
    return cell.strip() if isinstance(cell, str) else _TEXT[type(cell)](cell, country)


def _number(cell: float, _country: str) -> str:
    return str(int(cell)) if cell.is_integer() else repr(cell)


def _moment(cell: datetime, country: str) -> str:
    day = numeric_date(cell.date(), country)
    return day if cell.time() == time() else f"{day} {cell:%H:%M}"


def _duration(cell: timedelta, _country: str) -> str:
    hours, seconds = divmod(int(cell.total_seconds()), 3600)
    return f"{hours}:{seconds // 60:02}"


_TEXT: Mapping[type, Callable[[Any, str], str]] = {
    float: _number,
    int: lambda cell, _country: str(cell),
    bool: lambda cell, _country: "TRUE" if cell else "FALSE",
    datetime: _moment,
    date: numeric_date,
    time: lambda cell, _country: f"{cell:%H:%M}",
    timedelta: _duration,
    CellProblem: lambda _cell, _country: "",
    type(None): lambda _cell, _country: "",
}
