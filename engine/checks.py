"""Asks about the numbers of checks, slowly: each session once in its pause, whatever number is next.

The pause begins before the question is asked, so that a worker that dies asks no more often; the number it had is
asked again when nobody can be asking it any more. Asking twice is harmless.
"""

import logging
import random
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from celery import current_app
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from domain import check_pace
from domain.number_checks import Known, Wait
from engine import lane
from gateways.kinds import kind_named
from gateways.models import Gateway
from gateways.providers.whatsapp_numbers import ask
from gateways.providers.whatsapp_page import Lost, Unreached
from lib.mongo import collection, from_now, server_now
from outreach import checks
from outreach.models import Answer, AskingPace, CheckedNumber, CheckStatus, NumberCheck
from preferences.queries import get
from sessions_app.queries import connected_gateways

logger = logging.getLogger(__name__)

TASK = "engine.ask_number"
ASKING_SECONDS = 60.0
"""Until when nobody else asks about a number that somebody has begun with."""
TRIES = 5
AGAIN_SECONDS = 120.0
KNOWN_AT_ONCE = 200
"""Numbers that one task may answer from memory before it asks."""


def issue_questions() -> int:
    """Issue a task for each session that may ask now and has something to ask; returns how many."""
    issued = 0
    for pool, per_hour in _at_work().items():
        lines = list(Gateway.objects.filter(pool=pool, active=True, pool__active=True))
        connected = connected_gateways([line.pk for line in lines])
        for line in lines:
            if line.pk in connected and _take_turn(line.pk, per_hour):
                queue = kind_named(line.kind).queue_of(line.config)
                current_app.send_task(TASK, args=[str(line.pk)], queue=queue, expires=lane.TASK_EXPIRES)
                issued += 1
    return issued


def _at_work() -> dict[ObjectId, int]:
    """The pools with a number that is due, and how often each of their sessions may ask in an hour."""
    pools: dict[ObjectId, int] = {}
    most = int(get("checks.per_hour"))
    for check in NumberCheck.objects.filter(status=CheckStatus.RUNNING.value):
        if _due(check.pk) is not None:
            pools[check.pool] = max(pools.get(check.pool, 1), min(check.per_hour, most))
        elif check.waiting == 0:
            checks.finish(check.pk)  # its last answer came from a worker that died before it could say so
    return pools


def _due(check: ObjectId) -> Mapping[str, Any] | None:
    return collection(CheckedNumber).find_one(_wanted(check), {"_id": 1})


def _wanted(check: ObjectId) -> dict[str, Any]:
    return {"batch": check, "status": Answer.WAITING.value, "$expr": {"$lte": ["$due_at", "$$NOW"]}}


def _take_turn(gateway: ObjectId, per_hour: int) -> bool:
    """Whether the session's pause is over; if so, the next one begins."""
    following = [{"$set": {"next_at": from_now(check_pace.pause(per_hour, random.random()))}}]
    passed = {"gateway": gateway, "$expr": {"$lte": ["$next_at", "$$NOW"]}}
    pace = collection(AskingPace)
    try:
        if pace.update_one(passed, following).matched_count:
            return True
        # The first time: at any moment of its first pause, so that sessions don't begin together.
        first = [{"$set": {"next_at": {"$ifNull": ["$next_at", from_now(_first(per_hour))]}}}]
        pace.update_one({"gateway": gateway}, first, upsert=True)
    except DuplicateKeyError:
        pass  # another engine made it
    return False


def _first(per_hour: int) -> float:
    return min(5.0, check_pace.pause(per_hour, 0.0)) * random.random()


def ask_next(gateway_id: ObjectId) -> None:
    """Ask about the next number of the checks that the session works for."""
    gateway = Gateway.objects.filter(pk=gateway_id, active=True).first()
    if gateway is None:
        return
    running = NumberCheck.objects.filter(status=CheckStatus.RUNNING.value, pool=gateway.pool_id).order_by("pk")
    for check in running:
        for _try in range(KNOWN_AT_ONCE):
            number = _begin(check.pk)
            if number is None:
                break
            if _ask(check, number, gateway_id):
                checks.finish(check.pk)
                return
        checks.finish(check.pk)


def _begin(check: ObjectId) -> Mapping[str, Any] | None:
    """The next number that is due, which is nobody else's for a while."""
    return collection(CheckedNumber).find_one_and_update(
        _wanted(check),
        [{"$set": {"due_at": from_now(ASKING_SECONDS)}}],
        sort=[("due_at", 1)],
        return_document=ReturnDocument.AFTER,
    )


def _ask(check: NumberCheck, number: Mapping[str, Any], gateway: ObjectId) -> bool:
    """Find out about it; whether the session was asked, or can't be."""
    try:
        said, asked = ask(gateway, number["phone"])
    except (Unreached, Lost) as error:
        tries = int(number["tries"]) + 1
        logger.info("check %s: no answer about a number (%s)", check.name, error.code)
        if tries >= TRIES:
            checks.settle(check.pk, number["_id"], Answer.FAILED, at=server_now(), gateway=gateway, reason=error.code)
        else:
            checks.put_off(number["_id"], AGAIN_SECONDS, tries=tries)
        return True
    if isinstance(said, Wait):
        checks.put_off(number["_id"], said.seconds)
        return asked
    answer = Answer.YES if isinstance(said, Known) else Answer.NO
    known = None if asked else checks.remembered([number["phone"]]).get(number["phone"])
    at = known[1] if known is not None else server_now()
    checks.settle(check.pk, number["_id"], answer, at=at, remembered=not asked, gateway=gateway if asked else None)
    return asked
