"""Answers that are kept for a moment in this process: what many pages ask at once, and what is dear to ask."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SHARE = 20.0
"""An answer that took a while is kept for so many times that long, so that asking takes a small share of the time."""


class Remembered(Generic[K, V]):
    """A question by key whose answer is kept for `seconds`, or longer where it was dear; the `most` latest keys.

    The answers are shared between threads: nobody may change them.
    """

    def __init__(self, ask: Callable[[K], V], *, seconds: float, most: int = 500) -> None:
        self._ask = ask
        self._seconds = seconds
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __call__(self, key: K) -> V:
        """The answer of a moment ago, or a new one. Raises what asking raises."""
        with self._lock:
            kept = self._kept.get(key)
        began = time.monotonic()
        if kept is not None and kept[0] > began:
            return kept[1]
        answer = self._ask(key)
        now = time.monotonic()
        with self._lock:
            self._kept[key] = (now + max(self._seconds, SHARE * (now - began)), answer)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return answer

    def forget(self) -> None:
        """Ask anew, whatever is kept."""
        with self._lock:
            self._kept.clear()
