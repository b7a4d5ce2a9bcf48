"""The stand-in's HTTP side: SMS Gate's server, and a phone's own."""

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.sms_gate.phones import Phones
from simulators.sms_gate.webhooks import Webhooks
from simulators.sms_gateway.behaviour import Behaviour, Control
from simulators.sms_gateway.journal import Accepted, Arrival
from simulators.sms_gateway.server import REFUSALS, SmsGateway, close, page

SERVER = "/3rdparty/v1"
DEVICES = ("simulated-phone-00001",)
LOGIN = "sim:sim-password"
SIGNING_KEY = "sim-signing-key"

_HEALTH = {"status": "pass", "version": "simulated", "releaseId": 1}
_SAID = {
    "429": (429, "too many requests"),
    "503": (503, "queue limits exceeded: too many pending messages: 100 / 100"),
    "500": (500, "failed to handle request"),
    "reject": (400, "can't use phone in row 1: invalid phone number"),
}
_WORDS = {"accepted": "Pending", "sent": "Sent", "delivered": "Delivered", "read": "Delivered", "failed": "Failed"}


class SmsGate(SmsGateway):
    """One stand-in, listening on one port of this machine."""

    def __init__(
        self,
        control: Control | None = None,
        *,
        journal: Path | None = None,
        devices: Sequence[str] = DEVICES,
        login: str = LOGIN,
        signing_key: str = SIGNING_KEY,
        hashed: bool = False,
    ) -> None:
        super().__init__(control)
        self.journal: Phones = Phones(journal)
        self.callbacks: Webhooks = Webhooks(self.control, self.journal, signing_key=signing_key)
        self._devices = list(devices)
        self._login = login
        self._hashed = hashed
        self._tokens: dict[str, float] = {}

    async def _talk(self, request: web.BaseRequest) -> web.StreamResponse:
        own = not request.path.startswith(SERVER)  # a phone's own server
        first, _slash, rest = request.path.removeprefix(SERVER).lstrip("/").partition("/")
        if first in ("inbound", "health"):
            return await self._inbound(request) if first == "inbound" else web.json_response(_HEALTH)
        if not self._knows(request.headers.get("Authorization", "")):
            return _error(401, "Unauthorized")
        if first == "messages" or (own and first == "message"):
            return await self._messages(request, rest, own=own)
        if first == "webhooks":
            return await self._webhooks(request, rest)
        route = {("GET", "device" if own else "devices"): self._list_devices, ("POST", "auth"): self._give_token}
        return await route.get((request.method, first), self._nothing)(request)

    async def _nothing(self, request: web.BaseRequest) -> web.Response:
        return _error(404, f"Cannot {request.method} {request.path}")

    # Who asks --------------------------------------------------------------------------------------------------------
    def _knows(self, authorization: str) -> bool:
        scheme, _space, given = authorization.partition(" ")
        if scheme == "Bearer":
            return self._tokens.get(given, 0) > time.monotonic()
        return given == base64.b64encode(self._login.encode()).decode()

    async def _give_token(self, request: web.BaseRequest) -> web.Response:
        life = float(json.loads(await request.read()).get("ttl") or 3600)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = time.monotonic() + life
        ends = (datetime.now(UTC) + timedelta(seconds=life)).isoformat()
        told = {"id": secrets.token_hex(8), "token_type": "Bearer", "access_token": token, "expires_at": ends}
        return web.json_response(told, status=201)

    async def _list_devices(self, request: web.BaseRequest) -> web.Response:
        now = datetime.now(UTC).isoformat()
        common = {"name": "simulated/phone", "createdAt": now, "updatedAt": now, "lastSeen": now}
        return web.json_response([{"id": id, **common} for id in self._devices])

    async def _webhooks(self, request: web.BaseRequest, id: str) -> web.Response:
        if request.method == "POST":
            return web.json_response(self.callbacks.register(json.loads(await request.read())), status=201)
        if request.method == "DELETE":
            self.callbacks.registered.pop(id, None)
            return web.Response(status=204)
        return web.json_response(list(self.callbacks.registered.values()))

    async def _inbound(self, request: web.BaseRequest) -> web.Response:
        given = json.loads(await request.read())
        device = str(given.get("device") or self._devices[0])
        told = await self.callbacks.receive(phone=str(given["phone"]), text=str(given["text"]), device=device)
        return web.json_response({"told": told})

    # Messages --------------------------------------------------------------------------------------------------------
    async def _messages(self, request: web.BaseRequest, id: str, *, own: bool) -> web.StreamResponse:
        if request.method == "POST" and not id:
            return await self._take(request, own=own)
        message = self.journal.by_id.get(id) if request.method == "GET" else None
        return self._told(message) if message else _error(404, "message not found")

    async def _take(self, request: web.BaseRequest, *, own: bool) -> web.StreamResponse:
        try:
            asked = json.loads(await request.read())
            to, text = str(asked["phoneNumbers"][0]), str(asked["textMessage"]["text"])
        except (ValueError, KeyError, IndexError, TypeError):
            return _error(400, "invalid request")
        device = asked.get("deviceId") or self.control.random.choice(self._devices)
        if device not in self._devices:
            return _error(400, "Invalid device ID" if own else "failed to select device: record not found")
        id = str(asked.get("id") or secrets.token_hex(10))
        headers = sorted(request.headers)
        arrival = self.journal.arrive(line=device, to=to, text=text, id=id, method=request.method, headers=headers)
        behaviour = self.control.behaviour_for(device, to)
        await self._wait(behaviour)
        fault = self.control.fault_for(behaviour, device, to, time.monotonic())
        if fault in REFUSALS:
            self.journal.settle(arrival, "refused", fault)
            return self._refuse(request, behaviour, fault)
        return await self._enqueue(request, behaviour, arrival, fault, own=own)

    async def _enqueue(
        self, request: web.BaseRequest, behaviour: Behaviour, arrival: Arrival, fault: str, *, own: bool
    ) -> web.StreamResponse:
        known = self.journal.by_phone.get((arrival.line, arrival.id))
        earlier = known if behaviour.duplicates != "accept" else None
        self.journal.settle(arrival, "duplicate" if earlier else "accepted", fault)
        message = earlier or self.journal.by_phone[arrival.line, arrival.id]
        if not earlier:
            self.callbacks.report(behaviour, message, id=arrival.id, url="")
        if fault == "drop_after":
            return close(request)
        if fault == "500_after":
            return _error(500, "failed to handle request")
        if fault == "html_after":
            return page()
        if fault == "late":
            await asyncio.sleep(behaviour.late_s)
        if earlier and not own:
            return _error(409, "message already exists")
        return self._told(message, status=202)

    def _refuse(self, request: web.BaseRequest, behaviour: Behaviour, fault: str) -> web.StreamResponse:
        if fault not in _SAID:
            return super()._refuse(request, behaviour, fault)
        status, said = _SAID[fault]
        headers = {"Retry-After": behaviour.retry_after} if status == 429 and behaviour.retry_after else None
        return web.json_response({"message": said}, status=status, headers=headers)

    def _told(self, message: Accepted, *, status: int = 200) -> web.Response:
        """A message's state, as its phone told it last."""
        word = _WORDS[message.state]
        hashed = self._hashed and word != "Pending"
        number = hashlib.sha256(message.to.encode()).hexdigest()[:16] if hashed else message.to
        recipient: dict[str, Any] = {"phoneNumber": number, "state": word}
        if word == "Failed":
            recipient["error"] = "Send result: RESULT_ERROR_GENERIC_FAILURE"
        told = {
            "id": self.journal.arrivals[message.seq - 1].id,
            "deviceId": self.journal.phone_of(message),
            "state": word,
            "isHashed": hashed,
            "isEncrypted": False,
            "recipients": [recipient],
            "states": {word: datetime.now(UTC).isoformat()},
        }
        return web.json_response(told, status=status)


def _error(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)
