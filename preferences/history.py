"""Who changed a group of settings, and what it was before: the log's entries in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from preferences.registry import Group
from systemlog.models import SystemLog

MOST = 8


@dataclass(frozen=True, slots=True)
class Change:
    """One change of some settings: (label, before, now) of each."""

    at: datetime
    actor: str
    settings: Sequence[tuple[str, str, str]]


def latest(group: Group, *, most: int = MOST) -> Sequence[Change]:
    """The latest changes, the newest first, as far back as the log goes."""
    found = SystemLog.objects.filter(kind="settings", object_id=group.name).order_by("-at", "-pk")[:most]
    return [Change(each.at, each.actor, in_words(group, each.data.get("changes", {}))) for each in found]


def in_words(group: Group, changes: dict[str, Any]) -> Sequence[tuple[str, str, str]]:
    """What an entry's data says of changes, as people read it; what is no setting any more is left out."""
    return [
        (str(preference.label), preference.in_words(was), preference.in_words(now))
        for name, (was, now) in changes.items()
        if (preference := group.named(name)) is not None
    ]
