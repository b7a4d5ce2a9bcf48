"""Stores what gateways report in batches: one write for many calls, and no call answered before its own is stored."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from domain.delivery import Incoming, Receipt
from lib.mongo import is_unavailable
from messaging import receipts

GATHER_SECONDS = 0.01
FULL = 500
"""Items that are stored without waiting for more."""

HELD_LIMIT = 10_000
"""Items of calls that wait: beyond, the far side is told to come again."""


class NotStored(Exception):
    """The items are not stored, or not surely; giving them again is harmless."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    gateway_id: str
    items: Sequence[Receipt | Incoming]
    stored: asyncio.Future[None]


class ReceiptBatches:
    """Gathers the items of concurrent calls. Belongs to one event loop; writes in a thread of `threads`."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._waiting: list[_Waiting] = []
        self._held = 0
        self._full = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    async def store(self, gateway_id: str, items: Sequence[Receipt | Incoming]) -> None:
        """Return when the items are stored. Raises NotStored."""
        if not items:
            return
        if self._held and self._held + len(items) > HELD_LIMIT:
            raise NotStored("Too much waits to be stored.")
        self._held += len(items)
        one = _Waiting(gateway_id, items, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._held >= FULL:
            self._full.set()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await one.stored

    async def _write(self) -> None:
        while self._waiting:
            try:
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._full.wait()
            except TimeoutError:
                pass
            batch = self._next()
            parts = [(one.gateway_id, one.items) for one in batch]
            errors = await asyncio.get_running_loop().run_in_executor(self._threads, _store, parts)
            for one, error in zip(batch, errors, strict=True):
                self._held -= len(one.items)
                if one.stored.done():
                    continue  # its call was given up
                if error is None:
                    one.stored.set_result(None)
                else:
                    one.stored.set_exception(NotStored(type(error).__name__))

    def _next(self) -> list[_Waiting]:
        """Whole calls, up to a full batch or somewhat more."""
        batch: list[_Waiting] = []
        size = 0
        for one in self._waiting:
            if size >= FULL:
                break
            batch.append(one)
            size += len(one.items)
        del self._waiting[: len(batch)]
        if sum(len(one.items) for one in self._waiting) < FULL:
            self._full.clear()
        return batch


def _store(parts: Sequence[tuple[str, Sequence[Receipt | Incoming]]]) -> list[Exception | None]:
    """Each part's error. Where MongoDB refuses a batch, its parts are stored one by one: one must not fail others."""
    try:
        receipts.store_many(parts)
    except Exception as error:
        if len(parts) == 1 or is_unavailable(error):
            return [error] * len(parts)
        return [outcome for part in parts for outcome in _store([part])]
    return [None] * len(parts)
