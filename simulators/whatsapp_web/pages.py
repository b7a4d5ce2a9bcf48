"""One open page: the WebSocket to it, and what it asks for."""

import asyncio
import json
import re
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from simulators.whatsapp_web.behaviour import digits
from simulators.whatsapp_web.delivery import Delivery, Unreadable
from simulators.whatsapp_web.devices import Device, Devices, Refused
from simulators.whatsapp_web.journal import Journal
from simulators.whatsapp_web.records import Record

MAX_MESSAGE = 96 * 1024 * 1024  # bytes: a document of 64 MiB, as base64 in JSON
PROFILE = re.compile(r"[0-9a-f-]{8,64}")


class Page:
    """Writes in the order in which it is told, without making anybody wait for the page."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def push(self, payload: dict[str, Any]) -> None:
        self._queue.put_nowait(payload)

    async def write(self) -> None:
        with suppress(ConnectionError):  # the page is gone; its reader notices too
            while True:
                await self._socket.send_str(json.dumps(await self._queue.get()))


class Pages:
    def __init__(self, journal: Journal, devices: Devices, delivery: Delivery) -> None:
        self._journal = journal
        self._devices = devices
        self._delivery = delivery
        self._open: set[web.WebSocketResponse] = set()

    async def close(self) -> None:
        for socket in list(self._open):
            await socket.close()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /ws?profile=ID[&fresh=1]: `fresh` right after the page has loaded."""
        profile = request.query.get("profile", "")
        if not PROFILE.fullmatch(profile):
            return web.json_response({"error": "a profile is needed"}, status=400)
        socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE, heartbeat=20)
        await socket.prepare(request)
        page = Page(socket)
        writer = asyncio.create_task(page.write())
        device = self._devices.connect(profile, page)
        self._open.add(socket)
        try:
            page.push({"op": "keys", **device.keys})
            if device.number:
                page.push(self.login(device))
            self._devices.begin(device, fresh=request.query.get("fresh") == "1")
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    asked: Record = json.loads(message.data)
                    answer = self._answer(device, asked)
                    if "n" in asked:
                        page.push({"re": asked["n"], **answer})
        finally:
            self._open.discard(socket)
            self._devices.disconnect(device, page)
            writer.cancel()
        return socket

    def login(self, device: Device) -> dict[str, Any]:
        """What a paired page must know before it can show anything."""
        me = self._delivery.own(device.number)
        return {"op": "login", **me, "chats": self._delivery.chats(device.number, without=device.missing)}

    def _answer(self, device: Device, asked: Record) -> Record:
        op = asked.get("op")
        if op == "send":
            return self._delivery.take(device, asked)
        if op == "confirm":
            self._devices.confirm(device, int(asked["seq"]))
        elif op == "presence":
            self._journal.signs[str(asked["state"])] += 1
        elif op == "refresh_qr":
            self._devices.begin(device, fresh=False)
        elif op == "link_code":
            try:
                return {"code": self._devices.give_code(device, digits(str(asked["phone"])))}
            except Refused as error:
                return {"error": str(error)}
        elif device.number:
            return self._answer_paired(device, asked)
        else:
            return {"error": "not logged in"}
        return {}

    def _answer_paired(self, device: Device, asked: Record) -> Record:  # noqa: PLR0911 - one line for each question
        account = device.number
        match asked.get("op"):
            case "exists":
                try:
                    return self._delivery.exists(str(asked["wid"]))
                except Unreadable as error:
                    return {"error": str(error)}
            case "chat":
                return {"chat": self._delivery.chat(account, str(asked["wid"]), without=device.missing)}
            case "known":
                return self._delivery.known(account, str(asked["id"]))
            case "lookup":
                found = self._delivery.message(account, str(asked["id"]), str(asked["chat"]))
                return {"message": None if asked["id"] in device.missing else found}
            case "history":
                return {"messages": self._history(device, asked)}
            case "media":
                return {"data": self._delivery.media(account, str(asked["id"]))}
            case "seen":
                self._delivery.seen(account, str(asked["chat"]))
            case "logout":
                self._devices.unlink(device, "user_initiated")
            case other:
                return {"error": f"the stand-in doesn't know {other!r}"}
        return {}

    def _history(self, device: Device, asked: Record) -> list[Record]:
        """Messages of a chat on one side of a message of it, oldest first; all when that one is not known."""
        chat, count = str(asked["chat"]), int(asked["count"])
        missing = device.missing
        said = self._delivery.messages(device.number)
        found = [one for one in said if one["chat"] == chat and one["id"] not in missing]
        place = next((at for at, one in enumerate(found) if one["id"] == asked["id"]), None)
        if asked["direction"] == "after":
            found = found if place is None else found[place + 1 :]
            return found if count < 0 else found[:count]
        found = found[:place]
        return found if count < 0 else found[len(found) - min(count, len(found)) :]
