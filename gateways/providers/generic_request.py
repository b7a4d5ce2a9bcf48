"""Turns a message into the HTTP request that a generic line's fields describe."""

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

import phonenumbers

from domain.delivery import Outbound
from gateways import placeholders
from gateways.http_fields import CONTENT_TYPES
from gateways.provider import Line
from gateways.transport import Request


class Unsendable(Exception):
    """This text or number can't be sent by this line, now or later."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def send_request(line: Line, outbound: Outbound) -> Request:
    """The request that sends the message. Raises Unsendable."""
    config = line.config
    longest = config["max_length"]
    if longest and len(outbound.text) > longest:
        raise Unsendable("too_long", f"The text has {len(outbound.text)} characters; the line takes {longest}.")
    values = _values(line, outbound)
    body = None
    headers = _headers(config, values)
    try:
        url = _with_token(config, _url(config["url"], values, config["encoding"]))
        if config["method"] != "GET" and config["body"]:
            body = _body(config, values)
            headers.setdefault("Content-Type", f"{CONTENT_TYPES[config['content_type']]}; charset={config['encoding']}")
    except UnicodeEncodeError:
        raise Unsendable(
            "unencodable", f"The text has characters that {config['encoding']} lacks: use encoding=utf-8."
        ) from None
    return Request(outbound.attempt_id, config["method"], url, headers, body)


def secrets_of(line: Line) -> set[str]:
    """Every text of the line that a far side's answer must not bring into our logs or pages (gateways.masking)."""
    config = line.config
    token = config["token"]
    found = {token, *token.split(":"), *config["headers"].values()}
    found.add(line.callback_url.rpartition("/")[2])  # whoever has it can report in the gateway's name
    for url in (config["url"], config["status_url"]):
        parts = urlsplit(url)
        found |= {value for _name, value in parse_qsl(parts.query)}
        found |= {unquote(text) for text in (parts.username, parts.password) if text}
    found |= {text.partition(" ")[2] for text in list(found)}  # what follows Bearer or Token
    for text in list(found):
        found |= set(_in_basic(text))
    # A token is no template; of a template, what stands around its placeholders.
    return {token, *token.split(":"), *(own for text in found for own in placeholders.own_texts(text))}


def _in_basic(text: str) -> list[str]:
    """User and password of credentials in base64, together and each; nothing when the text is no such thing."""
    try:
        plain = base64.b64decode(text.strip(), validate=True).decode()
    except ValueError:
        return []
    return [plain, *plain.split(":", 1)] if ":" in plain and plain.isprintable() else []


def status_request(line: Line, outbound: Outbound) -> Request:
    """The request that asks what became of an attempt."""
    values = _values(line, outbound)
    url = _with_token(line.config, _url(line.config["status_url"], values, "utf-8"))
    return Request(outbound.attempt_id, "GET", url, _headers(line.config, values))


def _values(line: Line, outbound: Outbound) -> dict[str, str]:
    phone = _phone(outbound.phone, line.config["phone_format"])
    return {
        "phone": phone,
        "phone_raw": phone,
        "message": outbound.text,
        "message_raw": outbound.text,
        "id": outbound.attempt_id,
        "callback_url": line.callback_url,
        "token": line.config["token"],
    }


def _phone(e164: str, wanted: str) -> str:
    if wanted == "e164":
        return e164
    if wanted == "digits":
        return e164.removeprefix("+")
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(e164))
    except phonenumbers.NumberParseException:
        raise Unsendable("phone", "The phone isn't in international form.") from None


def _url(template: str, values: Mapping[str, str], encoding: str) -> str:
    filled = placeholders.fill(template, placeholders.for_url(values, encoding))
    parts = urlsplit(filled)
    # What the template itself says beyond ASCII is escaped too: the request line can't carry it.
    path, query = (
        quote(part, safe=placeholders.LEGAL_IN_URL, encoding=encoding, errors="strict") for part in parts[2:4]
    )
    return urlunsplit((parts.scheme, parts.netloc, path or "/", query, ""))


def _with_token(config: Mapping[str, Any], url: str) -> str:
    if config["auth"] != "query":
        return url
    pair = f"{quote(config['token_name'], safe='')}={quote(config['token'], safe='')}"
    return f"{url}{'&' if urlsplit(url).query else '?'}{pair}"


def _headers(config: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    headers = {name: placeholders.fill(value, values) for name, value in config["headers"].items()}
    token = config["token"]
    if config["auth"] == "bearer":
        headers["Authorization"] = f"Bearer {token}"
    elif config["auth"] == "basic":
        headers["Authorization"] = f"Basic {base64.b64encode(token.encode()).decode()}"
    elif config["auth"] == "header":
        headers[config["token_name"]] = token
    if any(re.search(r"[\x00-\x1f\x7f]", value) for value in headers.values()):
        raise Unsendable("unsendable", "A header would hold a line end or a control character.")
    return headers


def _body(config: Mapping[str, Any], values: Mapping[str, str]) -> bytes:
    encoding = config["encoding"]
    kind = config["content_type"]
    if kind == "json":
        values = placeholders.for_json(values, encoding)
    elif kind == "form":
        values = placeholders.for_url(values, encoding)
    return placeholders.fill(config["body"], values).encode(encoding)
