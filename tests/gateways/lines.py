"""Lines for provider tests: a kind's fields over its defaults, with no database."""

from typing import Any

from domain.delivery import Outbound
from gateways.kinds import kind_named
from gateways.provider import Line

ATTEMPT = "0123456789abcdef0123456789abcdef"
CALLBACK = "https://us.example/hooks/1/hush"


def line(kind: str = "http_generic", *, allow_private: bool = True, **fields: Any) -> Line:
    return Line(
        id="1",
        name="a line",
        kind=kind,
        config=kind_named(kind).clean(fields),
        callback_url=CALLBACK,
        allow_private=allow_private,
    )


def outbound(text: str = "Hola", *, phone: str = "+56911111111", attempt_id: str = ATTEMPT) -> Outbound:
    return Outbound(attempt_id=attempt_id, message_id="m1", phone=phone, text=text)
