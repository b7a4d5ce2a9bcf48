"""A lane's lease: one worker at a time works through a gateway's messages, and each holder has an epoch of its own.

The lease is a compare-and-set on the Gateway, timed by MongoDB's clock; its holder measures what is left of it on the
monotonic clock, counted from before the lease was asked for, so it always believes less than MongoDB does.
"""

import contextlib
import logging
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

from bson import ObjectId
from celery import current_app
from django.db import DatabaseError
from kombu.exceptions import OperationalError
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from domain.adaptive_rate import Slowdown
from domain.outcome import LINE_REST_MAX, STRIKES, Rest
from gateways.kinds import kind_named
from gateways.models import Channel, Gateway, LaneHealth, LaneState, Pool
from lib.mongo import collection, from_now, server_now, typed_values
from live.events import GatewayChanged
from live.publish import publish
from messaging.claims import Holder

logger = logging.getLogger(__name__)

QUEUED_SECONDS = 12.0
"""How long an issued deliver task may take to begin; tick issues it again after that. Longer than its `expires`."""

TASK_EXPIRES = 10.0
LEASE_MARGIN = 5.0
"""Seconds that a lease must outlive a provider's timeout by, so that the answer can be stored under it."""


START_MARGIN = 2.0
"""Seconds that storing attempts may take before their requests start."""


_NOT_EXPIRED = {"$expr": {"$gt": ["$lane_until", "$$NOW"]}}
_EXPIRED = {"$expr": {"$lte": ["$lane_until", "$$NOW"]}}


@dataclass(slots=True)
class Lane:
    """A lane that this thread holds, until `deadline` on the monotonic clock."""

    gateway: Gateway
    pool: Pool
    holder: Holder
    lease: float
    deadline: float
    wait: float = 0.0
    """Seconds that pacing or a rest still asks to wait, as of the last call that set it."""
    _waiting_since: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> ObjectId:
        return self.holder.gateway

    @property
    def strikes(self) -> int:
        """After how many failures in a row it takes the longest rest: a person's pace is no hurry to try again."""
        return STRIKES if self.pool.channel == Channel.WHATSAPP else 0

    def outlives(self, seconds: float) -> bool:
        """Whether the lease surely lasts `seconds` more and can take the answer; renews it when it does not."""
        needed = seconds + LEASE_MARGIN + START_MARGIN
        return self.deadline - time.monotonic() > needed or (self.renew() and needed < self.lease)

    def not_after(self, timeout: float) -> float:
        """The time.monotonic() after which a request could outlive the lease."""
        return self.deadline - timeout - LEASE_MARGIN

    def renew(self) -> bool:
        """Extend the lease; False when it was lost: an expired one is never renewed."""
        asked_at = time.monotonic()
        renewed = collection(Gateway).update_one(
            {**self._mine(), **_NOT_EXPIRED}, [{"$set": {"lane_until": from_now(self.lease)}}]
        )
        if renewed.matched_count:
            self.deadline = asked_at + self.lease
        return bool(renewed.matched_count)

    def _mine(self) -> dict[str, Any]:
        return {"_id": self.id, "lane_state": LaneState.BUSY.value, "lane_token": self.holder.token}

    def pause_for(self, seconds: float) -> None:
        """Pacing: no request starts for so long from now."""
        self.wait = max(seconds, self.left_to_wait())
        self._waiting_since = time.monotonic()

    def try_anew(self) -> None:
        """End a rest after failures: what failed is another one now, and the next message shows whether it works."""
        if self.gateway.failures:
            self.wait = 0.0

    def left_to_wait(self) -> float:
        return max(0.0, self.wait - (time.monotonic() - self._waiting_since))

    def rest(self, rest: Rest) -> None:
        """Store how the line does after a batch, and rest as long as that asks for."""
        if not rest.seconds and rest.failures:
            return  # nothing was learned
        if rest.seconds:
            self.pause_for(rest.seconds)
        health = LaneHealth.DOWN if rest.down else LaneHealth.SLOWED if rest.seconds else LaneHealth.OK
        reason = f"{rest.code}: {rest.detail}".strip(": ")[:300] if rest.seconds else ""
        if (health, rest.failures, reason) == (self.gateway.health, self.gateway.failures, self.gateway.health_reason):
            return
        self.gateway.health, self.gateway.failures, self.gateway.health_reason = health, rest.failures, reason
        changes: dict[str, Any] = {"health": health.value, "failures": rest.failures, "health_reason": reason}
        changes["down_since"] = {"$ifNull": ["$down_since", "$$NOW"]} if rest.down else None
        collection(Gateway).update_one(self._mine(), [{"$set": changes}])
        if rest.seconds:
            about: dict[str, Any] = {"kind": "gateway", "object_id": self.id}
            # A line that asks for a moment's rest is at work; one that does not answer needs somebody's look.
            level = logging.WARNING if rest.down else logging.INFO
            if rest.down:
                about |= {"code": "line.down", "facts": {"reason": rest.code}}
            logger.log(level, "line %s rests %.1f s: %s", self.gateway.name, rest.seconds, reason, extra=about)
        publish(GatewayChanged(str(self.id)))

    def slow_down(self, slowdown: Slowdown | None) -> None:
        """Store by which curve the line climbs back to full speed; None when it is there."""
        changes: dict[str, Any] = {
            "slowed_at": slowdown.since if slowdown else None,
            "slowed_full": slowdown.full if slowdown else None,
            "slowed_plateau": slowdown.plateau if slowdown else None,
            "slowed_start": slowdown.start if slowdown else None,
        }
        for name, value in changes.items():
            setattr(self.gateway, name, value)
        collection(Gateway).update_one(self._mine(), {"$set": typed_values(Gateway, changes)})
        publish(GatewayChanged(str(self.id)))

    def abandon(self, error: Exception) -> None:
        """End the lease at once after a fault, so that recovery comes with the next tick and not at the lease's end.

        A fault that is not the database's is the line's or ours: the line rests and says so. Best effort: without a
        database the lease runs out by itself.
        """
        changes: dict[str, Any] = {"lane_until": "$$NOW"}
        with contextlib.suppress(PyMongoError, DatabaseError):
            if not isinstance(error, PyMongoError | DatabaseError):
                failures = self.gateway.failures + 1
                detail = "A fault stopped its work; see the log of the worker."
                self.rest(Rest(LINE_REST_MAX, failures, probing=True, down=True, code="fault", detail=detail))
                changes["next_send_at"] = from_now(self.left_to_wait())
            collection(Gateway).update_one(self._mine(), [{"$set": changes}])

    @property
    def probing(self) -> bool:
        """Whether the line is in trouble, so that one message at a time shows whether it works again."""
        return self.gateway.failures > 0

    def release(self, *, again: bool, served: ObjectId | None) -> None:
        """Give the lane up; `again` issues its next task at once, because more messages are due.

        `served` is the campaign whose turn it was; None leaves the turn as it was, for a holder that sent nothing.
        """
        wait = self.left_to_wait()
        changes: dict[str, Any] = {
            "lane_state": LaneState.QUEUED.value if again else LaneState.IDLE.value,
            "lane_token": "",
            "lane_until": from_now(QUEUED_SECONDS),
            "next_send_at": from_now(wait) if wait else None,
        }
        if served is not None:
            changes |= {"turn_campaign": str(served), "last_used_at": "$$NOW"}
        released = collection(Gateway).update_one({**self._mine(), **_NOT_EXPIRED}, [{"$set": changes}])
        if released.matched_count and again:
            issue(self.gateway)


def acquire(gateway_id: ObjectId, *, lease: float) -> Lane | None:
    """Hold the lane for `lease` seconds, or None when somebody else does or it is not to be used.

    A lane whose holder vanished is not taken here: tick recovers its messages first.
    """
    token = secrets.token_hex(16)
    asked_at = time.monotonic()
    taken = collection(Gateway).find_one_and_update(
        {"_id": gateway_id, "lane_state": {"$in": [LaneState.IDLE.value, LaneState.QUEUED.value]}},
        [
            {
                "$set": {
                    "lane_state": LaneState.BUSY.value,
                    "lane_token": token,
                    "lane_epoch": {"$add": ["$lane_epoch", 1]},
                    "lane_until": from_now(lease),
                }
            }
        ],
        return_document=ReturnDocument.AFTER,
        projection={"lane_epoch": 1},
    )
    if taken is None:
        return None
    gateway = Gateway.objects.get(pk=gateway_id)
    pool = Pool.everything.get(pk=gateway.pool_id)
    holder = Holder(gateway_id, token, int(taken["lane_epoch"]))
    lane = Lane(gateway, pool, holder, lease, asked_at + lease)
    if gateway.next_send_at is not None:
        lane.pause_for((gateway.next_send_at - server_now()) / timedelta(seconds=1))
    return lane


def queue(gateway: Gateway) -> bool:
    """idle -> queued (or a queued one whose task was lost), and issue the deliver task; False when it is not free."""
    free = [
        {"lane_state": LaneState.IDLE.value},
        {"lane_state": LaneState.QUEUED.value, **_EXPIRED},
    ]
    queued = collection(Gateway).update_one(
        {"_id": gateway.pk, "$or": free},
        [{"$set": {"lane_state": LaneState.QUEUED.value, "lane_until": from_now(QUEUED_SECONDS)}}],
    )
    return bool(queued.matched_count) and issue(gateway)


def issue(gateway: Gateway) -> bool:
    """Send the deliver task of a queued lane; without a broker the lane becomes idle again and tick tries later."""
    try:
        kind = kind_named(gateway.kind)
        queue = kind.queue_of(gateway.config)
        current_app.send_task(kind.deliver_task, args=[str(gateway.pk)], queue=queue, expires=TASK_EXPIRES)
    except (OperationalError, OSError) as error:
        away = {"code": "engine.away"}
        logger.warning("no broker to issue %s: %s", gateway.name, type(error).__name__, extra=away)
        collection(Gateway).update_one(
            {"_id": gateway.pk, "lane_state": LaneState.QUEUED.value},
            {"$set": {"lane_state": LaneState.IDLE.value}},
        )
        return False
    return True


def expired() -> list[Gateway]:
    """The gateways whose lane is busy by a holder that has lost its lease."""
    return list(Gateway.objects.filter(lane_state=LaneState.BUSY, lane_until__lte=server_now().astimezone(UTC)))


def free_expired(gateway: Gateway) -> bool:
    """busy -> idle for a lane whose holder vanished, once its messages are recovered; False if it changed meanwhile."""
    freed = collection(Gateway).update_one(
        {"_id": gateway.pk, "lane_state": LaneState.BUSY.value, "lane_epoch": gateway.lane_epoch, **_EXPIRED},
        {"$set": {"lane_state": LaneState.IDLE.value, "lane_token": "", "lane_until": None}},
    )
    return bool(freed.matched_count)
