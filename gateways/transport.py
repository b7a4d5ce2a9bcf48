"""Sends a batch of HTTP requests, each at most once, and tells of each how sure we are of what became of it.

What makes a request safe to send again is whether a byte of it can have gone out. aiohttp connects first and writes
then: the call that begins to write is the border. Before it an error is REFUSED, after it UNKNOWN.

The loop runs only while the caller waits for the next answer: no request starts behind the back of an engine that
stopped listening, and closing the generator leaves neither a thread nor an open connection.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Coroutine, Iterator, Mapping, MutableMapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from domain.delivery import ErrorKind, Scope, SendError
from gateways.net import GuardedResolver, PrivateAddress, is_private_literal
from gateways.provider import Line

BODY_LIMIT = 64 * 1024
CONNECT_TIMEOUT = 10.0
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request of an attempt. `url` is escaped already."""

    attempt_id: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in lower case. `body` ends at the way's limit, and is `cut` if it was longer."""

    attempt_id: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a request looked like on its way: its headers, none if it was never written, and its time in seconds."""

    headers: Mapping[str, str] = field(repr=False)
    seconds: float


@dataclass(frozen=True, slots=True)
class Way:
    """How the requests of a line travel. `timeout` is a request's, in seconds; 0 per second is no limit.

    `body_limit` is how many bytes are read of an answer.
    """

    timeout: float
    concurrency: int = 16
    per_second: float = 0
    verify_tls: bool = True
    allow_private: bool = False
    body_limit: int = BODY_LIMIT


def way_of(line: Line, *, per_second: float = 0, body_limit: int = BODY_LIMIT) -> Way:
    """How a line's requests travel, by the fields that all kinds declare (gateways.common_fields)."""
    config = line.config
    return Way(
        timeout=float(config["timeout_s"]),
        concurrency=config["concurrency"],
        per_second=per_second,
        verify_tls=config["verify_tls"],
        allow_private=line.allow_private,
        body_limit=body_limit,
    )


class _StandingLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still while nobody runs it.

    The engine stores answers between two of our steps, and may wait for its database there. An answer that came
    meanwhile lies in its socket: it must be read before its timeout strikes.
    """

    def __init__(self) -> None:
        self._stood = 0.0
        self._left: float | None = None
        super().__init__()

    def time(self) -> float:
        return super().time() - self._stood

    def step(self, awaitable: Coroutine[Any, Any, Result]) -> Result:
        """Run until the awaitable is done; the time since the last step does not count."""
        if self._left is not None:
            self._stood += super().time() - self._left
        try:
            return self.run_until_complete(awaitable)
        finally:
            self._left = super().time()


class _NotStarted(Exception):
    """The time to start requests had passed."""


class _SecondTry(Exception):
    """aiohttp was about to send the same request on another connection."""


@dataclass(slots=True)
class _Course:
    """How far a request came. `begun`: bytes of it may be on their way."""

    not_after: float
    connect: float
    """Seconds that connecting may take after that."""
    begun: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those of the request as it is written."""

    def begin(self) -> None:
        """Called right before the request is written."""
        if self.begun:
            # aiohttp repeats a GET or PUT by itself when a kept connection turns out to be dead. It can't know
            # whether the far side had read the request, and nor can we.
            raise _SecondTry
        # Connecting was its start, and may take a while; but a process that was frozen in between writes no more.
        self._check(self.not_after + self.connect)
        self.begun = True

    def check_start(self) -> None:
        """Called right before it connects."""
        self._check(self.not_after)

    def _check(self, limit: float) -> None:
        if time.monotonic() > limit:
            raise _NotStarted


_course: ContextVar[_Course] = ContextVar("course")


class _OneTry(aiohttp.ClientRequest):
    """A request that tells its course when it is about to be written."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        course = _course.get()
        course.begin()
        course.headers = dict(self.headers)
        return await super().send(conn)


def exchange(
    requests: Sequence[Request], way: Way, *, not_after: float, seen: MutableMapping[str, Seen] | None = None
) -> Iterator[Answer | SendError]:
    """One answer or error for each request, as they come. No request starts after `not_after` (time.monotonic()).

    `seen` gets what each looked like, by attempt, before its answer is given.
    """
    loop = _StandingLoop()
    batch = _Batch(way, not_after, seen)
    started = time.monotonic()
    try:
        loop.step(batch.start(requests))
        for _ in requests:
            yield loop.step(batch.results.get())
        if way.per_second:  # so that the next batch keeps the rate too
            loop.step(asyncio.sleep(started + len(requests) / way.per_second - time.monotonic()))
    finally:
        loop.step(batch.close())
        loop.close()


class _Batch:
    """The requests of one call, their session and their results."""

    def __init__(self, way: Way, not_after: float, seen: MutableMapping[str, Seen] | None) -> None:
        self._seen = seen
        self.results: asyncio.Queue[Answer | SendError] = asyncio.Queue()
        self._way = way
        self._not_after = not_after
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(way.concurrency)

    async def start(self, requests: Sequence[Request]) -> None:
        self._session = session = self._open()
        loop = asyncio.get_running_loop()
        first = loop.time()
        for place, request in enumerate(requests):
            at = first + place / self._way.per_second if self._way.per_second else first
            self._tasks.append(loop.create_task(self._run(session, request, at)))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)  # the transports close in the next step of the loop

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            request_class=_OneTry,
            connector=aiohttp.TCPConnector(
                limit=0,
                resolver=None if self._way.allow_private else GuardedResolver(),
                ssl=self._way.verify_tls,
                # The far side may close an idle connection just as we write on it: none is kept for long.
                keepalive_timeout=2,
            ),
            timeout=aiohttp.ClientTimeout(total=self._way.timeout, connect=min(CONNECT_TIMEOUT, self._way.timeout)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _run(self, session: aiohttp.ClientSession, request: Request, at: float) -> None:
        course = _Course(self._not_after, min(CONNECT_TIMEOUT, self._way.timeout))
        _course.set(course)
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with self._slots:
                await asyncio.sleep(at - loop.time())
                began = loop.time()
                course.check_start()  # before connecting too: a line that is down shouldn't be tried for nothing
                result: Answer | SendError = await self._exchange(session, request)
        except Exception as error:
            result = failure(request.attempt_id, error, begun=course.begun)
        if self._seen is not None:
            self._seen[request.attempt_id] = Seen(course.headers, loop.time() - began)
        self.results.put_nowait(result)

    async def _exchange(self, session: aiohttp.ClientSession, request: Request) -> Answer:
        url = URL(request.url, encoded=True)
        if not self._way.allow_private and is_private_literal(url.host or ""):
            raise PrivateAddress("is a private address")
        async with session.request(
            request.method,
            url,
            data=request.body,
            headers={"Accept-Encoding": "identity", **request.headers},
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
        ) as response:
            body, cut = await _read(response, self._way.body_limit)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(request.attempt_id, response.status, headers, body, cut)


async def _read(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """The body up to the limit, and whether it is longer: its connection is dropped then."""
    body = bytearray()
    while len(body) <= limit:
        chunk = await response.content.read(limit + 1 - len(body))
        if not chunk:
            return bytes(body), False
        body += chunk
    response.close()
    return bytes(body[:limit]), True


def failure(attempt_id: str, error: Exception, *, begun: bool) -> SendError:
    """The error that an exception of aiohttp stands for. Its own text is not used: it may hold the address."""
    if isinstance(error, _NotStarted):
        return SendError(attempt_id, ErrorKind.REFUSED, "not_started", "Its time to start had passed.")
    if begun:
        code, detail = _lost(error)
        return SendError(attempt_id, ErrorKind.UNKNOWN, code, detail, Scope.LINE)
    code, detail = _not_connected(error)
    kind = ErrorKind.PERMANENT if code == "unsendable" else ErrorKind.REFUSED
    return SendError(attempt_id, kind, code, detail, Scope.LINE)


def _lost(error: Exception) -> tuple[str, str]:
    """Why there is no answer to a request that may have arrived."""
    if isinstance(error, TimeoutError):
        return "timeout", "No answer in time."
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError | _SecondTry | aiohttp.ClientOSError):
        return "disconnected", "The connection ended before the answer."
    if isinstance(error, aiohttp.ClientPayloadError):
        return "cut_answer", "The answer was cut short."
    if isinstance(error, aiohttp.ClientResponseError):
        return "unreadable", "The answer isn't HTTP."
    return "lost", f"The answer was lost ({type(error).__name__})."


def _not_connected(error: Exception) -> tuple[str, str]:
    """Why there was no connection to send on."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, PrivateAddress):
        return "private_address", "The line's host is on a private address; ALLOW_PRIVATE_GATEWAYS allows that."
    if isinstance(cause, socket.gaierror):
        return "dns", "The host's name doesn't resolve."
    if isinstance(error, aiohttp.ClientSSLError) or isinstance(cause, ssl.SSLError | ssl.CertificateError):
        return "tls", "The TLS handshake failed: see the host's certificate."
    if isinstance(error, aiohttp.NonHttpUrlClientError | ValueError):  # after TLS: a bad certificate is one too
        return "unsendable", "The line's address can't be called: see its url."
    if isinstance(error, TimeoutError):
        return "connect_timeout", "The host took no connection in time."
    return "connect", "The host took no connection."
