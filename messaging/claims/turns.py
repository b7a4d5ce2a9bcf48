"""Turns: which lane a pending message waits at. Not a change of state, so nothing is counted."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from domain.states import MessageStatus
from lib.mongo import collection
from messaging.models import CLAIM_INDEX, Message

S = MessageStatus


def deal(*, pool: ObjectId, campaign: ObjectId, lanes: Sequence[ObjectId]) -> int:
    """Deal the campaign's next undealt messages, in their order, one to each of `lanes`; returns how many."""
    messages = collection(Message)
    waiting = {"pool": pool, "status": S.PENDING.value, "campaign": campaign, "gateway": None}
    rows = messages.find(waiting, {"_id": 1}).hint(CLAIM_INDEX).sort("due_at", 1).limit(len(lanes))
    operations = [
        UpdateOne({**waiting, "_id": row["_id"]}, {"$set": {"gateway": lane, "dealt": True}})
        for row, lane in zip(rows, lanes, strict=False)
    ]
    if not operations:
        return 0
    return messages.bulk_write(operations, ordered=False).modified_count


def waiting_at_lanes(pool: ObjectId) -> Counter[tuple[ObjectId, ObjectId]]:
    """How many undelivered messages of each campaign wait at each lane, by (gateway, campaign)."""
    waiting = {
        "pool": pool,
        "status": {"$in": [S.PENDING.value, S.CLAIMED.value, S.SENDING.value]},
        "campaign": {"$ne": None},
        "gateway": {"$ne": None},
    }
    group = {"_id": {"gateway": "$gateway", "campaign": "$campaign"}, "n": {"$sum": 1}}
    found = collection(Message).aggregate([{"$match": waiting}, {"$group": group}], hint=CLAIM_INDEX)
    return Counter({(row["_id"]["gateway"], row["_id"]["campaign"]): row["n"] for row in found})


def hand_back(*, pool: ObjectId, campaign: ObjectId, gateway: ObjectId, most: int | None = None) -> int:
    """Take a lane's unsent dealt messages of a campaign from it, for the next deal; `most` of them, the last ones."""
    dealt: dict[str, Any] = {
        "pool": pool,
        "status": S.PENDING.value,
        "campaign": campaign,
        "gateway": gateway,
        "dealt": True,
    }
    if most is not None:
        rows = collection(Message).find(dealt, {"_id": 1}).hint(CLAIM_INDEX).sort("due_at", -1).limit(most)
        dealt["_id"] = {"$in": [row["_id"] for row in rows]}
    nobody = {"$set": {"gateway": None, "dealt": False}}
    return collection(Message).update_many(dealt, nobody, hint=CLAIM_INDEX).modified_count
