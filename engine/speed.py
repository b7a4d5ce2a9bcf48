"""How fast a lane goes now: its own pace, or less where its far side has slowed it down (domain/adaptive_rate.py)."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain import adaptive_rate, pacing
from domain.adaptive_rate import Slowdown
from domain.delivery import SendError, Sent
from domain.pacing import Pace
from engine.lane import Lane
from gateways.provider import Provider
from lib.mongo import server_now

logger = logging.getLogger(__name__)


class Speed:
    """A lane's speed for one slice: what its pace allows, and what its far side has shown to take."""

    def __init__(self, lane: Lane, own: Pace, provider: Provider) -> None:
        self._lane = lane
        self._own = own
        self._batch = provider.batch_size
        whole = pacing.burst(own, batch_size=self._batch, probing=False)
        self._least = min(whole, getattr(provider, "per_request", 1))
        self._clock: tuple[datetime, float] | None = None

    @property
    def pace(self) -> Pace:
        """The pace of this moment."""
        slowed = self._slowed()
        if slowed is None:
            return self._own
        return replace(self._own, rate=min(slowed, self._own.rate) if self._own.rate else slowed)

    def burst(self) -> int:
        """How many messages may start together now."""
        return pacing.burst(self.pace, batch_size=self._batch, probing=self._lane.probing, least=self._smallest())

    def claim_size(self) -> int:
        """How many messages the lane takes at once now."""
        return pacing.claim_size(self.pace, batch_size=self._batch, probing=self._lane.probing, least=self._smallest())

    def gap(self, started: int, draw: float) -> float:
        """Seconds from the start of so many messages to the next start."""
        return pacing.gap(self.pace, started=started, draw=draw)

    def heard(self, answers: Sequence[Sent | SendError], *, seconds: float, probing: bool, rest: float) -> None:
        """Slow down where the far side asks for it, and forget that once the lane is at full speed again.

        The batch took `seconds`; its lane was `probing` when it started it, and rests for `rest` seconds now.
        """
        before = self._lane.gateway.slowdown
        heard = adaptive_rate.told(answers)
        if not heard.refused:
            if before is not None and before.rate(self._now()) is None:
                self._lane.slow_down(None)
            return
        since = self._now() + timedelta(seconds=rest)
        if not probing:
            rate = self.pace.rate or (heard.taken + heard.refused) / max(seconds, 1e-3)
            if self._own.delay > 0:
                rate = min(rate, 1 / self._own.delay)
            slowed = adaptive_rate.slowed(heard, rate=rate, before=self._at_work(before), since=since)
            logger.info("line %s is slowed down to %.2f a second", self._lane.gateway.name, slowed.start)
            self._lane.slow_down(slowed)
        elif before is not None:
            # One message that is refused says nothing of the speed, but that the climb has not begun yet.
            self._lane.slow_down(replace(before, since=since))

    def _smallest(self) -> int:
        """A far side that takes many messages by one request counts requests: fewer ones go, and no smaller ones."""
        return self._least if self._slowed() is not None else 1

    def _slowed(self) -> float | None:
        slowdown = self._lane.gateway.slowdown
        return None if slowdown is None else slowdown.rate(self._now())

    def _at_work(self, before: Slowdown | None) -> Slowdown | None:
        return before if before is not None and before.rate(self._now()) is not None else None

    def _now(self) -> datetime:
        """MongoDB's time, asked for once and only of a lane that is slowed down."""
        if self._clock is None:
            self._clock = server_now(), time.monotonic()
        told, at = self._clock
        return told + timedelta(seconds=time.monotonic() - at)
