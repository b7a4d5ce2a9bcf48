"""A lane's way with messages: claim them, mark them as sending, or give them back."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from debtors.suppressions import suppressed
from domain.costs import Charge, Price
from domain.delivery import Media, Outbound
from domain.states import MessageStatus
from lib.mongo import collection, run_tx
from messaging.claims.steps import Change, Claimed, Holder, apply, claimed_of, move_many
from messaging.claims.suppressed import skipped
from messaging.models import CLAIM_INDEX, Message

S = MessageStatus
ATTEMPTS_KEPT = 20
"""A message keeps its last attempts: one that a resting line refused for days must not grow without end."""


def claim(
    holder: Holder, *, pool: ObjectId, campaign: ObjectId | None, limit: int, shared: bool, skip: int = 0
) -> list[Claimed]:
    """Take up to `limit` due messages of a campaign for the lane: those dealt to it and, if `shared`, to nobody.

    `skip` passes over the first ones: lanes that look at different places of a shared queue seldom collide.
    """
    messages = collection(Message)
    lane: Any = {"$in": [None, holder.gateway]} if shared else holder.gateway
    due = {
        "pool": pool,
        "status": S.PENDING.value,
        "campaign": campaign,
        "gateway": lane,
        "due_at": {"$ne": None},
        "$expr": {"$lte": ["$due_at", "$$NOW"]},
    }
    # Without the hint a small collection can teach the planner another index, which a large one then pays for.
    found = messages.find(due, {"_id": 1}).hint(CLAIM_INDEX).sort("due_at", 1).skip(skip).limit(limit)
    ids = [row["_id"] for row in found]
    won = move_many(
        holder.gateway,
        ids=ids,
        campaign=campaign,
        origin=S.PENDING,
        target=S.CLAIMED,
        # It may have been given to another pool since it was found.
        where={"gateway": lane, "pool": pool},
        changes={"claim_token": holder.token, "claim_epoch": holder.epoch, "gateway": holder.gateway},
    )
    if not won:
        return []
    mine = messages.find(
        {"_id": {"$in": ids}, "status": S.CLAIMED.value, "claim_token": holder.token},
        {"phone": 1, "text": 1, "campaign": 1, "attachment": 1, "parts": 1},
    )
    return [claimed_of(row) for row in mine]


def new_attempts(
    claimed: Sequence[Claimed],
    *,
    epoch: int = 0,
    reserve: Callable[[str], str | None] = lambda _: None,
    media: Callable[[ObjectId], Media] | None = None,
    price: Price | None = None,
) -> list[tuple[Outbound, Claimed]]:
    """A request with an id of its own for each message, to be stored by `start` before the far side sees it.

    `price` is the line's, of a part: what it is now is what the attempt costs, whenever its outcome is known.

    `reserve` gives the id that the far side will know an attempt by, if that is known before; `media` the file that
    goes with a message.
    """
    ids = [uuid.uuid4().hex for _ in claimed]
    files = [media(c.attachment) if media is not None and c.attachment else None for c in claimed]
    charges = [None if c.parts is None else Charge(c.parts, price) for c in claimed]
    return [
        (Outbound(id_, str(c.id), c.phone, c.text, reserve(id_), epoch, media=file, charge=charge), c)
        for id_, c, file, charge in zip(ids, claimed, files, charges, strict=True)
    ]


def start(holder: Holder, pairs: Sequence[tuple[Outbound, Claimed]]) -> list[tuple[Outbound, ObjectId | None]]:
    """Store the attempt of each message that the lane still holds, and mark it SENDING.

    Returns only the requests that may start, each with its campaign: a message that was taken away meanwhile is left
    out. So is a campaign's to somebody who is on the suppression list: the list is asked in the same transaction, and
    the message is skipped. Harmless to repeat with the same attempts, when nobody knows whether they were stored.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    phones = {outbound.phone for outbound, c in pairs if c.campaign is not None}

    def work() -> tuple[bool, set[str]]:
        out = suppressed(phones) if phones else set()
        changes = [
            skipped(c.id, c.campaign, S.CLAIMED, _held(holder))
            if c.campaign is not None and outbound.phone in out
            else _started(holder, outbound, c, now)
            for outbound, c in pairs
        ]
        return apply(holder.gateway, changes) == len(pairs), out

    whole, out = run_tx(work)
    may = [(outbound, c) for outbound, c in pairs if c.campaign is None or outbound.phone not in out]
    if whole or not may:
        return [(outbound, c.campaign) for outbound, c in may]
    started = collection(Message).find(
        {
            "_id": {"$in": [c.id for _, c in may]},
            "status": S.SENDING.value,
            "attempts.attempt_id": {"$in": [outbound.attempt_id for outbound, _ in may]},
        },
        {"_id": 1},
    )
    won = {row["_id"] for row in started}
    return [(outbound, c.campaign) for outbound, c in may if c.id in won]


def _held(holder: Holder) -> dict[str, Any]:
    return {"claim_token": holder.token, "claim_epoch": holder.epoch}


def _started(holder: Holder, outbound: Outbound, claimed: Claimed, now: datetime) -> Change:
    attempt = {
        "attempt_id": outbound.attempt_id,
        "gateway": holder.gateway,
        "epoch": holder.epoch,
        "started_at": now,
        "ended_at": None,
        "outcome": "",
        "code": "",
        "detail": "",
        # Absent while unknown: their index is sparse.
        **({"provider_id": outbound.provider_id} if outbound.provider_id else {}),
        **(outbound.charge.as_stored() if outbound.charge is not None else {}),
    }
    update: dict[str, dict[str, Any]] = {
        "$set": {"due_at": None, "checks": 0, "reason": "", "detail": ""},
        "$push": {"attempts": {"$each": [attempt], "$slice": -ATTEMPTS_KEPT}},
    }
    # The phone too: a debtor's may have been corrected since the claim.
    where = {**_held(holder), "phone": claimed.phone}
    return Change(claimed.id, claimed.campaign, S.CLAIMED, S.SENDING, where=where, update=update)


def release(holder: Holder, claimed: Iterable[Claimed]) -> int:
    """Give messages that were not sent back to the queue; a dealt one stays with its lane."""
    by_campaign: dict[ObjectId | None, list[ObjectId]] = defaultdict(list)
    for c in claimed:
        by_campaign[c.campaign].append(c.id)
    return sum(put_back(holder.gateway, campaign, ids, _held(holder)) for campaign, ids in by_campaign.items())


def put_back(lane: ObjectId, campaign: ObjectId | None, ids: list[ObjectId], where: Mapping[str, Any]) -> int:
    """CLAIMED -> PENDING, leaving what was dealt with its lane and the rest with nobody."""
    return sum(
        move_many(
            lane,
            ids=ids,
            campaign=campaign,
            origin=S.CLAIMED,
            target=S.PENDING,
            where={**where, "dealt": dealt},
            # A dealt message stays with its lane, and so does a reply, which belongs to no campaign.
            changes={"claim_token": "", **({} if dealt or campaign is None else {"gateway": None})},
        )
        for dealt in (False, True)
    )
