"""Messages of campaigns to people who may not be written to: they are skipped, wherever they wait."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId

from domain.states import MessageStatus
from lib.mongo import collection
from messaging.claims.steps import Change, apply
from messaging.models import Message

S = MessageStatus
OPTED_OUT = "opted_out"
BY_PHONE = "message_phone"
NOT_SENT: dict[str, Any] = {
    "reason": OPTED_OUT,
    "detail": "",
    "due_at": None,
    "gateway": None,
    "dealt": False,
    "claim_token": "",
}
ROUNDS = 5


def skip_suppressed(phones: Sequence[str]) -> set[ObjectId]:
    """PENDING or CLAIMED -> SKIPPED for what campaigns have for these phones; the campaigns whose counts moved.

    What a lane is sending is left alone. One that a lane takes or gives back meanwhile is looked for again; what still
    slips through is skipped when it is to be started.
    """
    waiting = {
        "phone": {"$in": list(phones)},
        "status": {"$in": [S.PENDING.value, S.CLAIMED.value]},
        "campaign": {"$ne": None},
    }
    moved: set[ObjectId] = set()
    for _round in range(ROUNDS):
        rows = list(collection(Message).find(waiting, {"campaign": 1, "status": 1}, hint=BY_PHONE))
        if not rows:
            break
        if apply(None, [skipped(row["_id"], row["campaign"], S(row["status"])) for row in rows]):
            moved |= {row["campaign"] for row in rows}
    return moved


def skipped(message: ObjectId, campaign: ObjectId | None, origin: S, where: dict[str, Any] | None = None) -> Change:
    """The step by which a message is not sent because its person opted out."""
    return Change(message, campaign, origin, S.SKIPPED, where=where or {}, update={"$set": dict(NOT_SENT)})
