"""Who calls: the line that a callback's id and secret belong to, from memory.

All lines are read at once and kept for two seconds, so that calls cost no queries and guesses can't grow anything.
"""

import asyncio
import secrets
import time
from concurrent.futures import Executor

from gateways.models import Gateway
from gateways.provider import Line
from gateways.registry import line_of

KEPT = 2.0
"""Seconds after which a change of a line (another secret, removed) has surely taken effect."""

PAUSE = 0.25
"""Seconds between the beginnings of two readings: guesses make us read this often, and no more."""


class Callers:
    """The lines by their ids, as the database had them lately. Belongs to one event loop."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._gateways: dict[str, Gateway] = {}
        self._as_of = self._last_begun = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def line(self, gateway_id: str, secret: str) -> Line | None:
        """The line whose id and secret these are.

        What does not match waits for lines read after it came, so that a line made or given another secret a moment
        ago is not refused. Raises CannotUnseal, and DatabaseError or PyMongoError when the lines can't be read.
        """
        came = time.monotonic()
        await self._read_since(came - KEPT)
        found = self._match(gateway_id, secret)
        if found is None:
            await self._read_since(came)
            found = self._match(gateway_id, secret)
        return line_of(found) if found else None

    def _match(self, gateway_id: str, secret: str) -> Gateway | None:
        """In the same time for a wrong id and a wrong secret: a random one stands in for what isn't there."""
        gateway = self._gateways.get(gateway_id)
        expected = gateway.secrets.get("callback_secret") if gateway else None
        same = secrets.compare_digest(
            secret.encode(errors="replace"), (expected or secrets.token_urlsafe(32)).encode(errors="replace")
        )
        return gateway if same else None

    async def _read_since(self, moment: float) -> None:
        """Have lines whose reading began after the moment."""
        while self._as_of < moment:
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read())
            # Others wait for the same reading: it outlives a caller that goes away.
            await asyncio.shield(self._reading)

    async def _read(self) -> None:
        await asyncio.sleep(max(0.0, self._last_begun + PAUSE - time.monotonic()))
        begun = self._last_begun = time.monotonic()
        self._gateways = await asyncio.get_running_loop().run_in_executor(self._threads, _all_lines)
        self._as_of = begun


def _all_lines() -> dict[str, Gateway]:
    return {str(gateway.pk): gateway for gateway in Gateway.objects.only("name", "kind", "config", "secrets")}
