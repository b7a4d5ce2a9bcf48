"""Which processes are at work: each that matters says so every few seconds, and pages say when one is silent."""

import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from lib.mongo import collection, server_now
from systemlog.models import Beat

INTERVAL = 2.0
"""Seconds between two beats of one process; in between, `beat` costs nothing."""
SILENT_AFTER = timedelta(seconds=12)

ENGINE = "engine"

_last: dict[str, float] = {}
_lock = threading.Lock()


def beat(name: str) -> None:
    """Say that whoever does `name` is at work. Raises what MongoDB raises."""
    now = time.monotonic()
    with _lock:
        if now - _last.get(name, -INTERVAL) < INTERVAL:
            return
        _last[name] = now
    collection(Beat).update_one({"name": name}, [{"$set": {"name": name, "at": "$$NOW"}}], upsert=True)


def silent(names: Iterable[str]) -> dict[str, datetime | None]:
    """Those that did not say anything lately, with when they last did: None for one that never did."""
    wanted = list(names)
    known = {found.name: found.at for found in Beat.objects.filter(name__in=wanted)}
    now = server_now()
    return {name: known.get(name) for name in wanted if name not in known or now - known[name] > SILENT_AFTER}
