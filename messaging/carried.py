"""Which messages were carried by which attempts, for whoever looks at what went to and fro."""

from collections.abc import Sequence

from lib.mongo import collection
from messaging.models import Message

MOST_MESSAGES = 200
"""Of those to one phone, the latest."""

PHONE_INDEX = "message_phone"


def attempts_to(phone: str) -> list[str]:
    """The attempts to write to this phone, by whatever line, of its latest messages."""
    asked = collection(Message).find({"phone": phone}, {"attempts": 1}, hint=PHONE_INDEX)
    return [
        attempt["attempt_id"]
        for row in asked.sort("created_at", -1).limit(MOST_MESSAGES)
        for attempt in row.get("attempts") or ()
    ]


def messages_of(attempts: Sequence[str], *, most: int) -> list[Message]:
    """The messages that these attempts carried, so many at most."""
    asked = {"attempts.attempt_id": {"$in": list(attempts)}}
    ids = [row["_id"] for row in collection(Message).find(asked, {"_id": 1}).limit(most)] if attempts else []
    return list(Message.objects.filter(pk__in=ids).order_by("pk"))
