"""One slice of a lane's work: claim, guard, mark as sending, send, settle, and again while messages are due."""

import logging
import random
import time
from collections.abc import Sequence

from bson import ObjectId
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from domain.costs import price_of
from domain.outcome import LINE_REST_MAX, Rest, line_after, surely_not_sent
from domain.pacing import Pace, throttled
from domain.routing import after
from engine import deal, readiness, recover, stopping
from engine.files import Files
from engine.guard import Guard
from engine.lane import LEASE_MARGIN, START_MARGIN, Lane, acquire
from engine.limits import Places
from engine.rests import Rests
from engine.settle import STORE_SECONDS, announce, send_and_settle
from engine.speed import Speed
from gateways.errors import GatewayError
from gateways.models import Gateway, Strategy
from gateways.provider import Provider
from gateways.registry import line_of, provider_for
from lib.mongo import retry_unavailable
from lib.sealed import CannotUnseal
from messaging import claims
from messaging.claims import Claimed

logger = logging.getLogger(__name__)

SLICE_SECONDS = 3.0
"""How long one task works through a lane before it gives its worker's thread to the next: shorter than a task's
`expires`, so that no lane's task grows stale behind the others'."""

SKIPPED_LANES = 8
"""How far into a shared queue a lane reaches at most, in claims: passing over messages costs reading them."""


def deliver(gateway_id: ObjectId) -> bool:
    """Work through a lane for at most a slice; False when somebody else holds it."""
    gateway = Gateway.objects.filter(pk=gateway_id).first()
    if gateway is None:
        return False
    try:
        provider = provider_for(line_of(gateway))
    except (CannotUnseal, GatewayError, ImproperlyConfigured) as error:
        provider, fault = None, str(error)
    except Exception as error:
        # Settings from before a kind's change, or from the admin: the line says so, and the others go on.
        about = {"kind": "gateway", "object_id": gateway.pk, "code": "line.unusable", "facts": {"reason": "unusable"}}
        logger.exception("line %s can't be used", gateway.name, extra=about)
        provider, fault = None, type(error).__name__
    lease = max(settings.LANE_LEASE_SECONDS, (provider.timeout if provider else 0.0) + 2 * LEASE_MARGIN + START_MARGIN)
    lane = acquire(gateway_id, lease=lease)
    if lane is None:
        return False
    if provider is None:
        lane.rest(Rest(LINE_REST_MAX, 1, probing=True, down=True, code="unusable", detail=fault))
        lane.release(again=False, served=None)
        return True
    try:
        work = Slice(lane, provider)
        work.run()
    except Exception as error:
        # Not released: the next tick recovers what it held, which nobody else may touch before.
        lane.abandon(error)
        raise
    lane.release(again=work.more and not stopping.asked(), served=work.served)
    return True


class Slice:
    """A lane's work until its time is up, nothing is due, or this process is asked to stop."""

    def __init__(self, lane: Lane, provider: Provider) -> None:
        self.lane = lane
        self.provider = provider
        self.guard = Guard(gateway=lane.id, pool=lane.pool)
        self.places = Places(lane.gateway)
        self.rests = Rests(lane.gateway.channel)
        self.files = Files()
        self.shared = lane.pool.strategy == Strategy.COMPETITIVE
        others = list(Gateway.objects.filter(pool_id=lane.pool.pk, active=True).only("pk", "kind"))
        self.lanes = len(others)
        self.speed = Speed(lane, _pace(lane, others), provider)
        self.ends_at = time.monotonic() + SLICE_SECONDS
        served = lane.gateway.turn_campaign
        self.served: ObjectId | None = ObjectId(served) if ObjectId.is_valid(served) else None
        self.more = False

    def run(self) -> None:
        """Sends what is due. `more` says afterwards whether the slice ended before the messages did."""
        # A holder that died after its lease was given up cleanly can't exist; one whose lease was cut short can.
        recover.orphans_of(self.lane.gateway, up_to_epoch=self.lane.holder.epoch - 1, provider=self.provider)
        if not self.provider.can_reconcile:
            for pool in readiness.reach(self.lane.gateway):
                claims.leave_to_people(pool=pool, gateway=self.lane.id)
        while not stopping.asked():
            left = self.ends_at - time.monotonic()
            wait = self.lane.left_to_wait()
            if left <= 0 or wait >= left:
                # A long wait is the schedule's matter, not this thread's.
                self.more = wait < 1.0
                return
            if stopping.sleep(wait) or not self.lane.outlives(self.provider.timeout):
                return
            if self.provider.can_reconcile:
                recover.look_at_doubts(self.lane, self.provider, self.guard, files=self.files)
            if self.lane.left_to_wait() > 0:
                continue
            claimed = self._claim()
            if not claimed:
                return
            if not self._work_off(claimed):
                return

    def _claim(self) -> list[Claimed]:
        """Replies and tests first, then the next campaign in turn that has something for this lane.

        A lane that has sent all it may sends replies and tests only. What it may send of other pools' campaigns comes
        after its own.
        """
        if not self.guard.usable():
            return []
        home = self.lane.pool.pk
        if claimed := self._claim_of(None, home, shared=False):
            return claimed
        if self.places.full():
            return []
        if claimed := self._claim_in_turn([(campaign, home) for campaign in self.guard.open_campaigns()], self.shared):
            return claimed
        # A lane that runs dry between two ticks need not wait for the next one to be dealt more.
        if not self.shared and deal.deal_pool(home):
            ours = [(campaign, home) for campaign in self.guard.open_campaigns()]
            if claimed := self._claim_in_turn(ours, shared=False):
                return claimed
        return self._claim_in_turn([(c.id, c.pool) for c in self.guard.borrowing()], shared=True)

    def _claim_in_turn(self, campaigns: Sequence[tuple[ObjectId, ObjectId]], shared: bool) -> list[Claimed]:
        """From the first of these (campaign, its pool), after the one served last, that has something."""
        pools = dict(campaigns)
        for campaign in after(list(pools), self.served):
            if claimed := self._claim_of(campaign, pools[campaign], shared=shared):
                self.served = campaign
                return claimed
        return []

    def _claim_of(self, campaign: ObjectId | None, pool: ObjectId, *, shared: bool) -> list[Claimed]:
        limit = self.speed.claim_size()
        places = [0]
        if shared and self.lanes > 1:
            # Lanes that all reach for the head of the queue would only fight over it.
            places.insert(0, random.randrange(min(self.lanes, SKIPPED_LANES)) * limit)
        for skip in dict.fromkeys(places):
            claimed = claims.claim(
                self.lane.holder, pool=pool, campaign=campaign, limit=limit, shared=shared, skip=skip
            )
            if claimed:
                return claimed
        return []

    def _work_off(self, claimed: Sequence[Claimed]) -> bool:
        """Send what was claimed, a start's worth at a time; False when the lane was lost and the slice is over."""
        left = list(claimed)
        mine = True
        while left and mine and not stopping.asked():
            size = self.speed.burst()
            wait = self.lane.left_to_wait()
            if wait > 1.0 or stopping.sleep(wait):
                break  # what is left goes back: others may be free to send it
            mine = self.lane.outlives(self.provider.timeout)
            if self.speed.pace.rate:
                self.guard.read_again()  # their starts are spread over a second
            if not mine or self.guard.split(left[:size])[1]:
                break
            may = self.places.take(left[:size])
            going = self.rests.take(may, plan=self.guard.pauses_of(may[0].campaign)) if may else []
            self.places.give_back(c.id for c in may[len(going) :])
            if going:
                self._send(going)
            left = left[len(going) :]
            if len(going) < len(may):
                self.guard.read_again()  # the campaign makes a pause
                break
            if self.places.full() or time.monotonic() > self.ends_at:
                break
        if left:
            retry_unavailable(lambda: claims.release(self.lane.holder, left), seconds=STORE_SECONDS)
        return mine

    def _send(self, batch: Sequence[Claimed]) -> None:
        began = time.monotonic()
        attempts = claims.new_attempts(
            batch,
            epoch=self.lane.holder.epoch,
            reserve=self.provider.reserve,
            media=self.files.media,
            price=price_of(self.lane.gateway.price, self.lane.gateway.currency),
        )
        started = retry_unavailable(lambda: claims.start(self.lane.holder, attempts), seconds=STORE_SECONDS)
        messages = {outbound.attempt_id: c.id for outbound, c in attempts}
        unsent = set(messages) - {outbound.attempt_id for outbound, _ in started}
        # Those that do not start too: one may have been skipped, because its person opted out meanwhile.
        announce((outbound, c.campaign) for outbound, c in attempts)
        if started:
            if self.guard.split(batch, placed=True)[1]:
                not_after = began  # paused while the attempts were stored: none of them starts
            else:
                not_after = min(self.lane.not_after(self.provider.timeout), self.guard.not_after())
            answers = send_and_settle(self.lane, self.provider, started, not_after=not_after)
            unsent |= {answer.attempt_id for answer in answers if surely_not_sent(answer)}
            spent = time.monotonic() - began
            probing, failures = self.lane.probing, self.lane.gateway.failures
            rest = line_after(answers, failures=failures, draw=random.random(), strikes=self.lane.strikes)
            self.speed.heard(answers, seconds=spent, probing=probing, rest=rest.seconds)
            self.lane.pause_for(self.speed.gap(len(started), draw=random.random()) - spent)
            self.lane.rest(rest)
        back = [messages[attempt] for attempt in unsent]
        self.places.give_back(back)
        self.rests.give_back(back)


def _pace(lane: Lane, lanes: Sequence[Gateway]) -> Pace:
    """The lane's pace, slowed down where its pool throttles itself, by how many of its lanes are there."""
    pool = lane.pool
    rate = float(lane.gateway.config.get("rate_per_second") or 0)
    pace = Pace(pool.delay_seconds, pool.variation_seconds, rate)
    if not pool.auto_throttle:
        return pace
    there = len(readiness.ready(lanes))
    return throttled(pace, lanes=there, target=pool.throttle_target, most=pool.throttle_max)
