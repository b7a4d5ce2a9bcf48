"""How events reach a web process: over one channel of its own, in the groups that its boards need.

It hears an event once, however many sockets look on. The process also sends itself an event every few seconds, by the
way that all take. While none comes back, pages must not call themselves live: their sockets are closed, and when they
come back they get everything anew, so what was missed meanwhile does no harm. While events come back, pages hear of it
now and then, by which they know how old what they show is.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from channels.layers import get_channel_layer

from live.boards import Boards

logger = logging.getLogger(__name__)

INTERVAL = 2.0
PATIENCE = 6.0
"""Seconds without an event of its own after which the way of events counts as broken."""
ANSWER = 4.0
"""Seconds that Redis may take for one call: less than PATIENCE, so that one that hangs is not waited for beyond it."""
QUIET = 3.5
"""Seconds after which pages are told again that events arrive: at every other one of our own."""
RETRY_AFTER = 1.0


class Feed:
    """The events of one event loop. It ends with the loop."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards
        self._beats = False
        self._joined: set[str] = set()
        self._unsure: set[str] = set()  # those that Redis was asked for and has not confirmed
        self._channel = ""
        self._lock = asyncio.Lock()  # over the channel and the groups that it is in
        self._known = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def beats(self) -> bool:
        """Whether events arrived lately."""
        return self._beats

    async def start(self) -> None:
        """Begin, at the first socket of the process, and wait until it is known whether events arrive."""
        if self._task is None or self._task.done():
            self._known.clear()
            self._task = asyncio.create_task(self._run())
        await self._known.wait()

    async def join(self, groups: Iterable[str]) -> None:
        """Hear the events of these groups; it leaves those that no board needs any more. Raises what Redis raises."""
        async with asyncio.timeout(ANSWER), self._lock:
            await self._add(groups)

    async def _add(self, groups: Iterable[str]) -> None:
        if not self._channel:
            raise ConnectionError("events don't arrive")
        # Of this channel, also if the feed begins anew meanwhile.
        layer, channel, joined, unsure = get_channel_layer(), self._channel, self._joined, self._unsure
        for group in groups:
            if group not in joined:
                unsure.add(group)
                await layer.group_add(group, channel)
                joined.add(group)
                unsure.discard(group)

    async def _leave_unneeded(self) -> None:
        async with self._lock:
            for group in (self._joined | self._unsure) - self._boards.groups - {self._own}:
                self._joined.discard(group)
                self._unsure.discard(group)
                await get_channel_layer().group_discard(group, self._channel)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                self._known.set()  # whoever waits to know learns that nothing arrives
                await self._stop(error)
                await asyncio.sleep(RETRY_AFTER)

    async def _listen(self) -> None:
        """Hear events until none of its own comes back in time, or Redis refuses a call: raises either."""
        tasks: set[asyncio.Task[None]] = set()
        try:
            async with asyncio.timeout(ANSWER), self._lock:
                self._channel = channel = await get_channel_layer().new_channel()
                await self._add([self._own, *self._boards.groups])
            tasks = {asyncio.create_task(self._send_beats(channel)), asyncio.create_task(self._receive(channel))}
            done, _others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await self._forget(waited_on=bool(tasks))
        for task in done:
            task.result()

    @property
    def _own(self) -> str:
        return f"pulse.{self._channel.rpartition('.')[2]}"

    async def _send_beats(self, channel: str) -> None:
        # A cancellation may be lost in Redis's client, so it also looks whether it is still wanted.
        while self._channel == channel:
            async with asyncio.timeout(ANSWER):
                await get_channel_layer().group_send(self._own, {"type": "live.pulse"})
                await self._leave_unneeded()
            await asyncio.sleep(INTERVAL)

    async def _receive(self, channel: str) -> None:
        loop, layer = asyncio.get_running_loop(), get_channel_layer()
        deadline = loop.time() + PATIENCE
        told = 0.0
        while self._channel == channel:
            async with asyncio.timeout_at(deadline):
                event: dict[str, Any] = await layer.receive(channel)
            if event["type"] == "live.pulse":
                deadline = loop.time() + PATIENCE
                self._came()
                if loop.time() - told >= QUIET:
                    told = loop.time()
                    await self._boards.beat()
            else:
                self._boards.touch(event["groups"])

    def _came(self) -> None:
        if not self._beats:
            logger.info("Live events arrive.")
        self._beats = True
        self._known.set()

    async def _forget(self, *, waited_on: bool) -> None:
        """Leave every group, as far as Redis answers; a channel is gone with the call that waited on it."""
        groups, channel = self._joined | self._unsure, self._channel
        self._joined, self._unsure, self._channel = set(), set(), ""
        layer = get_channel_layer()
        try:
            async with asyncio.timeout(1.0):
                if channel and not waited_on:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0):
                            await layer.receive(channel)
                for group in groups:
                    await layer.group_discard(group, channel)
        except Exception:  # the way of events is gone, and its groups with it
            logger.debug("The groups of the feed were not left.")

    async def _stop(self, error: Exception) -> None:
        """Close every socket: no page is live any more."""
        if self._beats:
            logger.warning("Live events don't arrive: %s: %s", type(error).__name__, error, extra={"code": "live.away"})
        self._beats = False
        await self._boards.give_up()
