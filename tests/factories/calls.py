"""Calls in a line's log, as the recorder stores them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from bson import ObjectId
from django.utils import timezone

from domain.delivery import Exchange, Purpose, Verdict
from gateways.models import Call

JSON = (("Content-Type", "application/json; charset=utf-8"), ("Authorization", "Bearer •••"))


def make_call(
    gateway: ObjectId,
    *,
    purpose: Purpose = Purpose.SEND,
    verdict: Verdict = Verdict.ACCEPTED,
    at: datetime | None = None,
    attempts: tuple[str, ...] = (),
    more: int = 0,
    **told: Any,
) -> Call:
    """A call that went well, unless it is said otherwise; `told` are fields of its exchange."""
    values: dict[str, Any] = {
        "method": "POST", "url": "https://gateway.example/send?key=•••", "headers": JSON,
        "body": '{"to": "+56911112222", "text": "Hola"}', "size": 38, "seconds": 0.184, "status": 200,
        "answer_headers": (("content-type", "application/json"),), "answer_body": '{"id": "77"}', "answer_size": 12,
        "rule": "id", "pattern": "id", "matched": "77", **told,
    }  # fmt: skip
    return Call.objects.create(
        gateway=gateway,
        purpose=purpose.value,
        verdict=verdict.value,
        at=at or timezone.now(),
        attempts=list(attempts),
        more=more,
        told=asdict(Exchange(**values)),
    )
