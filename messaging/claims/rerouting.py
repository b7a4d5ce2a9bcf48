"""From WhatsApp to SMS: a message that was surely not sent goes to its campaign's other pool."""

from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from domain.sms_text import as_sms
from domain.states import MessageStatus
from lib.mongo import collection
from messaging.models import CLAIM_INDEX, Message

S = MessageStatus
SMS = "sms"


def by_sms(pool: ObjectId | None, *, text: str, plain: bool) -> dict[str, Any]:
    """What is stored with a message that goes on by SMS: nobody's yet, without its file, and its text as an SMS, which
    is without accents where `plain` says so. Raises ValueError."""
    if pool is None:
        raise ValueError("no pool for SMS")
    sent, parts = as_sms(text, plain=plain)
    way = {"pool": pool, "channel": SMS, "gateway": None, "dealt": False, "attachment": None}
    return {**way, "text": sent, "parts": parts}


def reroute(
    campaign: ObjectId, *, origin: ObjectId, target: ObjectId, reason: str, limit: int, plain: bool = False
) -> int:
    """Give up to `limit` of a campaign's pending messages from the pool `origin` to the SMS pool; returns how many.

    They stay PENDING, so no count changes. Only PENDING ones, also those that were dealt to a lane: what a lane holds,
    sends or is uncertain about is not touched, and a lane that is about to claim one finds it gone.
    """
    messages = collection(Message)
    pending = {"pool": origin, "status": S.PENDING.value, "campaign": campaign}
    found = messages.find(pending, {"text": 1}, hint=CLAIM_INDEX).limit(limit)
    updates = [
        UpdateOne(
            {**pending, "_id": row["_id"]},
            {
                "$set": {**by_sms(target, text=row["text"], plain=plain), "reason": reason[:40]},
                "$currentDate": {"updated_at": True},
            },
        )
        for row in found
    ]
    return messages.bulk_write(updates, ordered=False).modified_count if updates else 0
