"""What receipts move.

The far side speaks only of what it took on: a receipt that is faster than the answer, or settles a doubt, says that the
attempt costs, also where it failed.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from domain.costs import Charge
from domain.states import MessageStatus
from messaging.claims.steps import Change, apply

S = MessageStatus


@dataclass(frozen=True, slots=True)
class ReceiptMove:
    """A receipt's effect on one message: from the state it was read in to another, by the gateway it came from."""

    message: ObjectId
    campaign: ObjectId | None
    gateway: ObjectId
    origin: S
    target: S
    code: str = ""
    detail: str = ""
    charge: Charge | None = None
    """What the attempt costs that it speaks of."""


def apply_receipts(moves: Sequence[ReceiptMove]) -> int:
    """Store what receipts moved; one that finds its message changed meanwhile is left for the caller to read again."""
    by_lane: dict[ObjectId, list[Change]] = defaultdict(list)
    for move in moves:
        fields: dict[str, Any] = {"due_at": None}
        if move.target is S.FAILED:
            fields |= {"reason": move.code[:40] or "undelivered", "detail": move.detail[:300]}
        elif move.origin in (S.SENDING, S.UNCERTAIN):
            fields |= {"reason": "", "detail": ""}
        by_lane[move.gateway].append(
            Change(
                move.message,
                move.campaign,
                move.origin,
                move.target,
                update={"$set": fields},
                charge=move.charge if move.origin in (S.SENDING, S.UNCERTAIN) else None,
            )
        )
    return sum(apply(lane, changes) for lane, changes in by_lane.items())
