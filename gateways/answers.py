"""What any far side's answer may say beside its own words: when to come back, and that it is no gateway's at all."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateways.transport import Answer

_LONGEST_REST = 3600.0


def retry_after(text: str, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, at most an hour; None when it says nothing readable."""
    text = text.strip()
    if not text:
        return None
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return min(float(text), _LONGEST_REST)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return min(max((date - now).total_seconds(), 0.0), _LONGEST_REST)


def is_page(answer: Answer) -> bool:
    """Whether it is a web page, as a proxy, a login or a captive portal shows one."""
    kind = answer.headers.get("content-type", "").lower()
    return "html" in kind or answer.body.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html"))
