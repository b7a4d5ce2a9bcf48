"""A page's socket: what it held is let go however it ends."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from live import consumers
from live.consumers import LiveConsumer


@pytest.mark.django_db
def test_socket_that_is_cancelled_while_it_joins_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Daphne does to one that does not end in time: here Redis hangs after the socket began to listen."""

    async def story() -> None:
        joining = asyncio.Event()

        class Hangs:
            async def new_channel(self) -> str:
                return "specific.tested"

            async def receive(self, channel: str) -> dict[str, Any]:
                return await asyncio.Future()

            async def group_add(self, group: str, channel: str) -> None:
                joining.set()
                await asyncio.Future()

        class Beats:
            def __init__(self) -> None:
                self.listeners: set[object] = set()
                self.beats = True

            async def start(self) -> None:
                pass

        found = Beats()
        monkeypatch.setattr(consumers, "Pulse", lambda: found)
        monkeypatch.setattr("channels.consumer.get_channel_layer", lambda alias: Hangs())
        sent: list[dict[str, Any]] = []
        said = [{"type": "websocket.connect"}]

        async def receive() -> dict[str, Any]:
            return said.pop() if said else await asyncio.Future()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        user = SimpleNamespace(is_authenticated=True, is_active=True)
        scope = {"type": "websocket", "user": user, "query_string": b"f=panel-campaigns:", "cookies": {}}
        task = asyncio.ensure_future(LiveConsumer.as_asgi()(scope, receive, send))
        async with asyncio.timeout(60):
            await joining.wait()
            assert len(found.listeners) == 1
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert found.listeners == set()

    asyncio.run(story())
