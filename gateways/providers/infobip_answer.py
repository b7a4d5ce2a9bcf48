"""Reads what Infobip answered to a request of many messages: of each by itself, or of the request as a whole."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.delivery import ErrorKind, Failed, Health, Outbound, Scope, SendError, Sent
from gateways.answers import is_page, retry_after
from gateways.masking import Masker
from gateways.providers.infobip_status import Status, sent_or_not, status_of, text
from gateways.telling import Rule
from gateways.transport import Answer

DETAIL_SHOWN = 200
LOGS_REST = 10.0
"""Seconds until the logs are asked again that had too many questions and don't say when."""

_CONTENT = (400, 413, 422)  # something in the request isn't right: of one message, or of all
_NOT_LET_IN = (401, 402, 403, 404, 405, 407)  # credentials, credit, address or method: nothing was carried out
_NO_LOGS = (401, 403, 404)
_PLACE = re.compile(r"messages\[(\d{1,4})\]\.?(.*)")
_OF_A_MESSAGE = ("destinations", "content", "to", "text")


@dataclass(frozen=True, slots=True)
class Refused:
    """The request was refused because of what is in it, so nothing of it was accepted.

    `blamed` are the messages that the refusal names, by their places, each with what it says.
    """

    code: str
    detail: str
    blamed: dict[int, str]

    def of(self, outbound: Outbound, detail: str = "") -> SendError:
        """The refusal of one message for good."""
        return SendError(outbound.attempt_id, ErrorKind.PERMANENT, self.code, detail or self.detail)

    def of_line(self, outbound: Outbound) -> SendError:
        """The line is to blame: the message may go when that is mended, or by another line."""
        return SendError(outbound.attempt_id, ErrorKind.REFUSED, self.code, self.detail, Scope.LINE)


def read_send(
    answer: Answer | SendError, batch: Sequence[Outbound], mask: Masker, *, now: datetime
) -> tuple[list[Sent | SendError] | Refused, Rule]:
    """A result for each message, or the refusal of their request; and which rule told it."""
    if isinstance(answer, SendError):
        return _each(batch, answer), Rule(answer.code)
    status = answer.status
    if 200 <= status < 300:
        return _read_messages(answer, batch, mask)
    said = _said(answer)
    shown = mask.brief(said.summary, DETAIL_SHOWN, whole=not answer.cut)
    if status in _CONTENT and said.readable and not said.blames_line:
        blamed = {place: mask.brief(why, DETAIL_SHOWN) for place, why in said.blamed.items() if place < len(batch)}
        return Refused(f"http_{status}", shown, blamed), Rule("refused_status")
    kind, rule = _by_status(status, readable=said.readable)
    if rule == "redirect":
        shown = "The gateway redirects, which is not followed: put the final address into the line."
    rest = retry_after(answer.headers.get("retry-after", ""), now)
    return _each(batch, SendError("", kind, f"http_{status}", shown, Scope.LINE, rest)), Rule(rule)


def _by_status(status: int, *, readable: bool) -> tuple[ErrorKind, str]:
    """How sure a status is that nothing of the request was accepted, and the word of its rule."""
    if status == 429:
        return ErrorKind.REFUSED, "refusal_status"
    if status in _NOT_LET_IN or (status in _CONTENT and readable):
        return ErrorKind.REFUSED, "not_let_in"
    return ErrorKind.UNKNOWN, "redirect" if 300 <= status < 400 else "no_word_status"


def _each(batch: Sequence[Outbound], error: SendError) -> list[Sent | SendError]:
    return [replace(error, attempt_id=outbound.attempt_id) for outbound in batch]


def _read_messages(answer: Answer, batch: Sequence[Outbound], mask: Masker) -> tuple[list[Sent | SendError], Rule]:
    content = _json(answer)
    messages = content.get("messages") if isinstance(content, dict) else None
    if not isinstance(messages, list):
        detail = "The answer isn't one of Infobip's to a message."
        unreadable = SendError("", ErrorKind.UNKNOWN, "unreadable", detail, Scope.LINE)
        return _each(batch, unreadable), Rule("page" if is_page(answer) else "empty" if not answer.body else "no_id")
    found: dict[str, Status] = {}
    for message in messages:
        if isinstance(message, dict) and isinstance(message.get("messageId"), str):
            found.setdefault(message["messageId"], status_of(message.get("status")))
    nothing = Status(0, 0, "", "")
    results: list[Sent | SendError] = []
    for outbound in batch:
        result = sent_or_not(outbound.attempt_id, found.get(outbound.attempt_id, nothing))
        if isinstance(result, SendError):
            result = replace(result, detail=mask.brief(result.detail, DETAIL_SHOWN))
        results.append(result)
    return results, Rule("id", "messages[].messageId")


# The logs ------------------------------------------------------------------------------------------------------------
def read_logs(answer: Answer, attempt_id: str, mask: Masker, *, now: datetime) -> Sent | Failed | SendError | None:
    """What the logs say of an attempt; None where they don't have it, or this line's credential may not read them."""
    if answer.status in _NO_LOGS:
        return None
    if answer.status == 429:
        # They take fewer questions than messages: this one waits, and the line goes on.
        rest = retry_after(answer.headers.get("retry-after", ""), now)
        rest = LOGS_REST if rest is None else rest
        return SendError(
            attempt_id, ErrorKind.REFUSED, "http_429", "The logs take no more questions now.", retry_after=rest
        )
    content = _json(answer) if answer.status == 200 else None
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, list):
        code = "unreadable" if answer.status == 200 else f"http_{answer.status}"
        return SendError(attempt_id, ErrorKind.UNKNOWN, code, "The logs gave no readable answer.", Scope.LINE)
    ours = [one for one in results if isinstance(one, dict) and one.get("messageId") == attempt_id]
    return _in_logs([status_of(one.get("status")) for one in ours], attempt_id, mask)


def _in_logs(known: Sequence[Status], attempt_id: str, mask: Masker) -> Sent | Failed | SendError | None:
    """What an attempt's entries say. A second request under its id has one of its own, which says nothing of it."""
    if any(status.group and not status.failed for status in known):
        return Sent(attempt_id)
    failed = next((status for status in known if status.failed), None)
    if failed is not None:
        return Failed(attempt_id, failed.code, mask.brief(failed.detail, DETAIL_SHOWN))
    if known:
        return SendError(attempt_id, ErrorKind.UNKNOWN, "unknown", "The logs tell no status of it.", Scope.LINE)
    return None


# The balance ---------------------------------------------------------------------------------------------------------
def read_balance(answer: Answer, mask: Masker) -> Health:
    """Whether the line can be used, by what its account said of its balance."""
    if answer.status == 200:
        content = _json(answer)
        balance = content.get("balance") if isinstance(content, dict) else None
        if not isinstance(balance, int | float) or isinstance(balance, bool):
            return Health(False, "The answer isn't one of Infobip's: see the line's address.")
        # That of an account that pays afterwards may be nothing, or less.
        return Health(True, f"Balance: {balance:,.2f} {text(content.get('currency'))[:3]}".strip())
    said = _said(answer)
    if answer.status == 403 and said.readable:
        return Health(True, "Infobip knows the credential, which may not read the balance.")
    detail = mask.brief(said.summary, DETAIL_SHOWN, whole=not answer.cut)
    return Health(False, f"HTTP {answer.status}: {detail}".removesuffix(": "))


# Errors --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Said:
    """What an error says, in either of Infobip's forms; `blamed` are the messages that it names."""

    summary: str
    readable: bool
    blamed: dict[int, str]
    blames_line: bool


def _said(answer: Answer) -> _Said:
    if is_page(answer):
        return _Said("The gateway answered with a page.", False, {}, False)
    content = _json(answer)
    if not isinstance(content, dict):
        return _Said(answer.body[:20_000].decode("utf-8", "replace"), False, {}, False)
    words, violations, readable = _words(content)
    blamed: dict[int, str] = {}
    blames_line = False
    for place, why in violations:
        named = _PLACE.fullmatch(place)
        if named is not None and named[2].startswith(_OF_A_MESSAGE):
            blamed.setdefault(int(named[1]), f"{named[2]}: {why}")
        else:
            blames_line = blames_line or bool(place)
    told = [words, *(f"{place}: {why}" for place, why in violations[:3])]
    return _Said(" ".join(part for part in told if part), readable, blamed, blames_line)


def _words(content: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bool]:
    """An error's words, what it says of parts of the request, and whether it is one of Infobip's."""
    exception = content.get("requestError")
    exception = exception.get("serviceException") if isinstance(exception, dict) else None
    if isinstance(exception, dict):  # versions 1 and 2
        by_place = exception.get("validationErrors")
        by_place = by_place if isinstance(by_place, dict) else {}
        pairs = [(text(place), _joined(why)) for place, why in by_place.items()]
        return ": ".join(filter(None, (text(exception.get("messageId")), text(exception.get("text"))))), pairs, True
    listed = content.get("violations")
    pairs = list(_violations(listed)) if isinstance(listed, list) else []
    words = ": ".join(filter(None, (text(content.get("errorCode")), text(content.get("description")))))
    return words, pairs, bool(text(content.get("errorCode")))


def _violations(listed: list[Any]) -> Iterator[tuple[str, str]]:
    for one in listed:
        if isinstance(one, dict):
            yield text(one.get("property")), text(one.get("violation"))


def _joined(why: Any) -> str:
    return "; ".join(text(one) for one in why if isinstance(one, str)) if isinstance(why, list) else text(why)


def _json(answer: Answer) -> Any:
    """What the body says; None where it is cut or isn't JSON."""
    if answer.cut:
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
