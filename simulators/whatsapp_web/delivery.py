"""WhatsApp and the people behind it: takes what pages send, and brings acks, replies and incoming messages back."""

import asyncio
import base64
import binascii
import secrets
import time
from collections.abc import Collection, Coroutine
from typing import Any
from urllib.parse import unquote_to_bytes

from simulators.whatsapp_web.behaviour import Control, Person, lid_of
from simulators.whatsapp_web.devices import Device, Devices
from simulators.whatsapp_web.journal import Arrival, Journal
from simulators.whatsapp_web.records import Record, Records

FAILED, CLOCK, SERVER, DELIVERED, READ, PLAYED = -1, 0, 1, 2, 3, 4
KINDS = ("image", "video", "audio")


class Unreadable(ValueError):
    """What was given can't be a message; the message says why."""


class Delivery:
    def __init__(self, control: Control, journal: Journal, records: Records, devices: Devices) -> None:
        self._control = control
        self._journal = journal
        self._records = records
        self._devices = devices
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Go on with what was under way when the process ended."""
        for key, message in list(self._records.of("message").items()):
            if message["from_me"] and CLOCK <= message["ack"] < READ:
                self._later(self._receipts(key))

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Who is who ------------------------------------------------------------------------------------------------------
    def chat_of(self, number: str) -> str:
        """The id under which a person's chat lives."""
        lid = lid_of(number, self._control.person(number))
        if not lid:
            return f"{number}@c.us"
        if self._records.of("lid").get(lid) != {"number": number}:
            self._records.put("lid", lid, {"number": number})
        return f"{lid}@lid"

    def number_of(self, chat: str) -> str:
        """The number behind a chat's id; for an unknown LID the LID itself."""
        user, _, server = chat.partition("@")
        return str(self._records.of("lid").get(user, {}).get("number", user)) if server == "lid" else user

    def contact(self, number: str) -> Record:
        """How a page may know a person."""
        person = self._control.person(number)
        lid = lid_of(number, person)
        return {
            "phone": f"{number}@c.us" if person.lid_known or not lid else None,
            "lid": f"{lid}@lid" if lid else None,
            "name": person.name,
        }

    def exists(self, wid: str) -> Record:
        """What a number check finds. Raises Unreadable when it is told to fail."""
        number = self.number_of(wid)
        self._journal.checks[number] += 1
        person = self._control.person(number)
        if person.check == "error":
            raise Unreadable("the check failed")
        self.chat_of(number)
        return {"exists": person.on_whatsapp, **self.contact(number)}

    def own(self, account: str) -> Record:
        """How an account knows itself. Every account has a LID, whatever its contacts have."""
        return {"me": f"{account}@c.us", "lid": f"{lid_of(account, Person(lid='auto'))}@lid"}

    # What an account holds -------------------------------------------------------------------------------------------
    def chat(self, account: str, chat: str, *, without: Collection[str] = ()) -> Record:
        """A chat as pages get it, kept or new, under the id where it lives; as it was before the messages `without`."""
        number = self.number_of(chat)
        home = self.chat_of(number)
        kept = self._records.of("chat").get(f"{account}/{home}", {"unread": 0, "last": ""})
        last = self._records.of("message").get(f"{account}/{kept['last']}")
        unread = kept["unread"]
        if last is not None and last["id"] in without:
            said = [one for one in self.messages(account, number) if one["chat"] == home]
            unread = max(unread - sum(one["id"] in without for one in said), 0)
            last = next((one for one in reversed(said) if one["id"] not in without), None)
        return {"id": home, "unread": unread, "last": last, **self.contact(number)}

    def chats(self, account: str, *, without: Collection[str] = ()) -> list[Record]:
        return [
            self.chat(account, key.partition("/")[2], without=without)
            for key in list(self._records.of("chat"))
            if key.startswith(f"{account}/")
        ]

    def message(self, account: str, id: str, chat: str = "") -> Record | None:
        """A message by its hex, in that chat when one is given."""
        found = self._records.of("message").get(f"{account}/{id}")
        return found if found is None or chat in ("", found["chat"]) else None

    def messages(self, account: str, person: str = "") -> list[Record]:
        """Oldest first; of one person when a number is given."""
        return [
            one
            for one in self._records.of("message").values()
            if one["account"] == account and person in ("", self.number_of(one["chat"]))
        ]

    def media(self, account: str, id: str) -> str | None:
        found = self._records.of("media").get(f"{account}/{id}")
        return found["data"] if found else None

    def _keep(self, message: Record, *, data: str = "", unread: int | None = None) -> None:
        account, chat = message["account"], message["chat"]
        self._records.put("message", f"{account}/{message['id']}", message)
        if data:
            self._records.put("media", f"{account}/{message['id']}", {"data": data})
        kept = self._records.of("chat").get(f"{account}/{chat}", {"unread": 0})
        count = kept["unread"] + 1 if unread is None else unread
        self._records.put("chat", f"{account}/{chat}", {"unread": count, "last": message["id"]})

    def seen(self, account: str, chat: str) -> None:
        self._journal.signs["seen"] += 1
        kept = self._records.of("chat").get(f"{account}/{chat}")
        if kept is not None:
            self._records.put("chat", f"{account}/{chat}", {**kept, "unread": 0})

    def forget(self, account: str = "") -> None:
        """Forget what was said: by one account, or by all."""
        for kind in ("message", "media", "chat"):
            for key in list(self._records.of(kind)):
                if not account or key.startswith(f"{account}/"):
                    self._records.drop(kind, key)

    # What pages send -------------------------------------------------------------------------------------------------
    def known(self, account: str, id: str) -> Record:
        """What WhatsApp's own code looks at before it lets an id out."""
        return {"duplicates": self._control.duplicates, "known": self.message(account, id) is not None}

    def take(self, device: Device, given: Record) -> Record:
        """A message from a page: journaled first, then everything else. The answer goes to the page."""
        account, chat, id, data = device.number, str(given["chat"]), str(given["id"]), str(given.get("data") or "")
        number = self.number_of(chat)
        arrival = self._journal.arrive(
            account=account,
            profile=device.id,
            to=number,
            chat=chat,
            id=id,
            kind=str(given["type"]),
            text=str((given.get("caption") if data else given.get("body")) or ""),
            mimetype=str(given.get("mimetype") or ""),
            filename=str(given.get("filename") or ""),
            size=len(decoded(data)[1]) if data else 0,
        )
        known = self.message(account, id) if account else None
        if not account:
            self._journal.settle(arrival, "refused", "logged_out")
            return {"ack": FAILED}
        if known is not None and given.get("again"):
            # The page had sent it and lost the connection before the answer: its own protocol repeats it.
            self._journal.settle(arrival, "resent")
            return {"ack": known["ack"]}
        if known is not None and self._control.duplicates != "accept":
            refused = self._control.duplicates == "refuse"
            self._journal.settle(arrival, "refused" if refused else "duplicate", "duplicate_id" if refused else "")
            return {"ack": FAILED if refused else max(known["ack"], SERVER)}
        message: Record = {
            "id": id,
            "account": account,
            "chat": chat,
            "from_me": True,
            "type": arrival.kind,
            "body": "" if data else arrival.text,
            "caption": arrival.text if data else "",
            "mimetype": arrival.mimetype,
            "filename": arrival.filename,
            "size": arrival.size,
            "t": int(arrival.at),
            "ack": CLOCK,
            "name": "",
        }
        self._settle(arrival, self._control.person(number))
        self._keep(message, data=data, unread=0)
        for other in self._devices.of(account):
            if other is not device:
                self._devices.push(other, {"op": "message", "message": message, "chat": self.chat(account, chat)})
        self._later(self._receipts(f"{account}/{id}"))
        if arrival.outcome == "accepted" and self._control.person(number).reply:
            self._later(self._reply(account, number, arrival.text))
        return {"ack": CLOCK}

    def _settle(self, arrival: Arrival, person: Person) -> None:
        if not person.on_whatsapp:
            self._journal.settle(arrival, "refused", "not_on_whatsapp")
        elif person.ack == "failed":
            self._journal.settle(arrival, "refused", "failed")
        else:
            self._journal.settle(arrival, "accepted", "ack_lost" if person.ack == "lost" else "")

    async def _receipts(self, key: str) -> None:
        """What the person's rules make of a message, from where it stands."""
        message = self._records.of("message")[key]
        person = self._control.person(self.number_of(message["chat"]))
        if person.ack == "lost":
            return
        if message["ack"] == CLOCK:
            await asyncio.sleep(person.ack_ms / 1000)
            if person.ack == "failed" or not person.on_whatsapp:
                self.acknowledge(key, FAILED)
                return
            self.acknowledge(key, SERVER)
        for ack, wait in ((DELIVERED, person.delivered_ms), (READ, person.read_ms)):
            if wait is None:
                return
            if self._records.of("message").get(key, {}).get("ack") == ack - 1:
                await asyncio.sleep(wait / 1000)
                self.acknowledge(key, ack)

    def acknowledge(self, key: str, ack: int) -> None:
        """Set a message's ack and tell every browser of the account."""
        message = self._records.of("message").get(key)
        if message is None:  # forgotten meanwhile
            return
        self._records.put("message", key, {**message, "ack": ack})
        for device in self._devices.of(message["account"]):
            self._devices.push(
                device, {"op": "ack", "chat": message["chat"], "id": message["id"], "ack": ack, "t": int(time.time())}
            )

    # What people and phones do ---------------------------------------------------------------------------------------
    async def _reply(self, account: str, number: str, text: str) -> None:
        person = self._control.person(number)
        await asyncio.sleep(person.reply_ms / 2000)
        self.typing(account, number, "composing")
        await asyncio.sleep(person.reply_ms / 2000)
        self.incoming(account, number, {"text": person.reply.replace("{text}", text)})

    def typing(self, account: str, number: str, state: str) -> None:
        for device in self._devices.of(account):
            if device.flowing:  # nobody is told later that somebody was typing
                device.tell({"op": "presence", "chat": self.chat_of(number), "state": state})

    def incoming(self, account: str, number: str, given: Record) -> Record:
        """A message of a person to the account; with `from_me` the account's own phone writes. Raises Unreadable."""
        chat, data, mine = self.chat_of(number), str(given.get("data") or ""), bool(given.get("from_me"))
        mimetype, content = decoded(data) if data else ("", b"")
        if not data and not given.get("text"):
            raise Unreadable("A text, or data as a data URL, is needed.")
        kind = next((one for one in KINDS if mimetype.startswith(one + "/")), "document") if data else "chat"
        message: Record = {
            "id": "3A" + secrets.token_hex(9).upper(),
            "account": account,
            "chat": chat,
            "from_me": mine,
            "type": kind,
            "body": "" if data else str(given["text"]),
            "caption": str(given.get("caption") or ""),
            "mimetype": mimetype,
            "filename": str(given.get("filename") or ""),
            "size": len(content),
            "t": int(time.time()),
            "ack": SERVER,
            "name": "" if mine else str(given.get("name") or self._control.person(number).name or f"Person {number}"),
        }
        self._keep(message, data=data, unread=0 if mine else None)
        for device in self._devices.of(account):
            self._devices.push(device, {"op": "message", "message": message, "chat": self.chat(account, chat)})
        return message


def decoded(data: str) -> tuple[str, bytes]:
    """The type and the content of a data URL. Raises Unreadable."""
    head, comma, body = data.partition(",")
    if not head.startswith("data:") or not comma:
        raise Unreadable("data must be a data URL, such as data:image/png;base64,…")
    mimetype, _, encoding = head.removeprefix("data:").partition(";")
    try:
        content = base64.b64decode(body, validate=True) if encoding.endswith("base64") else unquote_to_bytes(body)
    except binascii.Error:
        raise Unreadable("The data URL's base64 can't be read.") from None
    return mimetype or "text/plain", content
