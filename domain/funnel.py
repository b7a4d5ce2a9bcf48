"""How far a campaign's messages came, step by step: of all of them sent, delivered, read, answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.states import MessageStatus

M = MessageStatus
REPLIED = "replied"


@dataclass(frozen=True, slots=True)
class Step:
    """How many came as far as this: what came further is in it.

    `of_all` and `of_before` are percentages, of all messages and of the step before; None where there is nothing that
    they could be of. `told` is whether the far side says so at all: an SMS gateway without delivery reports does not.
    """

    name: str
    number: int
    of_all: float | None
    of_before: float | None
    told: bool = True


def funnel(counts: Mapping[str, int], *, reads: bool = True, replied: int | None = None) -> list[Step]:
    """The steps of messages that are so many in each state (`counts`, exclusive).

    `reads` is whether the channel tells that a message was read. `replied` is how many people answered; None leaves it
    out. More may have answered than have let it be known that they read.
    """
    total = sum(counts.values())
    read = counts.get(M.READ, 0)
    delivered = read + counts.get(M.DELIVERED, 0)
    sent = delivered + counts.get(M.SENT, 0)
    numbers: list[tuple[str, int]] = [(M.SENT.value, sent), (M.DELIVERED.value, delivered)]
    if reads:
        numbers.append((M.READ.value, read))
    if replied is not None:
        numbers.append((REPLIED, replied))
    # Without a single report nobody knows whether there are any to come.
    return _steps(numbers, total, untold=() if delivered else (M.DELIVERED.value, M.READ.value))


def _steps(numbers: Sequence[tuple[str, int]], total: int, *, untold: Sequence[str]) -> list[Step]:
    found: list[Step] = []
    before = total
    for name, number in numbers:
        told = name not in untold
        found.append(Step(name, number, _percent(number, total), _percent(number, before), told))
        if told:
            before = number
    return found


def _percent(part: int, whole: int) -> float | None:
    """None also where the part is no part of it: people who answered without a receipt of reading."""
    return 100 * part / whole if whole and part <= whole else None
