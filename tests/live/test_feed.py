"""The way of events into a web process: one channel for all sockets, and a heartbeat that tells whether it works."""

import asyncio
import time
from collections.abc import Callable, Hashable
from typing import Any

import pytest
import redis
from channels.layers import get_channel_layer
from django.conf import settings

from live import feed
from live.boards import Board, Boards
from live.events import CampaignChanged
from live.feed import Feed
from live.fragments import SUPERVISORS, Fragment, of_object
from tests.live.test_boards import Shown

PATIENCE = 60.0


class Away:
    """A channel layer whose Redis is away."""

    async def new_channel(self) -> str:
        raise ConnectionError("Redis is away")


class Forgetful:
    """A channel layer whose Redis goes away at the first group."""

    def __init__(self) -> None:
        self.groups: set[str] = set()
        self.channels: set[str] = set()

    async def new_channel(self) -> str:
        self.channels.add("specific.tested")
        return "specific.tested"

    async def group_add(self, group: str, channel: str) -> None:
        self.groups.add(group)
        raise ConnectionError("Redis is away")

    async def group_discard(self, group: str, channel: str) -> None:
        self.groups.discard(group)

    async def receive(self, channel: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.channels.discard(channel)


class Deaf:
    """A channel layer whose Redis takes everything; what is sent comes back until it is `deaf`."""

    def __init__(self) -> None:
        self.deaf = False
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def new_channel(self) -> str:
        return "specific.tested"

    async def group_add(self, group: str, channel: str) -> None:
        pass

    group_discard = group_add

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if not self.deaf:
            self.sent.put_nowait(message)

    async def receive(self, channel: str) -> dict[str, Any]:
        return await self.sent.get()


class Drawn(Fragment):
    """One without a template: it says how often it was drawn."""

    times = 0

    def render(self, key: str, **given: Any) -> str:
        type(self).times += 1
        return f"{key} {self.times}"


CAMPAIGN = Drawn("drawn", "", of_object("campaign"), lambda key: {}, SUPERVISORS)


def use(monkeypatch: pytest.MonkeyPatch, layer: object) -> None:
    monkeypatch.setattr(feed, "get_channel_layer", lambda: layer)


async def look_on(boards: Boards, events: Feed, socket: Shown, key: str) -> Board:
    """As a page's socket does it."""
    board = boards.join(socket, CAMPAIGN, key, "es")
    await events.join(board.groups)
    board.touch()
    return board


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def test_the_first_socket_learns_that_redis_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Away())

    async def story() -> None:
        events = Feed(Boards())
        async with asyncio.timeout(PATIENCE):
            await events.start()
        assert not events.beats
        with pytest.raises(ConnectionError):
            await events.join(["campaign.c1"])

    asyncio.run(story())


def test_start_that_fails_leaves_neither_a_channel_nor_a_group_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Forgetful()
    use(monkeypatch, layer)

    async def story() -> None:
        async with asyncio.timeout(PATIENCE):
            await Feed(Boards()).start()
        assert (layer.groups, layer.channels) == (set(), set())

    asyncio.run(story())


def test_all_sockets_are_ended_when_no_event_comes_back_though_one_of_them_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "INTERVAL", 0.02)
    monkeypatch.setattr(feed, "PATIENCE", 1.0)
    monkeypatch.setattr(feed, "QUIET", 0.0)

    async def story() -> None:
        layer = Deaf()
        use(monkeypatch, layer)
        boards = Boards()
        events = Feed(boards)
        await events.start()
        assert events.beats
        sockets = [Shown(), Shown(broken=True), Shown()]
        for key, socket in zip(("c1", "c1", "c2"), sockets, strict=True):
            await look_on(boards, events, socket, key)
        await until(lambda: sockets[0].beats and sockets[2].beats)  # pages hear that they are right
        layer.deaf = True
        for socket in sockets:
            if not socket.broken:
                await until(socket.ended.is_set)
        assert not events.beats
        layer.deaf = False
        await until(lambda: events.beats)

    asyncio.run(story())


def test_process_hears_an_event_once_for_all_sockets_and_leaves_the_groups_that_nobody_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "INTERVAL", 0.05)
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    server = redis.Redis.from_url(config["hosts"][0])

    def listened() -> set[str]:
        """The channels of this test that anybody listens to."""
        found = {name.decode() for name in server.pubsub_channels(f"{config['prefix']}*")}
        return {name.rpartition("__group__")[2] for name in found if "pulse." not in name}

    class Counted(Boards):
        heard = 0

        def touch(self, groups: Any) -> None:
            self.heard += 1
            super().touch(groups)

    async def story() -> None:
        boards = Counted()
        events = Feed(boards)
        await events.start()
        [own] = listened()  # its channel, and nothing else
        sockets: list[Hashable] = [Shown() for _ in range(20)]
        joined = [await look_on(boards, events, socket, "c1") for socket in sockets]
        other = Shown()
        joined_by_other = await look_on(boards, events, other, "c2")
        # Redis is told to subscribe and its answer is not waited for, so another connection may be served before.
        await until(lambda: listened() == {own, "campaign.c1", "campaign.c2"})
        await until(lambda: all(socket.told for socket in [*sockets, other]))
        before = [socket.told[-1] for socket in [*sockets, other]]
        event = CampaignChanged("c1")
        await get_channel_layer().group_send(event.groups[0], event.payload())
        await until(lambda: all(socket.told[-1] != before[0] for socket in sockets))
        assert boards.heard == 1
        assert other.told[-1] == before[-1]

        for socket, board in zip(sockets, joined, strict=True):
            boards.leave(socket, board)
        await until(lambda: listened() == {own, "campaign.c2"})
        boards.leave(other, joined_by_other)
        await until(lambda: listened() == {own})
        # Who comes back joins anew.
        await look_on(boards, events, other, "c1")
        await until(lambda: listened() == {own, "campaign.c1"})

    asyncio.run(story())
    server.close()


def test_redis_that_was_away_brings_events_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed whose connection breaks begins anew, in the groups that boards need."""
    monkeypatch.setattr(feed, "INTERVAL", 0.05)
    monkeypatch.setattr(feed, "RETRY_AFTER", 0.05)
    real = get_channel_layer()

    async def story() -> None:
        boards = Boards()
        events = Feed(boards)
        await events.start()
        socket = Shown()
        await look_on(boards, events, socket, "c3")
        use(monkeypatch, Broken(real))
        await until(socket.ended.is_set)
        use(monkeypatch, real)
        await until(lambda: events.beats)
        told = len(socket.told)
        event = CampaignChanged("c3")
        deadline = time.monotonic() + PATIENCE
        while len(socket.told) == told and time.monotonic() < deadline:
            await get_channel_layer().group_send(event.groups[0], event.payload())
            await asyncio.sleep(0.05)
        assert len(socket.told) > told

    class Broken:
        """Everything but sending works."""

        def __init__(self, layer: Any) -> None:
            self.new_channel, self.receive = layer.new_channel, layer.receive
            self.group_add, self.group_discard = layer.group_add, layer.group_discard

        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            raise ConnectionError("Redis is away")

    asyncio.run(story())
