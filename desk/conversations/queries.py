"""The list of conversations: which of them, in which order, and what a row of it shows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from django.db.models import QuerySet

import lib.arrays  # noqa: F401  # the lookup any_startswith
from accounts.models import User
from accounts.roles import Scope
from debtors.suppressions import suppressed
from desk.conversations.people import line_names
from desk.conversations.wanted import Wanted
from domain.finding import search_terms
from domain.people import is_hidden
from gateways.models import Gateway
from lib.paging import Page, keyset_page
from messaging.attention import writes
from messaging.models import Conversation

MOST_NEWER = 99
MOST_FIRST = 50
"""Conversations with unread texts that stand before the others; all of them are in a list of their own."""


def listed(wanted: Wanted, *, scope: Scope, user: ObjectId) -> QuerySet[Conversation]:
    """The conversations that are asked for, to be paged by `last_at`; `user` is whose are “mine”."""
    found = Conversation.objects.filter(**scope.where("owners"))
    if wanted.line is not None:
        found = found.filter(last_gateway=wanted.line)
    elif wanted.channel:
        lines = Gateway.objects.filter(channel=wanted.channel).values_list("pk", flat=True)
        found = found.filter(last_gateway__in=list(lines))
    for term in search_terms(wanted.search):
        found = found.filter(words__any_startswith=term)
    match wanted.show:
        case "unread":
            return found.filter(archived=False, is_unread=True)
        case "mine":
            return found.filter(archived=False, assigned=user)
        case "unassigned":
            return found.filter(archived=False, assigned=None)
        case "archived":
            return found.filter(archived=True)
        case "opted-out":
            return found.filter(opted_out=True)
    # A search finds what was put away, too.
    return found if wanted.search else found.filter(archived=False)


def page_of(
    wanted: Wanted, *, scope: Scope, user: ObjectId, mark: str
) -> tuple[list[Conversation], Page[Conversation]]:
    """The conversations that stand first, and a page of the others, the latest first.

    In the list of all, the unread ones stand first: on its first page, and on no other.
    """
    found = listed(wanted, scope=scope, user=user)
    if wanted.show or wanted.search:
        return [], keyset_page(found, by="-last_at", mark=mark)
    page = keyset_page(found.filter(is_unread=False), by="-last_at", mark=mark)
    if page.previous:
        return [], page
    return list(found.filter(is_unread=True).order_by("-last_at", "-pk")[: MOST_FIRST + 1]), page


def newer(than: datetime, wanted: Wanted, *, scope: Scope, user: ObjectId) -> int:
    """How many unread conversations have a text since that moment, counted up to MOST_NEWER + 1."""
    found = listed(wanted, scope=scope, user=user).filter(is_unread=True, last_at__gt=than)
    return found.order_by("-last_at")[: MOST_NEWER + 1].count()


def unread(scope: Scope) -> QuerySet[Conversation]:
    """Those with texts that nobody has read."""
    return Conversation.objects.filter(is_unread=True, **scope.where("owners"))


def rows(conversations: Sequence[Conversation]) -> list[dict[str, Any]]:
    """What each row of the list shows, by one query for all of their lines, people and opt-outs."""
    lines = line_names([one.last_gateway for one in conversations])
    people = names({one.assigned for one in conversations} | {one.answering for one in conversations})
    out = suppressed(one.phone for one in conversations) if conversations else set()
    return [
        {
            "conversation": one,
            "line": lines.get(one.last_gateway),
            "hidden": is_hidden(one.phone),
            "assigned": people.get(one.assigned, ""),
            "answering": people.get(one.answering, "") if writes(one) else "",
            "opted_out": one.phone in out,
            "seen": seen_mark(one),
        }
        for one in conversations
    ]


def seen_mark(conversation: Conversation) -> str:
    """What whoever acts on the conversation has seen of it: when the person last wrote, in milliseconds."""
    at = conversation.last_in_at
    return str(round(at.timestamp() * 1000)) if at is not None else "0"


def names(ids: set[ObjectId | None]) -> Mapping[Any, str]:
    """How users are called, by their keys."""
    wanted = [one for one in ids if one is not None]
    return {user.pk: user.get_full_name() or user.get_username() for user in User.objects.filter(pk__in=wanted)}


def lines() -> list[Gateway]:
    """The lines that a list can be of, by name."""
    return list(Gateway.objects.filter(deleted_at=None).only("name", "channel").order_by("name"))
