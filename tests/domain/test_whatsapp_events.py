"""What pages tell becomes receipts and texts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.delivery import Incoming, Receipt, ReceiptState
from domain.whatsapp_events import incoming_of, receipts_of

AT = datetime(2026, 1, 2, tzinfo=UTC)
OURS = ["3EB00123456789ABCDEF01", "3EB00123456789ABCDEF02"]


@pytest.mark.parametrize(
    ("ack", "state"),
    [(1, ReceiptState.SENT), (2, ReceiptState.DELIVERED), (3, ReceiptState.READ), (4, ReceiptState.READ)],
)
def test_ack_is_a_receipt_for_each_id(ack: int, state: ReceiptState) -> None:
    found = receipts_of({"ids": OURS, "chat": "569@c.us", "ack": ack}, at=AT)
    assert found == [Receipt(state, provider_id=one, at=AT) for one in OURS]


def test_failed_ack_says_why() -> None:
    assert receipts_of({"ids": OURS[:1], "ack": -1}, at=AT) == [
        Receipt(ReceiptState.FAILED, None, OURS[0], AT, "rejected_by_whatsapp", "WhatsApp refused the message.")
    ]


def test_clock_and_ids_of_other_devices_are_nothing() -> None:
    assert receipts_of({"ids": OURS, "ack": 0}, at=AT) == []
    assert receipts_of({"ids": ["3A0123456789ABCDEF0123"], "ack": 2}, at=AT) == []


@pytest.mark.parametrize("data", [{}, {"ids": OURS}, {"ack": 1}, {"ids": [7], "ack": 1}, {"ids": OURS, "ack": "x"}])
def test_ack_that_cannot_be_read(data: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        receipts_of(data, at=AT)


@pytest.mark.parametrize(
    ("told", "text", "media"),
    [
        ({"type": "chat", "body": "hola", "caption": ""}, "hola", ""),
        ({"body": "hola"}, "hola", ""),
        ({"type": "list_response", "body": "Opción 1"}, "Opción 1", ""),
        ({"type": "image", "body": "/9j/4AAQ", "caption": "mi comprobante"}, "mi comprobante", "image"),
        ({"type": "ptt", "body": None, "caption": None}, "", "ptt"),
    ],
)
def test_message_is_its_text_or_its_caption(told: dict[str, Any], text: str, media: str) -> None:
    found = incoming_of({"id": "3AFF", "t": 1_767_312_000, **told}, phone="+56911111111")
    assert found == Incoming("3AFF", "+56911111111", text, AT, media)
