"""Keeps the logs of lines' calls to their days and their size."""

import time

from gateways import calls
from preferences import queries as preferences

EVERY = 60.0
"""Seconds between two looks."""

_looked_at = float("-inf")


def mind_logs() -> int:
    """Once a minute: have MongoDB forget after the days that staff set, and let go what is too much."""
    global _looked_at  # noqa: PLW0603  # of this process alone: a look more is harmless
    if time.monotonic() - _looked_at < EVERY:
        return 0
    _looked_at = time.monotonic()
    calls.keep_for(int(preferences.get("log.calls_days")))
    return calls.trim()
