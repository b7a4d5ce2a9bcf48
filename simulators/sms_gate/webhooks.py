"""What phones post to whoever registered for it: states and texts, signed."""

import hashlib
import hmac
import json
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import aiohttp

from simulators.sms_gate.phones import Phones
from simulators.sms_gateway.behaviour import Behaviour, Control
from simulators.sms_gateway.callbacks import Callbacks
from simulators.sms_gateway.journal import Accepted

PART = 153
"""Characters of a part of a longer text, about: the phone tells of each part that was delivered."""

_WHEN = {"sms:sent": "sentAt", "sms:delivered": "deliveredAt", "sms:failed": "failedAt", "sms:received": "receivedAt"}


class Webhooks(Callbacks):
    """The registered webhooks, by id, each with its event and its url."""

    def __init__(self, control: Control, phones: Phones, *, signing_key: str) -> None:
        super().__init__(control, phones)
        self._phones = phones
        self._signing_key = signing_key
        self.registered: dict[str, dict[str, Any]] = {}

    def register(self, webhook: dict[str, Any]) -> dict[str, Any]:
        """One webhook; with an id that is there, in its place."""
        made = {"id": webhook.get("id") or secrets.token_hex(8), **{k: v for k, v in webhook.items() if v is not None}}
        self.registered[made["id"]] = made
        return made

    async def receive(self, *, phone: str, text: str, device: str) -> int:
        """A person writes to a phone; returns how many were told."""
        # As the app makes it: from the text, so that the same one twice has the same id.
        id = hashlib.sha256(f"{phone}{text}".encode()).hexdigest()[:8]
        return await self._post("sms:received", device, {"messageId": id, "message": text, "phoneNumber": phone}, "")

    async def _tell(self, behaviour: Behaviour, message: Accepted, state: str, *, id: str, url: str) -> None:
        payload: dict[str, Any] = {"messageId": id, "phoneNumber": message.to, "simNumber": 1}
        parts = -(-len(self._phones.text_of(message)) // PART)
        if state == "sent":
            payload["partsCount"] = parts
        if state == "failed":
            payload["reason"] = "Send result: RESULT_ERROR_GENERIC_FAILURE"
        event = "sms:delivered" if state == "read" else f"sms:{state}"
        for _ in range(parts if event == "sms:delivered" else 1):
            await self._post(event, self._phones.phone_of(message), payload, url)

    async def _post(self, event: str, device: str, payload: dict[str, Any], url: str) -> int:
        """Post an event to all that want it, and to `url`."""
        payload = {**payload, _WHEN[event]: datetime.now(UTC).isoformat(timespec="milliseconds")}
        wanted = [
            (webhook["url"], id)
            for id, webhook in self.registered.items()
            if webhook.get("event") == event and webhook.get("deviceId") in (None, device)
        ]
        for target, webhook_id in [*wanted, *([(url, "default")] if url else [])]:
            told = {"deviceId": device, "event": event, "id": secrets.token_hex(10), "webhookId": webhook_id}
            await self._deliver(target, {**told, "payload": payload}, "json")
        return len(wanted)

    def _request(
        self, session: aiohttp.ClientSession, url: str, payload: dict[str, Any], form: str
    ) -> "aiohttp.client._RequestContextManager":
        body = json.dumps(payload).encode()
        timestamp = str(int(time.time()))  # anew with each try
        made = hmac.new(self._signing_key.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Timestamp": timestamp, "X-Signature": made}
        return session.post(url, data=body, headers=headers)
