"""What lanes left behind that died, or that are no longer in the pool."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from domain.outcome import after_orphaned
from domain.states import MessageStatus
from lib.mongo import collection, server_now
from messaging.claims.lanes import put_back
from messaging.claims.steps import due_in, move_many, naive
from messaging.models import CLAIM_INDEX, Message

S = MessageStatus


def recover_orphans(*, pool: ObjectId, gateway: ObjectId, up_to_epoch: int, can_reconcile: bool) -> Counter[str]:
    """Settle what holders of the lane up to an epoch left behind: CLAIMED goes back, SENDING becomes UNCERTAIN.

    Only for a lane whose lease has expired or is newly held: an expired lease is never renewed.
    """
    left_behind = {"pool": pool, "gateway": gateway, "claim_epoch": {"$lte": up_to_epoch}}
    return _recover(left_behind, can_reconcile=can_reconcile)


def recover_strangers(*, pool: ObjectId, gateway: ObjectId) -> Counter[str]:
    """The same for what a lane holds that is no longer in the pool."""
    return _recover({"pool": pool, "gateway": gateway}, can_reconcile=False)


def holders(pool: ObjectId) -> list[ObjectId]:
    """The gateways that hold messages of the pool, rightly or not: claimed or being sent."""
    held = {"pool": pool, "status": {"$in": [S.CLAIMED.value, S.SENDING.value]}}
    return gateways_of(held)


def doubted(pool: ObjectId) -> list[ObjectId]:
    """The gateways of the pool's uncertain messages that wait for an automatic look."""
    return gateways_of({"pool": pool, "status": S.UNCERTAIN.value, "due_at": {"$ne": None}})


def gateways_of(condition: dict[str, Any]) -> list[ObjectId]:
    """The lines that messages name of which this is true; it begins as the claim index does."""
    pipeline = [{"$match": condition}, {"$group": {"_id": "$gateway"}}]
    found = collection(Message).aggregate(pipeline, hint=CLAIM_INDEX)
    return [row["_id"] for row in found if row["_id"] is not None]


def leave_to_people(*, pool: ObjectId, gateway: ObjectId) -> int:
    """No more automatic looks at a gateway's uncertain messages, because it can't be asked. Returns how many."""
    doubts = {"pool": pool, "status": S.UNCERTAIN.value, "gateway": gateway, "due_at": {"$ne": None}}
    return collection(Message).update_many(doubts, {"$set": {"due_at": None}}, hint=CLAIM_INDEX).modified_count


def _recover(left_behind: Mapping[str, Any], *, can_reconcile: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    for status in (S.CLAIMED, S.SENDING):
        outcome = after_orphaned(status, can_reconcile=can_reconcile)
        now = naive(server_now())
        orphans = collection(Message).find(
            {**left_behind, "status": status.value}, {"campaign": 1, "gateway": 1}, hint=CLAIM_INDEX
        )
        groups: dict[tuple[ObjectId, ObjectId | None], list[ObjectId]] = defaultdict(list)
        for row in orphans:
            groups[row["gateway"], row.get("campaign")].append(row["_id"])
        for (gateway, campaign), ids in groups.items():
            if status is S.CLAIMED:
                found[status.value] += put_back(gateway, campaign, ids, left_behind)
                continue
            found[status.value] += move_many(
                gateway,
                ids=ids,
                campaign=campaign,
                origin=status,
                target=outcome.status,
                where=left_behind,
                changes={"claim_token": "", "reason": outcome.code, "due_at": due_in(outcome.after, now)},
            )
    return found
