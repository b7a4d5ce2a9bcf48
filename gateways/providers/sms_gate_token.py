"""Tokens of SMS Gate that were made with a line's user and password, kept in this process while they live.

Not stored: the password is there anyway, so each process makes one of its own at most once an hour, and what is in no
database is in no backup. A line whose credentials or address change finds none of its old ones.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateways.providers.sms_gate_answer import content_of, text_of, time_of
from gateways.transport import Answer

LIFE = 3600
"""Seconds that a token is asked for."""

MARGIN = 60.0
"""Seconds before its end at which a token is used no more."""

SCOPES = ("messages:send", "messages:read", "devices:list", "webhooks:list", "webhooks:write", "webhooks:delete")

_MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Token:
    """A token and until when it may be used, in seconds of time.monotonic()."""

    text: str = field(repr=False)
    until: float


_kept: dict[str, Token] = {}


def key_of(line_id: str, config: Mapping[str, Any]) -> str:
    """What a token is kept by: the line with its address and credentials."""
    told = json.dumps([line_id, config["base_url"], config["token"]])
    return hashlib.sha256(told.encode()).hexdigest()


def kept(key: str) -> str | None:
    """The token that may still be used."""
    found = _kept.get(key)
    return found.text if found is not None and found.until > time.monotonic() else None


def keep(key: str, token: Token) -> None:
    if len(_kept) >= _MOST_KEPT:  # lines are counted in dozens: these are of credentials that have changed
        _kept.clear()
    _kept[key] = token


def forget(key: str) -> None:
    """Drop a token that the far side takes no more."""
    _kept.pop(key, None)


def request_body() -> bytes:
    return json.dumps({"ttl": LIFE, "scopes": SCOPES}).encode()


def read_token(answer: Answer, *, now: datetime) -> Token | None:
    """The token that the answer brings; None when it brings none."""
    content = content_of(answer.body) if 200 <= answer.status < 300 else None
    if not isinstance(content, dict):
        return None
    # The server writes access_token; the vendor's own client reads accessToken.
    text = text_of(content.get("access_token")) or text_of(content.get("accessToken"))
    end = time_of(content.get("expires_at")) or time_of(content.get("expiresAt"))
    if not text or not text.isascii() or not text.isprintable():
        return None
    left = min((end - now).total_seconds(), float(LIFE)) if end else 2 * MARGIN
    return Token(text, time.monotonic() + left - MARGIN)
