"""The heartbeat of the way of events: whoever waits for it is told that it does not beat."""

import asyncio
from typing import Any

import pytest

from live import pulse
from live.pulse import Pulse


class Away:
    """A channel layer whose Redis is away."""

    async def new_channel(self) -> str:
        raise ConnectionError("Redis is away")


class Listening:
    """A socket; `broken` ones can't be closed."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.ended = asyncio.Event()

    async def give_up(self) -> None:
        if self.broken:
            raise ValueError("this one can't be closed")
        self.ended.set()


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Away()

    def found() -> Any:
        return layer

    monkeypatch.setattr(pulse, "get_channel_layer", found)


def test_the_first_socket_learns_that_redis_is_away(away: None) -> None:
    async def story() -> bool:
        beating = Pulse()
        async with asyncio.timeout(60):
            await beating.start()
        return beating.beats

    assert asyncio.run(story()) is False


def test_all_sockets_are_ended_though_one_of_them_fails(away: None) -> None:
    async def story() -> None:
        beating = Pulse()
        listeners = [Listening(), Listening(broken=True), Listening()]
        beating.listeners |= set(listeners)
        await beating.start()
        async with asyncio.timeout(60):
            for listener in listeners:
                if not listener.broken:
                    await listener.ended.wait()

    asyncio.run(story())
