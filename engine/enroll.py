"""The work on a whole campaign: enroll its audience, requeue failed messages, skip what a cancelled one did not send.

It runs in a task of its own under a lease, page by page, and can be repeated from any point.
"""

import logging
import math
import random
import secrets
import time
from collections.abc import Collection, Sequence
from datetime import UTC
from typing import Any

from bson import ObjectId

from campaigns import audience
from campaigns.audience import Recipient, Texts
from campaigns.models import Campaign, CampaignChannel
from debtors import queries as debtor_queries
from debtors import suppressions
from debtors.queries import DebtorValues
from domain.sms_text import as_sms
from domain.states import CampaignStatus, MessageStatus
from domain.templating import MissingValue
from engine import finish, stopping
from gateways.models import Channel
from lib.mongo import collection, from_now
from live.events import CampaignChanged
from live.publish import publish
from messaging import claims, queries

logger = logging.getLogger(__name__)

LEASE_SECONDS = 30
BATCH = 500

ISSUED_SECONDS = 12
"""How long an issued task may take to begin, before another one is issued."""

SLICE_SECONDS = 3.0
"""How long one task works for a campaign; tick issues the next one, so that none waits long behind the others."""


ALIVE = [CampaignStatus.RUNNING.value, CampaignStatus.PAUSED.value]


def needs_work() -> list[ObjectId]:
    """The campaigns that have work to do and nobody who does it."""
    free: list[dict[str, Any]] = [{"work_until": None}, {"$expr": {"$lte": ["$work_until", "$$NOW"]}}]
    wanted: list[dict[str, Any]] = [
        {"status": {"$in": ALIVE}, "enrolled_at": None},
        {"status": {"$in": ALIVE}, "retry_requested": True},
        {"status": CampaignStatus.CANCELLED.value, "sweep_requested": True},
    ]
    found = collection(Campaign).find({"$and": [{"$or": free}, {"$or": wanted}]}, {"_id": 1})
    return [row["_id"] for row in found]


def lease(campaign: ObjectId) -> str | None:
    """Take the campaign's lease; its token, or None when somebody else has it."""
    token = secrets.token_hex(16)
    free: list[dict[str, Any]] = [{"work_until": None}, {"$expr": {"$lte": ["$work_until", "$$NOW"]}}]
    taken = collection(Campaign).update_one(
        {"_id": campaign, "$or": free}, [{"$set": {"work_token": token, "work_until": from_now(ISSUED_SECONDS)}}]
    )
    return token if taken.matched_count else None


def _store(campaign: ObjectId, token: str, **changes: Any) -> bool:
    """Store progress and renew the lease; False when the lease was lost."""
    stored = collection(Campaign).update_one(
        {"_id": campaign, "work_token": token},
        [{"$set": {"work_until": from_now(LEASE_SECONDS), **{key: _literal(value) for key, value in changes.items()}}}],
    )
    publish(CampaignChanged(str(campaign)))
    return bool(stored.matched_count)


def _literal(value: Any) -> Any:
    return value if value == "$$NOW" else {"$literal": value}


def work(campaign_id: ObjectId, token: str) -> None:
    """Do what the campaign needs, for a slice at most, while this holds its lease."""
    campaign = Campaign.objects.filter(pk=campaign_id, work_token=token).first()
    if campaign is None or not _store(campaign_id, token):
        return
    ends_at = time.monotonic() + SLICE_SECONDS
    try:
        if campaign.status == CampaignStatus.CANCELLED and campaign.sweep_requested:
            _sweep(campaign_id, token, ends_at)
        elif campaign.status in ALIVE and campaign.enrolled_at is None:
            enroll(campaign, token, ends_at=ends_at)
        elif campaign.status in ALIVE and campaign.retry_requested:
            _requeue(campaign_id, token, ends_at)
    finally:
        collection(Campaign).update_one(
            {"_id": campaign_id, "work_token": token}, {"$set": {"work_token": "", "work_until": None}}
        )


def _goes_on(ends_at: float) -> bool:
    return time.monotonic() < ends_at and not stopping.asked()


def _alive(campaign: ObjectId) -> bool:
    return Campaign.objects.filter(pk=campaign, status__in=ALIVE).exists()


def enroll(campaign: Campaign, token: str, *, ends_at: float = math.inf) -> None:
    """One Message per recipient, page by page from where the last holder of the lease stopped."""
    texts = Texts(campaign)
    way, sms = _way(campaign), campaign.channel == CampaignChannel.SMS
    cursor: dict[str, Any] | None = campaign.enroll_cursor or {}
    while cursor is not None and _goes_on(ends_at) and _alive(campaign.pk):
        page = audience.read_page(campaign, cursor)
        out = suppressions.suppressed({r.debtor.phone for r in page.recipients})
        claims.enroll(campaign.pk, [{**way, **_draft(r, texts, out, sms=sms)} for r in page.recipients])
        _follow(campaign.pk, [recipient.debtor for recipient in page.recipients])
        # Cancelled while this page was read: what it added is swept too.
        finish.keep_open([campaign.pk])
        cursor = page.cursor
        changes: dict[str, Any] = {"enroll_cursor": cursor} if cursor is not None else {"enrolled_at": "$$NOW"}
        if not _store(campaign.pk, token, **changes):
            return


def _follow(campaign: ObjectId, read: Sequence[DebtorValues]) -> None:
    """Debtors whose phone was corrected, or who were deleted, after they were read for this page: whoever changed them
    found no message yet."""
    now = debtor_queries.phones_of([debtor.id for debtor in read])
    if gone := [debtor.id for debtor in read if debtor.id not in now]:
        claims.skip_debtors([campaign], gone, reason="debtor_gone")
    moved = {debtor.id: now[debtor.id] for debtor in read if now.get(debtor.id, debtor.phone) != debtor.phone}
    if moved:
        claims.readdress([campaign], moved)


def _way(campaign: Campaign) -> dict[str, Any]:
    """The pool and the channel that a message takes first, and the file that goes with it there."""
    if campaign.channel == CampaignChannel.SMS:
        return {"pool": campaign.sms_pool_id, "channel": Channel.SMS.value, "attachment": None}
    attachment = campaign.attachment_id
    return {"pool": campaign.whatsapp_pool_id, "channel": Channel.WHATSAPP.value, "attachment": attachment}


def _draft(recipient: Recipient, texts: Texts, out: Collection[str], *, sms: bool) -> dict[str, Any]:
    """The message as it is enrolled: skipped where a value is missing, or the phone is among those who are out."""
    debtor = recipient.debtor
    values = texts.values(debtor)
    draft: dict[str, Any] = {
        "debtor": debtor.id,
        "row": recipient.row,
        "name": debtor.name[:200],
        "phone": debtor.phone,
        "text": "",
        "variant": 0,
        "status": MessageStatus.PENDING.value,
    }
    if debtor.phone in out:
        return draft | {"status": MessageStatus.SKIPPED.value, "reason": claims.OPTED_OUT}
    missing = texts.missing(values)
    if not missing:
        try:
            draft["variant"], draft["text"] = texts.text(values, index=recipient.index, draw=random.random())
            if sms:
                draft["text"], draft["parts"] = as_sms(draft["text"], plain=texts.plain)
        except MissingValue as error:
            missing = error.names
    if missing:
        detail = ", ".join(f"{{{name}}}" for name in missing)
        draft |= {"status": MessageStatus.SKIPPED.value, "reason": "missing_value", "detail": detail[:300]}
    return draft


def _requeue(campaign: ObjectId, token: str, ends_at: float) -> None:
    """What somebody asked for becomes pending again, one request after another, until none is left.

    Requests are only added at the end, and only whoever has the lease takes the first one away, when it is carried out:
    one that comes meanwhile is never taken for it, and a worker that dies leaves the request to the next.
    """
    while _goes_on(ends_at) and _alive(campaign):
        wanted = collection(Campaign).find_one({"_id": campaign, "work_token": token}, {"retry_wanted": 1})
        if wanted is None:
            return
        requests = wanted.get("retry_wanted") or []
        if not requests:
            collection(Campaign).update_one(
                {"_id": campaign, "work_token": token, "retry_wanted": []}, {"$set": {"retry_requested": False}}
            )
            return
        if claims.requeue_failed(campaign, limit=BATCH, **_asked(requests[0])):
            finish.keep_open([campaign])
        else:
            collection(Campaign).update_one({"_id": campaign, "work_token": token}, {"$pop": {"retry_wanted": -1}})
        if not _store(campaign, token):
            return


def _asked(request: dict[str, Any]) -> dict[str, Any]:
    """What a RetryRequest as it is stored asks for."""
    return {
        "before": request["before"].replace(tzinfo=UTC),
        "reasons": request["reasons"],
        "messages": request["messages"],
    }


def _sweep(campaign: ObjectId, token: str, ends_at: float) -> None:
    """Skip what is pending; what a lane still holds comes back first, so the sweep may need another turn."""
    while _goes_on(ends_at):
        if claims.skip_pending(campaign, reason="cancelled", limit=BATCH):
            if not _store(campaign, token):
                return
            continue
        counts = queries.counts(campaign)
        working = (MessageStatus.PENDING, MessageStatus.CLAIMED, MessageStatus.SENDING)
        if any(counts[status] for status in working):
            return
        _store(campaign, token, sweep_requested=False)
        claims.stop_looking(campaign)
        if queries.is_open(campaign):
            finish.keep_open([campaign])
        return
