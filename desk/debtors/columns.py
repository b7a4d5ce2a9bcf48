"""The columns of the list of debtors: which there are, what they say in the page, and what in an exported file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from debtors.models import Debtor
from domain.values import money

USUAL = ("phone", "rut", "debt", "due", "owner", "changed")
"""Behind the name, which is always there."""
TITLES = {
    "phone": gettext_lazy("Phone"),
    "rut": gettext_lazy("RUT"),
    "external_id": gettext_lazy("Id"),
    "debt": gettext_lazy("Debt"),
    "due": gettext_lazy("Due date"),
    "owner": gettext_lazy("Executive"),
    "country": gettext_lazy("Country"),
    "suppressed": gettext_lazy("Opted out"),
    "answered": gettext_lazy("Last answer"),
    "created": gettext_lazy("Added"),
    "changed": gettext_lazy("Changed"),
}
METADATA = "m:"
"""What the names of columns of files begin with."""
ENDING = {"debt", "changed", "created", "answered"}
"""Those that stand at the right of their column."""
TIMES = {"changed": "updated_at", "created": "created_at", "answered": "answered_at"}
SPARE = {"changed", "created", "country"}
"""Those that a phone's cards do without."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    title: str

    @property
    def end(self) -> bool:
        return self.name in ENDING

    @property
    def of_a_file(self) -> bool:
        return self.name.startswith(METADATA)


@dataclass(frozen=True, slots=True)
class Cell:
    """One value in a row of the page: a text, a phone or a moment, which the template shows in its manner."""

    column: Column
    value: Any

    @property
    def kind(self) -> str:
        return "phone" if self.column.name == "phone" else "time" if self.column.name in TIMES else "text"

    @property
    def spare(self) -> bool:
        """Whether a phone's card does without it."""
        return self.value in (None, "") or self.column.name in SPARE


def known(headers: Mapping[str, str]) -> dict[str, Column]:
    """All columns by name: those of debtors, then those of files, by `headers` (debtors.queries.known_columns)."""
    own = {name: Column(name, str(title)) for name, title in TITLES.items()}
    return own | {f"{METADATA}{key}": Column(f"{METADATA}{key}", header) for key, header in headers.items()}


def chosen(names: Sequence[str], everything: Mapping[str, Column]) -> list[Column]:
    """The columns of these names that there are; the usual ones where there are none."""
    found = [everything[name] for name in names if name in everything]
    return found or [everything[name] for name in USUAL]


def fields(columns: Sequence[Column]) -> tuple[str, ...]:
    """The fields of debtors that these columns do without, as a queryset defers them."""
    return ("words",) if any(column.of_a_file for column in columns) else ("words", "metadata")


def cells(debtor: Debtor, columns: Sequence[Column], owners: Mapping[Any, User]) -> list[Cell]:
    """A debtor's values as the page shows them."""
    return [Cell(column, _shown(debtor, column, owners)) for column in columns]


def _shown(debtor: Debtor, column: Column, owners: Mapping[Any, User]) -> Any:
    name = column.name
    if name in TIMES:
        return getattr(debtor, TIMES[name])
    if name == "debt":
        return money(debtor.debt, debtor.country) if debtor.debt is not None else ""
    if name == "due":
        return formats.date_format(debtor.due_date, "SHORT_DATE_FORMAT") if debtor.due_date else ""
    if name == "suppressed":
        return _("yes") if debtor.suppressed else _("no")
    return exported(debtor, column, owners)


def exported(debtor: Debtor, column: Column, owners: Mapping[Any, User]) -> Any:
    """The value as a file has it: numbers and moments as such."""
    name = column.name
    if column.of_a_file:
        return str(debtor.metadata.get(name.removeprefix(METADATA), "") or "")
    if name == "owner":
        owner = owners.get(debtor.owner_id)  # type: ignore[attr-defined]
        return (owner.get_full_name() or owner.get_username()) if owner else ""
    if name == "suppressed":
        return _("yes") if debtor.suppressed else ""
    return getattr(debtor, {"due": "due_date", **TIMES}.get(name, name))
