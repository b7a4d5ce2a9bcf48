"""Delivery reports, as a gateway posts them to its customer."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import aiohttp

from simulators.sms_gateway.behaviour import Behaviour, Control
from simulators.sms_gateway.journal import Accepted, Journal

TRIES = 8
FIRST_WAIT = 0.25
LONGEST_WAIT = 5.0


class Callbacks:
    """Posts the states of accepted messages, again with growing waits while the customer is away."""

    def __init__(self, control: Control, journal: Journal) -> None:
        self._control = control
        self._journal = journal
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def report(self, behaviour: Behaviour, message: Accepted, *, id: str, url: str) -> None:
        """Report the message's states later, as its behaviour says."""
        if behaviour.callbacks:
            self.start(self._report(behaviour, message, id, url or behaviour.callback_url))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _report(self, behaviour: Behaviour, message: Accepted, id: str, url: str) -> None:
        states = list(behaviour.callbacks)
        if behaviour.callback_shuffle and self._control.random.random() < behaviour.callback_shuffle:
            self._control.random.shuffle(states)
        for state in states:
            await asyncio.sleep(
                (behaviour.callback_delay_ms + behaviour.callback_jitter_ms * self._control.random.random()) / 1000
            )
            message.state = state
            times = 1 + (self._control.random.random() < behaviour.callback_duplicate)
            for _ in range(times):
                await self._tell(behaviour, message, state, id=id, url=url)

    async def _tell(self, behaviour: Behaviour, message: Accepted, state: str, *, id: str, url: str) -> None:
        """Report one state of a message, where somebody wants to know."""
        if not url:
            return
        payload = {"id": id, "provider_id": message.provider_id, "to": message.to, "status": state}
        await self._deliver(url, payload, behaviour.callback_format)

    async def _deliver(self, url: str, payload: dict[str, Any], form: str) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=10), connector=aiohttp.TCPConnector(limit=20)
            )
        wait = FIRST_WAIT
        for _ in range(TRIES):
            try:
                async with self._request(self._session, url, payload, form) as answer:
                    if answer.status < 300:
                        self._journal.callbacks["delivered"] += 1
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            self._journal.callbacks["retried"] += 1
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
        self._journal.callbacks["given_up"] += 1

    def _request(
        self, session: aiohttp.ClientSession, url: str, payload: dict[str, Any], form: str
    ) -> "aiohttp.client._RequestContextManager":
        if form == "query":
            return session.get(url, params=payload)
        return session.post(url, data=payload) if form == "form" else session.post(url, json=payload)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
