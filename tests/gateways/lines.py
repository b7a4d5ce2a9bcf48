"""Lines for provider tests: a kind's fields over its defaults, with no database."""

from collections.abc import Callable
from typing import Any

from domain.delivery import Call, Exchange, Outbound
from gateways.kinds import kind_named
from gateways.provider import Line

ATTEMPT = "0123456789abcdef0123456789abcdef"
CALLBACK = "https://us.example/hooks/1/hush"


def line(
    kind: str = "http_generic",
    *,
    allow_private: bool = True,
    record: Callable[[Call], None] = lambda _call: None,
    **fields: Any,
) -> Line:
    return Line(
        id="1",
        name="a line",
        kind=kind,
        config=kind_named(kind).clean(fields),
        callback_url=CALLBACK,
        allow_private=allow_private,
        record=record,
    )


def exchange_of(call: Call) -> Exchange:
    """A call's exchange, also where it waited to be asked for."""
    return call.exchange if isinstance(call.exchange, Exchange) else call.exchange()


def outbound(text: str = "Hola", *, phone: str = "+56911111111", attempt_id: str = ATTEMPT) -> Outbound:
    return Outbound(attempt_id=attempt_id, message_id="m1", phone=phone, text=text)
