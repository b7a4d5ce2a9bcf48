"""What every stand-in's journal shares: arrivals in memory, and on file so that a kill loses nothing."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TextIO, TypeVar


class Arrived(Protocol):
    """A raw arrival; the dataclass of a stand-in adds what it knows of one."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    seq: int
    to: str
    outcome: str
    fault: str


Arrival = TypeVar("Arrival", bound=Arrived)


class BaseJournal(Generic[Arrival]):
    """Arrivals, oldest first, with their outcomes and counts.

    With a file, each line of it is one arrival or one outcome, written before anything is answered: a kill loses
    nothing that a sender could know of, and a new start reads it back.
    """

    arrival_type: type[Arrival]

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._clear()
        if path is not None:
            if path.exists():
                self._read_back(path)
            self._file = path.open("a", encoding="utf-8")

    def _clear(self) -> None:
        self.arrivals: list[Arrival] = []
        self.accepted_by_recipient: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def reset(self) -> None:
        """Forget everything, on file too."""
        self._clear()
        if self._path is not None and self._file is not None:
            self._file.close()
            self._file = self._path.open("w", encoding="utf-8")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _keep(self, arrival: Arrival) -> Arrival:
        """Count an arrival and write it down."""
        self._count_arrival(arrival)
        self._write({"arrival": asdict(arrival)})
        return arrival

    def settle(self, arrival: Arrival, outcome: str, fault: str = "") -> None:
        """Write down what became of it. Called once for each arrival."""
        self._count_outcome(arrival, outcome, fault)
        self._write({"outcome": outcome, "seq": arrival.seq, "fault": fault})

    def _write(self, entry: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()

    def _count_arrival(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    def _count_outcome(self, arrival: Arrival, outcome: str, fault: str) -> None:
        arrival.outcome, arrival.fault = outcome, fault
        self.outcomes[outcome] += 1
        if fault:
            self.faults[fault] += 1
        if outcome == "accepted":
            self.accepted_by_recipient[arrival.to] += 1

    def _read_back(self, path: Path) -> None:
        with path.open(encoding="utf-8") as file:
            for text in file:
                try:
                    entry = json.loads(text)
                except ValueError:  # the last line, cut by a kill: its sender had no answer
                    continue
                if "arrival" in entry:
                    self._count_arrival(self.arrival_type(**entry["arrival"]))
                else:
                    self._count_outcome(self.arrivals[entry["seq"] - 1], entry["outcome"], entry["fault"])

    def after(self, seq: int, limit: int) -> list[dict[str, Any]]:
        """Arrivals with a greater sequence number, oldest first."""
        return [asdict(arrival) for arrival in self.arrivals[max(seq, 0) : max(seq, 0) + limit]]

    def _repeated(self) -> dict[str, int]:
        """The recipients that were accepted more than once; what was deduplicated is not counted."""
        return {number: count for number, count in self.accepted_by_recipient.items() if count > 1}

    def _totals(self) -> dict[str, Any]:
        """The counts that every stand-in tells."""
        return {
            "arrivals": len(self.arrivals),
            "accepted": self.outcomes["accepted"],
            "deduplicated": self.outcomes["duplicate"],
            "refused": self.outcomes["refused"],
            "recipients": len(self.accepted_by_recipient),
            "duplicated_recipients": len(self._repeated()),
            "faults": dict(self.faults),
        }

    @staticmethod
    def _shares(counts: Counter[str]) -> dict[str, int]:
        """One sender's counts."""
        return {
            "arrivals": counts["arrivals"],
            "accepted": counts["accepted"],
            "deduplicated": counts["duplicate"],
            "refused": counts["refused"],
        }
