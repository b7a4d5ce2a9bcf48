"""Ends a worker or beat that has lost the broker, so that whoever runs it starts a fresh one.

Celery's own reconnecting can hang in a half-open connection or give up in silence. Here a thread asks Redis every few
seconds; after a limit of 30 s without an answer it asks for a warm shutdown, which lets begun requests finish, and
twice that time later it ends the process. Each answer renews the time of the process's ready file, by which a
container's health check sees that it lives (bin/healthy).
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

LIMIT_VARIABLE = "WHATSMASSIVE_BROKER_LOSS_LIMIT"
READY_VARIABLE = "WHATSMASSIVE_READY_FILE"
LIMIT = 30.0
EXIT_CODE = 75  # the system's word for "try again later"


@dataclass(slots=True)
class Watch:
    """What the thread does, with its surroundings as arguments."""

    answers: Callable[[], bool]
    end_softly: Callable[[], None]
    end_hard: Callable[[], None]
    limit: float  # seconds, as the next
    last_chance: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> None:
        """Watch until the broker is lost; returns after the hard end, which in a real process never returns."""
        answered = self.clock()
        interval = min(5.0, self.limit / 4)
        while self.clock() - answered < self.limit:
            # An answer may take seconds to fail: only the time at which it was asked counts.
            asked = self.clock()
            if self.answers():
                answered = asked
            self.sleep(interval)
            if self.clock() - answered >= self.limit and self.answers():
                # Not the broker was away but this process: frozen, or the whole machine asleep.
                answered = self.clock()
        away = {"code": "broker.away"}
        logger.error("No answer from the broker for %.0f s: shutting down to be started afresh", self.limit, extra=away)
        self.end_softly()
        self.sleep(self.last_chance)
        logger.error("Still here %.0f s later: exiting", self.last_chance)
        self.end_hard()


def asking(client: redis.Redis, *, ready: Path) -> Callable[[], bool]:
    """Asks the broker once; an answer renews the time of the ready file, where that is (whatsmassive/celery.py)."""

    def answers() -> bool:
        try:
            answered = bool(client.ping())
        except (redis.RedisError, OSError):
            return False
        if answered and ready.is_file():
            os.utime(ready)
        return answered

    return answers


def start(url: str) -> None:
    """Watch the Redis at this URL from a thread of this process."""
    limit = float(os.environ.get(LIMIT_VARIABLE) or LIMIT)
    patience = min(5.0, limit / 2)
    # Without the client's own retries: they would only make one answer take longer.
    client = redis.Redis.from_url(
        url, socket_timeout=patience, socket_connect_timeout=patience, retry=Retry(NoBackoff(), 0)
    )

    watch = Watch(
        answers=asking(client, ready=Path(os.environ.get(READY_VARIABLE) or os.devnull)),
        end_softly=lambda: os.kill(os.getpid(), signal.SIGTERM),
        end_hard=lambda: os._exit(EXIT_CODE),
        limit=limit,
        last_chance=2 * limit,
    )
    threading.Thread(target=watch.run, name="broker-watch", daemon=True).start()
