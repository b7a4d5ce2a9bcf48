"""What the sockets of one web process look at: each fragment is rendered once for all of them.

One board a (fragment, key, language, time zone). It renders when it was told that something changed, at most four times
a second, and once in a while by itself, because an event may be lost. What did not change is not sent.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.utils import timezone, translation

from live.fragments import Fragment

logger = logging.getLogger(__name__)

INTERVAL = 0.25  # seconds between two renderings
RENEWAL = 20.0  # seconds until it is rendered without an event
THREADS = 4

Key = tuple[str, str, str, ZoneInfo | None]


class Socket(Protocol):
    """What a board knows of a socket."""

    async def show(self, board: Hashable, html: str) -> None: ...

    async def beat(self) -> None: ...

    async def give_up(self) -> None: ...


class Board:
    """One fragment in one language and time zone, and the sockets that look at it."""

    def __init__(
        self,
        fragment: Fragment,
        key: str,
        language: str,
        run: Callable[..., Awaitable[str]],
        zone: ZoneInfo | None = None,
        groups: frozenset[str] | None = None,
    ) -> None:
        self.fragment = fragment
        self.key = key
        self.language = language
        self.zone = zone
        self.groups = frozenset(fragment.groups(key)) if groups is None else groups
        self.sockets: set[Socket] = set()
        self._render = run
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._serve())

    def touch(self) -> None:
        """Render it soon."""
        self._changed.set()

    def stop(self) -> None:
        self._task.cancel()

    async def _serve(self) -> None:
        while True:
            try:
                async with asyncio.timeout(RENEWAL):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            try:
                html = await self._render(_rendered, self.fragment, self.key, self.language, self.zone)
            except Exception:
                # The database is away, most likely: pages say that they are not live, and connect again until it is.
                logger.warning("The fragment %s can't be rendered.", self.fragment.name, exc_info=True)
                html = ""
            for socket in list(self.sockets):
                await self._tell(socket, html)
            await asyncio.sleep(INTERVAL)

    async def _tell(self, socket: Socket, html: str) -> None:
        """Show it the rendering, or let it go where there is none. One that fails keeps nothing from the others."""
        try:
            await (socket.show(self, html) if html else socket.give_up())
        except Exception:
            logger.debug("A socket could not be told of %s.", self.fragment.name, exc_info=True)


class Boards:
    """The boards of one event loop, that is of one web process."""

    def __init__(self) -> None:
        self._boards: dict[Key, Board] = {}
        self._of_group: dict[str, set[Board]] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="live")
        self._run = sync_to_async(_call, thread_sensitive=False, executor=self._pool)

    @property
    def groups(self) -> set[str]:
        """Those whose events change one of the boards."""
        return set(self._of_group)

    def join(
        self,
        socket: Socket,
        fragment: Fragment,
        key: str,
        language: str,
        zone: ZoneInfo | None = None,
        *,
        groups: frozenset[str] | None = None,
    ) -> Board:
        """Have the socket look at the fragment. It is shown when the board is touched.

        `groups` are the fragment's for this key, where they were asked for already: some are asked of the database,
        which can't be done in an event loop.
        """
        place = (fragment.name, key, language, zone)
        board = self._boards.get(place)
        if board is None:
            board = self._boards[place] = Board(fragment, key, language, self._run, zone, groups)
            for group in board.groups:
                self._of_group.setdefault(group, set()).add(board)
        board.sockets.add(socket)
        return board

    def leave(self, socket: Socket, board: Board) -> None:
        board.sockets.discard(socket)
        place = (board.fragment.name, board.key, board.language, board.zone)
        if board.sockets or self._boards.pop(place, None) is None:
            return
        board.stop()
        for group in board.groups:
            self._of_group[group].discard(board)
            if not self._of_group[group]:
                del self._of_group[group]

    def touch(self, groups: Iterable[str]) -> None:
        """An object changed, and its event went to these groups: whatever shows it is rendered again."""
        for group in groups:
            for board in self._of_group.get(group, ()):
                board.touch()

    async def beat(self) -> None:
        """Tell every socket that what it shows is right."""
        await self._each(lambda socket: socket.beat())

    async def give_up(self) -> None:
        """Close every socket: nobody knows what changes."""
        await self._each(lambda socket: socket.give_up())

    async def _each(self, do: Callable[[Socket], Awaitable[None]]) -> None:
        for socket in {socket for board in self._boards.values() for socket in board.sockets}:
            try:
                await do(socket)
            except Exception:  # it is gone already, and the others must know
                logger.debug("A socket could not be told.", exc_info=True)


def _call(function: Callable[..., str], *arguments: object) -> str:
    return function(*arguments)


def _rendered(fragment: Fragment, key: str, language: str, zone: ZoneInfo | None) -> str:
    with translation.override(language), timezone.override(zone):
        return fragment.render(key, over_socket=True)
