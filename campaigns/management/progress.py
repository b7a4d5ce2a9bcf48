"""What long commands show while they work: a bar on stderr where somebody looks at it, and nothing elsewhere."""

from typing import Any

from tqdm import tqdm


class ProgressBar:
    """A bar of `unit`s. `at` suits what knows how far it is, `advance` what only knows how much more was done."""

    def __init__(self, unit: str, *, total: int | None = None, hidden: bool = False) -> None:
        self._bar: tqdm[Any] = tqdm(unit=unit, total=total, disable=True if hidden else None, leave=False)

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.close()

    def at(self, done: int, total: int) -> None:
        """So many of so many are done now, which may be fewer than before."""
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def advance(self, number: int) -> None:
        """So many more are done."""
        self._bar.update(number)
