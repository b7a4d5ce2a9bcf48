"""The socket of a page: it joins the fragments that the page shows and passes on their HTML."""

import asyncio
from collections.abc import Hashable
from typing import Any
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from channels.auth import get_user
from channels.generic.websocket import AsyncWebsocketConsumer

from live.boards import Board, Boards
from live.feed import Feed
from live.fragments import Fragment, fragment_named
from live.viewers import language_of, zone_of

MOST_FRAGMENTS = 300
MOST_KEY = 100
RECHECK = 30.0
"""Seconds between two looks at whether the user is still signed in, and may still see what the page shows."""

BEAT = "live"
"""What a socket says when there is nothing to say but that what the page shows is right."""

GOING_AWAY, TRY_AGAIN, UNKNOWN, SIGNED_OUT, NOT_ALLOWED = 1001, 1013, 4404, 4401, 4403


class LiveConsumer(AsyncWebsocketConsumer):
    """One socket. Its query names what it watches: `f=NAME:KEY`, any number of times."""

    channel_layer_alias = "none"
    """It takes no channel of its own: events reach it by the process's feed and boards."""

    boards: Boards
    feed: Feed
    _by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Boards, Feed]] = WeakKeyDictionary()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._joined: set[Board] = set()
        self._shown: dict[Hashable, str] = {}
        self._checker: asyncio.Task[None] | None = None
        self._gone = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()  # also where it was cancelled, or failed, before it heard of its end

    async def connect(self) -> None:
        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            boards = Boards()
            self._by_loop[loop] = (boards, Feed(boards))
        self.boards, self.feed = self._by_loop[loop]
        await self.accept()  # at once: only an accepted socket can be closed with a reason that the page understands
        user = self.scope["user"]
        if not user.is_authenticated or not user.is_active:
            await self.close(SIGNED_OUT)
            return
        watched = await sync_to_async(self._watched)(user)
        if watched is None:
            await self.close(UNKNOWN)
            return
        await self.feed.start()
        if not self.feed.beats:
            await self.give_up()
            return
        language, zone = language_of(user, self.scope.get("cookies", {})), zone_of(user)
        # It stands at its boards before the events are joined, so that it is closed if they fail; what it is shown is
        # rendered after, so that it misses no change.
        self._joined.update(
            self.boards.join(self, fragment, key, language, zone, groups=groups) for fragment, key, groups in watched
        )
        try:
            await self.feed.join({group for board in self._joined for group in board.groups})
        except Exception:
            await self.give_up()
            return
        for board in self._joined:
            board.touch()
        self._checker = asyncio.create_task(self._check_user())

    async def disconnect(self, code: int) -> None:
        self._leave()

    def _leave(self) -> None:
        """Nothing is shown to it any more, and nothing keeps it."""
        self._gone = True
        if self._checker is not None:
            self._checker.cancel()
        for board in self._joined:
            self.boards.leave(self, board)
        self._joined.clear()

    async def show(self, board: Hashable, html: str) -> None:
        """Send a rendering, unless the page has it."""
        if not self._gone and self._shown.get(board) != html:
            self._shown[board] = html
            await self.send(text_data=html)

    async def beat(self) -> None:
        """Say that what the page shows is right."""
        if not self._gone:
            await self.send(text_data=BEAT)

    async def give_up(self) -> None:
        """End, so that the page says that it is not live and tries again."""
        if not self._gone:
            self._gone = True
            await self.close(TRY_AGAIN)

    def _watched(self, user: Any) -> list[tuple[Fragment, str, frozenset[str]]] | None:
        """What the query asks for, each with its groups; None when it asks for what there is not, or what the user may
        not see. It runs in a thread: both questions may go to the database."""
        query = self.scope["query_string"].decode("ascii", "replace")
        wanted = dict.fromkeys(value for name, value in parse_qsl(query) if name == "f")
        if not 0 < len(wanted) <= MOST_FRAGMENTS:
            return None
        watched = []
        for text in wanted:
            name, _, key = text.partition(":")
            fragment = fragment_named(name)
            if fragment is None or len(key) > MOST_KEY or not fragment.allowed(user, key):
                return None
            watched.append((fragment, key, frozenset(fragment.groups(key))))
        return watched

    async def _check_user(self) -> None:
        """Close when whoever looks on was signed out or deactivated meanwhile, or when what the page shows became
        somebody else's: another role, another owner. The page then asks the server what it may show."""
        while True:
            await asyncio.sleep(RECHECK)
            try:
                await sync_to_async(self.scope["session"].load)()
                session = self.scope["session"]
                known = await sync_to_async(session.exists)(session.session_key) if session.session_key else False
                user = await get_user(self.scope) if known else None
                gone = user is None or not user.is_authenticated or not user.is_active
                allowed = not gone and await sync_to_async(self._allowed)(user)
            except Exception:
                await self.give_up()
                return
            if not allowed:
                await self._end(SIGNED_OUT if gone else NOT_ALLOWED)
                return

    def _allowed(self, user: Any) -> bool:
        """Whether the user, read anew, may still see everything that was joined."""
        return all(board.fragment.allowed(user, board.key) for board in list(self._joined))

    async def _end(self, code: int) -> None:
        """Show nothing more, whatever becomes of the socket's end."""
        self._gone = True
        await self.close(code)
