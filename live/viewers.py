"""Who looks at a page or a socket: the language that it speaks to them, and the time zone in which it tells times.

Users are known here by their attributes alone: what they are is told further up.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings


def language_of(user: Any, cookies: Mapping[str, str]) -> str:
    """What the user chose, else what this browser did, else the product's own."""
    known = dict(settings.LANGUAGES)
    chosen = (getattr(user, "language", ""), cookies.get(settings.LANGUAGE_COOKIE_NAME, ""))
    return next((each for each in chosen if each in known), settings.LANGUAGE_CODE)


def zone_of(user: Any) -> ZoneInfo:
    """The user's time zone, else the installation's."""
    return _zone(getattr(user, "time_zone", "") or settings.TIME_ZONE)


@lru_cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # the machine's list of zones has lost it
        return ZoneInfo(settings.TIME_ZONE)
