"""What acts on debtors do to their messages: they wait no more, go to another phone, or become another debtor's.

Only what nobody has begun to send: a message whose request may be under way is left to its lane.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from domain.states import MessageStatus
from lib.mongo import bulk_write, collection, run_tx, session
from messaging.claims.steps import count, move_many
from messaging.models import RECIPIENT_INDEX, Message

S = MessageStatus
_UNBEGUN = (S.PENDING, S.CLAIMED)


def skip_debtors(campaigns: Sequence[ObjectId], debtors: Sequence[ObjectId], *, reason: str) -> dict[ObjectId, int]:
    """PENDING and CLAIMED -> SKIPPED for these debtors' messages; how many it was, by campaign.

    A lane that holds one finds it taken away when it wants to start it.
    """
    moved: dict[ObjectId, int] = defaultdict(int)

    def work() -> None:
        moved.clear()
        for status in _UNBEGUN:
            groups: dict[ObjectId, list[ObjectId]] = defaultdict(list)
            for row in messages_of(campaigns, debtors, [status], fields={"campaign": 1}):
                groups[row["campaign"]].append(row["_id"])
            for campaign, ids in groups.items():
                moved[campaign] += move_many(
                    None,
                    ids=ids,
                    campaign=campaign,
                    origin=status,
                    target=S.SKIPPED,
                    changes={"reason": reason, "due_at": None, "gateway": None, "dealt": False, "claim_token": ""},
                )

    run_tx(work)
    return {campaign: number for campaign, number in moved.items() if number}


def readdress(campaigns: Sequence[ObjectId], phones: dict[ObjectId, str]) -> int:
    """What of these debtors ({id: E.164}) was not begun, and what failed and may be asked for again, goes to the phone;
    returns how many messages that changed.

    What a lane holds goes back to the queue, for the lane knows the old phone. What is being sent, or is uncertain,
    ends as it began.
    """
    changed = 0

    def work() -> None:
        nonlocal changed
        changed = 0
        wanted = [S.PENDING, S.CLAIMED, S.FAILED]
        rows = messages_of(
            campaigns, list(phones), wanted, fields={"campaign": 1, "debtor": 1, "status": 1, "phone": 1}
        )
        groups: dict[tuple[ObjectId, str], list[UpdateOne]] = defaultdict(list)
        for row in rows:
            phone = phones[row["debtor"]]
            if row["phone"] == phone:
                continue
            held = row["status"] == S.CLAIMED.value
            back = {"status": S.PENDING.value, "claim_token": "", "gateway": None, "dealt": False} if held else {}
            groups[row["campaign"], row["status"]].append(
                UpdateOne(
                    {"_id": row["_id"], "status": row["status"]},
                    {"$set": {"phone": phone, **back}, "$currentDate": {"updated_at": True}},
                )
            )
        for (campaign, status), operations in groups.items():
            moved = bulk_write(Message, operations).modified
            changed += moved
            if status == S.CLAIMED.value:
                count(None, {(campaign, S.CLAIMED, S.PENDING, None): moved})

    run_tx(work)
    return changed


def hand_over(campaigns: Sequence[ObjectId], *, gone: ObjectId, kept: ObjectId) -> tuple[int, int]:
    """Make a debtor's messages another one's; (how many went over, how many did not wait any more).

    In a campaign that has both, each keeps its own: one message per campaign and debtor. There the one that is gone is
    skipped if it still waits, for it would be the second to the same person.
    """
    moved = skipped = 0

    def work() -> None:
        nonlocal moved, skipped
        both = {row["campaign"] for row in messages_of(campaigns, [kept], list(S), fields={"campaign": 1})}
        theirs = messages_of(campaigns, [gone], list(S), fields={"campaign": 1})
        alone = [row["_id"] for row in theirs if row["campaign"] not in both]
        moved = (
            collection(Message)
            .update_many({"_id": {"$in": alone}}, {"$set": {"debtor": kept}}, session=session())
            .modified_count
        )
        skipped = sum(skip_debtors([*both], [gone], reason="merged").values())

    run_tx(work)
    return moved, skipped


def messages_of(
    campaigns: Sequence[ObjectId], debtors: Iterable[ObjectId], statuses: Sequence[S], *, fields: dict[str, Any]
) -> list[dict[str, Any]]:
    """The messages of debtors in campaigns, as stored: each is looked up in the index of recipients."""
    if not campaigns:
        return []
    wanted = {
        "campaign": {"$in": list(campaigns)},
        "debtor": {"$in": list(debtors)},
        "status": {"$in": [status.value for status in statuses]},
    }
    return list(collection(Message).find(wanted, fields, hint=RECIPIENT_INDEX, session=session()))
