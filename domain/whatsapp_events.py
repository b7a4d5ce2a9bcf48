"""What a page of WhatsApp Web told: acks become receipts, what people wrote becomes incoming texts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.delivery import Incoming, Receipt, ReceiptState
from domain.whatsapp_answers import REJECTED
from domain.whatsapp_ids import KEY

_STATES: Mapping[int, ReceiptState] = {
    -1: ReceiptState.FAILED,
    1: ReceiptState.SENT,
    2: ReceiptState.DELIVERED,
    3: ReceiptState.READ,
    4: ReceiptState.READ,  # a voice message that was played
}
# Messages whose words are in `body`; a file has a caption, and a picture of itself in `body`.
_TEXTS = frozenset({"chat", "buttons_response", "list_response", "template_button_reply"})


def receipts_of(data: Mapping[str, Any], *, at: datetime) -> list[Receipt]:
    """The receipts of an "ack" event, one for each message that may be ours. Raises KeyError, TypeError, ValueError."""
    state = _STATES.get(int(data["ack"]))
    if state is None:  # still at the clock
        return []
    code, detail = (REJECTED, "WhatsApp refused the message.") if state is ReceiptState.FAILED else ("", "")
    return [
        Receipt(state, provider_id=key, at=at, code=code, detail=detail) for key in data["ids"] if KEY.fullmatch(key)
    ]


def incoming_of(data: Mapping[str, Any], *, phone: str) -> Incoming:
    """The text of a "message" event, from that phone. Raises KeyError, TypeError, ValueError, OverflowError."""
    kind = str(data.get("type") or "chat")
    is_text = kind in _TEXTS
    said = data.get("body") if is_text else data.get("caption")
    return Incoming(
        provider_id=str(data["id"]),
        phone=phone,
        text=str(said or "")[:10_000],
        at=datetime.fromtimestamp(float(data["t"]), UTC),
        media="" if is_text else kind,
    )
