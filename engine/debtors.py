"""Carries out the work on many debtors that pages asked for: a slice of it at a time, under a lease."""

import logging
import time

from bson import ObjectId
from celery import current_app
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone, translation
from pymongo.errors import PyMongoError

from debtors.models import DebtorWork, WorkStatus
from desk.debtors import work as intent
from engine import lane, stopping
from lib.mongo import compare_and_set, is_unavailable
from live.events import DebtorWorkChanged
from live.publish import publish

logger = logging.getLogger(__name__)

TASK = "engine.debtor_work"
ISSUED_SECONDS = 12
SLICE_SECONDS = 3.0
MOST_STARTS = 5
"""Workers that may die over one page: then it is the page that kills them."""


def issue_work() -> int:
    """Issue a task for each piece of work that nobody carries on; returns how many."""
    issued = 0
    for key in intent.waiting():
        if token := intent.lease(key, ISSUED_SECONDS):
            current_app.send_task(TASK, args=[str(key), token], expires=lane.TASK_EXPIRES)
            issued += 1
    return issued


def carry_on(key: ObjectId, token: str) -> None:
    """Go on with it for a slice at most, while this holds its lease."""
    work = DebtorWork.objects.filter(pk=key, work_token=token, status__in=intent.WORKING).first()
    if work is None or not intent.renew(key, token):
        return
    DebtorWork.objects.filter(pk=key, work_token=token).update(starts=F("starts") + 1)
    if work.starts >= MOST_STARTS:
        _fail(key, token)
        return
    ends_at = time.monotonic() + SLICE_SECONDS
    try:
        with translation.override(work.language or None):
            while intent.step(key, token) and time.monotonic() < ends_at and not stopping.asked():
                if not intent.renew(key, token):
                    return
    except intent.LeaseLost:
        logger.info("Work on debtors %s is somebody else's now, or was stopped", key)
    except Exception as error:
        if isinstance(error, (DatabaseError, PyMongoError)) and is_unavailable(error):
            logger.warning("MongoDB is away: work on debtors goes on when it is back.")
            return
        logger.exception("Work on debtors %s failed", key)
        _fail(key, token)
    finally:
        _release(key, token)


def _release(key: ObjectId, token: str) -> None:
    try:
        intent.release(key, token)
    except PyMongoError:
        logger.warning("The lease of work on debtors could not be given back: it ends by itself.")


def _fail(key: ObjectId, token: str) -> None:
    ended = {"status": WorkStatus.FAILED.value, "finished_at": timezone.now()}
    if compare_and_set(DebtorWork, key, {"work_token": token, "status__in": intent.WORKING}, ended):
        publish(DebtorWorkChanged(str(key)))
