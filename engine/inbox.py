"""Apply what gateways reported: receipts move their messages on, and what pages told becomes receipts and texts."""

import logging
import time
from collections.abc import Callable

from domain.delivery import Incoming, Receipt
from domain.whatsapp_events import incoming_of, receipts_of
from domain.whatsapp_ids import USER, is_lid, lid_of, wid_of
from engine import optouts
from lib.mongo import Now
from live.events import CampaignChanged
from live.publish import publish
from messaging import receipts
from sessions_app import numbers
from sessions_app.models import SessionEvent

logger = logging.getLogger(__name__)

SPAN_SECONDS = 0.7
BATCH = 500


def apply_receipts() -> int:
    """Apply due receipts for at most SPAN_SECONDS; returns how many were looked at."""
    return _in_batches(_apply_receipts)


def apply_session_events() -> int:
    """Hand what pages told to the receipts and texts, for at most SPAN_SECONDS; returns how many were looked at.

    An event is marked only after what it says is stored: what is done twice is harmless.
    """
    return _in_batches(_apply_events)


def _in_batches(apply: Callable[[], int]) -> int:
    ends_at = time.monotonic() + SPAN_SECONDS
    total = 0
    while time.monotonic() < ends_at:
        looked_at = apply()
        total += looked_at
        if looked_at < BATCH:
            break
    return total


def _apply_receipts() -> int:
    looked_at, campaigns = receipts.apply_due(limit=BATCH)
    for campaign in campaigns:
        publish(CampaignChanged(str(campaign)))
    return looked_at


def _apply_events() -> int:
    events = list(SessionEvent.objects.filter(due_at__lte=Now()).order_by("due_at", "sequence")[:BATCH])
    if not events:
        return 0
    parts: list[tuple[str, list[Receipt | Incoming]]] = []
    for event in events:
        try:
            parts.append((str(event.gateway), _items(event)))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            # It will not be better the next time, and it must not hold the others up.
            logger.warning("event %s of session %s can't be read: %r", event, event.session, error)
    receipts.store_many(parts)
    SessionEvent.objects.filter(pk__in=[event.pk for event in events]).update(due_at=None)
    return len(events)


def _items(event: SessionEvent) -> list[Receipt | Incoming]:
    """What an event says, in the words of every gateway. Raises KeyError, TypeError, ValueError, OverflowError."""
    if event.name == "ack":
        return list(receipts_of(event.data, at=event.received_at))
    if event.name == "message":
        return [_incoming(event)]
    raise ValueError(f"unknown event {event.name}")


def _incoming(event: SessionEvent) -> Incoming:
    data, chat = event.data, str(event.data["chat"])
    wid = wid_of(data.get("phone") or "") or (chat if chat.endswith(USER) else "")
    lid = lid_of(data.get("lid") or "") or (chat if is_lid(chat) else "")
    if not wid and not lid:
        raise ValueError("nobody sent it")
    phone = numbers.phone_of(wid, lid)
    item = incoming_of(data, phone=phone)
    if wid:
        # Who writes is on WhatsApp, and later events may name the LID alone.
        numbers.remember_wid(phone, wid, lid)
        if lid:
            optouts.learned(lid)
    numbers.met(event.gateway, phone)
    return item
