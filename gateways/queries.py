"""Pools and gateways as lists show them, with secrets masked."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from gateways.kinds import KINDS
from gateways.models import Gateway, Pool
from lib.redaction import MASK
from lib.sealed import CannotUnseal


@dataclass(frozen=True, slots=True)
class PoolRow:
    """Delay and variation are in seconds; `gateways` counts the active ones too."""

    name: str
    channel: str
    strategy: str
    delay: float
    variation: float
    active: bool
    gateways: int
    auto_throttle: bool
    throttle_target: int
    throttle_max: float


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """`fields` are the kind's, by name, secrets masked."""

    id: str
    name: str
    kind: str
    channel: str
    pool: str
    active: bool
    health: str
    health_reason: str
    fields: dict[str, Any]


def pools() -> list[PoolRow]:
    """Every pool, by name."""
    return [
        PoolRow(
            name=pool.name,
            channel=pool.channel,
            strategy=pool.strategy,
            delay=pool.delay_seconds,
            variation=pool.variation_seconds,
            active=pool.active,
            gateways=pool.lines,
            auto_throttle=pool.auto_throttle,
            throttle_target=pool.throttle_target,
            throttle_max=pool.throttle_max,
        )
        for pool in Pool.objects.annotate(lines=Count("gateways")).order_by("name")
    ]


def gateways() -> list[GatewayRow]:
    """Every gateway, by name."""
    return [
        GatewayRow(
            id=str(gateway.pk),
            name=gateway.name,
            kind=gateway.kind,
            channel=gateway.channel,
            pool=gateway.pool.name,
            active=gateway.active,
            health=gateway.health,
            health_reason=gateway.health_reason,
            fields=masked_fields(gateway),
        )
        for gateway in Gateway.objects.select_related("pool").order_by("name")
    ]


def masked_fields(gateway: Gateway) -> dict[str, Any]:
    """The gateway's settings as they may be shown; none for a kind that is gone.

    Secrets that no key opens any more are shown as the mask: a list must not fail for one line.
    """
    kind = KINDS.get(gateway.kind)
    if kind is None:
        return {}
    try:
        return kind.masked({**gateway.config, **gateway.secrets})
    except CannotUnseal:
        return kind.masked(gateway.config) | {field.name: MASK for field in kind.fields if field.secret}
