"""Changing settings: checked, stored by compare-and-set, kept in the log with what they were before."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from lib.mongo import collection, compare_and_set
from preferences import queries
from preferences.errors import ChangedMeanwhile
from preferences.models import Stored
from preferences.queries import Settings
from preferences.registry import Group, Value
from systemlog import audit

TRIES = 20
"""How often a change that minds nobody else's is tried while others change the group."""

Changes = Mapping[str, tuple[Value, Value]]
"""What a change did: {name: (before, now)}."""


def change(name: str, wanted: Mapping[str, Any], *, actor: Any, revision: int | None = None) -> Changes:
    """Set these values of a group, each checked; returns what that changed, in the end nothing.

    With a `revision`, it must still be the one that was read: ChangedMeanwhile names what others changed since.
    Without, these values are set whatever else was changed. Raises InvalidPreference, with nothing stored.
    """
    for _try in range(TRIES):
        before = queries.current(name)
        if revision is not None and before.revision != revision:
            raise ChangedMeanwhile(_touched_since(before, revision))
        values = {}
        for key, value in wanted.items():
            preference = before.group.named(key)
            if preference is None:
                raise KeyError(key)
            values[key] = preference.cleaned(value)
        changes = {key: (before[key], value) for key, value in values.items() if before[key] != value}
        if not changes:
            _apply(before.group)  # an earlier change may have been stored and not carried out
            return {}
        if _store(before, {key: now for key, (_was, now) in changes.items()}, actor):
            queries.forget()
            data = {"changes": {key: [was, now] for key, (was, now) in changes.items()}}
            audit.record(actor, "settings.change", kind="settings", id=name, name=str(name), data=data)
            _apply(before.group)
            return changes
    raise ChangedMeanwhile(_touched_since(queries.current(name), revision or 0))


def reset(name: str, keys: list[str] | None = None, *, actor: Any) -> Changes:
    """Go back to the default, with these settings of a group or with all of them; returns what that changed."""
    group = queries.current(name).group
    wanted = {each.name: each.usual for each in group.preferences if keys is None or each.name in keys}
    return change(name, wanted, actor=actor)


def _apply(group: Group) -> None:
    """Carry out what is stored now: of two changes at once the one that comes last here sees both."""
    if group.apply is not None:
        now = queries.current(group.name)
        group.apply({each.name: now[each.name] for each in group.preferences})


def _touched_since(now: Settings, revision: int) -> list[str]:
    return [each.name for each in now.group.preferences if now.touched.get(each.name, 0) > revision]


def _store(before: Settings, values: Mapping[str, Value], actor: Any) -> bool:
    """Store the changed values, if the group still is as it was read."""
    usual = {each.name: each.usual for each in before.group.preferences}
    own = {key: value for key, value in {**before.own, **values}.items() if value != usual[key]}
    row = collection(Stored).find_one_and_update(
        {"group": before.group.name},
        {"$setOnInsert": {"values": {}, "revision": 0, "touched": {}, "changed_at": None, "changed_by": ""}},
        upsert=True,
        return_document=True,
    )
    assert row is not None  # it was inserted if it was not there
    return compare_and_set(
        Stored,
        row["_id"],
        {"revision": before.revision},
        {
            "values": own,
            "revision": before.revision + 1,
            "touched": {**before.touched, **dict.fromkeys(values, before.revision + 1)},
            "changed_at": timezone.now(),
            "changed_by": actor.get_username() if actor is not None else "",
        },
    )
