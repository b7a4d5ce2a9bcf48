"""Turns: undealt messages of a pool are dealt to its lanes, fixed or at random, a hundred a lane at most."""

import math
import random
import secrets
from collections import Counter
from datetime import timedelta
from typing import Any

from bson import ObjectId
from django.db.models import Q

from campaigns.models import Campaign
from domain.routing import DEALT_MAX, LaneRoom, deal_fixed, deal_random
from domain.states import CampaignStatus
from engine import readiness
from engine.guard import running_campaigns
from engine.limits import capped_until
from gateways.models import Gateway, Pool, Strategy
from lib.mongo import collection, from_now, server_now
from messaging import claims

DEAL_SECONDS = 5
OUT_OF_TURN = timedelta(seconds=60)
"""A lane that is down, or must wait, for so long hands its unsent messages back and is passed over."""

SLOWED_SPAN = 10.0
"""A lane that its far side has slowed down is dealt what it sends in so many seconds; the others take its turns."""


def deal_all() -> int:
    """Deal in every pool that takes turns, and take back from lanes that can't send; returns how many were dealt."""
    return sum(deal_pool(pool.pk) for pool in Pool.objects.filter(active=True))


def deal_pool(pool_id: ObjectId) -> int:
    """Deal one pool's turns, if nobody else does so right now; returns how many messages were dealt."""
    unfinished = [CampaignStatus.RUNNING.value, CampaignStatus.PAUSED.value]
    of_pool = Q(sms_pool_id=pool_id) | Q(whatsapp_pool_id=pool_id)
    if not Campaign.objects.filter(of_pool, status__in=unfinished).exists():
        return 0
    token = secrets.token_hex(16)
    pools = collection(Pool)
    free: list[dict[str, Any]] = [{"deal_until": None}, {"$expr": {"$lte": ["$deal_until", "$$NOW"]}}]
    until = from_now(DEAL_SECONDS)
    pool = pools.find_one_and_update(
        {"_id": pool_id, "$or": free}, [{"$set": {"deal_token": token, "deal_until": until}}]
    )
    if pool is None:
        return 0
    turn = pool["turn"]
    dealt = 0
    try:
        dealt = Deal(pool_id, Strategy(pool["strategy"])).deal(turn)
    finally:
        done = {"deal_until": None, "turn": turn + dealt}
        pools.update_one({"_id": pool_id, "deal_token": token}, {"$set": done})
    return dealt


class Deal:
    """One deal of a pool: who takes part, who hands back, and who gets what."""

    def __init__(self, pool: ObjectId, strategy: Strategy) -> None:
        self.pool = pool
        self.strategy = strategy
        self.now = server_now()
        gateways = list(Gateway.objects.filter(pool_id=pool).order_by("pk"))
        there = readiness.ready(gateways)
        takes_turns = [gateway for gateway in gateways if self._takes_turns(gateway)]
        self.ready = [gateway.pk for gateway in takes_turns if gateway.pk in there]
        # A page that loads again, say: it is dealt nothing more, and keeps what it has for a while.
        absent = [gateway for gateway in takes_turns if gateway.pk not in there]
        self.patient = {gateway.pk for gateway in absent} - readiness.away(absent)
        self.slowed = {g.pk: room for g in takes_turns if (room := self._slowed_room(g)) is not None}
        self.probes = [gateway.pk for gateway in gateways if gateway.pk in there and self._wants_probe(gateway)]
        self.open = [campaign.id for campaign in running_campaigns(pool) if campaign.is_open(self.now)]
        self.waiting = claims.waiting_at_lanes(pool)
        self.at: Counter[ObjectId] = Counter()  # the same by lane
        self.of: Counter[ObjectId] = Counter()  # and by campaign
        for (gateway_id, campaign_id), number in self.waiting.items():
            self.at[gateway_id] += number
            self.of[campaign_id] += number

    def _waits(self, gateway: Gateway) -> timedelta:
        capped = capped_until(gateway, self.now)
        waits = [moment - self.now for moment in (gateway.next_send_at, capped) if moment is not None]
        return max(waits, default=timedelta(0))

    def _slowed_room(self, gateway: Gateway) -> int | None:
        """How many messages may wait at a lane that is slowed down; None for one that is not."""
        rate = gateway.slowdown.rate(self.now) if gateway.slowdown is not None else None
        if rate is None:
            return None
        left = max(0.0, SLOWED_SPAN - max(0.0, self._waits(gateway).total_seconds()))
        return min(DEALT_MAX, math.ceil(rate * left))

    def _long_down(self, gateway: Gateway) -> bool:
        return gateway.down_since is not None and self.now - gateway.down_since >= OUT_OF_TURN

    def _takes_turns(self, gateway: Gateway) -> bool:
        return gateway.active and not self._long_down(gateway) and self._waits(gateway) < OUT_OF_TURN

    def _wants_probe(self, gateway: Gateway) -> bool:
        """Whether a line that was passed over may show with one message that it works again."""
        return gateway.active and self._long_down(gateway) and self._waits(gateway) <= timedelta(0)

    def deal(self, turn: int) -> int:
        """Take back what can't be sent where it is, then deal; returns how many messages took a turn."""
        self._take_back()
        if self.strategy is Strategy.COMPETITIVE or not self.open:
            return 0
        for gateway in self.probes:
            if not self.at[gateway]:
                self._probe(gateway)
        return self._deal_turns(turn) if self.ready else 0

    def _take_back(self) -> None:
        """From lanes that don't take turns (or left the pool), and of campaigns that may not send now.

        What a paused campaign was dealt must not take the room of one that runs.
        """
        for gateway, campaign in list(self.waiting):
            takes_part = gateway in self.ready or gateway in self.patient
            takes_part |= gateway in self.probes and self.at[gateway] == 1
            if campaign not in self.open or not takes_part:
                self._hand_back(gateway, campaign)
        for gateway, campaign in list(self.waiting):
            excess = self.at[gateway] - self.slowed.get(gateway, DEALT_MAX)
            if excess > 0:
                self._hand_back(gateway, campaign, most=excess)

    def _hand_back(self, gateway: ObjectId, campaign: ObjectId, *, most: int | None = None) -> None:
        number = claims.hand_back(pool=self.pool, campaign=campaign, gateway=gateway, most=most)
        self.at[gateway] -= number
        self.of[campaign] -= number

    def _probe(self, gateway: ObjectId) -> None:
        for campaign in self.open:
            if claims.deal(pool=self.pool, campaign=campaign, lanes=[gateway]):
                return

    def _deal_turns(self, turn: int) -> int:
        """Each campaign its share of the places at the lanes; then what some leave goes to whoever has more."""
        places = len(self.ready) * DEALT_MAX
        share = max(1, places // len(self.open))
        # With more campaigns than places, another one is first each time.
        first = turn % len(self.open)
        order = [*self.open[first:], *self.open[:first]]
        dealt = 0
        for most in (share, places):
            for campaign in order:
                dealt += self._deal_campaign(campaign, most - self.of[campaign], turn + dealt)
        return dealt

    def _room(self, lane: ObjectId) -> LaneRoom:
        return LaneRoom(str(lane), self.slowed.get(lane, DEALT_MAX) - self.at[lane], slowed=lane in self.slowed)

    def _deal_campaign(self, campaign: ObjectId, count: int, turn: int) -> int:
        rooms = [self._room(lane) for lane in self.ready] if count > 0 else []
        count = min(count, sum(max(0, room.room) for room in rooms))
        if count <= 0:
            return 0
        if self.strategy is Strategy.FIXED_TURNS:
            chosen, _ = deal_fixed(rooms, count=count, turn=turn)
        else:
            chosen = deal_random(rooms, draws=[random.random() for _ in range(count)])
        lanes = [ObjectId(lane) for lane in chosen]
        number = claims.deal(pool=self.pool, campaign=campaign, lanes=lanes) if lanes else 0
        self.at.update(lanes[:number])
        self.of[campaign] += number
        return number
