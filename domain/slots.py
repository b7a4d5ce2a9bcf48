"""Time cut into equal slots, for charts: few enough to be seen, of lengths that people think in."""

from collections.abc import Mapping
from datetime import datetime, timedelta

SIZES = (60, 300, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 604_800, 2_592_000)
MOST_SLOTS = 60


def slot_size(seconds: float, *, most: int = MOST_SLOTS) -> int:
    """The shortest of the usual lengths of which at most `most` cover so many seconds; the longest where none does."""
    return next((size for size in SIZES if seconds < size * most), SIZES[-1])


def slots(numbers: Mapping[int, int], *, start: datetime, size: int) -> list[tuple[datetime, int]]:
    """(beginning, number) of every slot up to the last one that has a number, the empty ones too."""
    if not numbers:
        return []
    return [(start + timedelta(seconds=size * place), numbers.get(place, 0)) for place in range(max(numbers) + 1)]
