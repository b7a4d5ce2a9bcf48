"""Steps of a whole campaign's messages, page by page: skipped, sent again, decided by a person."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId

from domain.costs import Charge, charge_of
from domain.states import MessageStatus
from lib.mongo import collection, server_now
from messaging.claims.steps import TIME_OF, move_many, naive
from messaging.models import Message

S = MessageStatus


def skip_pending(campaign: ObjectId, *, reason: str, limit: int) -> int:
    """PENDING -> SKIPPED for up to `limit` messages; returns how many."""
    ids = _ids(campaign, S.PENDING, limit)
    return move_many(
        None,
        ids=ids,
        campaign=campaign,
        origin=S.PENDING,
        target=S.SKIPPED,
        changes={"reason": reason, "due_at": None, "gateway": None, "dealt": False},
    )


def stop_looking(campaign: ObjectId) -> int:
    """No more automatic looks at a campaign's uncertain messages: a person decides. Returns how many they are."""
    waiting = {"campaign": campaign, "status": S.UNCERTAIN.value, "due_at": {"$ne": None}}
    return collection(Message).update_many(waiting, {"$set": {"due_at": None}}).modified_count


def requeue_failed(
    campaign: ObjectId,
    *,
    limit: int,
    before: datetime,
    reasons: Sequence[str] = (),
    messages: Sequence[ObjectId] = (),
) -> int:
    """FAILED -> PENDING for up to `limit` messages; returns how many. Each gets a new attempt when it is sent.

    Those that had failed at `before`: what fails again meanwhile is not sent a third time by itself. With `reasons` or
    `messages` only those.
    """
    which: dict[str, Any] = {"failed_at": {"$not": {"$gt": naive(before)}}}
    if reasons:
        which["reason"] = {"$in": list(reasons)}
    if messages:
        which["_id"] = {"$in": list(messages)}
    ids = _ids(campaign, S.FAILED, limit, which)
    return move_many(
        None,
        ids=ids,
        campaign=campaign,
        origin=S.FAILED,
        target=S.PENDING,
        where={key: condition for key, condition in which.items() if key != "_id"},
        changes={
            "reason": "",
            "detail": "",
            "gateway": None,
            "dealt": False,
            "failed_at": None,
            "sent_at": None,
            "delivered_at": None,
            "due_at": naive(server_now()),
        },
    )


def resolve_uncertain(campaign: ObjectId, *, target: S, limit: int) -> int:
    """A person's word on messages nobody else can settle: they count as sent, as failed, or are sent again.

    `target` is SENT, FAILED or PENDING. Only messages with no automatic look ahead are moved.
    """
    which = {"campaign": campaign, "status": S.UNCERTAIN.value, "due_at": None}
    found = collection(Message).find(which, {"gateway": 1, "attempts": {"$slice": -1}}).limit(limit)
    # What counts as sent costs what its attempt says, and is its line's: each line and charge by itself.
    groups: dict[tuple[ObjectId | None, Charge | None], list[ObjectId]] = defaultdict(list)
    for row in found:
        charge = charge_of(row["attempts"][-1]) if target is S.SENT and row["attempts"] else None
        groups[row["gateway"] if charge is not None else None, charge].append(row["_id"])
    changes: dict[str, Any] = {"reason": "decided", "detail": ""}
    if target in TIME_OF:
        changes[TIME_OF[target]] = naive(server_now())
    if target is S.PENDING:
        changes |= {"gateway": None, "dealt": False, "due_at": naive(server_now())}
    return sum(
        move_many(lane, ids=ids, campaign=campaign, origin=S.UNCERTAIN, target=target, changes=changes, charge=charge)
        for (lane, charge), ids in groups.items()
    )


def _ids(campaign: ObjectId, status: S, limit: int, which: Mapping[str, Any] | None = None) -> list[ObjectId]:
    wanted = {"campaign": campaign, "status": status.value, **(which or {})}
    return [row["_id"] for row in collection(Message).find(wanted, {"_id": 1}).limit(limit)]
