"""Which sessions the list shows: by a filter, whose chip says how many there are, and by a search."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy, pgettext_lazy

from desk.sessions import shown
from domain.states import SessionStatus
from gateways.holds import rests
from gateways.sessions import SessionRow

LONGEST_SEARCH = 80
"""The live chips' key holds the search, and keys are short."""


@dataclass(frozen=True, slots=True)
class Filter:
    label: Any
    test: Callable[[SessionRow], bool]


FILTERS: Mapping[str, Filter] = {
    "": Filter(pgettext_lazy("sessions", "All"), lambda row: True),
    "help": Filter(gettext_lazy("Need a hand"), shown.needs_a_hand),
    "connected": Filter(
        pgettext_lazy("sessions", "Connected"), lambda row: row.shown_status == SessionStatus.CONNECTED
    ),
    "resting": Filter(pgettext_lazy("sessions", "Resting"), rests),
    "stopped": Filter(pgettext_lazy("sessions", "Stopped"), lambda row: row.shown_status == SessionStatus.STOPPED),
}


def read(values: QueryDict) -> tuple[str, str]:
    """The filter and the words of an address or a form."""
    chosen = values.get("show", "")
    return (chosen if chosen in FILTERS else "", " ".join(values.get("q", "").split())[:LONGEST_SEARCH])


def key(chosen: str, words: str) -> str:
    """Both as the key of the live chips."""
    return f"{chosen}:{words}" if chosen or words else ""


def from_key(text: str) -> tuple[str, str]:
    chosen, _colon, words = text.partition(":")
    return (chosen if chosen in FILTERS else "", words)


def address(chosen: str, words: str) -> str:
    """The list that shows these."""
    given = {name: value for name, value in (("q", words), ("show", chosen)) if value}
    return reverse("desk:sessions", query=given or None)


def chosen_of(rows: Sequence[SessionRow], *, chosen: str, words: str) -> list[SessionRow]:
    """The rows that both let through, those that need a hand first."""
    return shown.by_need([row for row in rows if FILTERS[chosen].test(row) and _is_meant(row, words)])


def chips(rows: Sequence[SessionRow], *, chosen: str, words: str) -> dict[str, Any]:
    """The filters: name, label, address, and how many sessions of the search each finds."""
    meant = [row for row in rows if _is_meant(row, words)]
    return {
        "chosen": chosen,
        "chips": [
            (name, one.label, address(name, words), sum(one.test(row) for row in meant))
            for name, one in FILTERS.items()
        ],
    }


def _is_meant(row: SessionRow, words: str) -> bool:
    """Whether a search means this session: by its name, its pool or its number."""
    if not words:
        return True
    told = [row.session.name, row.gateway.pool.name if row.gateway else ""]
    digits = "".join(filter(str.isdigit, words))
    return any(words.casefold() in one.casefold() for one in told) or bool(digits and digits in row.session.phone)
