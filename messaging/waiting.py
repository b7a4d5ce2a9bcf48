"""Messages whose end the far side is asked for, each after growing intervals: `ask_at` says when.

It is set when a far side that is asked accepts a message, and cleared here once the message has its end: what lines
that are never asked have sent is not in the index at all.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, timedelta
from typing import Any

from bson import ObjectId

from domain.delivery import Outbound
from domain.states import MessageStatus
from lib.mongo import collection, server_now
from messaging.claims.steps import naive
from messaging.models import ASK_INDEX, Message
from messaging.queries import EPOCH

ASKED_FOR = timedelta(hours=48)
"""How long after it was sent a message's end is asked for."""

_EPOCH = naive(EPOCH)
"""The index holds what is later: MongoDB uses it for what says so."""


def take(gateway: ObjectId, *, every: float, limit: int) -> tuple[list[Outbound], bool]:
    """The line's messages whose turn to be asked for has come, the oldest first, and whether there may be more.

    Before they are asked for their next turn is set: after `every` seconds, or as long again as they have waited. So
    thousands that never end are asked for a dozen times each, and a kill on the way costs one turn.
    """
    now = naive(server_now())
    due = {"gateway": gateway, "ask_at": {"$gt": _EPOCH, "$lte": now}}
    fields = {"phone": 1, "status": 1, "sent_at": 1, "attempts": {"$slice": -1}}
    rows = list(collection(Message).find(due, fields, hint=ASK_INDEX).sort("ask_at", 1).limit(limit))
    if not rows:
        return [], False
    since = now - ASKED_FOR
    age = {"$max": [int(every * 1000), {"$subtract": [now, "$sent_at"]}]}
    goes_on = {"$and": [{"$eq": ["$status", MessageStatus.SENT.value]}, {"$gt": ["$sent_at", since]}]}
    following = {"$cond": [goes_on, {"$add": [now, age]}, None]}
    ids = [row["_id"] for row in rows]
    collection(Message).update_many({"_id": {"$in": ids}}, [{"$set": {"ask_at": following}}])
    waiting = [row for row in rows if row["status"] == MessageStatus.SENT and (row.get("sent_at") or _EPOCH) > since]
    waiting.sort(key=lambda row: (row["sent_at"], row["_id"]))
    return [_outbound(row) for row in waiting], len(rows) == limit


def _outbound(row: dict[str, Any]) -> Outbound:
    attempt = row["attempts"][0]
    return Outbound(
        attempt["attempt_id"],
        str(row["_id"]),
        row["phone"],
        "",
        provider_id=attempt.get("provider_id"),
        epoch=attempt["epoch"],
        started_at=attempt["started_at"].replace(tzinfo=UTC),
    )


def put_back(waiting: Sequence[Outbound], *, asked: Collection[str]) -> None:
    """Have those that were taken and not asked for, by their attempts, asked for next."""
    ids = [ObjectId(each.message_id) for each in waiting if each.attempt_id not in asked]
    if ids:
        now = naive(server_now())
        collection(Message).update_many({"_id": {"$in": ids}, "ask_at": {"$gt": now}}, {"$set": {"ask_at": now}})


def any_at(gateway: ObjectId) -> bool:
    """Whether the line has a message whose end is still to be asked for."""
    asked = {"gateway": gateway, "ask_at": {"$gt": _EPOCH}}
    return collection(Message).find_one(asked, {"_id": 1}, hint=ASK_INDEX) is not None
