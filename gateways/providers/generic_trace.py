"""Tells what went to and fro for one attempt, every secret masked and cut to what a page can show."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from domain.delivery import Exchange, SendError
from gateways import placeholders
from gateways.exchanges import BODY_SHOWN
from gateways.masking import Masker
from gateways.provider import Line
from gateways.providers.generic_answer import Rule, decoded
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
        headers=_headers(line, mask, headers.items(), asked=True),
        body=_text(line, mask, request.body or b"", whole=True),
        size=len(request.body or b""),
        seconds=round(seen.seconds, 3),
        status=came.status if came else None,
        answer_headers=_headers(line, mask, came.headers.items()) if came else (),
        answer_body=_text(line, mask, came.body, whole=len(came.body) < BODY_LIMIT) if came else "",
        answer_size=len(came.body) if came else 0,
        answer_endless=came is not None and len(came.body) >= BODY_LIMIT,
        rule=rule.name,
        pattern=mask(rule.pattern)[:MATCH_SHOWN],
        matched=mask(_readable(line, rule.matched))[:MATCH_SHOWN],
    )


def _url(line: Line, mask: Masker, url: str) -> str:
    """The address; the values in its query that stand in the line's template are masked, however short they are."""
    parts = urlsplit(url)
    netloc = parts.netloc.rpartition("@")[2]
    if netloc != parts.netloc:
        netloc = f"{MASK}@{netloc}"
    return mask(urlunsplit((parts.scheme, netloc, parts.path, _query(line, parts.query), "")))


def _query(line: Line, query: str) -> str:
    """The query with nothing of the line's own but the names; every value masked where they can't be told apart."""
    template = urlsplit(line.config["url"]).query
    if line.config["auth"] == "query":
        token = f"{quote(line.config['token_name'], safe='')}={quote(line.config['token'], safe='')}"
        template = f"{template}&{token}" if template else token
    texts: list[tuple[str, str]] = []  # of the template, each with what is shown of it
    inside = False  # a value
    for text in placeholders.split(template)[::2]:
        own = quote(text, safe=placeholders.LEGAL_IN_URL, encoding=line.config["encoding"], errors="replace")
        shown = []
        for place, part in enumerate(own.split("&")):
            name, equals, value = ("", "", part) if inside and not place else part.partition("=")
            inside = bool(equals) or (inside and not place)
            shown.append(f"{name}{equals}{_mark(value)}")
        texts.append((own, "&".join(shown)))
    told = _filled(texts, query)
    return "&".join(map(_masked, query.split("&"))) if told is None else told


def _filled(texts: Sequence[tuple[str, str]], value: str) -> str | None:
    """The value with what is shown in place of each text of its template, and as it is where placeholders were.

    None when it wasn't made from that template.
    """
    found = re.fullmatch("(.*?)".join(re.escape(own) for own, _shown in texts), value, re.DOTALL)
    if found is None:
        return None
    return "".join(f"{shown}{filled}" for (_own, shown), filled in zip(texts, (*found.groups(), ""), strict=True))


def _masked(pair: str) -> str:
    name, equals, value = pair.partition("=")
    return f"{name}={MASK}" if equals and value else pair


def _headers(
    line: Line, mask: Masker, headers: Iterable[tuple[str, str]], *, asked: bool = False
) -> tuple[tuple[str, str], ...]:
    """The headers of a request, if `asked`, or of an answer."""
    own = {name.lower(): value for name, value in line.config["headers"].items()}
    secret = {*_CREDENTIALS, *(name for name, value in own.items() if not placeholders.names_in(value))}
    if line.config["auth"] == "header":
        secret.add(line.config["token_name"].lower())
    shown = []
    for name, raw in list(headers)[:MOST_HEADERS]:
        value = _readable(line, raw)
        if name.lower() in secret:
            told = _credential(value)
        else:
            own_parts = own.get(name.lower()) if asked else None
            told = _header(mask, name, value if own_parts is None else _around(own_parts, value))
        shown.append((mask(_readable(line, name))[:HEADER_SHOWN], told[:HEADER_SHOWN]))
    return tuple(shown)


def _around(template: str, value: str) -> str:
    """The values of a header's placeholders, with what stands around them masked."""
    told = _filled([(text, _mark(text)) for text in placeholders.split(template)[::2]], value)
    return MASK if told is None else told


def _mark(text: str) -> str:
    """A mask, unless the text is a mark between two values."""
    return MASK if any(map(str.isalnum, unquote(text))) else text


def _readable(line: Line, text: str) -> str:
    """A header's text as it can be stored: its bytes may be in the line's encoding, or in none."""
    return decoded(text.encode("utf-8", "surrogateescape"), line.config["encoding"])


def _credential(value: str) -> str:
    """A header's value that is a secret as a whole: its scheme alone is shown."""
    scheme = _SCHEME.match(value)
    return f"{scheme[1]} {MASK}" if scheme else MASK


def _header(mask: Masker, name: str, value: str) -> str:
    """A header's value, looked at together with its name, by which much of what is secret is known."""
    told = redact(f"{name}: {mask.known(value)}")
    return told.partition(": ")[2] if ": " in told else MASK


def _text(line: Line, mask: Masker, body: bytes, *, whole: bool) -> str:
    """The body as text, empty where it is none. Masked before it is cut: half a secret would not be found."""
    if b"\0" in body:
        return ""
    text = decoded(body, line.config["encoding"])
    if sum(map(_is_noise, text)) > len(text) // 10:
        return ""
    if not whole:
        text = text[: -mask.longest or None]
    return mask(text)[:BODY_SHOWN]


def _is_noise(character: str) -> bool:
    """Whether it stands in what is no text, such as a picture."""
    return character == "\N{REPLACEMENT CHARACTER}" or not (character.isprintable() or character.isspace())
