"""From WhatsApp to SMS: a message that was surely not sent goes to its campaign's other pool."""

from typing import Any

from bson import ObjectId

from domain.states import MessageStatus
from lib.mongo import collection
from messaging.models import CLAIM_INDEX, Message

S = MessageStatus
SMS = "sms"


def by_sms(pool: ObjectId | None) -> dict[str, Any]:
    """What is stored with a message that goes on by SMS: nobody's yet, and without its file. Raises ValueError."""
    if pool is None:
        raise ValueError("no pool for SMS")
    return {"pool": pool, "channel": SMS, "gateway": None, "dealt": False, "attachment": None}


def reroute(campaign: ObjectId, *, origin: ObjectId, target: ObjectId, reason: str, limit: int) -> int:
    """Give up to `limit` of a campaign's pending messages from the pool `origin` to the SMS pool; returns how many.

    They stay PENDING, so no count changes. Only PENDING ones, also those that were dealt to a lane: what a lane holds,
    sends or is uncertain about is not touched, and a lane that is about to claim one finds it gone.
    """
    messages = collection(Message)
    pending = {"pool": origin, "status": S.PENDING.value, "campaign": campaign}
    found = messages.find(pending, {"_id": 1}, hint=CLAIM_INDEX).limit(limit)
    ids = [row["_id"] for row in found]
    if not ids:
        return 0
    update = {"$set": {**by_sms(target), "reason": reason[:40]}, "$currentDate": {"updated_at": True}}
    return messages.update_many({**pending, "_id": {"$in": ids}}, update).modified_count
