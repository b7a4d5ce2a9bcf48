"""Asks far sides for the reports and texts that they keep until they are asked: one line at a time, page by page.

Each page is stored, as a callback's is, before the next one is asked for. A line is asked under a lease; two that ask
at once, after a kill or a long silence, are harmless: what is stored twice is applied once.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from bson import ObjectId
from celery import current_app
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.db.models import Q
from pymongo.errors import PyMongoError

from domain.delivery import Call, Exchange, Incoming, Outbound, Receipt
from engine import stopping
from engine.lane import TASK_EXPIRES
from engine.settle import STORE_SECONDS
from gateways.errors import GatewayError
from gateways.kinds import KINDS
from gateways.models import Gateway
from gateways.provider import Line, Provider
from gateways.registry import line_of, provider_for
from lib.mongo import collection, from_now, retry_unavailable, server_now
from lib.sealed import CannotUnseal
from live.events import GatewayChanged
from live.publish import publish
from messaging import receipts, waiting

logger = logging.getLogger(__name__)

TASK = "engine.poll_line"
AT_ONCE = 8
"""Lines that are asked at once: those that don't answer must not take the threads that send."""

QUEUED_SECONDS = 12
"""How long an issued task may take to begin, before another one is issued."""

SLICE_SECONDS = 3.0
MARGIN = 30.0
"""Seconds that the lease outlives a page by."""

NEVER_ASKED = 60.0
"""Seconds after which a line that is not asked is looked at again."""

MESSAGES = 100
"""Messages that a provider is given at once."""

LONGEST_PAUSE = 900.0
TELLS_AFTER = 3
"""Failures in a row that staff are told of; the line's page says each."""

NOT_LET_IN = (401, 402, 403, 407, 429)
UNREADABLE = ("unreadable", "page", "empty")
"""Rules of exchanges (domain.delivery.Exchange) whose answer can't be read."""


def issue_polls() -> int:
    """Issue a task for each line whose far side is to be asked now; returns how many."""
    now = server_now()
    free = AT_ONCE - Gateway.objects.filter(poll_until__gt=now).count()
    due = Gateway.objects.filter(
        Q(poll_at=None) | Q(poll_at__lte=now), Q(poll_until=None) | Q(poll_until__lte=now), deleted_at=None
    )
    issued = 0
    for gateway in due.order_by("poll_at"):
        if not _is_asked(gateway):
            _put_off(gateway)
        elif issued < free and (token := _lease(gateway.pk)):
            current_app.send_task(TASK, args=[str(gateway.pk), token], expires=TASK_EXPIRES)
            issued += 1
    return issued


def _is_asked(gateway: Gateway) -> bool:
    """Whether its far side keeps anything for it. One that is switched off is asked what became of what it sent."""
    kind = KINDS.get(gateway.kind)
    if kind is None or kind.needs_session:  # a session's page is asked by its supervisor
        return False
    try:
        every = provider_for(line_of(gateway)).poll_every
    except (CannotUnseal, GatewayError, ImproperlyConfigured):
        return False  # whoever sends says so
    return every > 0 and (gateway.active or waiting.any_at(gateway.pk))


def _put_off(gateway: Gateway) -> None:
    """Look at it again later, unless its settings have changed meanwhile: they are sealed anew then."""
    same = {"_id": gateway.pk, "secrets": gateway.secrets.sealed}
    collection(Gateway).update_one(same, [{"$set": {"poll_at": from_now(NEVER_ASKED)}}])


def _lease(gateway: ObjectId) -> str | None:
    """Take the line's lease; its token, or None when somebody else has it."""
    token = secrets.token_hex(16)
    free: list[dict[str, Any]] = [{"poll_until": None}, {"$expr": {"$lte": ["$poll_until", "$$NOW"]}}]
    taken = collection(Gateway).update_one(
        {"_id": gateway, "$or": free}, [{"$set": {"poll_token": token, "poll_until": from_now(QUEUED_SECONDS)}}]
    )
    return token if taken.matched_count else None


@dataclass(slots=True)
class Heard:
    """The calls that a provider made: it tells a line's log of each, and ends at the first that can't be read."""

    record: Callable[[Call], None]
    calls: int = 0
    trouble: str = ""
    asked: set[str] = field(default_factory=set)
    """The attempts that were asked for."""

    def __call__(self, call: Call) -> None:
        # Told here, and once: the log is handed what was told.
        told = call.exchange() if callable(call.exchange) else call.exchange
        self.record(replace(call, exchange=told))
        self.calls += 1
        self.asked.update(call.attempts)
        self.trouble = _trouble(told) or self.trouble


def _trouble(told: Exchange) -> str:
    """Why a call brought nothing, by a stable word; empty for one that was answered. An unknown id is an answer."""
    if told.status is None:
        return told.rule or "no_answer"
    if told.status in NOT_LET_IN or told.status >= 500:
        return f"http_{told.status}"
    return "unreadable" if told.rule in UNREADABLE else ""


def ask(gateway_id: ObjectId, token: str) -> None:
    """Ask the line's far side, for a slice at most, while this holds its lease."""
    gateway = Gateway.objects.filter(pk=gateway_id, poll_token=token, deleted_at=None).first()
    if gateway is None:
        return
    heard = Heard(lambda call: None)
    round_: Round | None = None
    try:
        line = line_of(gateway)
        heard = Heard(line.record)
        round_ = Round(gateway, token, line, heard)
        round_.go()
    except (CannotUnseal, GatewayError, ImproperlyConfigured):
        heard.trouble = "unusable"
    except (PyMongoError, DatabaseError):
        raise  # the lease runs out, and another one asks
    except Exception:
        heard.trouble = "fault"
        about = {"kind": "gateway", "object_id": gateway_id, "code": "line.fault"}
        logger.exception("the provider of %s failed as it was asked for reports", gateway.name, extra=about)
    _end(gateway, token, heard, round_)


class Round:
    """One slice of asking: pages are stored until its time is up or nothing is left."""

    def __init__(self, gateway: Gateway, token: str, line: Line, heard: Heard) -> None:
        self._gateway = gateway
        self._token = token
        self._heard = heard
        self._provider: Provider = provider_for(replace(line, record=heard))
        self.every = self._provider.poll_every
        self.found = 0
        self.more = False
        self._ends_at = time.monotonic() + SLICE_SECONDS

    def go(self) -> None:
        """`more` says afterwards whether the slice ended before what there is did."""
        while self._holds():
            given, self.more = waiting.take(self._gateway.pk, every=self.every, limit=MESSAGES)
            self._ask_for(given)
            if self._heard.trouble or not self.more or self._over():
                return

    def _ask_for(self, given: Sequence[Outbound]) -> None:
        pages: Iterator[Sequence[Receipt | Incoming]] = iter(self._provider.poll(given))
        try:
            for page in pages:
                store = partial(receipts.store, str(self._gateway.pk), page)
                self.found += retry_unavailable(store, seconds=STORE_SECONDS)
                if self._over() or not self._holds():
                    self.more = True
                    break
        finally:
            if self._heard.asked:  # else it is asked for all at once
                waiting.put_back(given, asked=self._heard.asked)

    def _over(self) -> bool:
        return time.monotonic() >= self._ends_at or stopping.asked()

    def _holds(self) -> bool:
        """Renew the lease; False when somebody else has it."""
        until = from_now(self._provider.timeout + MARGIN)
        mine = {"_id": self._gateway.pk, "poll_token": self._token, "deleted_at": None}
        return bool(collection(Gateway).update_one(mine, [{"$set": {"poll_until": until}}]).matched_count)


def _end(gateway: Gateway, token: str, heard: Heard, done: Round | None) -> None:
    """Store how it went and when the line is asked next, and give the lease up."""
    every = done.every if done is not None else NEVER_ASKED
    # Where nothing was to be asked, nothing was learned.
    failures = gateway.poll_failures + 1 if heard.trouble else 0 if heard.calls else gateway.poll_failures
    if heard.trouble:
        pause = max(every, min(max(every, 1.0) * 2.0 ** min(failures, 10), LONGEST_PAUSE))
    else:
        pause = 0.0 if done is not None and done.more else every
    changes: dict[str, Any] = {
        "poll_token": "",
        "poll_until": None,
        "poll_at": from_now(pause),
        "poll_failures": failures,
    }
    if heard.calls or heard.trouble:
        changes["poll_error"] = {"$literal": heard.trouble[:40]}
    if heard.calls:
        changes |= {"polled_at": "$$NOW", "poll_found": done.found if done is not None else 0}
    collection(Gateway).update_one({"_id": gateway.pk, "poll_token": token}, [{"$set": changes}])
    if heard.calls or heard.trouble or gateway.poll_error:
        publish(GatewayChanged(str(gateway.pk)))
    if heard.trouble:
        about: dict[str, Any] = {"kind": "gateway", "object_id": gateway.pk}
        if failures == TELLS_AFTER:
            about |= {"code": "line.unheard", "facts": {"reason": heard.trouble}}
        level = logging.WARNING if failures == TELLS_AFTER else logging.INFO
        logger.log(level, "line %s could not be asked for reports: %s", gateway.name, heard.trouble, extra=about)
