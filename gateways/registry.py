"""From a stored gateway to the provider that carries its messages out."""

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from gateways.calls import recorder_of
from gateways.kinds import kind_named
from gateways.models import Gateway
from gateways.provider import Line, Provider

HOOKS = "/hooks/"
"""Where the addresses begin that gateways call: /hooks/<gateway id>/<secret>."""


def provider_for(line: Line) -> Provider:
    """A provider of the line's kind, for one call of the engine. Raises GatewayError on a kind that is gone."""
    return cast(Provider, import_string(kind_named(line.kind).provider)(line))


def line_of(gateway: Gateway) -> Line:
    """The gateway as its provider sees it. Fields that its kind has gained since have their defaults.

    Raises lib.sealed.CannotUnseal when no key opens its secrets.
    """
    kind = kind_named(gateway.kind)
    defaults = {field.name: field.default for field in kind.fields}
    stored = {**gateway.config, **gateway.secrets}
    return Line(
        id=str(gateway.pk),
        name=gateway.name,
        kind=gateway.kind,
        config={name: stored.get(name, default) for name, default in defaults.items()},
        callback_url=callback_url(gateway),
        allow_private=settings.ALLOW_PRIVATE_GATEWAYS,
        record=recorder_of(gateway.pk),
    )


def callback_url(gateway: Gateway) -> str:
    """Where the far side may post receipts; empty when this server has no public address."""
    secret = gateway.secrets.get("callback_secret")
    if not settings.PUBLIC_URL or not secret:
        return ""
    return f"{settings.PUBLIC_URL.rstrip('/')}{HOOKS}{gateway.pk}/{secret}"
