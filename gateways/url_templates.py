"""Lines written as one URL: reads the template into the fields of a generic HTTP line.

    https://host/send?to={phone}&text={message}     a GET with its placeholders filled in
    https://host/send                               a JSON POST {"to": …, "message": …}
    https://host/send?method=post&schema=phone-message&auth=bearer&token=…

These parameters steer us and are taken out of the URL: method, schema, toKey, phoneKey, messageKey, idKey, auth,
tokenKey, token. A GET keeps its own `token` and its own `auth` unless `auth` is one of our words, since a gateway may
have parameters of these names.
"""

import json
import re
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from gateways import placeholders
from gateways.errors import UrlTemplateError

METHODS = ("get", "post")
SCHEMAS = {"to-message": "to", "phone-message": "phone"}
AUTHS = ("bearer", "token", "raw", "body", "none")
_POST_CONTROLS = (
    "method", "schema", "toKey", "phoneKey", "messageKey", "idKey", "auth", "tokenKey", "token",
)  # fmt: skip
_EXAMPLE = "https://host/send?to={phone}&text={message}"
EXAMPLES = (_EXAMPLE, "https://host/send?method=post&phoneKey=to&messageKey=text&auth=bearer")


def fields_from(template: str) -> dict[str, Any]:
    """The template's fields of the kind http_generic; what it doesn't say is left out. Raises UrlTemplateError."""
    template = template.strip()
    _check_text(template)
    parts = urlsplit(template)
    names = placeholders.names_in(template)
    query = [_pair(pair) for pair in parts.query.split("&") if pair]
    controls = _controls(query)
    method = controls.get("method", "").lower()
    templated = bool(names & (placeholders.PHONE | placeholders.MESSAGE))
    if method and method not in METHODS:
        if not templated:
            raise UrlTemplateError("method", _one_of("method", METHODS))
        del controls["method"]  # the gateway's own, as in ?method=SendMessage&to={phone}&text={message}
    post = method == "post" or "schema" in controls or (method != "get" and not templated)
    fields = _post(controls, names) if post else _get(controls, names)
    user, _at, netloc = parts.netloc.rpartition("@")
    if user:
        if fields.get("auth", "none") != "none" or fields.get("token"):
            raise UrlTemplateError("auth", _("The URL has both a user and password and a token: leave one of them."))
        fields |= {"auth": "basic", "token": unquote(user)}
    taken = set(controls) & set(_POST_CONTROLS if post else _get_controls(controls))
    kept = "&".join(raw for name, value, raw in query if name not in taken)
    return {**fields, "url": urlunsplit((parts.scheme, netloc, parts.path, kept, parts.fragment))}


def _check_text(template: str) -> None:
    if not template:
        raise UrlTemplateError("empty", _("The URL template is empty. It looks like %(example)s") % _example())
    if re.search(r"[\s\x00-\x1f\x7f]", template):
        raise UrlTemplateError("space", _("The URL template has a space or a line end: encode it as %20."))
    if placeholders.has_stray_brace(template):
        raise UrlTemplateError(
            "brace", _("The URL template has a brace without its pair: placeholders are written {phone}.")
        )
    try:
        parts = urlsplit(template)
        parts.port  # noqa: B018 - raises on a port that is no number
    except ValueError:
        raise UrlTemplateError(
            "unreadable", _("The URL template doesn't parse. It looks like %(example)s") % _example()
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UrlTemplateError("unreadable", _("The URL template has no host. It looks like %(example)s") % _example())
    if unknown := sorted(placeholders.names_in(template) - placeholders.KNOWN):
        raise UrlTemplateError(
            "placeholder",
            _("The URL template has an unknown placeholder %(unknown)s. Available: %(known)s.")
            % {
                "unknown": ", ".join(f"{{{name}}}" for name in unknown),
                "known": ", ".join(f"{{{name}}}" for name in sorted(placeholders.KNOWN)),
            },
        )


def _example() -> dict[str, str]:
    return {"example": _EXAMPLE}


def _one_of(name: str, choices: tuple[str, ...]) -> str:
    return _("%(name)s takes one of %(choices)s.") % {"name": name, "choices": ", ".join(choices)}


def _pair(raw: str) -> tuple[str, str, str]:
    """A query parameter as (name, value, the text as it stood)."""
    name, _equals, value = raw.partition("=")
    return unquote_plus(name), unquote_plus(value), raw


def _controls(query: list[tuple[str, str, str]]) -> dict[str, str]:
    """The parameters that may steer us; a placeholder as the value shows that it is the gateway's own."""
    return {name: value for name, value, raw in query if name in _POST_CONTROLS and not placeholders.names_in(value)}


def _get_controls(controls: dict[str, str]) -> tuple[str, ...]:
    """The parameters that a GET's URL loses."""
    return ("method", "auth", "tokenKey", "token") if _our_auth(controls) else ("method",)


def _our_auth(controls: dict[str, str]) -> bool:
    return controls.get("auth", "").lower() in AUTHS


def _get(controls: dict[str, str], names: set[str]) -> dict[str, Any]:
    if not names & placeholders.MESSAGE:
        raise UrlTemplateError(
            "no_message",
            _("The URL template has no message: put {message} where the text goes, as in %(example)s") % _example(),
        )
    if not names & placeholders.PHONE:
        raise UrlTemplateError(
            "no_phone",
            _("The URL template has no phone: put {phone} where the number goes, as in %(example)s") % _example(),
        )
    if not _our_auth(controls):
        return {"method": "GET"}
    if controls["auth"].lower() == "body":
        raise UrlTemplateError("auth", _("auth=body needs a POST: a GET has no body."))
    return {"method": "GET", **_authentication(controls)}


def _post(controls: dict[str, str], names: set[str]) -> dict[str, Any]:
    schema = controls.get("schema", "to-message").lower()
    if schema not in SCHEMAS:
        raise UrlTemplateError("schema", _one_of("schema", tuple(SCHEMAS)))
    # The key of the chosen schema goes first, so that a template with both keeps its meaning.
    own, other = ("phoneKey", "toKey") if schema == "phone-message" else ("toKey", "phoneKey")
    phone_key = controls.get(own) or controls.get(other) or SCHEMAS[schema]
    body = {phone_key: "{phone}", controls.get("messageKey") or "message": "{message}"}
    if controls.get("idKey"):
        body[controls["idKey"]] = "{id}"
    fields: dict[str, Any] = {"method": "POST", "content_type": "json"}
    if "auth" in controls or controls.get("token"):
        fields |= _authentication(controls)
    if controls.get("auth", "").lower() == "body":
        body[controls.get("tokenKey") or "token"] = "{token}"
    if len(body) != 2 + bool(controls.get("idKey")) + (controls.get("auth", "").lower() == "body"):
        raise UrlTemplateError("keys", _("The URL template gives the same key to two values."))
    if any("{" in key or "}" in key for key in body):
        raise UrlTemplateError("keys", _("A key of the JSON body can't have braces."))
    return {**fields, "body": json.dumps(body, ensure_ascii=False)}


def _authentication(controls: dict[str, str]) -> dict[str, Any]:
    """The fields of auth=, tokenKey= and token=.

    A token alone is a bearer token. No token is no error here: it may be given apart, where no shell history keeps it.
    """
    auth = controls.get("auth", "bearer").lower()
    if auth not in AUTHS:
        raise UrlTemplateError("auth", _one_of("auth", AUTHS))
    if auth == "none":
        return {"auth": "none"}
    token = controls.get("token", "")
    prefix = ""
    fields: dict[str, Any] = {"auth": "none"}
    header = controls.get("tokenKey") or "Authorization"
    if auth == "bearer" and header == "Authorization":
        fields = {"auth": "bearer"}
    elif auth != "body":
        fields = {"auth": "header", "token_name": header}
        prefix = {"bearer": "Bearer ", "token": "Token ", "raw": ""}[auth]
    return {**fields, "token": prefix + token} if token else fields
