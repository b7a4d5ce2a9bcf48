"""What each user keeps of each list: filters under names, which columns in which order, and what it opens with.

A list is known by its name in LISTS; filters are the queries of its address, so any list of pages can have them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.db.models import Q
from django.utils import timezone

from accounts.models import ListChoice, SavedFilter, User
from domain.roles import Role
from lib.mongo import collection, session

LISTS: Mapping[str, str] = {"debtors": "debtors:list"}
"""The lists that have filters and columns of a user's own, each with the name of its page's URL."""
LONGEST_NAME = 80
LONGEST_QUERY = 4_000
MOST_FILTERS = 100
"""Filters that one user may keep for one list."""
MOST_COLUMNS = 30


class ListError(Exception):
    """Why it can't be done."""


class TooMany(ListError):
    """MOST_FILTERS are there already."""


class NoName(ListError):
    """The name is blank or too long."""


class NameTaken(ListError):
    """Another filter of the user's has this name."""


@dataclass(frozen=True, slots=True)
class ListView:
    """A list as a user has it."""

    filters: Sequence[SavedFilter]
    """The user's own and those that are shared, by name."""
    columns: Sequence[str]
    opens_with: SavedFilter | None


def view_of(user: User, list_name: str) -> ListView:
    """The list as the user has it."""
    filters = list(
        SavedFilter.objects.filter(_seen_by(user), list_name=list_name)
        .select_related("owner")
        .order_by("name", "pk")[: 3 * MOST_FILTERS]
    )
    chosen = ListChoice.objects.filter(user=user, list_name=list_name).first()
    opens = next((each for each in filters if chosen and each.pk == chosen.opens_with), None)
    return ListView(filters, tuple(chosen.columns) if chosen else (), opens)


def may_change(user: User, saved: SavedFilter) -> bool:
    """One's own; supervisors also change what is shared."""
    return saved.owner_id == user.pk or (saved.shared and user.has_role(Role.SUPERVISOR))  # type: ignore[attr-defined]


def save(user: User, list_name: str, name: str, query: str, *, shared: bool) -> tuple[SavedFilter, bool]:
    """Keep a filter of the user's; one of the same name is replaced. Returns it, and whether it is new.

    Who may not share keeps it for themselves; what is shared already stays so. Raises NoName, TooMany.
    """
    name = _name(name)
    own = SavedFilter.objects.filter(owner=user, list_name=list_name)
    if not own.filter(name=name).exists() and own.count() >= MOST_FILTERS:
        raise TooMany
    shared = shared and user.has_role(Role.SUPERVISOR)
    # One update of one document: a second click on the same button finds the first one's.
    key = {"owner_id": user.pk, "list_name": list_name, "name": name}
    changes: dict[str, Any] = {"query": query[:LONGEST_QUERY], "changed_at": timezone.now()}
    done = collection(SavedFilter).update_one(
        key,
        {"$set": {**changes, "shared": True}} if shared else {"$set": changes, "$setOnInsert": {"shared": False}},
        upsert=True,
        session=session(),
    )
    return SavedFilter.objects.get(owner=user, list_name=list_name, name=name), done.upserted_id is not None


def visible(user: User, pk: ObjectId) -> SavedFilter | None:
    """A filter that the user sees."""
    return SavedFilter.objects.filter(_seen_by(user), pk=pk).select_related("owner").first()


def rename(saved: SavedFilter, name: str) -> None:
    """Give it another name. Raises NoName, NameTaken."""
    name = _name(name)
    same = SavedFilter.objects.filter(owner=saved.owner_id, list_name=saved.list_name, name=name)  # type: ignore[attr-defined]
    if same.exclude(pk=saved.pk).exists():
        raise NameTaken
    SavedFilter.objects.filter(pk=saved.pk).update(name=name, changed_at=timezone.now())


def share(saved: SavedFilter, *, with_everybody: bool) -> None:
    """Show it to everybody who opens the list, or to its owner alone again."""
    SavedFilter.objects.filter(pk=saved.pk).update(shared=with_everybody)


def delete(saved: SavedFilter) -> None:
    """Forget it. Lists that opened with it open as usual."""
    SavedFilter.objects.filter(pk=saved.pk).delete()


def open_with(user: User, list_name: str, pk: ObjectId | None) -> None:
    """Which filter the list opens with for this user; None for all that there is."""
    _choose(user, list_name, {"opens_with": pk}, {"columns": []})


def choose_columns(user: User, list_name: str, columns: Sequence[str], *, known: Collection[str] | None = None) -> None:
    """Which columns the list has for this user, in this order; none for the usual ones."""
    wanted = [key for key in dict.fromkeys(columns) if known is None or key in known]
    _choose(user, list_name, {"columns": wanted[:MOST_COLUMNS]}, {"opens_with": None})


def _choose(user: User, list_name: str, changes: Mapping[str, Any], otherwise: Mapping[str, Any]) -> None:
    collection(ListChoice).update_one(
        {"user_id": user.pk, "list_name": list_name},
        {"$set": changes, "$setOnInsert": otherwise},
        upsert=True,
        session=session(),
    )


def _seen_by(user: User) -> Q:
    return Q(owner=user) | Q(shared=True)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise NoName
    return name
