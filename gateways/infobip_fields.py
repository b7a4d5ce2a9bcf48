"""The settings of an Infobip line, and the URL templates that describe one.

    infobip://xxxxx.api.infobip.com/sms/3/messages?from=SENDER&auth=apikey
    infobip://xxxxx.api.infobip.com/sms/2/text/advanced?from=SENDER
    infobip+basic://user:password@xxxxx.api.infobip.com?from=SENDER

The credential may be given apart: as the line's token, where no shell history keeps it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateways.common_fields import CALLS, MORE, PACE, VERIFY_TLS, concurrency, rate, timeout
from gateways.errors import GatewayError, UrlTemplateError
from gateways.fields import Field, FieldType
from gateways.hosts import check_host

PATHS = {"v3": "/sms/3/messages", "v2": "/sms/2/text/advanced"}
"""Where messages are sent, by the API's version."""

SCHEMES = {"app": "App", "basic": "Basic", "ibsso": "IBSSO", "bearer": "Bearer"}
"""What stands before the credential in the Authorization header."""

URL_SCHEMES = ("infobip", "infobip+basic", "infobip+ibsso", "infobip+bearer")
EXAMPLE = "infobip://xxxxx.api.infobip.com/sms/3/messages?from=SENDER"
HOST_EXAMPLE = "https://xxxxx.api.infobip.com"

MOST_IN_A_REQUEST = 500

_AUTHS = {"apikey": "app", **{auth: auth for auth in SCHEMES}}
_PARAMETERS = {
    "from": "sender",
    "auth": "auth",
    "token": "token",
    "applicationId": "application_id",
    "entityId": "entity_id",
}


def _check_base_url(text: str) -> str:
    """The address with its scheme and without a slash at its end."""
    url = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises on a port that is no number
    except ValueError:
        raise ValueError(_("doesn't parse: it takes an address such as %(url)s") % {"url": HOST_EXAMPLE}) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f\x7f{}]", url):
        raise ValueError(_("takes the address of your account, such as %(url)s") % {"url": HOST_EXAMPLE})
    if not url.isascii():
        raise ValueError(_("takes a host in ASCII: write an international name in its xn-- form"))
    check_host(parts.hostname)
    if "@" in parts.netloc:
        raise ValueError(_("takes no user and password: they go into the token"))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(
            _("takes the host alone, such as %(url)s: the path follows from the version") % {"url": HOST_EXAMPLE}
        )
    return f"{parts.scheme}://{parts.netloc}"


def _check_sender(sender: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", sender):
        raise ValueError(_("has a line end or a control character"))
    longest = 15 if sender.removeprefix("+").isdecimal() else 11
    if len(sender.removeprefix("+")) > longest:
        raise ValueError(
            _("is too long: phones show 11 letters, or a number of 15 digits; this has %(length)s")
            % {"length": len(sender)}
        )
    return sender


def _check_token(token: str) -> str:
    if re.search(r"[^\x20-\x7e]", token):
        raise ValueError(_("has a character that no header can carry"))
    for scheme in SCHEMES.values():  # copied together with what stands before it
        if token.lower().startswith(f"{scheme.lower()} "):
            return token[len(scheme) :].strip()
    return token


AUTHS = {
    "app": gettext_lazy("app: an API key, the usual one"),
    "basic": gettext_lazy("basic: user and password with each request"),
    "ibsso": gettext_lazy("ibsso: a token of a session at Infobip"),
    "bearer": gettext_lazy("bearer: a token that you made"),
}

FIELDS = (
    Field(
        "base_url",
        gettext_lazy("Address of your account"),
        required=True,
        check=_check_base_url,
        help=gettext_lazy("Infobip shows it beside your API key: xxxxx.api.infobip.com."),
    ),
    Field(
        "sender",
        gettext_lazy("Sender"),
        required=True,
        check=_check_sender,
        help=gettext_lazy("A name or a number that is registered in your account, as people will see it."),
    ),
    Field(
        "auth",
        gettext_lazy("Authentication"),
        FieldType.CHOICE,
        default="app",
        choices=tuple(SCHEMES),
        labels=AUTHS,
    ),
    Field(
        "token",
        gettext_lazy("API key or token"),
        secret=True,
        required=True,
        check=_check_token,
        help=gettext_lazy("With user and password, user:password."),
    ),
    Field(
        "callbacks",
        gettext_lazy("Infobip reports to this server"),
        FieldType.BOOLEAN,
        default=True,
        help=gettext_lazy("Delivery reports come at once, where this server has a public address."),
        section=CALLS,
    ),
    Field(
        "poll_s",
        gettext_lazy("Ask for reports and texts every so many seconds"),
        FieldType.INTEGER,
        default=60,
        minimum=0,
        maximum=3600,
        help=gettext_lazy("0 never asks: for lines that are told all of it."),
        section=CALLS,
    ),
    Field(
        "batch_size",
        gettext_lazy("Messages in a request, at most"),
        FieldType.INTEGER,
        default=100,
        minimum=1,
        maximum=MOST_IN_A_REQUEST,
        help=gettext_lazy("When an answer is lost, Infobip is asked about each message of its request."),
        section=PACE,
    ),
    concurrency(4, most=16),
    rate(gettext_lazy("Messages per second, at most")),
    timeout(20),
    Field(
        "api_version",
        gettext_lazy("Version of the interface"),
        FieldType.CHOICE,
        default="v3",
        choices=tuple(PATHS),
        help=gettext_lazy("v2 is for accounts that have no v3 yet."),
        section=MORE,
    ),
    Field(
        "application_id",
        gettext_lazy("ID of the application"),
        help=gettext_lazy(
            "Where your account has applications. Lines of one account that ask for reports need one each: "
            "whoever asks first gets them."
        ),
        section=MORE,
    ),
    Field("entity_id", gettext_lazy("ID of the entity"), section=MORE),
    Field(
        "validity_min",
        gettext_lazy("Minutes that a message is tried for"),
        FieldType.INTEGER,
        default=0,
        minimum=0,
        maximum=2880,
        help=gettext_lazy("After that a phone that is off gets it no more. 0 is Infobip's own: 48 hours."),
        section=MORE,
    ),
    VERIFY_TLS,
)


def check_together(values: Mapping[str, Any]) -> None:
    """What no field can say alone. Raises GatewayError."""
    if values["auth"] == "basic" and ":" not in values["token"]:
        raise GatewayError(_("token: takes user:password with auth=basic."))
    if len(values["application_id"]) > 255 or len(values["entity_id"]) > 255:
        raise GatewayError(_("application_id: takes at most 255 characters, and so does entity_id."))


# URL templates -------------------------------------------------------------------------------------------------------
def fields_from(template: str) -> dict[str, Any]:
    """The template's fields of the kind infobip; what it doesn't say is left out. Raises UrlTemplateError."""
    template = template.strip()
    if re.search(r"[\s\x00-\x1f\x7f]", template):
        raise UrlTemplateError("space", _("The URL template has a space or a line end: encode it as %20."))
    if re.search(r"[{}]", template):
        raise UrlTemplateError(
            "placeholder", _("An Infobip template takes no placeholders: phone and text are put in by themselves.")
        )
    try:
        parts = urlsplit(template)
        port = f":{parts.port}" if parts.port else ""
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise UrlTemplateError(
            "unreadable", _("The URL template doesn't parse. It looks like %(example)s") % _example()
        ) from None
    if not parts.hostname:
        raise UrlTemplateError("unreadable", _("The URL template has no host. It looks like %(example)s") % _example())
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    given = dict(pairs)
    if unknown := sorted(set(given) - set(_PARAMETERS)):
        raise UrlTemplateError(
            "parameter",
            _("An Infobip template has no parameter %(unknown)s. Available: %(known)s.")
            % {"unknown": ", ".join(name[:40] for name in unknown), "known": ", ".join(_PARAMETERS)},
        )
    fields = {_PARAMETERS[name]: value for name, value in given.items() if value}
    if not fields.get("sender"):
        raise UrlTemplateError(
            "sender", _("The URL template has no sender: put ?from=SENDER at its end, as in %(example)s") % _example()
        )
    user, at, _rest = parts.netloc.rpartition("@")
    if at and fields.get("token"):
        raise UrlTemplateError("auth", _("The URL has both a user and password and a token: leave one of them."))
    if at:
        fields["token"] = unquote(user)
    auth = _auth(parts.scheme.partition("+")[2], given.get("auth", ""), default="basic" if ":" in user else "app")
    return {**fields, "base_url": f"https://{host}{port}", "api_version": _version(parts.path), "auth": auth}


def _version(path: str) -> str:
    path = path.rstrip("/")
    if not path:
        return "v3"
    for version, known in PATHS.items():
        if path == known:
            return version
    raise UrlTemplateError(
        "path", _("The path of an Infobip template is one of %(paths)s.") % {"paths": ", ".join(PATHS.values())}
    )


def _auth(in_scheme: str, in_query: str, *, default: str) -> str:
    """How the line shows who it is, by its URL's scheme, by auth=, or by what stands before its host."""
    words = {word.lower() for word in (in_scheme, in_query) if word}
    if wrong := sorted(words - set(_AUTHS)):
        raise UrlTemplateError(
            "auth",
            _("auth takes one of %(choices)s, not “%(value)s”.")
            % {"choices": ", ".join(_AUTHS), "value": wrong[0][:40]},
        )
    found = {_AUTHS[word] for word in words}
    if len(found) > 1:
        raise UrlTemplateError("auth", _("The URL template names two kinds of authentication: leave one of them."))
    return found.pop() if found else default


def _example() -> dict[str, str]:
    return {"example": EXAMPLE}
