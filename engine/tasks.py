"""The engine's Celery tasks: each takes ids and calls one function."""

from typing import Any

from bson import ObjectId
from celery import shared_task
from celery.signals import worker_shutting_down

from engine import browsers, checks, debtors, deliver, enroll, poll, stopping, tick, uploads


@worker_shutting_down.connect
def finish_what_began(**_: Any) -> None:
    """A worker that is asked to stop starts no more requests."""
    stopping.ask()


@shared_task(name="engine.tick")
def run_tick() -> None:
    tick.tick()


@shared_task(name="engine.campaign_work")
def campaign_work(campaign_id: str, token: str) -> None:
    enroll.work(ObjectId(campaign_id), token)


@shared_task(name=uploads.ATTACH)
def attach_import(import_id: str, token: str) -> None:
    uploads.attach(ObjectId(import_id), token)


@shared_task(name=debtors.TASK)
def debtor_work(work_id: str, token: str) -> None:
    debtors.carry_on(ObjectId(work_id), token)


@shared_task(name="engine.deliver_sms")
def deliver_sms(gateway_id: str) -> None:
    deliver.deliver(ObjectId(gateway_id))


@shared_task(name="engine.deliver_whatsapp")
def deliver_whatsapp(gateway_id: str) -> None:
    deliver.deliver(ObjectId(gateway_id))


@shared_task(name="engine.look_after_session")
def look_after_session(session_id: str) -> None:
    browsers.look_after(ObjectId(session_id))


@shared_task(name=checks.TASK)
def ask_number(gateway_id: str) -> None:
    checks.ask_next(ObjectId(gateway_id))


@shared_task(name=poll.TASK)
def poll_line(gateway_id: str, token: str) -> None:
    poll.ask(ObjectId(gateway_id), token)
