"""How fast a session may ask about numbers, and how long a check takes."""

HOUR = 3_600.0
JITTER = 0.5
"""Up to so much longer than the shortest pause that keeps within the hour's limit: a clock would ask otherwise."""


def pause(per_hour: int, draw: float) -> float:
    """Seconds until a session may ask again, never less than the hour's share; `draw` is in [0, 1)."""
    return HOUR / max(1, per_hour) * (1 + JITTER * draw)


def seconds_left(waiting: int, *, per_hour: int, sessions: int) -> float | None:
    """About how long the numbers that wait will take; None while no session asks."""
    if sessions < 1:
        return None
    return waiting * HOUR / max(1, per_hour) * (1 + JITTER / 2) / sessions
