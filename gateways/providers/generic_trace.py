"""Tells what went to and fro for one attempt, every secret masked and cut to what a page can show."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from domain.delivery import Exchange, SendError
from gateways import placeholders
from gateways.exchanges import BODY_SHOWN
from gateways.masking import Masker
from gateways.provider import Line
from gateways.providers.generic_answer import Rule
from gateways.transport import BODY_LIMIT, Answer, Request, Seen
from lib.redaction import MASK, redact

URL_SHOWN = 2_000
HEADER_SHOWN = 400
MOST_HEADERS = 40
MATCH_SHOWN = 200

_CREDENTIALS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
_SCHEME = re.compile(r"(?i)(bearer|basic|token|digest)\s+\S")


def tell(line: Line, mask: Masker, request: Request, seen: Seen, answer: Answer | SendError, rule: Rule) -> Exchange:
    """The exchange; `seen` is what its request looked like on its way, `rule` what told the answer's meaning."""
    headers = seen.headers or request.headers
    came = answer if isinstance(answer, Answer) else None
    return Exchange(
        method=request.method,
        url=_url(line, mask, request.url)[:URL_SHOWN],
        headers=_headers(line, mask, headers.items()),
        body=_text(mask, request.body or b"", whole=True),
        size=len(request.body or b""),
        seconds=round(seen.seconds, 3),
        status=came.status if came else None,
        answer_headers=_headers(line, mask, came.headers.items()) if came else (),
        answer_body=_text(mask, came.body, whole=len(came.body) < BODY_LIMIT) if came else "",
        answer_size=len(came.body) if came else 0,
        answer_endless=came is not None and len(came.body) >= BODY_LIMIT,
        rule=rule.name,
        pattern=mask(rule.pattern)[:MATCH_SHOWN],
        matched=mask(rule.matched)[:MATCH_SHOWN],
    )


def _url(line: Line, mask: Masker, url: str) -> str:
    """The address; the values in its query that stand in the line's template are masked, however short they are."""
    parts = urlsplit(url)
    values = parts.query.split("&") if parts.query else []
    template = urlsplit(line.config["url"]).query.split("&")
    if line.config["auth"] == "query":
        template.append(f"{line.config['token_name']}={line.config['token']}")
    template = [each for each in template if each]
    if len(template) == len(values):
        values = [
            value if placeholders.names_in(own) else _masked(value) for value, own in zip(values, template, strict=True)
        ]
    netloc = parts.netloc.rpartition("@")[2]
    if netloc != parts.netloc:
        netloc = f"{MASK}@{netloc}"
    return mask(urlunsplit((parts.scheme, netloc, parts.path, "&".join(values), "")))


def _masked(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={MASK}" if equals and value else pair


def _headers(line: Line, mask: Masker, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    fixed = (name.lower() for name, value in line.config["headers"].items() if not placeholders.names_in(value))
    secret = {*_CREDENTIALS, *fixed}
    if line.config["auth"] == "header":
        secret.add(line.config["token_name"].lower())
    shown = []
    for name, value in list(headers)[:MOST_HEADERS]:
        told = _credential(value) if name.lower() in secret else _header(mask, name, value)
        shown.append((mask(name)[:HEADER_SHOWN], told[:HEADER_SHOWN]))
    return tuple(shown)


def _credential(value: str) -> str:
    """A header's value that is a secret as a whole: its scheme alone is shown."""
    scheme = _SCHEME.match(value)
    return f"{scheme[1]} {MASK}" if scheme else MASK


def _header(mask: Masker, name: str, value: str) -> str:
    """A header's value, looked at together with its name, by which much of what is secret is known."""
    told = redact(f"{name}: {mask.known(value)}")
    return told.partition(": ")[2] if ": " in told else MASK


def _text(mask: Masker, body: bytes, *, whole: bool) -> str:
    """The body as text, empty where it is none. Masked before it is cut: half a secret would not be found."""
    if b"\0" in body:
        return ""
    text = body.decode("utf-8", "replace")
    if text.count("�") > len(text) // 10:
        return ""
    if not whole:
        text = text[: -mask.longest or None]
    return mask(text)[:BODY_SHOWN]
