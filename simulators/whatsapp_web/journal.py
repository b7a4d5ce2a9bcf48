"""What arrived from the pages and what became of it: in memory, and on file when one is given."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from simulators.journal import BaseJournal


@dataclass(slots=True)
class Arrival:
    """One message as a page sent it.

    `at` is Unix time in seconds; `to` the recipient's number, `chat` the id of the chat it was sent in; `id` the hex
    that the client chose. `outcome` is empty until it is decided, then accepted, duplicate (known to the recipient's
    phone), refused (with its fault), or resent (the page's own repetition after a broken connection).
    """

    seq: int
    at: float
    account: str
    profile: str
    to: str
    chat: str
    id: str
    kind: str
    text: str
    mimetype: str
    filename: str
    size: int
    outcome: str = ""
    fault: str = ""


class Journal(BaseJournal[Arrival]):
    """Every message of the pages in order, with what became of it."""

    arrival_type = Arrival

    def _clear(self) -> None:
        super()._clear()
        self.by_recipient: Counter[str] = Counter()
        self.by_id: Counter[tuple[str, str]] = Counter()
        self.resent: Counter[tuple[str, str]] = Counter()
        self.by_account: dict[str, Counter[str]] = defaultdict(Counter)
        # What is not a message is only counted: the number checks, typing and reading of the accounts.
        self.checks: Counter[str] = Counter()
        self.signs: Counter[str] = Counter()

    def arrive(
        self,
        *,
        account: str,
        profile: str,
        to: str,
        chat: str,
        id: str,
        kind: str,
        text: str,
        mimetype: str,
        filename: str,
        size: int,
    ) -> Arrival:
        place = len(self.arrivals) + 1
        return self._keep(
            Arrival(place, time.time(), account, profile, to, chat, id, kind, text, mimetype, filename, size)
        )

    def _count_arrival(self, arrival: Arrival) -> None:
        super()._count_arrival(arrival)
        self.by_recipient[arrival.to] += 1
        self.by_id[arrival.account, arrival.id] += 1
        self.by_account[arrival.account]["arrivals"] += 1

    def _count_outcome(self, arrival: Arrival, outcome: str, fault: str) -> None:
        super()._count_outcome(arrival, outcome, fault)
        self.by_account[arrival.account][outcome] += 1
        if outcome == "resent":
            self.resent[arrival.account, arrival.id] += 1

    def stats(self, *, full: bool = False) -> dict[str, Any]:
        """Counts; `duplicated_recipients` were accepted more than once, what was deduplicated not counted."""
        found = self._totals() | {
            "resent": self.outcomes["resent"],
            "duplicates_by_id": sum(count - 1 - self.resent[key] for key, count in self.by_id.items()),
            "checks": sum(self.checks.values()),
            "signs": dict(self.signs),
            "by_account": {number: self._shares(counts) for number, counts in sorted(self.by_account.items())},
        }
        if full:
            found["by_recipient"] = dict(self.by_recipient)
            found["accepted_by_recipient"] = dict(self.accepted_by_recipient)
            found["repeated_recipients"] = self._repeated()
            found["checks_by_number"] = dict(self.checks)
            by_id: Counter[str] = Counter()
            for (_, id), count in self.by_id.items():
                by_id[id] += count
            found["by_id"] = dict(by_id)
        return found
