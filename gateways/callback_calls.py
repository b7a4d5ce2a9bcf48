"""Tells a line's log of a call that its gateway made to us: what it said, and what we answered."""

from collections.abc import Sequence
from functools import partial

from domain.delivery import Call, Exchange, Incoming, Purpose, Receipt, Verdict
from gateways.kinds import kind_named
from gateways.masking import Masker, secret_texts
from gateways.provider import Line, WebhookRequest
from gateways.telling import Rule, Teller
from gateways.transport import Answer, Request, Seen

MOST_ATTEMPTS = 200
"""Attempts by which a call is found that reports many."""

RULES = {200: "callback", 400: "callback_unreadable", 500: "callback_fault", 503: "callback_away"}


def callback_call(
    line: Line,
    request: WebhookRequest,
    address: str,
    secret: str,
    *,
    items: Sequence[Receipt | Incoming],
    status: int,
    text: str,
    seconds: float,
) -> Call:
    """The call as its line's log takes it. `address` holds the secret; `text` is what we answered beside the status."""
    told = partial(_told, line, request, address, secret, status, text, seconds)
    attempts = [one.attempt_id for one in items[:MOST_ATTEMPTS] if isinstance(one, Receipt) and one.attempt_id]
    verdict = Verdict.ACCEPTED if status == 200 else Verdict.REFUSED
    return Call(Purpose.CALLBACK, told, tuple(dict.fromkeys(attempts)), verdict)


def _told(
    line: Line, request: WebhookRequest, address: str, secret: str, status: int, text: str, seconds: float
) -> Exchange:
    sealed = {field.name: line.config.get(field.name, "") for field in kind_named(line.kind).fields if field.secret}
    encoding = line.config.get("encoding", "utf-8")
    teller = Teller(Masker({secret, *secret_texts(sealed)}, encoding), encoding=encoding)
    return teller.tell(
        Request("", request.method, address, request.headers, request.body),
        Seen({}, seconds),
        Answer("", status, {}, text.encode()),
        Rule(RULES.get(status, "callback_shape")),
    )
