"""Fragments: the parts of pages that change by themselves, each a template with the data that it shows.

A page includes one by `{% live "name" key %}`, and its socket gets the same template again whenever one of its groups
has an event. So the template's outermost element carries `{{ live_root }}`: its id and, over the socket, the attribute
by which htmx puts it in the place of the one on the page.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from domain.roles import Role


def seen_by(least: Role) -> Callable[[Any, str], bool]:
    """Everybody who has that role may see it, whichever it is."""
    return lambda user, _key: bool(user.has_role(least))


SUPERVISORS = seen_by(Role.SUPERVISOR)


@dataclass(frozen=True, slots=True)
class Fragment:
    """One kind of live part.

    `key` says which one: an object's id, or what else `context` understands; it is empty where there is one only.
    `groups(key)` names the groups whose events change it: `campaign.<id>` for one object, `campaign` for any of that
    kind (live/events.py). `context(key)` is what the template shows, by queries; None when it is gone. It depends on
    the key and the language alone, because one rendering is sent to every socket: what differs by whose things one sees
    has whose in its key. `allowed(user, key)` is asked when a page joins; it has no default, so that nobody forgets it.
    """

    name: str
    template: str
    groups: Callable[[str], Sequence[str]]
    context: Callable[[str], Mapping[str, Any] | None]
    allowed: Callable[[Any, str], bool]

    def element_id(self, key: str) -> str:
        """The id of its element in the page: the key is in it, or a digest of one that has signs no id should have."""
        if key and not key.replace("-", "").replace("_", "").isalnum():
            key = hashlib.sha256(key.encode()).hexdigest()[:16]
        return f"{self.name}-{key}" if key else self.name

    def render(self, key: str, *, over_socket: bool = False, values: Mapping[str, Any] | None = None) -> str:
        """Its HTML in the active language; over the socket an order to remove it when it is gone.

        `values` is its context where that is known already: a list asks once for all of its rows.
        """
        values = self.context(key) if values is None else values
        if values is None:
            return format_html('<div id="{}" hx-swap-oob="delete"></div>', self.element_id(key)) if over_socket else ""
        root = format_html('id="{}"', self.element_id(key))
        if over_socket:
            root = SafeString(root + ' hx-swap-oob="morph"')
        return render_to_string(self.template, {**values, "live_root": root})


_fragments: dict[str, Fragment] = {}


def register(fragment: Fragment) -> Fragment:
    """Make it known by its name; each app does so in its module `fragments`, which is loaded at start."""
    if fragment.name in _fragments:
        raise ValueError(f"There is a fragment {fragment.name!r} already.")
    _fragments[fragment.name] = fragment
    return fragment


def fragment_named(name: str) -> Fragment | None:
    return _fragments.get(name)


def all_fragments() -> list[Fragment]:
    return list(_fragments.values())


def of_object(kind: str) -> Callable[[str], Sequence[str]]:
    """The groups of a fragment that shows one object of a kind, by its id."""
    return lambda key: (f"{kind}.{key}",)


def of_kinds(*kinds: str) -> Callable[[str], Sequence[str]]:
    """The groups of a fragment that any object of these kinds changes: a list, a count."""
    return lambda key: kinds
