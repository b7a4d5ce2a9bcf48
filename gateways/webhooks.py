"""Takes the reports and texts that gateways post to us: checks, reads, and answers once they are stored.

An ASGI application of its own, in front of Django's: a running campaign brings hundreds of calls a second, and a
request through Django's views costs more than all of this. Nothing here says the address of a call, which is a secret.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from bson import ObjectId
from django.conf import settings
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from domain.delivery import Incoming, Receipt
from gateways.callback_calls import callback_call
from gateways.callers import Callers
from gateways.provider import InvalidWebhook, Line, WebhookRequest
from gateways.registry import HOOKS, provider_for
from lib.sealed import CannotUnseal
from messaging.receipt_batches import NotStored, ReceiptBatches

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Items = Sequence[Receipt | Incoming]

BODY_LIMIT = 1024 * 1024
BODY_SECONDS = 30.0
"""How long a body may take to arrive."""

MOST_VALUES = 60_000
"""Values of one call. Python makes an object of each, and no other thread runs meanwhile: half a million empty lists
fit into a body, and hold up every page for a second or two. A thousand reports of sixty fields do not."""

VALUE_MARKS = (b"[", b"{", b",")
SMALL = 16 * 1024
"""Bodies up to here are read on the event loop: a thread would cost more than the reading."""

logger = logging.getLogger(__name__)


class _Refused(Exception):
    """The call gets this status, and this text, in place of a 200."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(status)
        self.status, self.text = status, text


class _Gone(Exception):
    """The far side hung up before its body was whole."""


@dataclass(slots=True)
class _Heard:
    """What is known of a call so far, for the log of its line: nothing while it is no line's."""

    came: float
    line: Line | None = None
    secret: str = ""
    request: WebhookRequest | None = None
    items: Items = ()

    def record(self, scope: Scope, status: int, text: str) -> None:
        if self.line is None:
            return
        query = scope["query_string"].decode("latin-1")
        address = f"{settings.PUBLIC_URL.rstrip('/')}{scope['path']}{'?' if query else ''}{query}"
        call = callback_call(
            self.line,
            self.request or WebhookRequest(scope["method"], _headers(scope), {}, b""),
            address,
            self.secret,
            items=self.items,
            status=status,
            text=text,
            seconds=time.monotonic() - self.came,
        )
        self.line.record(call)


class Webhooks:
    """Answers `/hooks/<gateway id>/<secret>`. Belongs to the event loop of its first call.

    200: everything is stored. 400: unreadable. 404: no such line, or not its secret. 405, 408, 413: the request's
    shape. 503: it could not be stored now, and nothing is lost if the far side calls again.
    """

    def __init__(self, *, body_seconds: float = BODY_SECONDS) -> None:
        self._body_seconds = body_seconds
        threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="webhooks")
        self._callers = Callers(threads)
        self._batches = ReceiptBatches(threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, text = 200, ""
        heard = _Heard(time.monotonic())
        try:
            await self._take(scope, receive, heard)
        except _Gone:
            return
        except _Refused as refused:
            status, text = refused.status, refused.text
        except (NotStored, DatabaseError, PyMongoError, CannotUnseal) as error:
            # Its name alone: what MongoDB says of a failed write repeats the documents.
            away = {"code": "callback.away"}
            logger.warning("A gateway's call has to come again: %s", type(error).__name__, extra=away)
            status = 503
        except Exception:
            logger.exception("A gateway's call could not be read", extra={"code": "callback.fault"})
            status = 500
        heard.record(scope, status, text)
        body = text.encode(errors="replace")
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        if status == 405:
            headers.append((b"allow", b"GET, POST"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _take(self, scope: Scope, receive: Receive, heard: _Heard) -> None:
        """Store what one call says, and note what was heard of it. Raises what __call__ turns into an answer."""
        if scope["method"] not in ("GET", "POST"):
            raise _Refused(405)
        gateway_id, slash, secret = scope["path"].removeprefix(HOOKS).partition("/")
        if not slash or not ObjectId.is_valid(gateway_id):
            raise _Refused(404)
        line = await self._callers.line(gateway_id, secret)
        if line is None:
            raise _Refused(404)
        heard.line, heard.secret = line, secret
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _body(receive)
        except TimeoutError:
            raise _Refused(408) from None
        heard.request = request = WebhookRequest(scope["method"], _headers(scope), _query(scope), body)
        try:
            small = len(body) <= SMALL
            heard.items = _items(line, request) if small else await asyncio.to_thread(_items, line, request)
        except InvalidWebhook as error:
            raise _Refused(400, str(error)) from None
        await self._batches.store(line.id, heard.items)


def _items(line: Line, request: WebhookRequest) -> Items:
    return list(provider_for(line).receipts(request))


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_LIMIT:
            raise _Refused(413, f"the body is longer than {BODY_LIMIT:,} bytes: report less in one call")
        more = message.get("more_body", False)
    body = b"".join(parts)
    if sum(body.count(mark) for mark in VALUE_MARKS) > MOST_VALUES:
        raise _Refused(413, f"the body has more than {MOST_VALUES:,} values: report less in one call")
    return body


def _headers(scope: Scope) -> dict[str, str]:
    """By names as in Content-Type; a repeated header's values are joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").title(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _query(scope: Scope) -> dict[str, str]:
    """The last value of each name."""
    try:
        return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=1000))
    except ValueError:
        raise _Refused(400, "the query has too many fields") from None
