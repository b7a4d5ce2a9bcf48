"""How long to wait before a service that died is started again."""

from dataclasses import dataclass, field

FIRST = 0.2
MOST = 10.0
FORGIVEN_AFTER = 30.0


@dataclass(slots=True)
class Backoff:
    """Delays in seconds that double from `first` to `most`, and start over after a life of `forgiven_after`."""

    first: float = FIRST
    most: float = MOST
    forgiven_after: float = FORGIVEN_AFTER
    _next: float = field(default=0.0, init=False)

    def died(self, *, lived: float) -> float:
        """The delay before the next start of a service that lived this many seconds."""
        delay = self.first if lived >= self.forgiven_after or not self._next else self._next
        self._next = min(delay * 2, self.most)
        return delay
