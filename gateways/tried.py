"""A test's exchange in words: what was sent, what came back, and which rule told what it means."""

import json
import shlex
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domain.delivery import Exchange
from gateways.describe import plain_number
from gateways.exchanges import BODY_SHOWN
from messaging.reasons import reason_sentence

RULES = {
    "success": gettext_lazy("Accepted: the answer matches “Accepted when the answer matches”."),
    "id": gettext_lazy("Accepted: the answer has the message's id where the line says."),
    "status": gettext_lazy(
        "Accepted, by its status alone: the line says neither what an acceptance looks like nor where the id is."
    ),
    "known_already": gettext_lazy("Accepted: the gateway says that it knows this id already."),
    "failure": gettext_lazy("Refused for good: the answer matches “Refused when the answer matches”."),
    "no_success": gettext_lazy("Refused for good: the answer does not match “Accepted when the answer matches”."),
    "refused_status": gettext_lazy("Refused for good, by its status."),
    "not_let_in": gettext_lazy(
        "Refused for now: this status means that credentials, credit or method are not accepted."
    ),
    "refusal_status": gettext_lazy("Refused for now: the line counts this status as “not carried out”."),
    "redirect": gettext_lazy("Uncertain: it redirects, which is not followed. Put the final address into the line."),
    "no_word_status": gettext_lazy("Uncertain: after this status nobody can tell whether it was carried out."),
    "page": gettext_lazy("Uncertain: it is a web page, as a proxy or a login shows one, and no gateway's answer."),
    "empty": gettext_lazy("Uncertain: the answer is empty."),
    "no_id": gettext_lazy("Uncertain: the answer has no id where the line says it would be."),
    "no_such_device": gettext_lazy("Refused for now: the gateway knows no such phone. See the line's settings."),
    "failed_state": gettext_lazy("Refused for good: the answer says that the message failed."),
    "state": gettext_lazy("It told what became of the message."),
    "unknown_id": gettext_lazy("It does not know the message."),
    "no_state": gettext_lazy("Its answer does not tell what became of the message."),
    "token": gettext_lazy("It gave a token for the calls that follow. The token is not shown."),
    "no_token": gettext_lazy("It gave no token, so that nothing was sent."),
    "answered": gettext_lazy("It answered."),
}
"""By the word that the provider stores (gateways/providers/)."""

_ACCEPTED = ("success", "id", "status", "known_already", "state", "token", "answered")
_UNCERTAIN = ("redirect", "no_word_status", "page", "empty", "no_id", "unknown_id", "no_state")
_UNCERTAIN_WITHOUT_ANSWER = ("timeout", "disconnected", "cut_answer", "unreadable", "lost")

_BY_ITSELF = ("host", "accept", "accept-encoding", "user-agent", "content-length", "connection")
"""Headers that curl sets as well."""


def shown(told: Exchange) -> dict[str, Any]:
    """What the page shows of an exchange."""
    return {
        "told": told,
        "verdict": RULES.get(told.rule) or _("No answer: %(reason)s.") % {"reason": reason_sentence(told.rule)},
        "colour": _colour(told.rule),
        "pattern_label": _pattern_label(told.rule),
        "seconds": seconds(told.seconds),
        "request_size": size(told.size),
        "answer_size": _("more than %(size)s") % {"size": size(told.answer_size)}
        if told.answer_endless
        else size(told.answer_size),
        "body_cut": len(told.body) >= BODY_SHOWN,
        "answer_cut": told.answer_endless or len(told.answer_body) >= BODY_SHOWN,
        "answer_pretty": pretty(told.answer_body),
        "curl": curl(told),
    }


def _colour(rule: str) -> str:
    if rule in _ACCEPTED:
        return "done"
    return "doubt" if rule in (*_UNCERTAIN, *_UNCERTAIN_WITHOUT_ANSWER) else "now"


def _pattern_label(rule: str) -> str:
    if rule in ("id", "no_id"):
        return _("Where the id is")
    return _("Pattern") if rule in ("success", "failure", "no_success") else ""


def seconds(number: float) -> str:
    """A time as people compare times: in milliseconds up to a second."""
    if number < 1:
        return _("%(number)s ms") % {"number": plain_number(round(number * 1000))}
    return _("%(number)s s") % {"number": plain_number(round(number, 1))}


def size(number: int) -> str:
    """A size in bytes or KB."""
    if number < 1024:
        return _("%(number)s bytes") % {"number": plain_number(number)}
    return _("%(number)s KB") % {"number": plain_number(round(number / 1024, 1))}


def pretty(text: str) -> str:
    """A JSON text with line ends and indents; any other as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        # Halves of characters, which JSON may escape, are none of a page's.
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace").decode()
    except (ValueError, RecursionError):
        return text


def curl(told: Exchange) -> str:
    """The request as a command, to be told to a gateway's support; its secrets have to be put in."""
    parts = ["curl", "-i", "-X", told.method, shlex.quote(told.url)]
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in told.headers if name.lower() not in _BY_ITSELF]
    if told.body:
        parts.append(f"--data-raw {shlex.quote(told.body)}")
    first, rest = " ".join(parts[:5]), parts[5:]
    return " \\\n  ".join([first, *rest])


def attempt_reason(code: str) -> str:
    """Why an attempt had no success, in words; empty when it had."""
    return reason_sentence(code) if code else ""
