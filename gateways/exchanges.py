"""What went to and fro for tests: kept masked and for some days, and found again by attempt."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from bson import ObjectId
from django.utils import timezone

from domain.delivery import Exchange as Told
from gateways.models import Exchange
from lib.mongo import collection, typed_values

BODY_SHOWN = 4_000
"""Characters that are kept of a body."""


def keep(told: Told, *, attempt: str, message: ObjectId, line: ObjectId) -> None:
    """Keep the exchange of an attempt; a later one under the same id takes its place."""
    values = {"gateway": line, "message": message, "at": timezone.now(), "told": asdict(told)}
    collection(Exchange).update_one({"attempt_id": attempt}, {"$set": typed_values(Exchange, values)}, upsert=True)


def of_attempts(attempts: Iterable[str]) -> dict[str, Told]:
    """The exchanges of these attempts that are still kept."""
    found = Exchange.objects.filter(attempt_id__in=list(attempts))
    return {one.attempt_id: _told(one.told) for one in found}


def _told(values: dict[str, Any]) -> Told:
    headers, answer_headers = (
        tuple((str(name), str(value)) for name, value in values[field]) for field in ("headers", "answer_headers")
    )
    return Told(**{**values, "headers": headers, "answer_headers": answer_headers})
