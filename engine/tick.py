"""The heartbeat, once a second: finds what is due and sees that somebody does it. Harmless if two run at once."""

import logging
from collections.abc import Callable, Sequence

from bson import ObjectId
from celery import current_app
from django.db import DatabaseError
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError

from engine import (
    browsers,
    calls,
    channels,
    checks,
    deal,
    debtors,
    enroll,
    finish,
    follow,
    inbox,
    lane,
    optouts,
    poll,
    readiness,
    recover,
    uploads,
)
from engine.guard import RunningCampaign, campaigns_elsewhere, running_campaigns
from engine.limits import capped_until
from gateways.models import Gateway, LaneState, Pool, Strategy
from lib.mongo import server_now
from messaging import queries
from outreach import digests
from systemlog import presence

logger = logging.getLogger(__name__)


def tick() -> None:
    """Every step on its own: one that fails is logged, and the others still run."""
    steps: tuple[Callable[[], object], ...] = (
        tell_presence,
        finish.start_scheduled,
        recover.recover_expired,
        recover.recover_strays,
        browsers.issue_looks,
        channels.mind_sessions,
        issue_campaign_work,
        uploads.issue_uploads,
        debtors.issue_work,
        deal.deal_all,
        queue_lanes,
        inbox.apply_session_events,
        optouts.carry_out_due,
        inbox.apply_receipts,
        follow.follow_debtors,
        digests.collect,
        digests.tell,
        checks.issue_questions,
        poll.issue_polls,
        finish.finish_done,
        finish.look_again,
        calls.mind_logs,
    )
    for step in steps:
        try:
            step()
        except (PyMongoError, DatabaseError, OperationalError, OSError) as error:
            # The database or the broker is away: the next tick tries again.
            told = str(error)[:300] or type(error).__name__
            logger.warning("tick: %s: %s", step.__name__, told, extra={"code": "engine.away"})
        except Exception:
            logger.exception("tick: %s failed", step.__name__)


def tell_presence() -> None:
    """Pages say that nothing is sent while this does not happen."""
    presence.beat(presence.ENGINE)


def issue_campaign_work() -> int:
    """Issue a task for each campaign that has to be enrolled, requeued or swept; returns how many."""
    issued = 0
    for campaign in enroll.needs_work():
        token = enroll.lease(campaign)
        if token:
            current_app.send_task("engine.campaign_work", args=[str(campaign), token], expires=lane.TASK_EXPIRES)
            issued += 1
    return issued


def queue_lanes() -> int:
    """Issue a task for each lane that is free and due and has something to do; returns how many."""
    now = server_now()
    queued = 0
    for pool in Pool.objects.filter(active=True):
        ours = [c for c in running_campaigns(pool.pk) if c.in_window(now)]
        elsewhere = [c for c in campaigns_elsewhere(pool) if c.in_window(now)]
        free = list(Gateway.objects.filter(pool=pool, active=True).exclude(lane_state=LaneState.BUSY))
        there = readiness.ready(free)
        for gateway in free:
            if gateway.pk not in there or (gateway.next_send_at is not None and gateway.next_send_at > now):
                continue
            if _has_work(gateway, pool, ours, elsewhere, capped=capped_until(gateway, now) is not None):
                queued += lane.queue(gateway)
    return queued


def _has_work(
    gateway: Gateway,
    pool: Pool,
    ours: Sequence[RunningCampaign],
    elsewhere: Sequence[RunningCampaign],
    *,
    capped: bool,
) -> bool:
    """Whether the lane has something to send or to look at; one that is capped sends replies and tests only.

    The campaigns are those in their windows: one that makes a pause sends nothing, and its doubts are looked at.
    """
    own: list[ObjectId | None] = [None, *(campaign.id for campaign in ours)]
    shared = pool.strategy == Strategy.COMPETITIVE
    sendable = [None, *(campaign.id for campaign in ours if not (capped or campaign.rests))]
    if queries.has_sendable(pool=pool.pk, campaigns=sendable, gateway=gateway.pk, shared=shared):
        return True
    if queries.has_doubt(pool=pool.pk, campaigns=own, gateway=gateway.pk):
        return True
    for home in {campaign.pool for campaign in elsewhere}:
        there = [campaign for campaign in elsewhere if campaign.pool == home]
        borrowed = [campaign.id for campaign in there if campaign.borrows and not (capped or campaign.rests)]
        if borrowed and queries.has_sendable(pool=home, campaigns=borrowed, gateway=gateway.pk, shared=True):
            return True
        if queries.has_doubt(pool=home, campaigns=[campaign.id for campaign in there], gateway=gateway.pk):
            return True
    return False
