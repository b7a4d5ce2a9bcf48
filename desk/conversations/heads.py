"""What stands above the texts with a person: who is to answer, who is answering now, and what can be done."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django.db.models import Q

from accounts.models import User
from desk.conversations.queries import seen_mark
from domain.people import is_hidden, phone_of_key
from domain.roles import Role
from messaging.attention import writes
from messaging.models import Conversation

MOST_CANDIDATES = 60
ABOVE = [Role.SUPERVISOR.value, Role.ADMINISTRATOR.value]


def head(key: str, viewer: ObjectId) -> dict[str, Any] | None:
    """What the head of a conversation shows to a user; None for a key that names nobody."""
    conversation = Conversation.objects.filter(key=key).first()
    phone = conversation.phone if conversation is not None else phone_of_key(key)
    if not phone:
        return None
    values: dict[str, Any] = {"key": key, "phone": phone, "hidden": is_hidden(phone), "conversation": conversation}
    if conversation is None:
        return values
    people = candidates(conversation)
    known = {user.pk: called(user) for user in people}
    missing = {conversation.assigned, conversation.answering} - known.keys() - {None}
    known |= {user.pk: called(user) for user in User.objects.filter(pk__in=missing)} if missing else {}
    other = writes(conversation) and conversation.answering != viewer
    return values | {
        "seen": seen_mark(conversation),
        "assigned": conversation.assigned,
        "assigned_name": known.get(conversation.assigned, ""),
        "mine": conversation.assigned == viewer,
        "answering": known.get(conversation.answering, "") if other else "",
        "candidates": [(user.pk, called(user), user.pk == viewer) for user in people],
    }


def candidates(conversation: Conversation) -> Sequence[User]:
    """Who can be asked to answer: whoever sees everything, and the executives whose debtor it is."""
    sees = Q(groups__name__in=ABOVE) | Q(is_superuser=True) | Q(pk__in=list(conversation.owners or ()))
    found = User.objects.filter(is_active=True).filter(sees).distinct().order_by("first_name", "username")
    return list(found[:MOST_CANDIDATES])


def called(user: User) -> str:
    return user.get_full_name() or user.get_username()
