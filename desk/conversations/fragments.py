"""The live parts of conversations: a row of the list, what is new since the list was shown, the texts with a person."""

from datetime import UTC, datetime, timedelta
from typing import Any

from desk.conversations import queries
from domain.people import phone_of_key
from live.fragments import SUPERVISORS, Fragment, of_kinds, of_object, register
from messaging.models import Conversation

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def row(key: str) -> dict[str, Any] | None:
    conversation = Conversation.objects.filter(key=key).first()
    return queries.rows([conversation])[0] if conversation is not None else None


def newer_key(than: datetime | None, *, unread: bool) -> str:
    """The key of `conversations-new`: since when, and of which list."""
    millis = (than - EPOCH) // timedelta(milliseconds=1) if than is not None else 0
    return f"{'unread' if unread else 'all'}-{millis}"


def newer(key: str) -> dict[str, Any]:
    which, _dash, millis = key.partition("-")
    known = millis.isascii() and millis.isdigit() and len(millis) <= 14
    than = EPOCH + timedelta(milliseconds=int(millis)) if known else EPOCH
    number = queries.newer(than, unread=which == "unread")
    return {"number": min(number, queries.MOST_NEWER), "more": number > queries.MOST_NEWER}


def thread(key: str) -> dict[str, Any] | None:
    conversation = Conversation.objects.filter(key=key).first()
    phone = conversation.phone if conversation is not None else phone_of_key(key)
    if not phone:
        return None
    return {"thread": queries.thread(phone), "conversation": conversation, "key": key}


register(Fragment("conversation-row", "messages/_row.html", of_object("conversation"), row, SUPERVISORS))
register(Fragment("conversations-new", "messages/_new.html", of_kinds("conversation"), newer, SUPERVISORS))
register(Fragment("thread", "messages/_thread.html", of_object("conversation"), thread, SUPERVISORS))
