"""Who looks after a conversation and whether it still needs somebody: read, archived, assigned, being answered.

Each change is a compare-and-set on what whoever asks for it has seen: no text that came meanwhile is put away unread.
"""

from collections.abc import Mapping
from datetime import datetime

from bson import ObjectId
from django.db.models import Q
from django.utils import timezone

from lib.mongo import Now, compare_and_set, now_plus
from live.events import ConversationChanged
from live.publish import publish
from messaging.models import Conversation

ANSWERING_SECONDS = 30
"""How long somebody is said to be writing an answer, after they last did."""


def mark_read(conversation: Conversation, *, unread: int, last_in_at: datetime) -> bool:
    """Its texts were seen, up to the one of that moment; False where another one has come since."""
    return _changed(conversation, {"unread": unread, "last_in_at": last_in_at}, {"unread": 0, "is_unread": False})


def mark_unread(conversation: Conversation) -> bool:
    """It is to be looked at again: it stands with those that nobody has read. False where it does already."""
    changes = {"unread": 1, "is_unread": True, "archived": False}
    return _changed(conversation, {"is_unread": False}, changes)


def archive(conversation: Conversation, *, last_in_at: datetime | None) -> bool:
    """Put it out of the list's sight, read. False where it is already, or where a text came after that moment."""
    changes = {"archived": True, "unread": 0, "is_unread": False}
    return _changed(conversation, {"archived": False, "last_in_at": last_in_at}, changes)


def unarchive(conversation: Conversation, *, unread: bool = False) -> bool:
    """List it with the others again, unread where it was so before."""
    again = {"unread": 1, "is_unread": True} if unread else {}
    changes = {"archived": False, **again}
    return _changed(conversation, {"archived": True}, changes)


def assign(conversation: Conversation, to: ObjectId | None, *, was: ObjectId | None) -> bool:
    """Say who is to answer it, or nobody in particular; False where it is no longer as it `was`."""
    return was != to and _changed(conversation, {"assigned": was}, {"assigned": to})


def answering(conversation: Conversation, user: ObjectId) -> bool:
    """Tell others that this user writes an answer, for a while. False where another one does, which keeps nobody."""
    free = Q(answering=None) | Q(answering=user) | Q(answering_until__lte=Now())
    until = {"answering": user, "answering_until": now_plus(ANSWERING_SECONDS)}
    taken = compare_and_set(Conversation, conversation.pk, free, until)
    if taken and not writes(conversation, user):
        publish(ConversationChanged(conversation.key))
    return taken


def stop_answering(conversation: Conversation, user: ObjectId) -> bool:
    """The user sent the answer, or gave it up."""
    return _changed(conversation, {"answering": user}, {"answering": None, "answering_until": None})


def writes(conversation: Conversation, user: ObjectId | None = None) -> bool:
    """Whether somebody, or this user, was writing an answer when the conversation was read."""
    until = conversation.answering_until
    on = conversation.answering is not None and until is not None and until > timezone.now()
    return on and (user is None or conversation.answering == user)


def _changed(conversation: Conversation, expected: Mapping[str, object], changes: Mapping[str, object]) -> bool:
    done = compare_and_set(Conversation, conversation.pk, expected, changes)
    if done:
        publish(ConversationChanged(conversation.key))
    return done
