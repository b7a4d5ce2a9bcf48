"""Publish live events: best effort, coalesced, never in the way of the work that they tell about.

Callers hand an event over after their write and go on. One daemon thread per process keeps the latest event of each
object and sends them at most four times a second, through an event loop and a Redis connection of its own.
"""

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from channels.layers import get_channel_layer

from live.events import Event

logger = logging.getLogger(__name__)

INTERVAL = 0.25  # seconds between two flushes
RETRY_AFTER = 1.0  # seconds between two attempts while Redis is away
SEND_TIMEOUT = 2.0  # seconds until a Redis that does not answer counts as away
EXIT_TIMEOUT = 1.0  # seconds that the end of the process may wait for the last flush
MAX_PENDING = 10_000  # objects; beyond that the oldest events are dropped

Pending = dict[tuple[str, type[Event]], Event]


def publish(event: Event) -> None:
    """Tell whoever watches the object that it changed. Returns at once and never raises."""
    _publisher.put(event)


class Publisher:
    """The pending events of this process and the thread that sends them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: Pending = {}
        self._starting = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._away = False

    def put(self, event: Event) -> None:
        """Keep the event as the latest of its object, for the thread to send."""
        with self._lock:
            key = (event.groups[0], type(event))
            # The latest goes last, so that what is dropped first is what changed longest ago.
            self._pending.pop(key, None)
            self._pending[key] = event
            self._drop_oldest()
        self._wake.set()
        if self._thread is None and not self._closing.is_set():
            self._start()

    def _start(self) -> None:
        try:
            with self._starting:
                if self._thread is None:
                    # Imported here and not in the thread: a fork in mid-import would leave the child half a module.
                    get_channel_layer()
                    thread = threading.Thread(target=self._run, name="live-publish", daemon=True)
                    thread.start()
                    self._thread = thread
        except Exception as error:  # no room for a thread now, or no such layer: the next event tries again
            self._went_away(error)

    def close(self, timeout: float = EXIT_TIMEOUT) -> None:
        """Send what is pending, waiting `timeout` seconds at most, and take no more."""
        self._closing.set()
        self._wake.set()
        if self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        loop = asyncio.new_event_loop()
        loop.set_default_executor(_InlineExecutor())
        try:
            self._send_until_closed(loop)
        finally:
            loop.close()

    def _send_until_closed(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            self._wake.wait()
            with self._lock:
                self._wake.clear()
                batch, self._pending = self._pending, {}
            loop.run_until_complete(self._send(batch))
            with self._lock:
                # What could not be sent waits on, unless something newer has come in its place.
                self._pending = {**batch, **self._pending}
                self._drop_oldest()
                left = bool(self._pending)
            if left:
                self._wake.set()
            if self._closing.is_set() and (self._away or not left):
                return
            self._closing.wait(RETRY_AFTER if self._away else INTERVAL)

    async def _send(self, batch: Pending) -> None:
        """Send the events, taking each out of the batch when it is sent; stops at the first failure."""
        try:
            layer = get_channel_layer()
            for key, event in list(batch.items()):
                async with asyncio.timeout(SEND_TIMEOUT):
                    for group in event.groups:
                        await layer.group_send(group, event.payload())
                del batch[key]
        except Exception as error:
            self._went_away(error)
        else:
            self._came_back()

    def _drop_oldest(self) -> None:
        while len(self._pending) > MAX_PENDING:
            del self._pending[next(iter(self._pending))]

    def _went_away(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            logger.warning(
                "Live events can't be sent, pages show changes at their next reload only: %s: %s",
                type(error).__name__,
                error,
                extra={"code": "live.away"},
            )

    def _came_back(self) -> None:
        if self._away:
            self._away = False
            logger.info("Live events are sent again.")


class _InlineExecutor(ThreadPoolExecutor):
    """Runs calls in the loop's own thread.

    The loop resolves Redis's host name in an executor, and Python refuses new work to executors while it ends, which is
    when a short command's last events are sent. Nothing else runs in that loop, so nothing waits meanwhile.
    """

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


_publisher = Publisher()


def _renew() -> None:
    """Begin anew in a forked child: threads and connections stay with the parent, and so do its pending events."""
    global _publisher  # noqa: PLW0603  # the one place that replaces it
    _publisher = Publisher()


def _close() -> None:
    _publisher.close()


os.register_at_fork(after_in_child=_renew)
atexit.register(_close)
