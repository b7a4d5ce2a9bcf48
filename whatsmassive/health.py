"""Whether this web process answers, and whether what it needs is there: GET /health/ and GET /health/ready/.

It stands before Django: a probe names a host that the pages don't answer to, and must not wait for a session's
database. The first says only that the process answers. The second says "ok" or "away" of MongoDB and of Redis, and 503
when one is away; it tells nothing else, because anybody may ask.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pymongo
import redis.asyncio as redis
from django.conf import settings
from django.db import DatabaseError, connection
from pymongo.errors import PyMongoError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

PREFIX = "/health/"
LIVE, READY = PREFIX, f"{PREFIX}ready/"
PATIENCE = 2.0
"""Seconds that MongoDB and Redis have to answer in."""
KEPT = 1.0
"""Seconds that an answer is given again: whoever asks often asks MongoDB and Redis once a second."""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Health:
    """The ASGI application of both addresses."""

    def __init__(self) -> None:
        self._looking = asyncio.Lock()
        self._found: dict[str, bool] = {}
        self._found_at = float("-inf")

    async def __call__(
        self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send
    ) -> None:
        if scope["path"] not in (LIVE, READY):
            await _answer(send, 404, {"error": "not found"})
        elif scope["method"] not in ("GET", "HEAD"):
            await _answer(send, 405, {"error": "GET only"})
        elif scope["path"] == LIVE:
            await _answer(send, 200, {"web": "ok"})
        else:
            found = await self._look()
            told = {name: "ok" if there else "away" for name, there in found.items()}
            await _answer(send, 200 if all(found.values()) else 503, told)

    async def _look(self) -> dict[str, bool]:
        """What answers; one look at a time, for all who ask meanwhile."""
        async with self._looking:
            if time.monotonic() - self._found_at > KEPT:
                mongodb, broker = await asyncio.gather(asyncio.to_thread(_mongodb_answers), _redis_answers())
                self._found, self._found_at = {"mongodb": mongodb, "redis": broker}, time.monotonic()
            return self._found


def _mongodb_answers() -> bool:
    try:
        with pymongo.timeout(PATIENCE):
            # Its clients are shared between threads: this one leaves no connection behind.
            connection.ensure_connection()
            connection.connection.admin.command("ping")
    except (PyMongoError, DatabaseError):
        return False
    return True


async def _redis_answers() -> bool:
    # Its own client: one of the application may be waiting in a long read. And without the client's own retries.
    client = redis.from_url(
        settings.CELERY_BROKER_URL,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        return bool(await client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        await client.aclose()


async def _answer(send: Send, status: int, told: Mapping[str, str]) -> None:
    body = json.dumps(told).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
