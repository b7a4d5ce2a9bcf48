"""The Celery tasks of uploads: each takes ids and calls one function. The tick issues them (engine.uploads)."""

from typing import Any

from bson import ObjectId
from celery import shared_task
from celery.signals import worker_shutting_down

from debtors import carrying


@worker_shutting_down.connect
def leave(**_: Any) -> None:
    """A worker that is asked to stop gives what it imports to another one."""
    carrying.leaving.set()


@shared_task(name=carrying.LOOK)
def look_at_upload(upload_id: str, token: str) -> None:
    carrying.look(ObjectId(upload_id), token)


@shared_task(name=carrying.IMPORT)
def import_upload(import_id: str, token: str) -> None:
    carrying.run_import(ObjectId(import_id), token)
