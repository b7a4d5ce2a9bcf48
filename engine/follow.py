"""Follows what changes debtors, so that conversations go on knowing whose they are (messaging/following.py)."""

import time

from messaging import following

SPAN_SECONDS = 0.3


def follow_debtors() -> int:
    """Follow their changes for at most SPAN_SECONDS a cursor; returns how many debtors were looked at."""
    following.follow_gone()
    return sum(_follow(cursor) for cursor in following.LIMITS)


def _follow(cursor: str) -> int:
    ends_at = time.monotonic() + SPAN_SECONDS
    total = 0
    while time.monotonic() < ends_at:
        number = following.follow_changes(cursor)
        total += number
        if number < following.PAGE:
            break
    return total
