"""What a vanished lane left behind, and the doubts that can be ended without a person."""

import logging
import random
from collections import Counter
from functools import partial

from bson import ObjectId
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from domain.delivery import Outbound, Reconciled, SendError, Sent, Unknown
from domain.outcome import after_reconcile, line_after
from domain.states import MessageStatus
from engine import finish, readiness, stopping
from engine import lane as lanes
from engine.files import Files
from engine.guard import Guard
from engine.lane import Lane
from engine.settle import STORE_SECONDS, announce
from gateways.models import Channel, Gateway, LaneState, Pool
from gateways.provider import Provider
from gateways.registry import line_of, provider_for
from lib.mongo import is_unavailable, retry_unavailable
from messaging import claims
from messaging.claims import Answered, Claimed

logger = logging.getLogger(__name__)

DOUBTS_AT_ONCE = 10


def recover_expired() -> int:
    """Recover the messages of every lane whose holder lost its lease, then free the lane; returns how many lanes.

    A holder that died in a transaction keeps what it wrote there until MongoDB ends it. That lane's turn comes with a
    later tick; the others don't wait for it.
    """
    freed = 0
    for gateway in lanes.expired():
        try:
            orphans_of(gateway, up_to_epoch=gateway.lane_epoch, provider=_provider(gateway))
            freed += lanes.free_expired(gateway)
        except (PyMongoError, DatabaseError) as error:
            if is_unavailable(error):
                raise
            logger.warning("lane %s is not recovered yet: %s", gateway.name, str(error)[:300])
    return freed


def recover_strays() -> int:
    """Free messages that are held by nobody who works; returns how many.

    By a lane that is idle (its holder wrote after it had been given up, and died), or that left the pool or is gone.
    """
    total = 0
    for pool in Pool.everything.only("pk", "channel"):
        held = claims.holders(pool.pk)
        direct = claims.direct_lanes(pool.pk)
        known = Gateway.objects.in_bulk([*held, *direct]) if held or direct else {}
        for gateway_id in direct:
            total += _mind_directs(gateway_id, known.get(gateway_id), pool)
        for gateway_id in held:
            gateway = known.get(gateway_id)
            if gateway is None:
                total += claims.recover_strangers(pool=pool.pk, gateway=gateway_id).total()
            elif not _reaches(gateway, pool):
                total += _left_in(pool, gateway)
            elif gateway.lane_state == LaneState.IDLE:
                total += orphans_of(gateway, up_to_epoch=gateway.lane_epoch, provider=_provider(gateway))
        for gateway_id in claims.doubted(pool.pk):
            gateway = Gateway.objects.filter(pk=gateway_id, active=True).first()
            if gateway is None or not _reaches(gateway, pool) or readiness.unlinked(gateway):
                total += claims.leave_to_people(pool=pool.pk, gateway=gateway_id)
    return total


def _mind_directs(gateway_id: ObjectId, gateway: Gateway | None, pool: Pool) -> int:
    """Replies and tests go where their line goes; those of a deleted one go nowhere any more."""
    if gateway is None or gateway.deleted_at is not None:
        return claims.give_up(gateway_id, pool=pool.pk, reason="line_deleted")
    if gateway.pool_id != pool.pk:
        return claims.follow(gateway_id, origin=pool.pk, target=gateway.pool_id)
    return 0


def _left_in(pool: Pool, gateway: Gateway) -> int:
    """What a line holds of a pool that it left: not what its present holder is sending, which will have its answer."""
    at_work = gateway.lane_state == LaneState.BUSY
    up_to_epoch = gateway.lane_epoch - 1 if at_work else gateway.lane_epoch
    found = claims.recover_orphans(pool=pool.pk, gateway=gateway.pk, up_to_epoch=up_to_epoch, can_reconcile=False)
    return found.total()


def _reaches(gateway: Gateway, pool: Pool) -> bool:
    """Whether the gateway may hold messages of the pool: its own, or one that its sessions may be borrowed for."""
    return gateway.pool_id == pool.pk or gateway.channel == pool.channel == Channel.WHATSAPP


def _provider(gateway: Gateway) -> Provider | None:
    """The gateway's provider, or None when its settings can't make one: that must not stop the others' recovery."""
    try:
        return provider_for(line_of(gateway))
    except Exception as error:
        about = {"kind": "gateway", "object_id": gateway.pk, "code": "line.unusable"}
        logger.warning("line %s can't be used: %s", gateway.name, type(error).__name__, extra=about)
        return None


def orphans_of(gateway: Gateway, *, up_to_epoch: int, provider: Provider | None) -> int:
    """Put back what a dead holder had claimed, and mark as uncertain what it was sending; returns how many."""
    found: Counter[str] = Counter()
    for pool in readiness.reach(gateway):
        found += claims.recover_orphans(
            pool=pool,
            gateway=gateway.pk,
            up_to_epoch=up_to_epoch,
            can_reconcile=provider is not None and provider.can_reconcile,
        )
    if found.total():
        facts = {"uncertain": found[MessageStatus.SENDING.value]}
        about = {"kind": "gateway", "object_id": gateway.pk, "code": "line.lost", "facts": facts}
        logger.warning("lane %s was lost: %s", gateway.name, dict(found), extra=about)
    return found.total()


def look_at_doubts(lane: Lane, provider: Provider, guard: Guard, *, files: Files) -> None:
    """Ask the far side about the lane's uncertain messages that are due, a few at a time."""
    for pool, campaigns in guard.doubtful().items():
        taken = claims.take_doubts(
            lane.holder,
            pool=pool,
            campaigns=campaigns,
            limit=1 if lane.probing else DOUBTS_AT_ONCE,
            media=files.media,
        )
        for outbound, claimed in taken:
            # A look may send again under the same id, so it is guarded as any request is.
            if stopping.asked() or not guard.may_look(claimed) or not lane.outlives(provider.timeout):
                return
            not_after = min(lane.not_after(provider.timeout), guard.not_after())
            answer = _look(provider, outbound, not_after=not_after)
            _settle_doubt(lane, outbound, claimed, answer, ask_after=provider.poll_every)
            if lane.probing or lane.left_to_wait():
                return


def _settle_doubt(lane: Lane, outbound: Outbound, claimed: Claimed, answer: Reconciled, *, ask_after: float) -> None:
    outcome = after_reconcile(answer, checks=claimed.checks)
    answered = Answered(outbound, claimed.campaign, answer, outcome, ask_after=ask_after)
    retry_unavailable(partial(claims.settle_doubt, lane.holder, answered), seconds=STORE_SECONDS)
    if claimed.campaign is not None and outcome.after is not None:
        retry_unavailable(partial(finish.keep_open, [claimed.campaign]), seconds=STORE_SECONDS)
    announce([(outbound, claimed.campaign)])
    heard: list[Sent | SendError] = [answer] if isinstance(answer, Sent | SendError) else []
    lane.rest(line_after(heard, failures=lane.gateway.failures, draw=random.random(), strikes=lane.strikes))


def _look(provider: Provider, outbound: Outbound, *, not_after: float) -> Reconciled:
    try:
        return provider.reconcile(outbound, not_after=not_after)
    except Exception:
        logger.exception("the provider failed to look at an uncertain message")
        return Unknown(outbound.attempt_id, "The provider failed.")
