"""What a web process shows its sockets: one socket's or one rendering's failure is nobody else's."""

import asyncio
from collections.abc import Hashable

from live.boards import Board, Boards
from live.fragments import SUPERVISORS, Fragment


class Shown:
    """A socket that keeps what it was told; `broken` ones fail at everything."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.told: list[str] = []
        self.beats = 0
        self.ended = asyncio.Event()

    async def show(self, board: Hashable, html: str) -> None:
        if self.broken:
            raise ValueError("this one can't be written to")
        self.told.append(html)

    async def beat(self) -> None:
        if self.broken:
            raise ValueError("this one can't be told")
        self.beats += 1

    async def give_up(self) -> None:
        if self.broken:
            raise ValueError("this one can't be closed")
        self.ended.set()


def _fragment() -> Fragment:
    return Fragment("tested", "no-template.html", lambda key: (), lambda key: {}, SUPERVISORS)


async def _told(socket: Shown, html: str) -> None:
    async with asyncio.timeout(60):
        while html not in socket.told:
            await asyncio.sleep(0.01)


def test_a_socket_that_fails_keeps_nothing_from_the_others() -> None:
    async def story() -> None:
        latest = "first"

        async def run(*_arguments: object) -> str:
            return latest

        board = Board(_fragment(), "", "es", run)
        broken, whole = Shown(broken=True), Shown()
        board.sockets |= {broken, whole}
        board.touch()
        await _told(whole, "first")
        latest = "second"
        board.touch()
        await _told(whole, "second")
        board.stop()

    asyncio.run(story())


def test_a_rendering_that_fails_ends_all_sockets_and_the_next_one_is_shown() -> None:
    async def story() -> None:
        fails = True

        async def run(*_arguments: object) -> str:
            if fails:
                raise RuntimeError("no database")
            return "here"

        board = Board(_fragment(), "", "es", run)
        broken, whole = Shown(broken=True), Shown()
        board.sockets |= {broken, whole}
        board.touch()
        async with asyncio.timeout(60):
            await whole.ended.wait()
        fails = False
        board.touch()
        await _told(whole, "here")
        board.stop()

    asyncio.run(story())


def test_a_board_that_nobody_looks_at_is_let_go_and_made_anew() -> None:
    async def story() -> None:
        boards = Boards()
        one, other = Shown(), Shown()
        board = boards.join(one, _fragment(), "", "es")
        assert boards.join(other, _fragment(), "", "es") is board
        boards.leave(one, board)
        assert boards.join(one, _fragment(), "", "es") is board
        boards.leave(one, board)
        boards.leave(other, board)
        assert boards.join(one, _fragment(), "", "es") is not board

    asyncio.run(story())
