"""How much a line may send, and what it has spent of that, as the engine keeps it on the Gateway (engine/limits.py)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.limits import Limit, Spent
from gateways.kinds import KINDS
from gateways.models import Gateway


def limits_of(gateway: Gateway) -> dict[Limit, int]:
    """The most of each limit that the gateway's kind knows; 0 is no limit."""
    kind = KINDS.get(gateway.kind)
    fields = {field.name: field for field in kind.fields} if kind is not None else {}
    return {
        limit: int(gateway.config.get(limit.value, fields[limit.value].default) or 0)
        for limit in Limit
        if limit.value in fields
    }


def spent(stored: Mapping[str, Any] | None) -> dict[Limit, Spent]:
    """What is stored as a gateway's usage."""
    return {
        limit: Spent(datetime.fromisoformat(stored[limit.value]["until"]), int(stored[limit.value]["used"]))
        for limit in Limit
        if stored and limit.value in stored
    }
