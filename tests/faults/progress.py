"""Waits on progress: a machine may be as slow as it likes, but a standstill fails, and says what stood still."""

import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

STANDSTILL = 155.0
"""Seconds without any movement that are a standstill. The slowest thing on the way is the rest of a line that fails
three times, 144 s at most; a process that starts (the runner gives it 60 s), a lane's lease, a lost task and a lost
broker take less."""

MOST = 600.0
"""Seconds after which a wait ends although something moves: it may move in a circle."""


def until(
    condition: Callable[[], bool],
    *,
    moved: Callable[[], Any],
    report: Callable[[], str],
    standstill: float = STANDSTILL,
    most: float = MOST,
) -> None:
    """Wait for the condition, for as long as what `moved` returns keeps changing."""
    last, since = moved(), time.monotonic()
    began = since
    while True:
        looked = time.monotonic()
        if condition():
            return
        now = moved()
        if now != last:
            last, since = now, time.monotonic()
        stood, waited = time.monotonic() - since, time.monotonic() - began
        if stood >= standstill or waited >= most:
            raise AssertionError(
                f"not there after {waited:.0f} s, and nothing moved for {stood:.0f} s. Last seen: {last}\n{report()}"
            )
        # A look takes time of the machine, by a command even seconds, which what is waited for needs too.
        time.sleep(min(max(0.1, 3 * (time.monotonic() - looked)), 4.0))


def tails(folder: Path, *, characters: int = 3000) -> str:
    """The ends of all logs in a folder."""
    found = [
        f"== {path.name}\n{path.read_text(errors='replace')[-characters:]}" for path in sorted(folder.glob("*.log"))
    ]
    return "\n".join(found)


def tell_logs(folders: Iterable[Path]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The body of pytest_runtest_makereport (a wrapper): a test that failed shows what its services said at the end.

    Their directory is gone when anybody could look.
    """
    report = yield
    if report.failed:
        report.sections += [(f"Ends of the logs in {folder}", tails(folder)) for folder in folders if folder.is_dir()]
    return report
