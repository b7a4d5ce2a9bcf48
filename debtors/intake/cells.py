"""The cells of a refused row as they are stored and given back: a date stays a date, a number a number."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from domain.cells import Cell, CellProblem

MAX_STORED_TEXT = 5_000
"""Characters of a cell that are kept: a refused row may hold anything."""


def to_stored(cells: Sequence[Cell]) -> list[Any]:
    """The cells as JSON can hold them: what is no text, number or truth becomes {kind: text}."""
    return [_stored(cell) for cell in cells]


def _stored(cell: Cell) -> Any:
    if isinstance(cell, str):
        return cell[:MAX_STORED_TEXT]
    write = _WRITERS.get(type(cell))
    return write(cell) if write else cell


_WRITERS: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    datetime: lambda cell: {"datetime": cell.isoformat()},
    date: lambda cell: {"date": cell.isoformat()},
    time: lambda cell: {"time": cell.isoformat()},
    timedelta: lambda cell: {"seconds": cell.total_seconds()},
    CellProblem: lambda cell: {"problem": cell.code, "text": cell.text},
}


def from_stored(values: Sequence[Any]) -> list[Cell]:
    """The cells that `to_stored` was given."""
    return [_cell(value) for value in values]


def _cell(value: Any) -> Cell:
    if not isinstance(value, dict):
        return value
    if "problem" in value:
        return CellProblem(value["problem"], value["text"])
    ((kind, content),) = value.items()
    return _READERS[kind](content)


_READERS: Mapping[str, Callable[[Any], Cell]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "seconds": lambda seconds: timedelta(seconds=seconds),
}
