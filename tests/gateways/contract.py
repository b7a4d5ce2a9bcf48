"""The rows of the contract table: what a line is asked to send, what its far side does, and what has to come of it."""

from dataclasses import dataclass, field
from typing import Any

from domain.delivery import ErrorKind, Outbound, Scope, SendError, Sent
from tests.gateways.far_side import FarSide, Script
from tests.gateways.lines import ATTEMPT, outbound

URL = "{far}"
"""Stands in a row's fields for the address of its far side."""

TOKEN = "hush-hush-token"


@dataclass(frozen=True)
class Request:
    """The request expected; headers are those that matter, with names in lower case."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Row:
    label: str
    fields: dict[str, Any]
    far: Script
    result: Sent | SendError | list[Sent | SendError]  # of each message, where there are several
    request: Request | list[Request | None] | None = None  # in their order, where there are several
    heard: bool = True  # whether the request reaches the far side whole
    kind: str = "http_generic"
    message: Outbound | list[Outbound] = field(default_factory=outbound)


def refused(code: str, detail: str, *, scope: Scope = Scope.LINE, retry_after: float | None = None) -> SendError:
    return SendError(ATTEMPT, ErrorKind.REFUSED, code, detail, scope, retry_after)


def permanent(code: str, detail: str, *, scope: Scope = Scope.MESSAGE) -> SendError:
    return SendError(ATTEMPT, ErrorKind.PERMANENT, code, detail, scope)


def unknown(code: str, detail: str, *, retry_after: float | None = None) -> SendError:
    return SendError(ATTEMPT, ErrorKind.UNKNOWN, code, detail, Scope.LINE, retry_after)


def fields_for(row: Row, far: FarSide) -> dict[str, Any]:
    return {
        name: value.replace(URL, far.url) if isinstance(value, str) else value for name, value in row.fields.items()
    }
