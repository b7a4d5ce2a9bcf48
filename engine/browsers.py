"""Has WhatsApp sessions looked after: a task for each that is due, and a lane that keeps still meanwhile."""

import logging
import time
from collections.abc import Generator
from contextlib import contextmanager

from bson import ObjectId
from celery import current_app

from engine import lane
from gateways.models import Gateway
from sessions_app import ownership, supervisor

logger = logging.getLogger(__name__)

TASK = "engine.look_after_session"
LANE_SECONDS = 3.0
"""How long one look waits for its lane: a lane that works is free for a moment between two slices only."""
POLL_SECONDS = 0.02


def issue_looks() -> int:
    """Issue a task for each session that has to be looked at; returns how many."""
    issued = 0
    for session, host in ownership.queue_due():
        current_app.send_task(TASK, args=[str(session)], queue=f"sessions.{host}", expires=lane.TASK_EXPIRES)
        issued += 1
    return issued


def look_after(session_id: ObjectId) -> None:
    supervisor.look_after(session_id, hold_lane=hold_lane)


@contextmanager
def hold_lane(gateway_id: ObjectId) -> Generator[bool]:
    """Nothing is sent by the gateway meanwhile; False where that can't be had now.

    What is done to a page or its browser meanwhile renews it, so a rest that the line took for the old one ends.
    """
    held = _acquire(gateway_id)
    if held is None:
        # Without a gateway there is nothing that could send.
        yield not Gateway.objects.filter(pk=gateway_id).exists()
        return
    try:
        yield True
        held.try_anew()
    finally:
        held.release(again=False, served=None)


def _acquire(gateway_id: ObjectId) -> lane.Lane | None:
    until = time.monotonic() + LANE_SECONDS
    while True:
        held = lane.acquire(gateway_id, lease=ownership.STEP_LEASE_SECONDS)
        if held is not None or time.monotonic() > until or not Gateway.objects.filter(pk=gateway_id).exists():
            return held
        time.sleep(POLL_SECONDS)
