"""What arrived and what became of it: in memory, and on file when one is given."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from simulators.journal import BaseJournal


@dataclass(slots=True)
class Arrival:
    """One raw request, as it came.

    `at` is Unix time in seconds. `outcome` is empty until it is decided, then accepted, duplicate or refused.
    """

    seq: int
    at: float
    line: str
    to: str
    text: str
    id: str
    method: str
    headers: list[str]
    outcome: str = ""
    fault: str = ""


@dataclass(slots=True)
class Accepted:
    """A message that the gateway took, by its sender's id."""

    seq: int
    provider_id: str
    to: str
    state: str = "accepted"


class Journal(BaseJournal[Arrival]):
    """Every request in order, with what the gateway made of it."""

    arrival_type = Arrival

    def _clear(self) -> None:
        super()._clear()
        self.by_id: dict[str, Accepted] = {}
        self.arrivals_by_recipient: Counter[str] = Counter()
        self.arrivals_by_id: Counter[str] = Counter()
        self.arrivals_by_second: Counter[int] = Counter()
        self.lines: dict[str, Counter[str]] = defaultdict(Counter)
        self.line_seconds: dict[str, Counter[int]] = defaultdict(Counter)
        self.callbacks: Counter[str] = Counter()

    def arrive(self, *, line: str, to: str, text: str, id: str, method: str, headers: list[str]) -> Arrival:
        return self._keep(Arrival(len(self.arrivals) + 1, time.time(), line, to, text, id, method, headers))

    def _count_arrival(self, arrival: Arrival) -> None:
        super()._count_arrival(arrival)
        self.arrivals_by_recipient[arrival.to] += 1
        if arrival.id:
            self.arrivals_by_id[arrival.id] += 1
        self.arrivals_by_second[int(arrival.at)] += 1
        self.lines[arrival.line]["arrivals"] += 1
        self.line_seconds[arrival.line][int(arrival.at)] += 1

    def _count_outcome(self, arrival: Arrival, outcome: str, fault: str) -> None:
        super()._count_outcome(arrival, outcome, fault)
        self.lines[arrival.line][outcome] += 1
        if outcome == "accepted":
            self.by_id[arrival.id or f"sim-{arrival.seq}"] = Accepted(arrival.seq, f"sim-{arrival.seq}", arrival.to)

    def stats(self, *, full: bool = False) -> dict[str, Any]:
        """Counts; `duplicated_recipients` were accepted more than once, what was deduplicated not counted."""
        found = self._totals() | {
            "duplicates_by_id": sum(count - 1 for count in self.arrivals_by_id.values()),
            "max_per_second": max(self.arrivals_by_second.values(), default=0),
            "callbacks": dict(self.callbacks),
            "by_line": {
                line: self._shares(counts) | {"max_per_second": max(self.line_seconds[line].values(), default=0)}
                for line, counts in sorted(self.lines.items())
            },
        }
        if full:
            found["by_recipient"] = dict(self.arrivals_by_recipient)
            found["accepted_by_recipient"] = dict(self.accepted_by_recipient)
            found["repeated_recipients"] = self._repeated()
            found["by_id"] = dict(self.arrivals_by_id)
        return found
