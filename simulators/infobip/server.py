"""The stand-in's HTTP side: takes requests of many messages, and does to them what its behaviour says."""

import asyncio
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.infobip.reports import Reported, Reports, taken
from simulators.infobip.words import ACCEPTED, BAD_NUMBER, NO_CREDIT, REPEATED, Json, error, moment, report
from simulators.sms_gateway.behaviour import Behaviour, Control
from simulators.sms_gateway.journal import Arrival
from simulators.sms_gateway.server import SmsGateway, close, page

SENDS = ("/sms/3/messages", "/sms/2/text/advanced")
AUTHS = ("App", "Basic", "IBSSO", "Bearer")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request, whichever version it came by."""

    sender: str
    to: str
    id: str
    text: str
    url: str
    data: str


class InfobipGateway(SmsGateway):
    """One stand-in, listening on one port of this machine."""

    def __init__(self, control: Control | None = None, *, journal: Path | None = None, key: str = "") -> None:
        super().__init__(control, journal=journal)
        self._reports = self.callbacks = Reports(self.control, self.journal)
        self._reports.begin()
        self.key = key
        self.balance = 1_000_000.0
        self.requests = 0
        self.largest = 0

    async def _talk(self, request: web.BaseRequest) -> web.StreamResponse:
        route = {
            **{("POST", path): self._messages for path in SENDS},
            **{("GET", f"/sms/{version}/reports"): self._give_reports for version in (1, 3)},
            **{("GET", f"/sms/{version}/logs"): self._give_logs for version in (1, 3)},
            ("GET", "/sms/1/inbox/reports"): self._give_texts,
            ("GET", "/account/1/balance"): self._give_balance,
        }.get((request.method, request.path))
        if route is not None:
            if not self._let_in(request):
                return web.json_response(error(request.path, "UNAUTHORIZED", "Invalid login details"), status=401)
            return await route(request)
        if (request.method, request.path) == ("POST", "/inbound"):
            return await self._inbound(request)
        if (request.method, request.path) == ("PUT", "/account"):
            given = json.loads(await request.read())
            self.balance, self.key = float(given.get("balance", self.balance)), str(given.get("key", self.key))
            return web.json_response({})
        return web.json_response(error(request.path, "NOT_FOUND", "Requested URL not found"), status=404)

    def _let_in(self, request: web.BaseRequest) -> bool:
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        return scheme in AUTHS and credential != "" and credential == (self.key or credential)

    def stats(self, *, full: bool) -> Json:
        return {**super().stats(full=full), "requests": self.requests, "largest_request": self.largest}

    def forget(self) -> None:
        super().forget()
        self._reports.begin()
        self.requests = self.largest = 0

    # Sends -----------------------------------------------------------------------------------------------------------
    async def _messages(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            found = _messages_in(json.loads(await request.read()), request.path)
        except (ValueError, KeyError, TypeError, AttributeError):
            return web.json_response(error(request.path, "E400", "Bad request"), status=400)
        self.requests += 1
        self.largest = max(self.largest, len(found))
        arrivals = [
            self.journal.arrive(line=each.sender, to=each.to, text=each.text, id=each.id, method="POST", headers=[])
            for each in found
        ]
        line = found[0].sender if found else ""
        behaviour = self.control.behaviour_for(line, "")
        await self._wait(behaviour)
        fault = self.control.fault_for(behaviour, line, "", time.monotonic())
        refused = _REFUSED.get(fault)
        poisoned = [] if refused else [place for place, each in enumerate(found) if self._strikes(each, "reject")]
        if refused or poisoned or not found:
            for arrival in arrivals:
                self.journal.settle(arrival, "refused", fault or "reject")
            return refused(request, behaviour) if refused else _poisoned(request, found, poisoned)
        return await self._accept_all(request, behaviour, list(zip(found, arrivals, strict=True)), fault)

    def _strikes(self, message: Message, fault: str) -> bool:
        """Whether the recipient's own rule has this fault."""
        if not self.control.recipients:
            return False
        chance = self.control.behaviour_for(message.sender, message.to).faults.get(fault, 0)
        return bool(chance) and self.control.random.random() < chance

    async def _accept_all(
        self, request: web.BaseRequest, behaviour: Behaviour, pairs: Sequence[tuple[Message, Arrival]], fault: str
    ) -> web.StreamResponse:
        bulk = uuid.uuid4().hex
        accepted: list[Reported] = []
        answers = []
        for message, arrival in pairs:
            status = self._take(message, arrival, behaviour, fault)
            if arrival.outcome == "accepted":
                mine = self.journal.by_id[message.id or f"sim-{arrival.seq}"]
                accepted.append(Reported(mine, message.id, message.url, message.data, bulk, arrival.at))
            told: Json = {"messageId": message.id, "status": status}
            if request.path.startswith("/sms/3/"):
                answers.append(told | {"destination": message.to, "details": {"messageCount": 1}})
            else:
                answers.append(told | {"to": message.to, "smsCount": 1})
        self._reports.report_all(behaviour, accepted)
        if fault == "drop_after":
            return close(request)
        if fault == "500_after":
            return _failed(request, behaviour)
        if fault == "html_after":
            return page()
        if fault == "late":
            await asyncio.sleep(behaviour.late_s)
        return web.json_response({"bulkId": bulk, "messages": answers})

    def _take(self, message: Message, arrival: Arrival, behaviour: Behaviour, fault: str) -> Json:
        """Decide one message; the status that its answer has."""
        if message.id and behaviour.duplicates != "accept" and message.id in self.journal.by_id:
            self.journal.settle(arrival, "duplicate", fault)
            return REPEATED if behaviour.duplicates == "409" else ACCEPTED
        if self.balance < 1 or self._strikes(message, "error_body"):
            self.journal.settle(arrival, "refused", "no_credit" if self.balance < 1 else "error_body")
            return NO_CREDIT if self.balance < 1 else BAD_NUMBER
        self.balance -= 1
        self.journal.settle(arrival, "accepted", fault)
        return ACCEPTED

    # What it is asked for --------------------------------------------------------------------------------------------
    async def _give_reports(self, request: web.BaseRequest) -> web.Response:
        return web.json_response({"results": taken(self._reports.kept, _limit(request))})

    async def _give_texts(self, request: web.BaseRequest) -> web.Response:
        results = taken(self._reports.texts, _limit(request))
        left = len(self._reports.texts)
        return web.json_response({"results": results, "messageCount": len(results), "pendingMessageCount": left})

    async def _give_logs(self, request: web.BaseRequest) -> web.Response:
        id = request.query.get("messageId", "")
        known = self.journal.by_id.get(id)
        results = []
        if known is not None:
            arrival = self.journal.arrivals[known.seq - 1]
            told = report(id, known.to, known.state, bulk="", data="", at=arrival.at)
            results.append(told | {"sender": arrival.line, "destination": known.to})
        return web.json_response({"results": results})

    async def _give_balance(self, request: web.BaseRequest) -> web.Response:
        return web.json_response({"balance": round(self.balance, 2), "currency": "EUR"})

    async def _inbound(self, request: web.BaseRequest) -> web.Response:
        given = json.loads(await request.read())
        text = {
            "messageId": str(given.get("messageId") or uuid.uuid4().hex),
            "from": str(given["from"]).removeprefix("+"),
            "to": str(given.get("to", "")),
            "text": str(given["text"]),
            "cleanText": str(given["text"]),
            "keyword": "",
            "receivedAt": moment(time.time()),
            "smsCount": 1,
            "price": {"pricePerMessage": 0, "currency": "EUR"},
        }
        self._reports.receive(text, str(given.get("url", "")))
        return web.json_response(text)


def _messages_in(content: Any, path: str) -> list[Message]:
    """Raises KeyError, TypeError or AttributeError on what isn't a request."""
    found: list[Message] = []
    for message in content["messages"]:
        if path.startswith("/sms/3/"):
            sender, text = message.get("sender", ""), message["content"]["text"]
            hooks = message.get("webhooks", {})
            url, data = hooks.get("delivery", {}).get("url", ""), hooks.get("callbackData", "")
        else:
            sender, text = message.get("from", ""), message["text"]
            url, data = message.get("notifyUrl", ""), message.get("callbackData", "")
        destinations = message["destinations"]
        found += [Message(sender, each["to"], each.get("messageId", ""), text, url, data) for each in destinations]
    return found


def _limit(request: web.BaseRequest) -> int:
    given = request.query.get("limit", "50")
    return min(int(given), 1000) if given.isdecimal() else 50


def _poisoned(request: web.BaseRequest, found: Sequence[Message], places: Sequence[int]) -> web.Response:
    """The refusal of a request for some of its messages, which version 3 names."""
    violations = [
        {"property": f"messages[{place}].destinations[0].to", "violation": "must be a valid number"} for place in places
    ]
    description = "Request has a message that can't be sent." if found else "Request has no messages."
    return web.json_response(error(request.path, "E400", description, violations), status=400)


def _too_many(request: web.BaseRequest, behaviour: Behaviour) -> web.Response:
    headers = {"Retry-After": behaviour.retry_after} if behaviour.retry_after else None
    return web.json_response(error(request.path, "E429", "Too many requests"), status=429, headers=headers)


def _away(request: web.BaseRequest, behaviour: Behaviour) -> web.Response:
    headers = {"Retry-After": behaviour.retry_after} if behaviour.retry_after else None
    return web.Response(status=503, text="Service Unavailable", headers=headers)


def _failed(request: web.BaseRequest, behaviour: Behaviour) -> web.Response:
    return web.json_response(error(request.path, "E500", "Something went wrong"), status=500)


def _rejected(request: web.BaseRequest, behaviour: Behaviour) -> web.Response:
    return web.json_response(error(request.path, "E400", "Bad request"), status=400)


def _error_body(request: web.BaseRequest, behaviour: Behaviour) -> web.Response:
    return web.json_response(error("", "GENERAL_ERROR", "Something went wrong"))


_REFUSED = {
    "drop_before": lambda request, behaviour: close(request),
    "html": lambda request, behaviour: page(),
    "429": _too_many,
    "503": _away,
    "500": _failed,
    "reject": _rejected,
    "error_body": _error_body,
}
