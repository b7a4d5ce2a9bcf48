"""What is done to conversations, to one or several at once: to each where it is as it was seen."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bson import ObjectId

from accounts.roles import Scope
from desk.conversations import threads
from desk.conversations.heads import candidates
from lib.converters import object_id
from messaging import attention
from messaging.models import Conversation

MOST = 200
"""Conversations that one act takes."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A conversation as it was ticked: `seen` is when the person had last written, for whoever ticked it."""

    conversation: Conversation
    seen: str


@dataclass(frozen=True, slots=True)
class Done:
    """What an act did: to which, with what they were before (as the way back needs it), and how many it left."""

    changed: Sequence[Conversation]
    left: int


def chosen(values: Iterable[str], *, scope: Scope) -> list[Chosen]:
    """The conversations that a form names, `KEY@MILLISECONDS` each; those out of the scope are left out."""
    seen = dict(value.partition("@")[::2] for value in values)
    wanted = list(seen)[:MOST]
    found = Conversation.objects.filter(key__in=wanted, **scope.where("owners"))
    return [Chosen(one, seen[one.key]) for one in found]


def _each(some: Sequence[Chosen], do: Callable[[Chosen], bool]) -> Done:
    changed = [one.conversation for one in some if do(one)]
    return Done(changed, len(some) - len(changed))


def read(some: Sequence[Chosen]) -> Done:
    def do(one: Chosen) -> bool:
        found, at = one.conversation, threads.moment(one.seen)
        return found.is_unread and at is not None and attention.mark_read(found, unread=found.unread, last_in_at=at)

    return _each(some, do)


def unread(some: Sequence[Chosen]) -> Done:
    return _each(some, lambda one: attention.mark_unread(one.conversation))


def archive(some: Sequence[Chosen]) -> Done:
    def do(one: Chosen) -> bool:
        at = threads.moment(one.seen) if one.seen not in ("", "0") else None
        return attention.archive(one.conversation, last_in_at=at)

    return _each(some, do)


def unarchive(some: Sequence[Chosen], *, unread: Iterable[str] = ()) -> Done:
    """List them again; those whose keys are in `unread` as unread."""
    again = set(unread)
    return _each(some, lambda one: attention.unarchive(one.conversation, unread=one.conversation.key in again))


def assign(some: Sequence[Chosen], to: ObjectId | None, *, was: str | None = None) -> Done:
    """Give them to a user who sees them, or to nobody in particular; `was` is whose one was when the form was shown."""

    def do(one: Chosen) -> bool:
        found = one.conversation
        if to is not None and to not in {user.pk for user in candidates(found)}:
            return False
        before = found.assigned if was is None else object_id(was)
        return attention.assign(found, to, was=before)

    return _each(some, do)
