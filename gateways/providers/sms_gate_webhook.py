"""Reads what a phone with SMS Gate posts to us: what became of messages, and the texts that it received."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Any

from domain.delivery import Incoming, Receipt, ReceiptState
from gateways.provider import InvalidWebhook, WebhookRequest
from gateways.providers.sms_gate_answer import content_of, failure_code, text_of, time_of

TOLERANCE = 300.0
"""Seconds that a call's timestamp and our clock may be apart. The phone signs anew each time it calls again."""

MOST_ITEMS = 1000
LONGEST_TEXT = 10_000

_REPORTS = {
    "sms:sent": (ReceiptState.SENT, "sentAt"),
    "sms:delivered": (ReceiptState.DELIVERED, "deliveredAt"),
    "sms:failed": (ReceiptState.FAILED, "failedAt"),
    "sms:cancelled": (ReceiptState.FAILED, "cancelledAt"),
}
_TEXTS = ("sms:received", "mms:downloaded")
_BATCHES = {"sms:batch:received": "sms:received", "mms:batch:downloaded": "mms:downloaded"}


def read_webhook(request: WebhookRequest, config: Mapping[str, Any], *, now: float) -> list[Receipt | Incoming]:
    """What the call says; events that tell nothing of a message are passed over. Raises InvalidWebhook.

    `now` is in Unix seconds. A report's detail is all that the phone said: whoever keeps it masks it first.
    """
    if config["signing_key"]:
        _check_signature(request, config["signing_key"], now)
    content = content_of(request.body)
    if not isinstance(content, dict) or not isinstance(content.get("event"), str):
        raise InvalidWebhook("the body is no event")
    event, payload = content["event"], content.get("payload")
    if event in _REPORTS:
        return [_report(event, _payload(payload))]
    if event not in _TEXTS and event not in _BATCHES:
        return []
    texts: list[Receipt | Incoming] = [*_texts(event, _payload(payload))]
    return [] if _of_another_phone(content.get("deviceId"), config["device_id"]) else texts


def signature(key: str, body: bytes, timestamp: str) -> str:
    """The signature of a call: of its body as it came, and its timestamp."""
    return hmac.new(key.encode(), body + timestamp.encode(errors="replace"), hashlib.sha256).hexdigest()


def _check_signature(request: WebhookRequest, key: str, now: float) -> None:
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    given, timestamp = headers.get("x-signature", ""), headers.get("x-timestamp", "")
    if not given or not timestamp:
        raise InvalidWebhook("the call isn't signed, and the line has a signing key")
    expected = signature(key, request.body, timestamp)
    if not hmac.compare_digest(expected.encode(), given.lower().encode(errors="replace")):
        raise InvalidWebhook("the signature is wrong: compare the line's signing key with the app's")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(now - int(timestamp)) > TOLERANCE:
        raise InvalidWebhook("the call is more than 5 minutes off: look at the phone's clock")


def _payload(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidWebhook("the event has no payload")
    return value


def _report(event: str, payload: Mapping[str, Any]) -> Receipt:
    """The report of a message, by its id alone: numbers may come hashed."""
    state, when = _REPORTS[event]
    id = text_of(payload.get("messageId"))[:200]
    if not id:
        raise InvalidWebhook("the report names no message")
    reason = text_of(payload.get("reason"))
    code = failure_code(event.partition(":")[2], reason) if state is ReceiptState.FAILED else ""
    return Receipt(state, id, id, time_of(payload.get(when)), code, reason if code else "")


def _texts(event: str, payload: Mapping[str, Any]) -> Iterator[Incoming]:
    if event in _TEXTS:
        yield _text(event, payload)
        return
    items = payload.get("messages")
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise InvalidWebhook(f"the event has no list of up to {MOST_ITEMS} messages")
    for item in items:
        yield _text(_BATCHES[event], _payload(item))


def _text(event: str, payload: Mapping[str, Any]) -> Incoming:
    phone = text_of(payload.get("sender")) or text_of(payload.get("phoneNumber"))
    text = payload.get("message") if event == "sms:received" else payload.get("body") or payload.get("subject") or ""
    if not phone or not isinstance(text, str):
        raise InvalidWebhook("the event has no sender or no text")
    at = time_of(payload.get("receivedAt"))
    # Their id is made from the text, so a second “yes” has the first one's; with its time it is one of its own.
    id = text_of(payload.get("messageId"))
    key = f"{id}@{at.timestamp():.3f}" if id and at else None
    return Incoming(key, phone, text_of(text)[:LONGEST_TEXT], at, _media(payload.get("attachments")))


def _media(attachments: Any) -> str:
    """What kind of file came with an MMS; empty where none did."""
    if not isinstance(attachments, list) or not attachments or not isinstance(attachments[0], dict):
        return ""
    kind = text_of(attachments[0].get("contentType")).partition("/")[0].lower()
    return kind if kind in ("image", "video", "audio") else "document"


def _of_another_phone(sender: Any, own: str) -> bool:
    """Whether another phone of the account received it, of which this line isn't.

    An account's webhooks are called by all of its phones. Ids of a server and of the app itself differ in length:
    those of two sorts can't be compared.
    """
    return isinstance(sender, str) and bool(own) and len(sender) == len(own) and sender != own
