"""Reads what a generic line answered: accepted, refused for now, refused for good, or nobody can tell."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.delivery import ErrorKind, Failed, Receipt, ReceiptState, Scope, SendError, Sent, Unknown
from gateways.answers import is_page, retry_after
from gateways.http_fields import RECEIVED
from gateways.telling import Rule, decoded
from gateways.transport import Answer

_LINE_STATUSES = (403, 404)  # the address or the account, probably: every message would meet the same
_NOT_LET_IN = (401, 402, 405, 407)  # credentials, credit or method: HTTP's own words for "not carried out"
_NEVER_READ = (408, 425)  # the far side speaks of a request that it did not read whole, or not yet


def read_send(answer: Answer, config: Mapping[str, Any], *, now: datetime) -> Sent | SendError:
    """What the answer to a send says, by the line's fields. `now` is for a Retry-After that is a date.

    An error's detail is all that the far side said: whoever keeps it masks it first, and cuts it then.
    """
    return judge(answer, config, now=now)[0]


def judge(answer: Answer, config: Mapping[str, Any], *, now: datetime) -> tuple[Sent | SendError, Rule]:
    """The same, and which rule told it."""
    status = answer.status
    if status in _NOT_LET_IN or str(status) in config["refusal_statuses"].split(","):
        rest = retry_after(answer.headers.get("retry-after", ""), now)
        refused = _error(
            answer, ErrorKind.REFUSED, f"http_{status}", _said(answer, config), scope=Scope.LINE, rest=rest
        )
        return refused, Rule("not_let_in" if status in _NOT_LET_IN else "refusal_status", config["refusal_statuses"])
    if 200 <= status < 300:
        return _read_success(answer, config)
    if status == 409 and config["deduplicates"]:
        provider_id = find(answer.body, config["id_path"])
        return Sent(answer.attempt_id, provider_id, "The gateway had it already."), Rule("known_already")
    if 300 <= status < 400:
        detail = "The gateway redirects, which is not followed: put the final address into the line's url."
        redirected = _error(answer, ErrorKind.UNKNOWN, f"http_{status}", detail, scope=Scope.LINE)
        return redirected, Rule("redirect", matched=answer.headers.get("location", ""))
    if status in _NEVER_READ or status >= 500 or status < 200:
        rest = retry_after(answer.headers.get("retry-after", ""), now)
        unknown = _error(
            answer, ErrorKind.UNKNOWN, f"http_{status}", _said(answer, config), scope=Scope.LINE, rest=rest
        )
        return unknown, Rule("no_word_status")
    scope = Scope.LINE if status in _LINE_STATUSES else Scope.MESSAGE
    return _error(answer, ErrorKind.PERMANENT, f"http_{status}", _said(answer, config), scope=scope), Rule(
        "refused_status"
    )


def _read_success(answer: Answer, config: Mapping[str, Any]) -> tuple[Sent | SendError, Rule]:
    text = decoded(answer.body, config["encoding"])
    path = config["id_path"]
    provider_id = find(answer.body, path)
    failure = config["failure_pattern"]
    if failure and (found := re.search(failure, text)):
        return _error(answer, ErrorKind.PERMANENT, "rejected", _said(answer, config)), Rule(
            "failure", failure, found[0]
        )
    if config["success_pattern"]:
        return _read_by_pattern(answer, config, text, provider_id)
    # With no check declared, a page is a proxy's or a login's as likely as the gateway's; and a gateway that was said
    # to answer with an id and doesn't may have accepted or not.
    if is_page(answer):
        return _unreadable(answer), Rule("page")
    if path and provider_id is None:
        return _unreadable(answer), Rule("no_id", path)
    return Sent(answer.attempt_id, provider_id), Rule("id", path, provider_id or "") if path else Rule("status")


def _read_by_pattern(
    answer: Answer, config: Mapping[str, Any], text: str, provider_id: str | None
) -> tuple[Sent | SendError, Rule]:
    pattern = config["success_pattern"]
    if found := re.search(pattern, text):
        return Sent(answer.attempt_id, provider_id), Rule("success", pattern, found[0])
    if not text.strip():
        return _unreadable(answer), Rule("empty")
    if is_page(answer):
        return _unreadable(answer), Rule("page")
    return _error(answer, ErrorKind.PERMANENT, "rejected", _said(answer, config)), Rule("no_success", pattern)


def judge_status(answer: Answer, config: Mapping[str, Any]) -> tuple[Sent | Failed | Unknown, Rule]:
    """What the answer of the status address says of an attempt, and which rule told it.

    An id it doesn't know says nothing: the original may be on its way still, and nothing fences it.
    """
    if not 200 <= answer.status < 300:
        return Unknown(answer.attempt_id, f"The status address answered {answer.status}."), Rule("no_state")
    path = config["status_path"]
    word = find(answer.body, path)
    state = _state(answer, config)
    if state is None:
        unknown = Unknown(answer.attempt_id, "The status address gave no state that the line knows.")
        page = word is None and is_page(answer)
        return unknown, Rule("page") if page else Rule("no_such_state", path, word or "")
    if state == "failed":
        failed = Failed(answer.attempt_id, "undelivered", _said(answer, config))
        return failed, Rule("state_failed", path, word or "")
    return Sent(answer.attempt_id, find(answer.body, config["id_path"])), Rule("state", path, word or "")


def read_report(answer: Answer, config: Mapping[str, Any]) -> Receipt | None:
    """What the same answer reports of an attempt that is known to have been accepted; None where that is nothing new.

    An error's detail is all that the far side said, as above.
    """
    state = _state(answer, config) if 200 <= answer.status < 300 else None
    if state in (None, ReceiptState.SENT):
        return None
    provider_id = find(answer.body, config["id_path"])
    if state == ReceiptState.FAILED:
        word = (find(answer.body, config["status_path"]) or "").lower()[:40]
        return Receipt(ReceiptState.FAILED, answer.attempt_id, provider_id, code=word, detail=_said(answer, config))
    return Receipt(ReceiptState(state), answer.attempt_id, provider_id)


def _state(answer: Answer, config: Mapping[str, Any]) -> str | None:
    """The state that the answer's word stands for; a text that was received is none."""
    word = find(answer.body, config["status_path"])
    state = config["states"].get((word or "").lower())
    return None if state == RECEIVED else state


def find(body: bytes, path: str) -> str | None:
    """The text at a path of the JSON body (messages.0.id), or a regular expression's (/id=(\\w+)/) first group."""
    if not path:
        return None
    if path.startswith("/") and path.endswith("/") and len(path) > 1:
        match = re.search(path[1:-1], body.decode("utf-8", "replace"))
        return None if match is None else match[match.re.groups and 1]
    try:
        return at_path(json.loads(body), path)
    except (ValueError, RecursionError):
        return None


def at_path(value: Any, path: str) -> str | None:
    """The beginning of the text or number at a path of what JSON gave; None when there is none."""
    found = text_at(value, path)
    return None if found is None else found[:200]


def text_at(value: Any, path: str) -> str | None:
    """The whole of it, as it can be stored: JSON may escape halves of characters, which are none."""
    found = walk(value, path)
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return None
    return str(found).encode("utf-8", "replace").decode()


def walk(value: Any, path: str) -> Any:
    """Whatever is at the path; None when there is nothing."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _unreadable(answer: Answer) -> SendError:
    detail = "The answer doesn't say whether it was accepted: see the line's success_pattern and id_path."
    return _error(answer, ErrorKind.UNKNOWN, "unreadable", detail, scope=Scope.LINE)


def _said(answer: Answer, config: Mapping[str, Any]) -> str:
    """What the far side said. The whole of it: half a secret at its end would not be found."""
    if is_page(answer):
        return "The gateway answered with a page."
    return decoded(answer.body, config["encoding"])


def _error(
    answer: Answer,
    kind: ErrorKind,
    code: str,
    detail: str,
    *,
    scope: Scope = Scope.MESSAGE,
    rest: float | None = None,
) -> SendError:
    return SendError(answer.attempt_id, kind, code, detail, scope, rest)
