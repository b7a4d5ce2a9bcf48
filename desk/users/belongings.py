"""What is a user's: debtors (and with them conversations) and campaigns; counted, and handed over to somebody else."""

from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.utils import timezone

from campaigns.models import Campaign
from debtors.models import Debtor
from lib.mongo import collection
from live.events import CampaignChanged
from live.publish import publish

COUNTED = 100_000
"""Debtors are counted so far: beyond that one reads the whole index."""
PAGE = 1_000
MOST_AT_ONCE = 50_000
"""Debtors that one request hands over; what is left is said, and goes with the next."""


@dataclass(frozen=True, slots=True)
class Belongings:
    debtors: int
    campaigns: int

    def __bool__(self) -> bool:
        return bool(self.debtors or self.campaigns)


def of_user(pk: Any) -> Belongings:
    return Belongings(
        debtors=Debtor.objects.filter(owner=pk)[:COUNTED].count(),
        campaigns=Campaign.objects.filter(owner=pk)[:COUNTED].count(),
    )


def hand_over_debtors(giver: Any, taker: Any) -> int:
    """Give the debtors of one user to another, page by page; returns how many were.

    Only those that still are the giver's when they are written: what somebody else gave away meanwhile stays so. Where
    it ends in between, the rest is the giver's, and it goes on when it is done again. Conversations follow by
    themselves, as they do whenever a debtor's owner changes.
    """
    table, given = collection(Debtor), 0
    while given < MOST_AT_ONCE:
        rows = table.find({"owner_id": ObjectId(giver)}, {"_id": 1}).hint("debtor_owner").limit(PAGE)
        keys = [row["_id"] for row in rows]
        if not keys:
            break
        changed = table.update_many(
            {"_id": {"$in": keys}, "owner_id": ObjectId(giver)},
            {"$set": {"owner_id": ObjectId(taker), "updated_at": timezone.now()}},
        )
        given += changed.modified_count
    return given


def hand_over_campaigns(giver: Any, taker: Any) -> int:
    """Give the campaigns of one user to another, also those that have ended; returns how many were."""
    keys = list(Campaign.objects.filter(owner=giver).values_list("pk", flat=True))
    given = Campaign.objects.filter(pk__in=keys, owner=giver).update(owner=taker)
    for key in keys:
        publish(CampaignChanged(str(key)))
    return given
