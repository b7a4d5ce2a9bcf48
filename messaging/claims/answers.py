"""What became of attempts: answers as they come or too late, and looks at uncertain ones."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from debtors.suppressions import suppressed
from domain.costs import Charge, charge_of
from domain.delivery import Failed, Media, Outbound
from domain.states import MessageStatus
from lib.mongo import collection, server_now
from messaging.claims.rerouting import by_sms
from messaging.claims.steps import Answered, Change, Claimed, Holder, apply, claimed_of, due_in, naive
from messaging.models import CLAIM_INDEX, Message

S = MessageStatus
_ANSWERED = (S.SENT.value, S.DELIVERED.value, S.READ.value, S.FAILED.value)


def settle(holder: Holder, answered: Sequence[Answered]) -> int:
    """Store what became of attempts; returns how many messages moved.

    Only of a message's last attempt: an answer that is stored twice, or comes when a later attempt is under way, moves
    nothing. One that comes after the lane was given up finds its message UNCERTAIN. Sent is believed then; what says
    that nothing was accepted only while no later holder took the doubt over (its epoch is on the attempt).
    """
    now = clock_for(answered)
    moved = apply(holder.gateway, [settling(holder, a, S.SENDING, now) for a in answered])
    if moved == len(answered):
        return moved
    ids = [ObjectId(a.outbound.message_id) for a in answered]
    states = {row["_id"]: row["status"] for row in collection(Message).find({"_id": {"$in": ids}}, {"status": 1})}
    late = [a for a in answered if states.get(ObjectId(a.outbound.message_id)) == S.UNCERTAIN.value]
    overtaken = [a for a in answered if states.get(ObjectId(a.outbound.message_id)) in _ANSWERED]
    moved += apply(
        holder.gateway, [settling(holder, a, S.UNCERTAIN, now) for a in late if a.outcome.status is not S.UNCERTAIN]
    )
    # A receipt was faster than the answer: the state stands, the far side's id is still worth keeping.
    notes = [
        UpdateOne(
            {"_id": ObjectId(a.outbound.message_id), "attempts.attempt_id": a.outbound.attempt_id},
            {"$set": _attempt_end(a)},
        )
        for a in overtaken
    ]
    if notes:
        collection(Message).bulk_write(notes, ordered=False)
    return moved


def settling(holder: Holder, a: Answered, origin: S, now: datetime) -> Change:
    match: dict[str, Any] = {"attempt_id": a.outbound.attempt_id}
    if a.outcome.status is not S.SENT:
        match["epoch"] = holder.epoch
    fields = _attempt_end(a) | {
        "reason": a.outcome.code[:40],
        "detail": a.outcome.detail[:300],
        "due_at": due_in(a.outcome.after, now),
        "claim_token": "",
    }
    if a.outcome.status is S.SENT and a.ask_after:
        fields["ask_at"] = due_in(a.ask_after, now)
    if a.outcome.status is S.PENDING and a.campaign is not None:  # a reply stays with the lane it belongs to
        fields["gateway"] = None
        fields["dealt"] = False
        if a.outcome.by_sms:
            fields |= by_sms(a.sms_pool, text=a.outbound.text, plain=a.plain)
    return Change(
        ObjectId(a.outbound.message_id),
        a.campaign,
        origin,
        a.outcome.status,
        where={"attempts": {"$elemMatch": match}, **is_last(a.outbound)},
        update={"$set": fields},
        charge=_taken_on(a),
    )


def _taken_on(a: Answered) -> Charge | None:
    """What it costs: nothing where the far side refused it; what it took on costs, also if it failed there."""
    return a.outbound.charge if a.outcome.status is S.SENT or isinstance(a.answer, Failed) else None


def _attempt_end(a: Answered) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "attempts.$.outcome": a.outcome.status.value,
        "attempts.$.code": a.outcome.code[:40],
        "attempts.$.detail": a.outcome.detail[:300],
        "attempts.$.ended_at": datetime.now(UTC).replace(tzinfo=None),
    }
    provider_id = getattr(a.answer, "provider_id", None)
    if provider_id is not None:
        fields["attempts.$.provider_id"] = provider_id[:200]
    return fields


def is_last(outbound: Outbound) -> dict[str, Any]:
    """A condition: the attempt is the message's last one. What is said of an earlier one must not touch a later one."""
    return {"$expr": {"$eq": [{"$arrayElemAt": ["$attempts.attempt_id", -1]}, outbound.attempt_id]}}


def clock_for(answered: Sequence[Answered]) -> datetime:
    """MongoDB's time, asked once for a batch and only where an outcome needs it."""
    if any(a.outcome.after is not None or a.ask_after for a in answered):
        return naive(server_now())
    return naive(datetime.now(UTC))  # not used: no outcome has a time


def take_doubts(
    holder: Holder,
    *,
    pool: ObjectId,
    campaigns: Sequence[ObjectId | None],
    limit: int,
    media: Callable[[ObjectId], Media] | None = None,
) -> list[tuple[Outbound, Claimed]]:
    """The lane's uncertain messages that are due for a look, each under the id of its last attempt.

    `media` gives the file that goes with a message: a look may send it again.

    The holder's epoch is put on the attempt, so that an earlier holder's late "not accepted" can't undo the look. Those
    to people on the suppression list are left to a person, for the same reason that `media` is asked for.
    """
    messages = collection(Message)
    due = messages.find(
        {
            "pool": pool,
            "status": S.UNCERTAIN.value,
            "campaign": {"$in": list(campaigns)},
            "gateway": holder.gateway,
            "due_at": {"$ne": None},
            "$expr": {"$lte": ["$due_at", "$$NOW"]},
        },
        {"campaign": 1, "phone": 1, "text": 1, "checks": 1, "attachment": 1, "attempts": {"$slice": -1}},
        hint=CLAIM_INDEX,
    ).limit(limit)
    rows = list(due)
    out = suppressed(row["phone"] for row in rows if row["campaign"] is not None) if rows else set()
    taken: list[tuple[Outbound, Claimed]] = []
    for row in rows:
        if row["campaign"] is not None and row["phone"] in out:
            messages.update_one({"_id": row["_id"], "status": S.UNCERTAIN.value}, {"$set": {"due_at": None}})
            continue
        attempt = row["attempts"][0]
        attempt_id = attempt["attempt_id"]
        outbound = Outbound(
            attempt_id,
            str(row["_id"]),
            row["phone"],
            row["text"],
            provider_id=attempt.get("provider_id"),
            epoch=holder.epoch,
            started_at=attempt["started_at"].replace(tzinfo=UTC),
            media=media(row["attachment"]) if media is not None and row.get("attachment") else None,
            charge=charge_of(attempt),
        )
        mine = messages.update_one(
            {
                "_id": row["_id"],
                "status": S.UNCERTAIN.value,
                "attempts.attempt_id": attempt_id,
                **is_last(outbound),
            },
            {"$set": {"attempts.$.epoch": holder.epoch}},
        )
        if mine.matched_count:
            taken.append((outbound, claimed_of(row)))
    return taken


def settle_doubt(holder: Holder, a: Answered) -> bool:
    """Store what a look at an uncertain message found; True when it ended the doubt."""
    now = clock_for([a])
    if a.outcome.status is not S.UNCERTAIN:
        return bool(apply(holder.gateway, [settling(holder, a, S.UNCERTAIN, now)]))
    collection(Message).update_one(
        {
            "_id": ObjectId(a.outbound.message_id),
            "status": S.UNCERTAIN.value,
            "attempts": {"$elemMatch": {"attempt_id": a.outbound.attempt_id, "epoch": holder.epoch}},
            **is_last(a.outbound),
        },
        {
            "$set": {
                "reason": a.outcome.code[:40],
                "detail": a.outcome.detail[:300],
                "due_at": due_in(a.outcome.after, now),
            },
            "$inc": {"checks": int(a.outcome.checked)},
            "$currentDate": {"updated_at": True},
        },
    )
    return False
