"""When a campaign is done, and when a scheduled one begins."""

import logging
from collections.abc import Iterable
from datetime import timedelta

from bson import ObjectId

from campaigns.models import Campaign
from domain.states import CampaignStatus, MessageStatus
from lib.mongo import collection, server_now
from live.events import CampaignChanged
from live.publish import publish
from messaging import queries

logger = logging.getLogger(__name__)

LATELY = timedelta(hours=1)
"""How long after its end a campaign is looked at again."""


def start_scheduled() -> int:
    """scheduled -> running for the campaigns whose time has come; returns how many."""
    due = Campaign.objects.filter(status=CampaignStatus.SCHEDULED.value, scheduled_at__lte=server_now())
    started = 0
    for campaign in due:
        changed = collection(Campaign).update_one(
            {"_id": campaign.pk, "status": CampaignStatus.SCHEDULED.value},
            [{"$set": {"status": CampaignStatus.RUNNING.value, "started_at": "$$NOW"}}],
        )
        started += _announce(campaign, changed.modified_count, "campaign %s begins: its time has come")
    return started


def finish_done() -> int:
    """running -> completed for the campaigns with nothing left to send or to look at; returns how many.

    Uncertain messages that only a person can settle don't keep a campaign open.
    """
    finished = 0
    enrolled = Campaign.objects.filter(
        status=CampaignStatus.RUNNING.value, enrolled_at__isnull=False, retry_requested=False
    )
    for campaign in enrolled:
        counts = queries.counts(campaign.pk)
        if counts[MessageStatus.PENDING] or counts[MessageStatus.CLAIMED] or counts[MessageStatus.SENDING]:
            continue
        if queries.is_open(campaign.pk):
            continue
        changed = collection(Campaign).update_one(
            {"_id": campaign.pk, "status": CampaignStatus.RUNNING.value, "retry_requested": False},
            [{"$set": {"status": CampaignStatus.COMPLETED.value, "completed_at": "$$NOW"}}],
        )
        if changed.modified_count and queries.is_open(campaign.pk):
            # Something became pending between the reading and the write; whoever moved it asks keep_open after its
            # own write, so one of the two always sees the other.
            keep_open([campaign.pk])
            continue
        finished += _announce(campaign, changed.modified_count, "campaign %s is completed")
    return finished


def look_again() -> int:
    """Open the campaigns that ended lately and yet have something to do; returns how many.

    Whoever puts a message back asks keep_open after its own write; this is for one that died in between.
    """
    lately = server_now() - LATELY
    ended = Campaign.objects.filter(
        status__in=[CampaignStatus.COMPLETED.value, CampaignStatus.CANCELLED.value],
        sweep_requested=False,
        completed_at__gte=lately,
    )
    again = [pk for pk in ended.values_list("pk", flat=True) if queries.is_open(pk)]
    keep_open(again)
    return len(again)


def keep_open(campaigns: Iterable[ObjectId]) -> None:
    """After messages became pending again (or are looked at later): their campaigns still have work to do.

    A completed one runs again; a cancelled one is swept again.
    """
    ids = list(campaigns)
    if not ids:
        return
    collection(Campaign).update_many(
        {"_id": {"$in": ids}, "status": CampaignStatus.COMPLETED.value},
        {"$set": {"status": CampaignStatus.RUNNING.value, "completed_at": None, "archived": False}},
    )
    collection(Campaign).update_many(
        {"_id": {"$in": ids}, "status": CampaignStatus.CANCELLED.value}, {"$set": {"sweep_requested": True}}
    )


def _announce(campaign: Campaign, changed: int, sentence: str) -> int:
    if changed:
        logger.info(sentence, campaign.name, extra={"kind": "campaign", "object_id": campaign.pk})
        publish(CampaignChanged(str(campaign.pk)))
    return changed
