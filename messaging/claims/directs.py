"""Replies and tests belong to one line, so they go where it goes: to its new pool, or nowhere if it is deleted."""

from bson import ObjectId

from domain.states import MessageStatus
from lib.mongo import collection
from messaging.claims.recovery import gateways_of
from messaging.claims.steps import move_many
from messaging.models import CLAIM_INDEX, Message

S = MessageStatus
_STANDING = {"$in": [S.PENDING.value, S.UNCERTAIN.value]}
"""What nobody holds: what a lane has claimed or sends comes back to one of these, or is over."""


def direct_lanes(pool: ObjectId) -> list[ObjectId]:
    """The lines at which replies and tests of the pool wait, or are in doubt."""
    return gateways_of({"pool": pool, "status": _STANDING, "campaign": None})


def follow(gateway: ObjectId, *, origin: ObjectId, target: ObjectId) -> int:
    """Take a line's replies and tests to the pool that it is in now; returns how many. Not a change of state."""
    standing = {"pool": origin, "status": _STANDING, "campaign": None, "gateway": gateway}
    return collection(Message).update_many(standing, {"$set": {"pool": target}}, hint=CLAIM_INDEX).modified_count


def give_up(gateway: ObjectId, *, pool: ObjectId, reason: str) -> int:
    """PENDING -> SKIPPED for the replies and tests of a line that is no more; returns how many."""
    waiting = {"pool": pool, "status": S.PENDING.value, "campaign": None, "gateway": gateway}
    ids = [row["_id"] for row in collection(Message).find(waiting, {"_id": 1}, hint=CLAIM_INDEX)]
    return move_many(
        gateway,
        ids=ids,
        campaign=None,
        origin=S.PENDING,
        target=S.SKIPPED,
        where=waiting,
        changes={"reason": reason, "due_at": None},
    )
