"""The browsers: what pairs them with an account, what is pushed to them, and in which state their stream is."""

import asyncio
import base64
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from simulators.whatsapp_web.behaviour import Control
from simulators.whatsapp_web.records import Records

CODE_LETTERS = "123456789ABCDEFGHJKLMNPQRSTVWXYZ"


class NotShown(LookupError):
    """No page shows that code any more, or no browser is linked so; the message says it."""


class Refused(Exception):
    """The phone doesn't do that; the message says why."""


class Link(Protocol):
    """The way to one open page."""

    def push(self, payload: dict[str, Any]) -> None: ...


@dataclass
class Device:
    """A browser profile. Only its keys and its number outlive the process."""

    id: str
    keys: dict[str, str]
    number: str = ""
    link: Link | None = None
    ref: str = ""
    idle: bool = False
    code: str = ""
    code_phone: str = ""
    mode: str = ""
    info: str = ""
    flowing: bool = False
    """Whether pushes go out at once, or wait until the page has started."""
    pending: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Pushes that the page hasn't confirmed, by their sequence number: WhatsApp keeps them while a browser is away."""
    task: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        return "paired" if self.number else "idle" if self.idle else "qr"

    @property
    def qr(self) -> str:
        """The text that wa-js makes of the page's code, so that a test can know what to expect."""
        return ",".join((self.ref, *self.keys.values())) if self.ref and not self.number else ""

    @property
    def missing(self) -> set[str]:
        """Ids of the messages that wait for the page: until they reach it, nothing of it shows them."""
        return {str(one["message"]["id"]) for one in self.pending.values() if one["op"] == "message"}

    def tell(self, payload: dict[str, Any]) -> None:
        """Say something that is lost when no page is open."""
        if self.link is not None:
            self.link.push(payload)

    def show(self, mode: str, info: str) -> None:
        self.mode, self.info = mode, info
        self.tell({"op": "stream", "mode": mode, "info": info})


class Devices:
    def __init__(self, control: Control, records: Records) -> None:
        self._control = control
        self._records = records
        self._seq = max((int(one["seq"]) for one in records.of("push").values()), default=0)
        self._all: dict[str, Device] = {}
        for id, kept in records.of("device").items():
            self._all[id] = Device(id=id, keys=dict(kept["keys"]), number=str(kept["number"]))
        for kept in records.of("push").values():
            if kept["device"] in self._all:
                self._all[kept["device"]].pending[int(kept["seq"])] = kept["payload"]

    def __iter__(self) -> Iterator[Device]:
        return iter(list(self._all.values()))

    def of(self, number: str) -> list[Device]:
        """The browsers linked to an account."""
        return [one for one in self._all.values() if number and one.number == number]

    def get(self, id: str) -> Device:
        """Raises NotShown."""
        if id not in self._all:
            raise NotShown(f"There is no browser with the profile {id}.")
        return self._all[id]

    def close(self) -> None:
        for device in self._all.values():
            _cancel(device)

    # Pages come and go -----------------------------------------------------------------------------------------------
    def connect(self, id: str, link: Link) -> Device:
        """A page of the profile is open. An older page of it loses: two owners of one profile are a CONFLICT."""
        device = self._all.get(id)
        if device is None:
            device = self._all[id] = Device(
                id=id, keys={name: _random(32) for name in ("static", "identity", "secret")}
            )
        device.tell({"op": "stream", "mode": "CONFLICT", "info": "OFFLINE"})
        device.tell({"op": "replaced"})
        device.link, device.flowing = link, False
        return device

    def disconnect(self, device: Device, link: Link) -> None:
        if device.link is not link:  # a newer page has taken over already
            return
        _cancel(device)
        device.link, device.flowing, device.ref, device.code = None, False, "", ""
        device.mode = device.info = ""
        if not device.number:
            # A page that was never paired has nothing to come back to but another code.
            self._all.pop(device.id, None)

    def begin(self, device: Device, *, fresh: bool) -> None:
        """Lead the page on: to a code while it is not paired, else to MAIN/NORMAL. `fresh` pages have just loaded."""
        _cancel(device)
        if device.number:
            device.task = asyncio.create_task(self._start(device, fresh=fresh))
        else:
            device.idle = False
            device.task = asyncio.create_task(self._rotate(device))

    async def _rotate(self, device: Device) -> None:
        device.show("QR", "PAIRING")
        for _ in range(max(self._control.qr_refreshes, 1)):
            device.ref = "2@" + _random(48)
            device.tell({"op": "qr", "ref": device.ref})
            await asyncio.sleep(self._control.qr_refresh_s)
        device.ref, device.idle = "", True
        device.tell({"op": "qr", "ref": None})

    async def _start(self, device: Device, *, fresh: bool) -> None:
        account = self._control.account(device.number)
        if fresh:
            device.show("SYNCING", "SYNCING")
            if account.start_ms is None:
                return
            await asyncio.sleep(account.start_ms / 2000)
            device.show(account.mode or "MAIN", account.info or "RESUMING")
            await asyncio.sleep(account.start_ms / 2000)
        self.settle(device)

    def settle(self, device: Device) -> None:
        """The state that the rules of its account say it is in now, once it has started."""
        account = self._control.account(device.number)
        mode, info = account.mode or "MAIN", account.info or "NORMAL"
        if (mode, info) == ("MAIN", "NORMAL"):
            device.flowing = True
            for seq, payload in list(device.pending.items()):
                device.tell({**payload, "seq": seq})
        else:
            device.flowing = False
        device.show(mode, info)

    def settle_all(self) -> None:
        """The rules changed. Pages that are still starting come to it by themselves."""
        for device in self._all.values():
            busy = device.task is not None and not device.task.done()
            if device.number and device.link is not None and not busy:
                if self._control.account(device.number).start_ms is not None and device.mode == "SYNCING":
                    self.begin(device, fresh=True)
                elif device.mode != "SYNCING":
                    self.settle(device)

    def push(self, device: Device, payload: dict[str, Any]) -> None:
        """Say something that must arrive: it is kept until the page confirms it, even over a restart of either."""
        self._seq += 1
        device.pending[self._seq] = payload
        self._records.put("push", str(self._seq), {"seq": self._seq, "device": device.id, "payload": payload})
        if device.flowing:
            device.tell({**payload, "seq": self._seq})

    def confirm(self, device: Device, seq: int) -> None:
        device.pending.pop(seq, None)
        self._records.drop("push", str(seq))

    # The phone's side ------------------------------------------------------------------------------------------------
    def scan(self, qr: str, number: str) -> Device:
        """Raises NotShown, Refused."""
        device = self._showing(qr)
        if self._control.account(number).refuses_scan:
            raise Refused(f"The phone of {number} can't link another browser.")
        self._pair(device, number)
        return device

    def refuse(self, qr: str) -> None:
        """Raises NotShown."""
        self.begin(self._showing(qr), fresh=False)

    def _showing(self, qr: str) -> Device:
        ref = qr.strip().split(",")[0]
        for device in self._all.values():
            if device.link is not None and ref and device.ref == ref and not device.number:
                return device
        raise NotShown("No page shows that code any more.")

    def give_code(self, device: Device, phone: str) -> str:
        """A code for "link with phone number". Raises Refused."""
        if device.number:
            raise Refused("This browser is linked already.")
        device.code, device.code_phone = "".join(secrets.choice(CODE_LETTERS) for _ in range(8)), phone
        return device.code

    def link(self, code: str, number: str) -> Device:
        """Raises NotShown, Refused."""
        for device in self._all.values():
            if code and device.code == code.replace("-", "").strip().upper() and not device.number:
                if device.code_phone != number:
                    raise Refused(f"That code was asked for another number than {number}.")
                if self._control.account(number).refuses_scan:
                    raise Refused(f"The phone of {number} can't link another browser.")
                self._pair(device, number)
                return device
        raise NotShown("No page shows that code any more.")

    def _pair(self, device: Device, number: str) -> None:
        _cancel(device)
        device.number, device.ref, device.code, device.idle = number, "", "", False
        self._records.put("device", device.id, {"keys": device.keys, "number": number})

    def unlink(self, device: Device, reason: str) -> None:
        """The browser is logged out. Its page, when one is open, forgets the profile and asks for another code."""
        _cancel(device)
        device.tell({"op": "logout", "reason": reason})
        for seq in list(device.pending):
            self.confirm(device, seq)
        device.number, device.flowing = "", False
        self._records.drop("device", device.id)
        if device.link is None:
            self._all.pop(device.id, None)


def _cancel(device: Device) -> None:
    if device.task is not None:
        with suppress(RuntimeError):  # the loop is closed already
            device.task.cancel()
        device.task = None


def _random(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()
