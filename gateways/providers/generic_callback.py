"""Reads the reports and texts that a generic line's far side posts to us."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from domain.delivery import Incoming, Receipt, ReceiptState
from gateways.http_fields import RECEIVED
from gateways.provider import InvalidWebhook, WebhookRequest
from gateways.providers.generic_answer import at_path, text_at, walk

MOST_ITEMS = 1000


def read_callback(request: WebhookRequest, config: Mapping[str, Any]) -> list[Receipt | Incoming]:
    """What the call says; a word that the line doesn't map is passed over. Raises InvalidWebhook.

    A report's detail is all that the far side said: whoever keeps it masks it first, and cuts it then.
    """
    items = _items(_content(request), config["callback_list"])
    if len(items) > MOST_ITEMS:
        raise InvalidWebhook(f"more than {MOST_ITEMS} reports in one call")
    found = [_item(item, config) for item in items]
    return [one for one in found if one is not None]


def _content(request: WebhookRequest) -> Any:
    """The body as JSON or a form; the query when there is no body."""
    if not request.body.strip():
        return dict(request.query)
    kind = next((value for name, value in request.headers.items() if name.lower() == "content-type"), "")
    if "form-urlencoded" in kind.lower():
        try:
            return dict(parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=200))
        except ValueError:
            raise InvalidWebhook("the body isn't a readable form") from None
    try:
        return json.loads(request.body)
    except (ValueError, RecursionError):
        raise InvalidWebhook("the body isn't JSON") from None


def _items(content: Any, path: str) -> list[Any]:
    found = walk(content, path) if path else content
    if isinstance(found, list):
        return found
    if path and not isinstance(found, dict):
        raise InvalidWebhook("the body has no list of reports where callback_list says")
    return [found]


def _item(item: Any, config: Mapping[str, Any]) -> Receipt | Incoming | None:
    if not isinstance(item, dict):
        raise InvalidWebhook("a report isn't an object")
    provider_id = at_path(item, config["callback_provider_id"])
    word = at_path(item, config["callback_state"])
    state = config["states"].get((word or "").lower())
    if word is None or state == RECEIVED:
        return _incoming(item, config, provider_id)
    attempt_id = at_path(item, config["callback_id"])
    if not attempt_id and not provider_id:
        raise InvalidWebhook("a report names no message")
    if state is None:
        return None
    failed = state == "failed"
    return Receipt(
        ReceiptState(state),
        attempt_id=attempt_id,
        provider_id=provider_id,
        code=word.lower()[:40] if failed else "",
        detail=(text_at(item, config["callback_error"]) or "") if failed else "",
    )


def _incoming(item: dict[str, Any], config: Mapping[str, Any], provider_id: str | None) -> Incoming:
    phone = at_path(item, config["callback_from"])
    text = walk(item, config["callback_text"])
    if not phone or not isinstance(text, str):
        raise InvalidWebhook("the call is neither a report nor a text")
    return Incoming(provider_id or at_path(item, config["callback_id"]), phone, text[:10_000])
