"""The settings of a line that sends through Android phones with SMS Gate, and the URL templates that describe one.

    sms-gate://DEVICE_ID?baseUrl=https://host/3rdparty/v1&simNumber=1
    sms-gate://user:password@DEVICE_ID?baseUrl=http://192.168.1.10:8080
    sms-gate://DEVICE_ID?auth=bearer&token=…

Without a baseUrl it is the vendor's cloud; without a DEVICE_ID the server takes any phone of the account.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateways.common_fields import CALLS, MORE, VERIFY_TLS, concurrency, rate, timeout
from gateways.errors import GatewayError, UrlTemplateError
from gateways.fields import Field, FieldType
from gateways.hosts import check_host

CLOUD_HOST = "api.sms-gate.app"
CLOUD = f"https://{CLOUD_HOST}/3rdparty/v1"
SCHEME = "sms-gate"
EXAMPLE = "sms-gate://DEVICE_ID?baseUrl=https://host/3rdparty/v1&simNumber=1"

MODES = {
    "cloud": gettext_lazy("cloud: in SMS Gate's own"),
    "private": gettext_lazy("private: on a server of yours"),
    "local": gettext_lazy("local: on the phone itself"),
}
AUTHS = {
    "basic": gettext_lazy("basic: user and password with each request"),
    "bearer": gettext_lazy("bearer: a token that you made"),
    "login": gettext_lazy("login: tokens for an hour each, made with user and password"),
}
EVENTS = ("sms:sent", "sms:delivered", "sms:failed", "sms:received", "mms:downloaded")
"""The events of which our callback address should be told: one webhook each."""

_BYPASSES_LIMITS = 100
"""Priorities from here on send at once, past the phone's own limits: a campaign would get its SIM card blocked."""

_POLLED_EVERY = 10
"""Seconds between two polls, at the least: each asks about up to 200 messages."""

_PARAMETERS = {
    "baseUrl": "base_url",
    "mode": "mode",
    "simNumber": "sim_number",
    "auth": "auth",
    "token": "token",
    "ttl": "ttl_s",
    "priority": "priority",
    "withDeliveryReport": "with_delivery_report",
    "signingKey": "signing_key",
}


def _check_base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises on a port that is no number
    except ValueError:
        raise ValueError(_("doesn't parse: it takes an address such as %(example)s") % {"example": CLOUD}) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError(_("takes an address that begins with http:// or https:// and has a host"))
    if not url.isascii() or "{" in url or "}" in url:
        raise ValueError(_("takes a plain address in ASCII, without placeholders"))
    check_host(parts.hostname)
    if "@" in parts.netloc:
        raise ValueError(_("takes no user and password: they go into the token, as user:password"))
    if parts.query or parts.fragment:
        raise ValueError(_("takes no “?” and no “#”: what follows it is added by us"))
    # The addresses in the vendor's examples end with what is sent to.
    path = re.sub(r"/(messages?|webhooks?|health)?/*$", "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _check_device_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise ValueError(_("takes the phone's id as the app shows it: letters, digits, “-” and “_”"))
    return text


def _check_poll(seconds: int) -> int:
    if 0 < seconds < _POLLED_EVERY:
        raise ValueError(_("takes 0, or at least %(seconds)s seconds") % {"seconds": _POLLED_EVERY})
    return seconds


def _check_secret(text: str) -> str:
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError(_("has a line end or a control character"))
    return text


FIELDS = (
    Field(
        "mode",
        gettext_lazy("Where SMS Gate runs"),
        FieldType.CHOICE,
        default="cloud",
        choices=tuple(MODES),
        labels=MODES,
    ),
    Field(
        "base_url",
        gettext_lazy("Address"),
        default=CLOUD,
        required=True,
        check=_check_base_url,
        help=gettext_lazy(
            "Private: https://host/3rdparty/v1. Local: the phone's own, such as http://192.168.1.10:8080."
        ),
    ),
    Field(
        "device_id",
        gettext_lazy("Phone's id"),
        check=_check_device_id,
        help=gettext_lazy(
            "As the app shows it. Without it the server takes any of your phones for each message, and a lost answer "
            "can't be settled by sending again: it might go out by another phone."
        ),
    ),
    Field(
        "sim_number",
        gettext_lazy("SIM card"),
        FieldType.INTEGER,
        default=0,
        minimum=0,
        maximum=3,
        help=gettext_lazy("1 to 3; 0 leaves the choice to the phone."),
    ),
    Field(
        "auth",
        gettext_lazy("Authentication"),
        FieldType.CHOICE,
        default="basic",
        choices=tuple(AUTHS),
        labels=AUTHS,
    ),
    Field(
        "token",
        gettext_lazy("User and password, or token"),
        secret=True,
        required=True,
        check=_check_secret,
        help=gettext_lazy("user:password as the app shows them; with bearer, the token alone."),
    ),
    Field(
        "signing_key",
        gettext_lazy("Signing key of webhooks"),
        secret=True,
        check=_check_secret,
        help=gettext_lazy(
            "In the app under Settings, Webhooks, Signing key; the same on all phones of the line. Calls without a "
            "right signature are refused then."
        ),
        section=CALLS,
    ),
    Field(
        "with_delivery_report",
        gettext_lazy("Ask for delivery reports"),
        FieldType.BOOLEAN,
        default=True,
        section=CALLS,
    ),
    Field(
        "poll_s",
        gettext_lazy("Seconds between two questions for states"),
        FieldType.INTEGER,
        default=60,
        minimum=0,
        maximum=3600,
        check=_check_poll,
        help=gettext_lazy("What became of messages whose end no webhook told. 0 never asks."),
        section=CALLS,
    ),
    Field(
        "ttl_s",
        gettext_lazy("Seconds that a message may wait at the phone"),
        FieldType.INTEGER,
        default=86_400,
        minimum=0,
        maximum=2_592_000,
        help=gettext_lazy("After them it fails rather than arrive late. 0 lets it wait without end."),
        section=MORE,
    ),
    Field(
        "priority",
        gettext_lazy("Priority"),
        FieldType.INTEGER,
        default=0,
        minimum=-128,
        maximum=_BYPASSES_LIMITS - 1,
        help=gettext_lazy("Among the phone's messages, up to 99: from 100 on they would bypass the phone's limits."),
        section=MORE,
    ),
    VERIFY_TLS,
    timeout(15),
    rate(),
    concurrency(4, most=50),
)


def check_together(values: Mapping[str, Any]) -> None:
    """What no field can say alone. Raises GatewayError."""
    parts = urlsplit(values["base_url"])
    if values["mode"] == "local" and parts.hostname == CLOUD_HOST:
        raise GatewayError(_("base_url: is the phone's own address in local mode, such as http://192.168.1.10:8080."))
    if values["mode"] == "cloud" and parts.scheme != "https":
        raise GatewayError(_("base_url: begins with https:// in the cloud: the password would be read on its way."))
    token = values["token"]
    if values["auth"] == "bearer":
        if not token.isascii():
            raise GatewayError(_("token: takes a token in ASCII with auth=bearer."))
        if ":" in token:
            raise GatewayError(_("token: looks like user:password, which go with auth=basic or auth=login."))
    elif not all(token.partition(":")):
        raise GatewayError(
            _("token: takes user:password with auth=%(auth)s; a token by itself goes with auth=bearer.")
            % {"auth": values["auth"]}
        )


def callback_notes(values: Mapping[str, Any]) -> list[str]:
    """What to do with a line's callback address, as sentences."""
    notes = [
        _(
            "In SMS Gate register it as a webhook, one for each of these events: %(events)s. Or have it done on the "
            "server: manage.py gateway register NAME."
        )
        % {"events": ", ".join(EVENTS)}
    ]
    if not values.get("signing_key"):
        notes.append(
            _(
                "The line has no signing key, so that this address alone protects what is reported: put the app's "
                "signing key into the line's settings."
            )
        )
    return notes


def fields_from(template: str) -> dict[str, Any]:
    """The template's fields; what it doesn't say is left out. Raises UrlTemplateError."""
    if re.search(r"[\s\x00-\x1f\x7f]", template):
        raise UrlTemplateError("space", _("The URL template has a space or a line end: encode it as %20."))
    try:
        parts = urlsplit(template)
        pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise UrlTemplateError(
            "unreadable", _("The URL template doesn't parse. It looks like %(example)s") % {"example": EXAMPLE}
        ) from None
    credentials, _at, device_id = parts.netloc.rpartition("@")
    if ":" in device_id or parts.path.strip("/") or parts.fragment:
        raise UrlTemplateError(
            "device",
            _("Only the phone's id stands between “//” and “?”; the address goes into baseUrl: %(example)s")
            % {"example": EXAMPLE},
        )
    if unknown := sorted({name for name, _value in pairs} - set(_PARAMETERS)):
        raise UrlTemplateError(
            "parameter",
            _("The URL template has an unknown parameter %(unknown)s. Available: %(known)s.")
            % {"unknown": ", ".join(unknown)[:100], "known": ", ".join(_PARAMETERS)},
        )
    fields: dict[str, Any] = {_PARAMETERS[name]: value for name, value in pairs if value}
    if device_id:
        fields["device_id"] = unquote(device_id)
    if credentials:
        if "token" in fields:
            raise UrlTemplateError("auth", _("The URL has both a user and password and a token: leave one of them."))
        fields["token"] = unquote(credentials)
    if "auth" not in fields and "token" in fields:
        fields["auth"] = "basic" if ":" in fields["token"] else "bearer"
    if "mode" not in fields and "base_url" in fields:
        fields["mode"] = _mode_of(fields["base_url"])
    return fields


def _mode_of(base_url: str) -> str:
    """The mode that an address speaks of: a server's has the path of its interface, the phone's own has none."""
    try:
        parts = urlsplit(base_url)
        if parts.hostname == CLOUD_HOST:
            return "cloud"
        if parts.path.rstrip("/") in ("", "/message", "/messages") and ipaddress.ip_address(parts.hostname or ""):
            return "local"
    except ValueError:
        pass
    return "private"
