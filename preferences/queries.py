"""Reading settings: cheaply for whoever uses them, in full for whoever changes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.remembered import Remembered
from preferences.models import Stored
from preferences.registry import Group, Preference, Value, group_named, preference_named

SECONDS = 3.0
"""How long a process keeps what it read: a change is used everywhere so soon."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A group as it stands. `own` are the values that differ from the default."""

    group: Group
    revision: int
    own: Mapping[str, Value]
    touched: Mapping[str, int]
    changed_at: datetime | None
    changed_by: str

    def __getitem__(self, name: str) -> Any:
        found = self.group.named(name)
        if found is None:
            raise KeyError(name)
        return self.own.get(name, found.usual)

    @property
    def changed(self) -> list[tuple[Preference, str, str]]:
        """The settings that are not as usual: (which, its value, its default), both in words."""
        return [
            (each, each.in_words(self[each.name]), each.in_words(each.usual))
            for each in self.group.preferences
            if each.name in self.own
        ]


def current(name: str) -> Settings:
    """A group as it is stored now. Raises InvalidPreference for one that there is not."""
    group = group_named(name)
    row = Stored.objects.filter(group=name).first()
    if row is None:
        return Settings(group, 0, {}, {}, None, "")
    own = {each: value for each, value in row.values.items() if group.named(each) is not None}
    return Settings(group, row.revision, own, row.touched, row.changed_at, row.changed_by)


remembered = Remembered(current, seconds=SECONDS)
"""A group as it was a moment ago."""


def get(path: str) -> Any:
    """The value of a setting by its full name, `sending.hours`, as it was a moment ago."""
    group, preference = preference_named(path)
    return remembered(group.name)[preference.name]


def forget() -> None:
    """Read anew in this process."""
    remembered.forget()
