"""How much work something does, told without a clock that a loaded machine could spoil."""

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

FACTOR = 4
MOST_RATIO = 9.0
"""Linear work takes 4 times as long for 4 times as much, quadratic work 16 times."""

NOTHING = 0.001
"""CPU seconds that are too few to tell anything by."""


def assert_linear(work: Callable[[int], object], *, size: int) -> None:
    """`work(size)` and `work(4 * size)`, by the thread's own CPU time: a neighbour's load delays it but adds little.

    The quickest of several rounds count, and as soon as these look linear it is proved: what is quadratic never does.
    """
    small = large = float("inf")
    for _ in range(12):
        small = min(small, _spent(work, size))
        large = min(large, _spent(work, FACTOR * size))
        if large < MOST_RATIO * small + NOTHING:
            return
    raise AssertionError(f"{size} take {small:.4f} s of CPU time, and {FACTOR} times as many {large:.4f} s")


def _spent(work: Callable[[int], object], size: int) -> float:
    began = time.thread_time()
    work(size)
    return time.thread_time() - began


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, Python's own included: the same on every machine."""
    count = 0

    def seen(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
