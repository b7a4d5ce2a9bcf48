"""The live parts of conversations: a row of the list, what is new since it was shown, the texts, who answers.

What differs by who looks has the user in its key; only that user is shown it.
"""

from typing import Any

from bson import ObjectId

from accounts.roles import EVERYTHING, Scope, scope_of
from desk.conversations import heads, queries, threads
from desk.conversations.people import within
from desk.conversations.wanted import SHOWS, Wanted
from domain.people import phone_of_key
from gateways.models import Channel
from lib.converters import object_id
from live.fragments import Fragment, of_kinds, of_object, register
from messaging.models import Conversation

ALL, OWN = "s", "e"
"""Whose conversations a key of `conversations-new` counts: everybody's, or the user's own."""


def may_see(user: Any, key: str) -> bool:
    """Whether a person's conversation is one of the user's."""
    return within(scope_of(user), key.partition(".")[0])


def _is_own(user: Any, key: str) -> bool:
    return key.split(".")[1:2] == [str(user.pk)]


# The list -------------------------------------------------------------------------------------------------------------
def row(key: str) -> dict[str, Any] | None:
    conversation = Conversation.objects.filter(key=key).first()
    return queries.rows([conversation])[0] if conversation is not None else None


def newer_key(since: str, wanted: Wanted, *, scope: Scope, user: ObjectId) -> str:
    """The key of `conversations-new`: since when, and of which list of whose."""
    return ".".join([ALL if scope.everything else OWN, str(user), wanted.show, wanted.by_what, since])


def newer(key: str) -> dict[str, Any]:
    whose, user, show, by_what, since = ([*key.split("."), "", "", "", ""])[:5]
    owner, than = object_id(user), threads.moment(since)
    if owner is None or than is None:
        return {"number": 0, "more": False}
    wanted = Wanted(
        show=show if show in SHOWS else "",
        line=object_id(by_what),
        channel=by_what if by_what in Channel.values else "",
    )
    scope = EVERYTHING if whose == ALL else Scope(owner)
    number = queries.newer(than, wanted, scope=scope, user=owner)
    return {"number": min(number, queries.MOST_NEWER), "more": number > queries.MOST_NEWER}


def _may_count(user: Any, key: str) -> bool:
    return _is_own(user, key) and (key.startswith(OWN) or scope_of(user).everything)


# One conversation -----------------------------------------------------------------------------------------------------
def thread_key(key: str, since: str, unread: str) -> str:
    """The key of `thread`: the texts since a moment, and from which on they were unread when the page was opened."""
    return f"{key}.{since}.{unread}"


def thread(key: str) -> dict[str, Any] | None:
    person, _dot, marks = key.partition(".")
    since, _dot, unread = marks.partition(".")
    conversation = Conversation.objects.filter(key=person).first()
    phone = conversation.phone if conversation is not None else phone_of_key(person)
    if not phone:
        return None
    found = threads.thread(phone, since=since or "0", unread=unread or "0")
    return thread_values(found, conversation, person)


def thread_values(found: threads.Thread, conversation: Conversation | None, key: str) -> dict[str, Any]:
    seen = queries.seen_mark(conversation) if conversation is not None else ""
    return {"thread": found, "conversation": conversation, "key": key, "seen": seen}


def head_key(key: str, user: ObjectId) -> str:
    """The key of `conversation-head`: a conversation as a user sees it."""
    return f"{key}.{user}"


def head(key: str) -> dict[str, Any] | None:
    person, _dot, user = key.partition(".")
    viewer = object_id(user)
    return heads.head(person, viewer) if viewer is not None else None


def _may_see_own(user: Any, key: str) -> bool:
    return _is_own(user, key) and may_see(user, key)


def _of_person(key: str) -> tuple[str, ...]:
    return (f"conversation.{key.partition('.')[0]}",)


register(Fragment("conversation-row", "messages/_row.html", of_object("conversation"), row, may_see))
register(Fragment("conversations-new", "messages/_new.html", of_kinds("conversation"), newer, _may_count))
register(Fragment("thread", "messages/_thread.html", _of_person, thread, may_see))
register(Fragment("conversation-head", "messages/_head.html", _of_person, head, _may_see_own))
