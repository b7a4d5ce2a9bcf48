"""What the phones did with messages: which of them has which id, and what became of it."""

from pathlib import Path

from simulators.sms_gateway.journal import Accepted, Arrival, Journal


class Phones(Journal):
    """The journal of all arrivals; an arrival's line is the phone that it is for.

    An id is known by phone, as the real server has it: two phones can have the same one.
    """

    def __init__(self, path: Path | None = None) -> None:
        super().__init__(path)

    def _clear(self) -> None:
        super()._clear()
        self.by_phone: dict[tuple[str, str], Accepted] = {}

    def _count_outcome(self, arrival: Arrival, outcome: str, fault: str) -> None:
        super()._count_outcome(arrival, outcome, fault)
        if outcome == "accepted":
            self.by_phone[arrival.line, arrival.id] = self.by_id[arrival.id]

    def text_of(self, message: Accepted) -> str:
        return self.arrivals[message.seq - 1].text

    def phone_of(self, message: Accepted) -> str:
        return self.arrivals[message.seq - 1].line
