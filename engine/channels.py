"""Campaigns whose WhatsApp sessions are missing: the clock runs, then they pause, borrow, or go on by SMS."""

import logging
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from django.utils.translation import ngettext

from campaigns.models import Campaign, CampaignChannel
from domain.channels import Policy, Situation, Step, without_sessions
from domain.pacing import opens_at
from domain.states import CampaignStatus
from engine import readiness, rests
from gateways.models import Channel, Gateway, Pool
from lib.mongo import collection, server_now
from live.events import CampaignChanged
from live.publish import publish
from messaging import claims, queries

logger = logging.getLogger(__name__)

REROUTED_AT_ONCE = 1000
SPAN_SECONDS = 0.7
"""How long one tick gives messages to SMS; the next one goes on."""

NO_SESSION = "no_session"
"""The reason of a message that waited for a session in vain and goes by SMS."""


def mind_sessions() -> int:
    """Look after the sessions of every running WhatsApp campaign; returns for how many something was done."""
    _stop_clocks()
    running = list(
        Campaign.objects.filter(status=CampaignStatus.RUNNING.value, whatsapp_pool_id__isnull=False)
        .defer("message", "variants")
        .order_by("pk")
    )
    if not running:
        return 0
    connected = _connected()
    now = server_now()
    resting = rests.resting(running, Channel.WHATSAPP)
    return sum(_mind(campaign, connected, now, makes_pause=campaign.pk in resting) for campaign in running)


def _stop_clocks() -> None:
    """A campaign that does not run waits for nothing; when it is resumed, its clock begins anew."""
    collection(Campaign).update_many(
        {"status": {"$ne": CampaignStatus.RUNNING.value}, "without_sessions_since": {"$ne": None}},
        {"$set": {"without_sessions_since": None}},
    )


def _connected() -> dict[ObjectId, int]:
    """How many lanes are there in each WhatsApp pool; none in one that is switched off."""
    active = set(Pool.objects.filter(channel=Channel.WHATSAPP, active=True).values_list("pk", flat=True))
    lanes = list(Gateway.objects.filter(pool_id__in=active, active=True).only("pk", "kind", "pool_id"))
    ready = readiness.ready(lanes)
    found: dict[ObjectId, int] = defaultdict(int)
    for lane in lanes:
        found[lane.pool_id] += lane.pk in ready
    return found


def _mind(campaign: Campaign, connected: dict[ObjectId, int], now: datetime, *, makes_pause: bool = False) -> int:
    pool = campaign.whatsapp_pool_id
    assert pool is not None
    since = campaign.without_sessions_since
    situation = Situation(
        connected=connected.get(pool, 0),
        wanted=campaign.min_sessions,
        borrowable=sum(number for other, number in connected.items() if other != pool),
        open=not makes_pause and opens_at(campaign.window, now) == now,
        waits=queries.waits_in(pool, campaign.pk),
        seconds=(now - since.astimezone(UTC)).total_seconds() if since is not None else None,
    )
    fallback = campaign.channel == CampaignChannel.WHATSAPP_FALLBACK_SMS and campaign.sms_pool_id is not None
    step = without_sessions(
        Policy(campaign.no_session_policy),
        fallback=fallback,
        wait_seconds=campaign.no_session_minutes * 60,
        situation=situation,
    )
    if step is Step.NONE:
        return 0 if since is None else _set(campaign, {"without_sessions_since": None})
    if since is None:
        return _set(campaign, {"without_sessions_since": "$$NOW"})
    if step is Step.PAUSE:
        reason = {"$literal": pause_reason(situation)}
        paused = {"status": CampaignStatus.PAUSED.value, "pause_reason": reason, "without_sessions_since": None}
        done = _set(campaign, paused)
        if done:
            logger.warning(
                "campaign %s is paused: %d sessions are connected, it needs %d",
                campaign.name,
                situation.connected,
                max(1, situation.wanted),
                extra={
                    "kind": "campaign",
                    "object_id": campaign.pk,
                    "code": "campaign.paused",
                    "facts": {"connected": situation.connected, "wanted": max(1, situation.wanted)},
                },
            )
        return done
    if step is Step.SMS and campaign.sms_pool_id is not None:
        return _by_sms(campaign, pool, campaign.sms_pool_id)
    return 0


def _set(campaign: Campaign, changes: dict[str, Any]) -> int:
    """Change a campaign that still runs and whose clock is as it was read: a person may have resumed it since."""
    since = campaign.without_sessions_since
    changed = collection(Campaign).update_one(
        {
            "_id": campaign.pk,
            "status": CampaignStatus.RUNNING.value,
            "without_sessions_since": since.astimezone(UTC).replace(tzinfo=None) if since is not None else None,
        },
        [{"$set": changes}],
    )
    if changed.modified_count:
        publish(CampaignChanged(str(campaign.pk)))
    return changed.modified_count


def pause_reason(situation: Situation) -> str:
    """Why the policy paused a campaign, for a person."""
    sentence = ngettext(
        "%(number)s WhatsApp session of its pool is connected, and it needs %(wanted)s; resume it when they are back",
        "%(number)s WhatsApp sessions of its pool are connected, and it needs %(wanted)s; resume it when they are back",
        situation.connected,
    )
    return sentence % {"number": situation.connected, "wanted": max(1, situation.wanted)}


def _by_sms(campaign: Campaign, origin: ObjectId, target: ObjectId) -> int:
    ends_at = time.monotonic() + SPAN_SECONDS
    total = 0
    while time.monotonic() < ends_at:
        moved = claims.reroute(
            campaign.pk,
            origin=origin,
            target=target,
            reason=NO_SESSION,
            limit=REROUTED_AT_ONCE,
            plain=campaign.transliterate,
        )
        total += moved
        if not moved:
            break
    if total:
        publish(CampaignChanged(str(campaign.pk)))
    return total
