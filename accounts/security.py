"""How strict signing in is, as administrators have set it (preferences, group `security`)."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from preferences import queries


def unused_for() -> timedelta:
    """How long a sign-in lasts that nobody uses."""
    return timedelta(days=queries.get("security.sign_in_days"))


def failure_limit(request: HttpRequest | None, credentials: Any) -> int:
    """After how many failed tries whoever guesses has to wait (AXES_FAILURE_LIMIT)."""
    return int(queries.get("security.failures"))


def cool_off(request: HttpRequest | None = None) -> timedelta:
    """How long they wait (AXES_COOLOFF_TIME)."""
    return timedelta(minutes=queries.get("security.wait_minutes"))
