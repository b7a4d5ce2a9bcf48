"""A page's socket: what it held is let go however it ends."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from live import consumers
from live.boards import Boards
from live.consumers import LiveConsumer
from live.feed import Feed


@pytest.mark.django_db
def test_socket_that_is_cancelled_while_it_joins_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Daphne does to one that does not end in time: here Redis hangs after the socket began to listen."""

    async def story() -> None:
        joining = asyncio.Event()

        class Hangs(Feed):
            beats = True

            async def start(self) -> None:
                pass

            async def join(self, groups: Any) -> None:
                joining.set()
                await asyncio.Future()

        found = Boards()
        monkeypatch.setattr(consumers, "Boards", lambda: found)
        monkeypatch.setattr(consumers, "Feed", Hangs)
        sent: list[dict[str, Any]] = []
        said = [{"type": "websocket.connect"}]

        async def receive() -> dict[str, Any]:
            return said.pop() if said else await asyncio.Future()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        user = SimpleNamespace(is_authenticated=True, is_active=True, has_role=lambda _least: True)
        scope = {"type": "websocket", "user": user, "query_string": b"f=panel-campaigns:", "cookies": {}}
        task = asyncio.ensure_future(LiveConsumer.as_asgi()(scope, receive, send))
        async with asyncio.timeout(60):
            await joining.wait()
            assert found.groups == {"campaign", "gateway"}
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert found.groups == set()

    asyncio.run(story())
