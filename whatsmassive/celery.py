"""The Celery application: wiring, and how a worker process begins and ends."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, setup_logging, worker_init, worker_process_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")

app = Celery("whatsmassive")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_django_logging(**_: Any) -> None:
    """Keep Celery from installing handlers of its own, which would not redact."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@celeryd_init.connect
@beat_init.connect
def refuse_insecure_settings(**_: Any) -> None:
    from whatsmassive.checks import enforce

    enforce()


@worker_process_init.connect
def drop_inherited_connections(**_: Any) -> None:
    """A MongoClient must not be shared across a fork."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close_pool()  # type: ignore[attr-defined]  # the stubs don't know the MongoDB backend


# Before the worker's first connection, which Celery would try for ever.
@worker_init.connect
@beat_init.connect
def watch_the_broker(**_: Any) -> None:
    from django.conf import settings

    from whatsmassive import broker_watch

    broker_watch.start(settings.CELERY_BROKER_URL)


@worker_ready.connect
@beat_init.connect
def tell_readiness(**_: Any) -> None:
    """Make the file by which the runner sees that this process works."""
    if path := os.environ.get("WHATSMASSIVE_READY_FILE"):
        Path(path).touch()
