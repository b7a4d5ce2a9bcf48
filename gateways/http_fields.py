"""The settings of a generic HTTP line, and what must hold between them."""

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domain.delivery import ReceiptState
from gateways import placeholders
from gateways.common_fields import ANSWERS, CALLS, MORE, VERIFY_TLS, concurrency, rate, timeout
from gateways.errors import GatewayError
from gateways.fields import Field, FieldType
from gateways.hosts import check_host

STATES = {
    "accepted": "sent",
    "queued": "sent",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
    "rejected": "failed",
    "expired": "failed",
    "received": "received",
}
"""What the far side's words mean, unless the line says otherwise."""

RECEIVED = "received"
"""What the word means of a call that brings a person's text: no state of a message."""

CONTENT_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain",
}


def shown_url(url: str) -> str:
    """The address without what may be secret in it: scheme://host/path."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, f"[{host}]{port}" if ":" in host else host + port, parts.path, "", ""))


def _check_url(url: str) -> str:
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError(_("has a space or a line end: encode it as %20"))
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises on a port that is no number
    except ValueError:
        raise ValueError(_("doesn't parse: it takes an address such as https://host/send?to={phone}")) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(_("takes an address that begins with http:// or https:// and has a host"))
    if "{" in parts.netloc or "}" in parts.netloc:
        raise ValueError(_("takes placeholders in its path and query only, not in the host"))
    if not parts.netloc.isascii():
        raise ValueError(_("takes a host in ASCII: write an international name in its xn-- form"))
    check_host(parts.hostname)
    if "@" in parts.netloc:
        raise ValueError(_("takes no user and password: put them in auth=basic and token=user:password"))
    if parts.fragment:
        raise ValueError(_("takes no “#” part: it never reaches the gateway"))
    return url


def _check_placeholders(template: str, known: frozenset[str]) -> None:
    if placeholders.has_stray_brace(template):
        raise ValueError(_("has a brace without its pair: placeholders are written {phone}"))
    _check_names(template, known)


def _check_names(template: str, known: frozenset[str]) -> None:
    if unknown := sorted(placeholders.names_in(template) - known):
        raise ValueError(
            _("has an unknown placeholder %(unknown)s. Available: %(known)s.")
            % {
                "unknown": ", ".join(f"{{{name}}}" for name in unknown),
                "known": ", ".join(f"{{{name}}}" for name in sorted(known)),
            }
        )


def _check_send_url(url: str) -> str:
    _check_placeholders(url, placeholders.KNOWN)
    return _check_url(url)


def _check_status_url(url: str) -> str:
    _check_placeholders(url, placeholders.IN_STATUS_URL)
    if "id" not in placeholders.names_in(url):
        raise ValueError(_("needs {id}, by which the gateway knows our message"))
    return _check_url(url)


def _check_body(body: str) -> str:
    _check_names(body, placeholders.KNOWN)
    return body


def _check_headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(_("has a name that is no header's"))
        if name.lower() in ("host", "content-length", "transfer-encoding", "connection", "expect"):
            raise ValueError(_("can't set %(name)s: it belongs to the connection") % {"name": name})
        if re.search(r"[\x00-\x1f\x7f]", value):
            raise ValueError(_("has a line end or a control character in %(name)s") % {"name": name})
        _check_names(value, placeholders.IN_HEADERS)
    return headers


def _check_pattern(pattern: str) -> str:
    if len(pattern) > 300:
        raise ValueError(_("is longer than 300 characters"))
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(_("isn't a valid regular expression: %(error)s") % {"error": error}) from None
    return pattern


def _check_path(path: str) -> str:
    if len(path) > 1 and path.startswith("/") and path.endswith("/"):
        _check_pattern(path[1:-1])
    elif not re.fullmatch(r"[^.\s]+(\.[^.\s]+)*", path):
        raise ValueError(_("takes a path such as messages.0.id, or a regular expression between slashes"))
    return path


def _check_encoding(name: str) -> str:
    try:
        "a".encode(name)  # what codecs.lookup finds may not be an encoding of texts
    except (LookupError, ValueError):
        raise ValueError(_("isn't a known encoding; utf-8 and iso-8859-1 are the usual ones")) from None
    # Python's names aren't all those of the Internet, which go into the Content-Type.
    return re.sub(r"^cp(125\d)$", r"windows-\1", codecs.lookup(name).name.replace("iso8859", "iso-8859"))


def _check_statuses(text: str) -> str:
    numbers = [part.strip() for part in text.split(",") if part.strip()]
    if not all(re.fullmatch(r"[345]\d\d", number) for number in numbers):
        raise ValueError(_("takes HTTP statuses from 300 to 599, separated by commas"))
    return ",".join(sorted(set(numbers)))


def _check_states(states: dict[str, str]) -> dict[str, str]:
    known = [*(state.value for state in ReceiptState), RECEIVED]
    if wrong := sorted(set(states.values()) - set(known)):
        raise ValueError(
            _("maps to the unknown state %(wrong)s. Available: %(known)s.")
            % {"wrong": ", ".join(wrong), "known": ", ".join(known)}
        )
    return {word.lower(): state for word, state in states.items()}


def _check_token(token: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", token):
        raise ValueError(_("has a line end or a control character"))
    return token


FIELDS = (
    Field(
        "url",
        gettext_lazy("Address"),
        secret=True,
        required=True,
        check=_check_send_url,
        shown=shown_url,
        help=gettext_lazy(
            "Where a message is sent, with {phone}, {message}, {id}, {callback_url} and {token} where they belong; "
            "{phone_raw} and {message_raw} are put in as they are."
        ),
    ),
    Field("method", gettext_lazy("Method"), FieldType.CHOICE, default="GET", choices=("GET", "POST", "PUT")),
    Field(
        "headers",
        gettext_lazy("Headers"),
        FieldType.MAPPING,
        secret=True,
        default={},
        check=_check_headers,
        section=MORE,
    ),
    Field(
        "body",
        gettext_lazy("Body"),
        check=_check_body,
        help=gettext_lazy('Such as {"to": "{phone}", "text": "{message}", "id": "{id}"} for JSON.'),
        multiline=True,
    ),
    Field("content_type", gettext_lazy("Content type"), FieldType.CHOICE, default="json", choices=tuple(CONTENT_TYPES)),
    Field("encoding", gettext_lazy("Encoding"), default="utf-8", required=True, check=_check_encoding, section=MORE),
    Field(
        "phone_format",
        gettext_lazy("Phone format"),
        FieldType.CHOICE,
        default="e164",
        choices=("e164", "digits", "national"),
        help=gettext_lazy("+56912345678, 56912345678 or 912345678."),
        section=MORE,
    ),
    Field(
        "auth",
        gettext_lazy("Authentication"),
        FieldType.CHOICE,
        default="none",
        choices=("none", "bearer", "basic", "header", "query"),
    ),
    Field(
        "token",
        gettext_lazy("Token"),
        secret=True,
        check=_check_token,
        help=gettext_lazy("For basic, user:password. It may also stand as {token} in the body, address or headers."),
    ),
    Field(
        "token_name",
        gettext_lazy("Name of the token"),
        help=gettext_lazy("The header or the query parameter that carries it."),
    ),
    Field(
        "success_pattern",
        gettext_lazy("Accepted when the answer matches"),
        check=_check_pattern,
        help=gettext_lazy("A regular expression. A readable answer that doesn't match is a refusal."),
        section=ANSWERS,
    ),
    Field("failure_pattern", gettext_lazy("Refused when the answer matches"), check=_check_pattern, section=ANSWERS),
    Field(
        "id_path",
        gettext_lazy("Where the gateway's id is"),
        check=_check_path,
        help=gettext_lazy("In the answer: messages.0.id, or a regular expression between slashes: /id=(\\w+)/."),
        section=ANSWERS,
    ),
    Field(
        "refusal_statuses",
        gettext_lazy("Statuses that surely mean “not accepted, try later”"),
        default="429",
        check=_check_statuses,
        help=gettext_lazy("Only what the gateway documents as such: those messages are sent again."),
        section=ANSWERS,
    ),
    Field(
        "deduplicates",
        gettext_lazy("Ignores a second request with the same {id}"),
        FieldType.BOOLEAN,
        default=False,
        help=gettext_lazy("Only if the gateway documents it: lost answers are then settled by asking again."),
        section=ANSWERS,
    ),
    Field(
        "status_url",
        gettext_lazy("Address that tells a message's state"),
        secret=True,
        check=_check_status_url,
        shown=shown_url,
        section=ANSWERS,
    ),
    Field(
        "status_path",
        gettext_lazy("Where its answer has the state"),
        default="status",
        check=_check_path,
        section=ANSWERS,
    ),
    Field(
        "states",
        gettext_lazy("What the gateway's words mean"),
        FieldType.MAPPING,
        default=STATES,
        check=_check_states,
        help=gettext_lazy(
            "Each word with one of: sent, delivered, read, failed, or received for a person's text. Other words are "
            "passed over."
        ),
        section=ANSWERS,
    ),
    Field(
        "poll_s",
        gettext_lazy("Ask for states every so many seconds"),
        FieldType.INTEGER,
        default=0,
        minimum=0,
        maximum=86_400,
        help=gettext_lazy(
            "0 never asks: for gateways that report by callback. A message is asked for again after ever longer "
            "pauses, for 48 hours."
        ),
        section=ANSWERS,
    ),
    Field("callback_id", gettext_lazy("Callback: our id"), default="id", check=_check_path, section=CALLS),
    Field(
        "callback_provider_id",
        gettext_lazy("Callback: the gateway's id"),
        default="provider_id",
        check=_check_path,
        section=CALLS,
    ),
    Field("callback_state", gettext_lazy("Callback: the state"), default="status", check=_check_path, section=CALLS),
    Field("callback_error", gettext_lazy("Callback: the error"), default="error", check=_check_path, section=CALLS),
    Field("callback_list", gettext_lazy("Callback: where the list of reports is"), check=_check_path, section=CALLS),
    Field("callback_from", gettext_lazy("Incoming text: the sender"), default="from", check=_check_path, section=CALLS),
    Field("callback_text", gettext_lazy("Incoming text: the text"), default="text", check=_check_path, section=CALLS),
    timeout(15),
    VERIFY_TLS,
    rate(),
    concurrency(16, most=200),
    Field(
        "max_length",
        gettext_lazy("Longest text, in characters"),
        FieldType.INTEGER,
        default=0,
        minimum=0,
        maximum=10_000,
        help=gettext_lazy("0 means no limit. A longer text is not sent."),
        section=MORE,
    ),
)


def check_together(values: Mapping[str, Any]) -> None:
    """What no field can say alone. Raises GatewayError."""
    used = placeholders.names_in(values["url"]) | placeholders.names_in(values["body"])
    in_headers = set().union(*(placeholders.names_in(value) for value in values["headers"].values()))
    if values["method"] == "GET" and values["body"]:
        raise GatewayError(_("body: a GET has none. Use method=POST, or put the placeholders into the url."))
    if not used & placeholders.MESSAGE:
        raise GatewayError(_("The line has no message: put {message} into the url or the body."))
    if not (used | in_headers) & placeholders.PHONE:
        raise GatewayError(_("The line has no phone: put {phone} into the url or the body."))
    if values["deduplicates"] and "id" not in used | in_headers:
        raise GatewayError(_("deduplicates: the gateway can know a second request only by our {id}: put it in."))
    if values["poll_s"] and not values["status_url"]:
        raise GatewayError(_("poll_s: needs the address that tells a message's state (status_url)."))
    _check_auth(values, used | in_headers | placeholders.names_in(values["status_url"]))
    if values["body"] and values["content_type"] == "json":
        _check_json(values["body"])


def _check_auth(values: Mapping[str, Any], used: set[str]) -> None:
    auth, token = values["auth"], values["token"]
    if (auth != "none" or "token" in used) and not token:
        raise GatewayError(_("token: is needed by the line's authentication."))
    if auth == "none" and token and "token" not in used:
        raise GatewayError(_("auth: is needed to use the token: bearer, basic, header or query; or put {token} in."))
    if auth == "basic" and ":" not in token:
        raise GatewayError(_("token: takes user:password with auth=basic."))
    if auth in ("header", "query") and not values["token_name"]:
        raise GatewayError(_("token_name: is needed with auth=header and auth=query."))
    if auth == "header":
        try:
            _check_headers({values["token_name"]: ""})
        except ValueError as error:
            raise GatewayError(f"token_name: {error}") from None


def _check_json(body: str) -> None:
    """A JSON body must stay JSON whatever the text: it is tried with characters that need escaping."""
    sample = dict.fromkeys(placeholders.KNOWN, 'a "quote" \\ and a line\nend')
    try:
        json.loads(placeholders.fill(body, placeholders.for_json(sample, "utf-8")))
    except ValueError:
        raise GatewayError(
            _(
                "body: isn't valid JSON with its placeholders filled in. Put them between quotes: "
                '{"to": "{phone}", "text": "{message}"}. With another content_type it may be any text.'
            )
        ) from None
