"""Whether events still arrive: a web process sends itself one every few seconds, by the way that all events take.

While none comes back, pages must not call themselves live. Their sockets are closed, and when they come back they get
everything anew, so what was missed meanwhile does no harm.
"""

import asyncio
import logging
import time
from typing import Protocol

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)

INTERVAL = 2.0
PATIENCE = 6.0
"""Seconds without an event of its own after which the way of events counts as broken."""


class Listener(Protocol):
    async def give_up(self) -> None: ...


class Pulse:
    """The heartbeat of one event loop."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self._beats = False
        self._task: asyncio.Task[None] | None = None

    @property
    def beats(self) -> bool:
        """Whether events arrived lately."""
        return self._beats

    async def start(self) -> None:
        """Begin, at the first socket of the process, and wait until it is known whether it beats."""
        if self._task is None or self._task.done():
            self._first = asyncio.Event()
            self._task = asyncio.create_task(self._run())
        await self._first.wait()

    async def _run(self) -> None:
        while True:
            try:
                await self._beat()
            except Exception as error:
                self._first.set()  # whoever waits to know learns that it does not beat
                await self._stop_listeners(error)
                await asyncio.sleep(1.0)

    async def _beat(self) -> None:
        layer = get_channel_layer()
        async with asyncio.timeout(PATIENCE):
            channel = await layer.new_channel()
            await layer.group_add(f"pulse.{channel.rpartition('!')[2]}", channel)
        group = f"pulse.{channel.rpartition('!')[2]}"
        try:
            while True:
                async with asyncio.timeout(PATIENCE):
                    await layer.group_send(group, {"type": "pulse", "at": time.monotonic()})
                    await layer.receive(channel)
                if not self._beats:
                    logger.info("Live events arrive.")
                self._beats = True
                self._first.set()
                await asyncio.sleep(INTERVAL)
        finally:
            await self._forget(group, channel)

    async def _forget(self, group: str, channel: str) -> None:
        try:
            async with asyncio.timeout(1.0):
                await get_channel_layer().group_discard(group, channel)
        except Exception:  # the way of events is gone, and the channel with it
            logger.debug("The channel of the pulse was not discarded.")

    async def _stop_listeners(self, error: Exception) -> None:
        if self._beats:
            away = {"code": "live.away"}
            logger.warning("Live events don't arrive: %s: %s", type(error).__name__, error, extra=away)
        self._beats = False
        for listener in list(self.listeners):
            try:
                await listener.give_up()
            except Exception:  # it is gone already, and the others must know
                logger.debug("A socket could not be closed.", exc_info=True)
