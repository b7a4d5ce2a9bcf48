"""How fast a line goes on after its far side asked it to slow down: a curve that climbs back to full speed with time.

It is the curve of TCP CUBIC (RFC 9438) for rates in place of windows: steep at first, flat about what the far side was
last seen to take, then steeper the longer nothing is refused. So a line finds a limit that nobody told it, stays near
it with few refusals, and is back at full speed soon after the limit is gone. Being a curve of time, it is stored once
for each slowing down, and whoever reads it later, after a restart too, knows the speed of that moment.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.delivery import ErrorKind, Scope, SendError, Sent
from domain.outcome import LIMITED

CUT = 0.7
"""What is left of a speed after a refusal, as CUBIC has it."""

FLOOR = 0.1
"""Messages a second that no line is slowed down below."""

CLIMB = 2e-5
"""The curve's steepness, per cubed second: 37 s after its flat part the speed has doubled, after 80 s it is tenfold."""


@dataclass(frozen=True, slots=True)
class Slowdown:
    """A line that climbs back: rates in messages a second.

    `full` is how fast it went when it was first slowed down, `plateau` what the far side is thought to take, `start`
    where it begins at `since` (aware), when the rest that came with it is over.
    """

    full: float
    plateau: float
    start: float
    since: datetime

    @property
    def _flat(self) -> float:
        """Seconds from the start to the plateau."""
        return math.cbrt((1 - self.start / self.plateau) / CLIMB)

    def rate(self, now: datetime) -> float | None:
        """Its speed at a moment; None once that is the full one."""
        passed = max(0.0, (now - self.since).total_seconds())
        rate = max(self.start, self.plateau * (1 + CLIMB * (passed - self._flat) ** 3))
        return rate if rate < self.full else None

    @property
    def full_at(self) -> datetime:
        """When it is back at full speed if nothing more is refused."""
        return self.since + timedelta(seconds=self._flat + math.cbrt((self.full / self.plateau - 1) / CLIMB))


@dataclass(frozen=True, slots=True)
class Told:
    """How many messages of a batch a far side took, and how many it refused because they were too many for now."""

    taken: int
    refused: int


def told(answers: Sequence[Sent | SendError]) -> Told:
    """What a batch's answers say of the speed. What has no answer, or none of the far side's, says nothing."""
    errors = [answer for answer in answers if isinstance(answer, SendError)]
    refused = sum(error.code in LIMITED and error.scope is Scope.LINE for error in errors)
    # One that is refused for what it is has been read and judged.
    judged = sum(error.kind is ErrorKind.PERMANENT and error.scope is Scope.MESSAGE for error in errors)
    return Told(len(answers) - len(errors) + judged, refused)


def slowed(heard: Told, *, rate: float, before: Slowdown | None, since: datetime) -> Slowdown:
    """How a line goes on that went at `rate` and had something refused; `before` is the curve it was on.

    Where the far side took less than half, what it took is the measure. Where it took nothing there is no measure,
    and half is tried. Where it took most, or refused a single one, the speed was about right.
    """
    share = heard.taken / max(1, heard.taken + heard.refused)
    floor = min(FLOOR, rate)
    plateau = max(floor, rate * (1.0 if share >= 0.5 or heard.refused == 1 else share or 0.5))
    full = max(rate, before.full) if before is not None else rate
    return Slowdown(full=full, plateau=plateau, start=max(floor, plateau * CUT), since=since)
