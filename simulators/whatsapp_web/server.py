"""The stand-in's HTTP side: serves the page, the phone's API with its control page, and what tests count by."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from simulators.whatsapp_web.behaviour import Control, InvalidControl, digits
from simulators.whatsapp_web.delivery import Delivery, Unreadable
from simulators.whatsapp_web.devices import Device, Devices, NotShown, Refused
from simulators.whatsapp_web.journal import Journal
from simulators.whatsapp_web.pages import MAX_MESSAGE, Pages
from simulators.whatsapp_web.records import Record, Records

FILES = Path(__file__).parent / "page"
# As on the real page: no inline scripts, so that whoever injects has to do it as it must be done there.
POLICY = "script-src 'self'; object-src 'none'; require-trusted-types-for 'script'"
PRESENCES = ("composing", "recording", "paused")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Incomplete(ValueError):
    """The request doesn't say everything; the message says what is missing."""


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What can't be done is answered with the reason."""
    try:
        return await handler(request)
    except NotShown as error:
        return web.json_response({"error": str(error.args[0])}, status=404)
    except Refused as error:
        return web.json_response({"error": str(error)}, status=409)
    except (InvalidControl, Unreadable, _Incomplete) as error:
        return web.json_response({"error": str(error)}, status=400)


class WhatsAppWeb:
    """One stand-in, listening on one port of this machine."""

    def __init__(
        self, control: Control | None = None, *, journal: Path | None = None, state: Path | None = None
    ) -> None:
        self.control = control or Control()
        self.journal = Journal(journal)
        self._records = Records(state)
        self.devices = Devices(self.control, self._records)
        self.delivery = Delivery(self.control, self.journal, self._records, self.devices)
        self._pages = Pages(self.journal, self.devices, self.delivery)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self, *, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; the address is returned and kept in `url`."""
        app = web.Application(client_max_size=MAX_MESSAGE, middlewares=[explained])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/phone", self._file("phone.html")),
                web.get("/boot", self._boot),
                web.get("/ws", self._pages.serve),
                web.static("/page", FILES),
                web.get("/devices", self._devices),
                web.get("/accounts", self._accounts),
                web.get("/messages", self._messages),
                web.post("/phone/scan", self._scan),
                web.post("/phone/refuse", self._refuse),
                web.post("/phone/link", self._link),
                web.post("/phone/link_event", self._link_event),
                web.post("/phone/logout", self._logout),
                web.post("/phone/message", self._message),
                web.post("/phone/typing", self._typing),
                web.post("/phone/receipt", self._receipt),
                web.post("/phone/reload", self._reload),
                web.post("/phone/update", self._update),
                web.post("/phone/event", self._event),
                web.get("/stats", self._stats),
                web.get("/journal", self._journal),
                web.get("/control", self._show_control),
                web.put("/control", self._change_control),
                web.post("/reset", self._reset),
                web.post("/forget", self._forget),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        self.delivery.resume()
        return self.url

    async def stop(self) -> None:
        self.devices.close()
        self.delivery.close()
        await self._pages.close()
        if self._runner is not None:
            await self._runner.cleanup()
        self.journal.close()
        self._records.close()

    # The page --------------------------------------------------------------------------------------------------------
    async def _page(self, request: web.Request) -> web.StreamResponse:
        # WhatsApp Web turns headless browsers away by their User-Agent.
        supported = "HeadlessChrome" not in request.headers.get("User-Agent", "")
        name = "index.html" if supported else "unsupported.html"
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        return web.FileResponse(FILES / name, headers=headers)

    def _file(self, name: str) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            return web.FileResponse(FILES / name)

        return serve

    async def _boot(self, request: web.Request) -> web.Response:
        """What the page must know before it shows its modules."""
        number = next((one.number for one in self.devices if one.id == request.query.get("profile")), "")
        return web.json_response({"loader_ms": self.control.account(number).loader_ms})

    # What there is ---------------------------------------------------------------------------------------------------
    async def _devices(self, request: web.Request) -> web.Response:
        return web.json_response({"devices": [_shown(one) for one in self.devices]})

    async def _accounts(self, request: web.Request) -> web.Response:
        numbers = dict.fromkeys(one.number for one in self.devices if one.number)
        return web.json_response(
            {
                "accounts": [
                    {
                        "number": number,
                        "profiles": [one.id for one in self.devices.of(number)],
                        "chats": len(self.delivery.chats(number)),
                        "messages": len(self.delivery.messages(number)),
                    }
                    for number in numbers
                ]
            }
        )

    async def _messages(self, request: web.Request) -> web.Response:
        found = self.delivery.messages(digits(request.query.get("number", "")), digits(request.query.get("person", "")))
        after = request.query.get("after", "0")
        return web.json_response({"messages": found[int(after) if after.isdigit() else 0 :]})

    # The phone -------------------------------------------------------------------------------------------------------
    async def _scan(self, request: web.Request) -> web.Response:
        given = await _given(request, "qr", "number")
        return self._paired(self.devices.scan(str(given["qr"]), digits(str(given["number"]))))

    async def _link(self, request: web.Request) -> web.Response:
        given = await _given(request, "code", "number")
        return self._paired(self.devices.link(str(given["code"]), digits(str(given["number"]))))

    def _paired(self, device: Device) -> web.Response:
        device.tell(self._pages.login(device))
        self.devices.begin(device, fresh=True)
        return web.json_response(_shown(device))

    async def _refuse(self, request: web.Request) -> web.Response:
        self.devices.refuse(str((await _given(request, "qr"))["qr"]))
        return web.json_response({})

    async def _link_event(self, request: web.Request) -> web.Response:
        given = await _given(request, "profile", "event")
        self.devices.get(str(given["profile"])).tell({"op": "link_event", "event": given["event"]})
        return web.json_response({})

    async def _logout(self, request: web.Request) -> web.Response:
        given = await _given(request, "number")
        for device in self._linked(given):
            self.devices.unlink(device, str(given.get("reason") or "user_initiated"))
        return web.json_response({})

    async def _message(self, request: web.Request) -> web.Response:
        given = await _given(request, "number", "person")
        account = digits(str(given["number"]))
        return web.json_response(self.delivery.incoming(account, digits(str(given["person"])), given))

    async def _typing(self, request: web.Request) -> web.Response:
        given = await _given(request, "number", "person", "state")
        if given["state"] not in PRESENCES:
            raise _Incomplete(f"state is one of {', '.join(PRESENCES)}.")
        self.delivery.typing(digits(str(given["number"])), digits(str(given["person"])), str(given["state"]))
        return web.json_response({})

    async def _receipt(self, request: web.Request) -> web.Response:
        given = await _given(request, "number", "id", "ack")
        account, ack = digits(str(given["number"])), given["ack"]
        if ack not in range(-1, 5):
            raise _Incomplete("ack is a number from -1 to 4.")
        if self.delivery.message(account, str(given["id"])) is None:
            raise NotShown(f"{account} has no message with the id {given['id']}.")
        self.delivery.acknowledge(f"{account}/{given['id']}", ack)
        return web.json_response({})

    async def _reload(self, request: web.Request) -> web.Response:
        return await self._tell_open(request, {"op": "reload"})

    async def _update(self, request: web.Request) -> web.Response:
        return await self._tell_open(request, {"op": "update"})

    async def _tell_open(self, request: web.Request, payload: dict[str, Any]) -> web.Response:
        """Say it to one profile's page, paired or not, or to all of an account."""
        given = await _given(request)
        for device in [self.devices.get(str(given["profile"]))] if given.get("profile") else self._linked(given):
            device.tell(payload)
        return web.json_response({})

    async def _event(self, request: web.Request) -> web.Response:
        given = await _given(request, "number", "event")
        for device in self._linked(given):
            device.tell({"op": "event", "event": str(given["event"])})
        return web.json_response({})

    def _linked(self, given: Record) -> list[Device]:
        """The browsers of the account, or the one that is named. Raises NotShown."""
        number = digits(str(given.get("number") or ""))
        found = [one for one in self.devices.of(number) if given.get("profile") in (None, "", one.id)]
        if not found:
            raise NotShown(f"No such browser is linked to the account {number}.")
        return found

    # What tests count by ---------------------------------------------------------------------------------------------
    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response(self.journal.stats(full=request.query.get("full") == "1"))

    async def _journal(self, request: web.Request) -> web.Response:
        try:
            after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 10_000))
        except ValueError:
            raise _Incomplete("after and limit are numbers") from None
        return web.json_response({"arrivals": self.journal.after(after, limit)})

    async def _show_control(self, request: web.Request) -> web.Response:
        return web.json_response(self.control.shown())

    async def _change_control(self, request: web.Request) -> web.Response:
        self.control.update(await _given(request))
        self.devices.settle_all()
        return web.json_response(self.control.shown())

    async def _reset(self, request: web.Request) -> web.Response:
        self.journal.reset()
        self.delivery.forget()
        return web.json_response({})

    async def _forget(self, request: web.Request) -> web.Response:
        number = digits(str((await _given(request, "number"))["number"]))
        for device in self.devices.of(number):
            self.devices.unlink(device, "user_initiated")
        self.delivery.forget(number)
        return web.json_response({})


async def _given(request: web.Request, *needed: str) -> dict[str, Any]:
    """The request's JSON. Raises _Incomplete."""
    try:
        given = await request.json()
    except ValueError:
        raise _Incomplete("The body is JSON.") from None
    if not isinstance(given, dict):
        raise _Incomplete("The body is a JSON object.")
    if missing := [name for name in needed if given.get(name) in (None, "")]:
        raise _Incomplete(f"{', '.join(missing)} is needed.")
    return given


def _shown(device: Device) -> dict[str, Any]:
    return {
        "profile": device.id,
        "connected": device.link is not None,
        "state": device.state,
        "qr": device.qr,
        "number": device.number,
        "link_code": device.code,
        "mode": device.mode,
        "info": device.info,
        "pending": len(device.pending),
    }
