"""Reads what Infobip reports: delivery reports and people's texts, posted to us or asked for."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from domain.delivery import Incoming, Receipt, ReceiptState
from gateways.provider import InvalidWebhook
from gateways.providers.infobip_status import receipt_state, status_of, text

MOST_RESULTS = 1000
MOST_TEXT = 10_000


def read_call(body: bytes) -> list[Receipt | Incoming]:
    """What a call to us says. Raises InvalidWebhook when any of it can't be read."""
    results = results_in(body)
    if results is None:
        raise InvalidWebhook("the body has no list of results")
    if len(results) > MOST_RESULTS:
        raise InvalidWebhook(f"more than {MOST_RESULTS} results in one call")
    return [item for result in results if (item := _item(result)) is not None]


def read_page(results: list[Any]) -> Iterator[Receipt | Incoming]:
    """What a page that we asked for says. It comes only once: what can't be read is left out, and the rest is kept."""
    for result in results:
        try:
            item = _item(result)
        except InvalidWebhook:
            continue
        if item is not None:
            yield item


def results_in(body: bytes) -> list[Any] | None:
    """The list of results, None where there is none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    results = content.get("results") if isinstance(content, dict) else None
    return results if isinstance(results, list) else None


def _item(result: Any) -> Receipt | Incoming | None:
    if not isinstance(result, dict):
        raise InvalidWebhook("a result isn't an object")
    return _receipt(result) if isinstance(result.get("status"), dict) else _incoming(result)


def _receipt(result: dict[str, Any]) -> Receipt | None:
    attempt_id = text(result.get("messageId"))
    if not attempt_id:
        raise InvalidWebhook("a report names no message")
    status = status_of(result["status"])
    state = receipt_state(status)
    if state is None:
        return None
    at = moment(result.get("doneAt")) or moment(result.get("sentAt"))
    if state is not ReceiptState.FAILED:
        return Receipt(state, attempt_id=attempt_id[:200], at=at)
    detail = _error(result.get("error")) or status.detail
    return Receipt(state, attempt_id=attempt_id[:200], at=at, code=status.code, detail=detail)


def _error(error: Any) -> str:
    """The error that an operator or a phone gave, and whether the same may work later."""
    if not isinstance(error, dict) or text(error.get("name")) in ("", "NO_ERROR"):
        return ""
    words = ": ".join(part for part in (text(error["name"]), text(error.get("description"))) if part)
    return words if error.get("permanent") is not False else f"{words} (may work later)"


def _incoming(result: dict[str, Any]) -> Incoming:
    phone, said = text(result.get("from")), result.get("text")
    if not phone or not isinstance(said, str):
        raise InvalidWebhook("a result is neither a report nor a text")
    # Whole numbers come without their plus; a short code or a name is none.
    phone = f"+{phone}" if phone.isascii() and phone.isdecimal() and len(phone) > 8 else phone
    provider_id = text(result.get("messageId"))[:200] or None
    return Incoming(provider_id, phone, said[:MOST_TEXT], moment(result.get("receivedAt")))


def moment(value: Any) -> datetime | None:
    """A time as Infobip writes it, 2019-11-09T16:00:00.000+0100; None where it is none."""
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
