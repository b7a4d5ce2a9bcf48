"""How the demo's simulated people and gateways behave: mostly well, and some as they do on bad days."""

from typing import Any

from demo.sheet import phone_of

SLOW_ACK_MS = 4_000


def _people() -> dict[str, dict[str, Any]]:
    not_there = {phone_of(person): {"on_whatsapp": False} for person in range(5, 250, 31)}
    slow = {phone_of(person): {"ack_ms": SLOW_ACK_MS} for person in range(7, 250, 41)}
    silent = {phone_of(person): {"ack": "lost"} for person in (11, 44)}
    by_lid = {phone_of(person): {"lid": "auto"} for person in range(9, 250, 23)}
    unread = {phone_of(person): {"read_ms": None} for person in range(3, 250, 11)}
    replies = (
        "Pago el viernes",
        "¿Puedo pagar en cuotas?",
        "Ya pagué, adjunto comprobante",
        "Llámeme mañana por favor",
        "BAJA",
        "quiero darme de baja de estos mensajes",
        "¿A qué cuenta transfiero?",
    )
    answering = {
        phone_of(person): {"reply": replies[place % len(replies)], "reply_ms": 1_500}
        for place, person in enumerate(range(2, 250, 13))
    }
    return {**unread, **by_lid, **slow, **answering, **not_there, **silent}


WHATSAPP_RULES: dict[str, Any] = {"default": {"delivered_ms": 400, "read_ms": 900}, "people": _people()}
SMS_RULES: dict[str, Any] = {
    "default": {
        "latency_ms": 30,
        "duplicates": "ignore",
        "callbacks": ["sent", "delivered"],
        "callback_delay_ms": 200,
        "faults": {"drop_after": 0.03, "drop_before": 0.02, "500": 0.01, "429": 0.01},
    }
}
