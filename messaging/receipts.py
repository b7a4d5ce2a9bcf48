"""What gateways report later: stored before it is believed, applied in batches, harmless twice or out of order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from domain.costs import charge_of
from domain.delivery import Incoming, Receipt, ReceiptState
from domain.outcome import after_receipt
from domain.people import person_key
from domain.states import MessageStatus
from lib.mongo import collection, server_now
from live.events import ConversationChanged, MessageChanged
from live.publish import publish
from messaging import claims, conversations
from messaging.claims.steps import naive
from messaging.models import InboxItem, Message

KEPT = timedelta(hours=48)
"""How long a receipt that matches nothing is tried again; a TTL index removes it then."""

_ORDER = {state: place for place, state in enumerate(ReceiptState)}


def store(gateway_id: str, items: Iterable[Receipt | Incoming]) -> int:
    """Keep what a gateway reported; returns how many items it was. The engine applies them within a second or so."""
    return store_many([(gateway_id, items)])


def store_many(parts: Iterable[tuple[str, Iterable[Receipt | Incoming]]]) -> int:
    """The same for several gateways at once, (id, its items) each, in one write of receipts and one of texts.

    After an error a part of it may be stored; storing it again is harmless.
    """
    now = naive(server_now())
    receipts: list[dict[str, Any]] = []
    texts: list[dict[str, Any]] = []
    for gateway_id, items in parts:
        gateway = ObjectId(gateway_id)
        for item in items:
            if isinstance(item, Incoming):
                texts.append(_text_document(gateway, item, now))
            else:
                receipts.append(_receipt_document(gateway, item, now))
    if receipts:
        collection(InboxItem).insert_many(receipts, ordered=False)
    if texts:
        conversations.store_texts(texts)
    return len(receipts) + len(texts)


def _text_document(gateway: ObjectId, item: Incoming, now: datetime) -> dict[str, Any]:
    at = naive(item.at) if item.at else now
    text = _storable(item.text)
    # Without an id of theirs, the same text of the same person at the same time is the same one.
    key = item.provider_id or f"{item.phone}/{at.isoformat()}/{hash_text(text)}"
    return {
        "gateway": gateway,
        "provider_id": _storable(key)[:200],
        "phone": _storable(item.phone)[:40],
        "text": text,
        "media": _storable(item.media)[:20],
        "at": at,
        "received_at": now,
    }


def _receipt_document(gateway: ObjectId, item: Receipt, now: datetime) -> dict[str, Any]:
    return {
        "gateway": gateway,
        "attempt_id": item.attempt_id and _storable(item.attempt_id),
        "provider_id": item.provider_id and _storable(item.provider_id),
        "state": item.state.value,
        "code": _storable(item.code)[:40],
        "detail": _storable(item.detail)[:300],
        "at": naive(item.at) if item.at else None,
        "received_at": now,
        "due_at": now,
    }


def _storable(text: str) -> str:
    """With a question mark for each half of a character, as cut SMS have them: MongoDB takes none."""
    return text.encode(errors="replace").decode()


def hash_text(text: str) -> str:
    """A short stable name of a text."""
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()[:16]


def expect(gateway: ObjectId, provider_ids: Sequence[str]) -> None:
    """Look again at receipts that came before the far side's ids were known."""
    if provider_ids:
        collection(InboxItem).update_many(
            {"gateway": gateway, "provider_id": {"$in": list(provider_ids)}},
            {"$set": {"due_at": naive(server_now())}},
        )


def apply_due(*, limit: int = 500) -> tuple[int, set[ObjectId]]:
    """Apply the receipts that are due; returns how many were looked at, and the campaigns whose counts moved.

    A receipt that matches no attempt yet waits as long again as it has waited. Applied ones are removed: the message
    and its attempt hold what they said.
    """
    inbox = collection(InboxItem)
    items = list(inbox.find({"$expr": {"$lte": ["$due_at", "$$NOW"]}, "due_at": {"$ne": None}}).limit(limit))
    if not items:
        return 0, set()
    now = naive(server_now())
    messages = _messages_of(items)
    matched: dict[ObjectId, list[dict[str, Any]]] = defaultdict(list)
    later: list[UpdateOne] = []
    for item in items:
        message = messages.get(("attempt", item["attempt_id"])) or messages.get(
            ("provider", item["gateway"], item["provider_id"])
        )
        if message is None:
            wait = max(now - item["received_at"], timedelta(seconds=1))
            later.append(UpdateOne({"_id": item["_id"]}, {"$set": {"due_at": now + wait}}))
        else:
            matched[message["_id"]].append({**item, "message": message})
    moves = [move for found in matched.values() if (move := _move(found))]
    moved = claims.apply_receipts(moves)
    for move in moves:
        if move.campaign is None:  # a reply or a test, which somebody looks at itself
            publish(MessageChanged(str(move.message)))
            publish(ConversationChanged(person_key(matched[move.message][0]["message"]["phone"])))
    if later:
        inbox.bulk_write(later, ordered=False)
    if moved == len(moves):
        # Otherwise a message changed in between: all of them are read again, which is harmless for the others.
        inbox.delete_many({"_id": {"$in": [item["_id"] for found in matched.values() for item in found]}})
    return len(items), {move.campaign for move in moves if move.campaign is not None}


def _messages_of(items: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The messages that receipts speak of, by ("attempt", our id) and by ("provider", gateway, their id)."""
    fields = {"campaign": 1, "phone": 1, "status": 1, "attempts": 1}
    ours = [item["attempt_id"] for item in items if item["attempt_id"]]
    theirs = [item["provider_id"] for item in items if item["provider_id"]]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for key, values in (("attempt_id", ours), ("provider_id", theirs)):
        if not values:
            continue
        for message in collection(Message).find({f"attempts.{key}": {"$in": values}}, fields):
            for attempt in message["attempts"]:
                found["attempt", attempt["attempt_id"]] = message
                if attempt.get("provider_id"):
                    found["provider", attempt["gateway"], attempt["provider_id"]] = message
    return found


def _move(found: Sequence[dict[str, Any]]) -> claims.ReceiptMove | None:
    """What one message's receipts, taken in their natural order, do to it."""
    message = found[0]["message"]
    last = message["attempts"][-1]
    origin = status = MessageStatus(message["status"])
    code = detail = ""
    for item in sorted(found, key=lambda item: _ORDER[ReceiptState(item["state"])]):
        if item["gateway"] != last["gateway"]:
            continue  # a gateway speaks only of what went through it
        latest = last["attempt_id"] == item["attempt_id"] or (
            item["provider_id"] is not None and last.get("provider_id") == item["provider_id"]
        )
        target = after_receipt(status, ReceiptState(item["state"]), latest=latest)
        if target is not None:
            status, code, detail = target, item["code"], item["detail"]
    if status is origin:
        return None
    return claims.ReceiptMove(
        message["_id"],
        message.get("campaign"),
        last["gateway"],
        origin,
        status,
        code=code,
        detail=detail,
        charge=charge_of(last),
    )
