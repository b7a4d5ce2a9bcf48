"""Which MongoDB commands this process sends, as PyMongo tells of them: those of the models and all others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pymongo import monitoring


class CommandListener(monitoring.CommandListener):
    """Counts the commands while somebody asks for it."""

    def __init__(self) -> None:
        self._counts: Counter[str] | None = None

    @contextmanager
    def counting(self) -> Iterator[Counter[str]]:
        self._counts = counts = Counter()
        try:
            yield counts
        finally:
            self._counts = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self._counts is not None:
            self._counts[event.command_name] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


COMMANDS = CommandListener()
# Only clients that are made afterwards tell it. Django makes its own at its first query, when pytest has read this.
monitoring.register(COMMANDS)
