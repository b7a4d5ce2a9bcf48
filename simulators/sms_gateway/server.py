"""The stand-in's HTTP side: reads a send, journals it, and does to it what its behaviour says."""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from simulators.sms_gateway.behaviour import Behaviour, Control, InvalidControl
from simulators.sms_gateway.callbacks import Callbacks
from simulators.sms_gateway.journal import Accepted, Arrival, Journal

TO = ("to", "phone", "number", "phoneNumber", "phone_number", "recipient", "destination", "msisdn", "mobile")
TEXT = ("text", "message", "msg", "body", "content")
ID = ("id", "messageId", "message_id", "reference", "ref")
CALLBACK = ("callback", "callback_url", "webhook")


class _Drop(asyncio.Protocol):
    """A connection that is closed before anything of it is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()


class SmsGateway:
    """One stand-in, listening on one port of this machine."""

    def __init__(self, control: Control | None = None, *, journal: Path | None = None) -> None:
        self.control = control or Control()
        self.journal = Journal(journal)
        self.callbacks: Callbacks = Callbacks(self.control, self.journal)
        self._server: asyncio.Server | None = None
        self._http: web.Server | None = None
        self.url = ""

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; the address is returned and kept in `url`."""
        self._http = http = web.Server(self._handle, access_log=None)

        def connect() -> asyncio.Protocol:
            if self.control.drop_connections and self.control.random.random() < self.control.drop_connections:
                return _Drop()
            return http()

        self._server = await asyncio.get_running_loop().create_server(connect, host, port, backlog=1024)
        self.url = f"http://{host}:{self._server.sockets[0].getsockname()[1]}"
        return self.url

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._http is not None:
            await self._http.shutdown(timeout=0.2)
        await self.callbacks.close()
        self.journal.close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        route = {
            ("GET", "/stats"): self._stats,
            ("GET", "/journal"): self._journal,
            ("GET", "/control"): self._show_control,
            ("PUT", "/control"): self._change_control,
            ("POST", "/reset"): self._reset,
        }.get((request.method, request.path))
        return await (route or self._talk)(request)

    async def _talk(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer what isn't asked of the stand-in but of the gateway that it plays."""
        path = request.path
        if path == "/send" or path.startswith("/send/"):
            return await self._send(request)
        if request.method == "GET" and path.startswith("/status/"):
            return self._status(path.removeprefix("/status/"))
        return web.json_response({"error": "there is nothing here"}, status=404)

    # The control side ------------------------------------------------------------------------------------------------
    async def _stats(self, request: web.BaseRequest) -> web.Response:
        return web.json_response(self.stats(full=request.query.get("full") == "1"))

    def stats(self, *, full: bool) -> dict[str, Any]:
        """Counts of what arrived and of what was accepted."""
        return self.journal.stats(full=full)

    async def _journal(self, request: web.BaseRequest) -> web.Response:
        try:
            after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 10_000))
        except ValueError:
            return web.json_response({"error": "after and limit are numbers"}, status=400)
        return web.json_response({"arrivals": self.journal.after(after, limit)})

    async def _show_control(self, request: web.BaseRequest) -> web.Response:
        return web.json_response(self.control.shown())

    async def _change_control(self, request: web.BaseRequest) -> web.Response:
        try:
            self.control.update(json.loads(await request.read()))
        except (InvalidControl, ValueError, TypeError, AttributeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(self.control.shown())

    async def _reset(self, request: web.BaseRequest) -> web.Response:
        self.forget()
        return web.json_response({})

    def forget(self) -> None:
        """Forget everything that arrived; the behaviour stays."""
        self.journal.reset()
        self.control.forget()

    def _status(self, id: str) -> web.Response:
        message = self.journal.by_id.get(id)
        if message is None:
            return web.json_response({"error": "unknown id"}, status=404)
        return web.json_response({"id": id, "provider_id": message.provider_id, "status": message.state})

    # Sends -----------------------------------------------------------------------------------------------------------
    async def _send(self, request: web.BaseRequest) -> web.StreamResponse:
        values = _values(request, await request.read())
        to, text, id = _first(values, TO), _first(values, TEXT), _first(values, ID)
        arrival = self.journal.arrive(
            line=request.path, to=to, text=text, id=id, method=request.method, headers=sorted(request.headers)
        )
        behaviour = self.control.behaviour_for(request.path, to)
        await self._wait(behaviour)
        if not to or not text:
            self.journal.settle(arrival, "refused", "incomplete")
            return web.json_response({"error": "a recipient and a text are needed"}, status=400)
        fault = self.control.fault_for(behaviour, request.path, to, time.monotonic())
        if fault in REFUSALS:
            self.journal.settle(arrival, "refused", fault)
            return self._refuse(request, behaviour, fault)
        return await self._accept(request, behaviour, arrival, fault, _first(values, CALLBACK))

    async def _wait(self, behaviour: Behaviour) -> None:
        """Be as slow as the behaviour says."""
        wait = behaviour.latency_ms + (behaviour.jitter_ms * self.control.random.random() if behaviour.jitter_ms else 0)
        if wait:
            await asyncio.sleep(wait / 1000)

    async def _accept(
        self, request: web.BaseRequest, behaviour: Behaviour, arrival: Arrival, fault: str, callback: str
    ) -> web.StreamResponse:
        earlier = self.journal.by_id.get(arrival.id) if arrival.id and behaviour.duplicates != "accept" else None
        self.journal.settle(arrival, "duplicate" if earlier else "accepted", fault)
        message = earlier or self.journal.by_id[arrival.id or f"sim-{arrival.seq}"]
        if not earlier:
            self.callbacks.report(behaviour, message, id=arrival.id, url=callback)
        if fault == "drop_after":
            return close(request)
        if fault == "500_after":
            return web.json_response({"error": "internal error"}, status=500)
        if fault == "html_after":
            return page()
        if fault == "late":
            await asyncio.sleep(behaviour.late_s)
        if earlier and behaviour.duplicates == "409":
            return web.json_response({"error": "duplicate id", "id": earlier.provider_id}, status=409)
        return _accepted(message)

    def _refuse(self, request: web.BaseRequest, behaviour: Behaviour, fault: str) -> web.StreamResponse:
        if fault == "drop_before":
            return close(request)
        if fault not in _SAID:
            return page()
        status, said = _SAID[fault]
        headers = {"Retry-After": behaviour.retry_after} if status == 429 and behaviour.retry_after else None
        return web.json_response(said, status=status, headers=headers)


_SAID = {
    "429": (429, {"error": "too many requests"}),
    "503": (503, {"error": "queue full"}),
    "500": (500, {"error": "internal error"}),
    "reject": (400, {"error": "invalid recipient"}),
    "error_body": (200, {"status": "error", "error": "no credit"}),
}
REFUSALS = {"drop_before", "429", "503", "500", "reject", "html", "error_body"}


def _accepted(message: Accepted) -> web.Response:
    return web.Response(
        body=f'{{"status": "accepted", "id": "{message.provider_id}"}}'.encode(), content_type="application/json"
    )


def page() -> web.Response:
    return web.Response(text="<!doctype html><title>Gateway</title><p>Welcome.", content_type="text/html")


def close(request: web.BaseRequest) -> web.Response:
    """Close the connection with no answer; what is returned never goes out."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _values(request: web.BaseRequest, body: bytes) -> dict[str, Any]:
    """What the send says, from its query and over it its body."""
    values: dict[str, Any] = dict(request.query)
    if not body:
        return values
    if request.content_type == "application/json":
        try:
            found = json.loads(body)
        except ValueError:
            return values
        if isinstance(found, dict):
            values.update(found)
    elif request.content_type == "application/x-www-form-urlencoded":
        values.update(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return values


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = values.get(name)
        if isinstance(value, str | int):
            return str(value)
    return ""
