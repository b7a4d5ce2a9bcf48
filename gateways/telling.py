"""Tells what went to and fro in one call, every secret masked and cut to what a page can show."""

import codecs
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit, urlunsplit

from domain.delivery import Exchange, SendError
from gateways.masking import Masker
from gateways.transport import BODY_LIMIT, Answer, Request, Seen
from lib.redaction import MASK, redact

SHRUNK = 2_000
"""Characters beyond those that are looked at too, since masks are shorter than secrets."""

NOISE_LOOKED_AT = 4_000
URL_SHOWN = 2_000
BODY_SHOWN = 4_000
"""Characters that are kept of a body."""

HEADER_SHOWN = 400
MOST_HEADERS = 40
MATCH_SHOWN = 200

CREDENTIALS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
REMEMBERED = 500
"""Headers of which a teller remembers how it told them: most are the same in every call, and looking is what costs."""

_SCHEME = re.compile(r"(?i)(app|ibsso|bearer|basic|token|digest)\s+\S")


@dataclass(frozen=True, slots=True)
class Rule:
    """What told an answer's meaning: a stable word, the line's pattern or path, and what of the answer it found."""

    name: str
    pattern: str = ""
    matched: str = ""


class Teller:
    """Tells the calls of one line. A kind whose addresses hold secrets of its own says how they are shown.

    `mask` knows the line's secrets, `encoding` is its far side's beside UTF-8; of `secret_headers`, by their names in
    lower case, nothing is told but the scheme. Telling is many times dearer than sending: keep one for all the calls of
    a provider, and let it tell `later`.
    """

    def __init__(self, mask: Masker, *, encoding: str = "utf-8", secret_headers: Collection[str] = ()) -> None:
        self.mask = mask
        self._encoding = encoding
        self._secret_headers = frozenset((*CREDENTIALS, *secret_headers))
        self._remembered: dict[tuple[str, str], tuple[str, str]] = {}

    def later(self, request: Request, seen: Seen, answer: Answer | SendError, rule: Rule) -> Callable[[], Exchange]:
        """What tells the exchange when it is asked, in the thread that asks."""
        return partial(self.tell, request, seen, answer, rule)

    def tell(self, request: Request, seen: Seen, answer: Answer | SendError, rule: Rule) -> Exchange:
        """The exchange; `seen` is what its request looked like on its way, `rule` what told the answer's meaning."""
        headers = seen.headers or request.headers
        came = answer if isinstance(answer, Answer) else None
        return Exchange(
            method=request.method,
            url=self.url(request.url)[:URL_SHOWN],
            headers=self._headers(headers.items(), asked=True),
            body=self._text((request.body or b"")[:BODY_LIMIT], whole=len(request.body or b"") <= BODY_LIMIT),
            size=len(request.body or b""),
            seconds=round(seen.seconds, 3),
            status=came.status if came else None,
            answer_headers=self._headers(came.headers.items()) if came else (),
            answer_body=self._text(came.body, whole=not came.cut) if came else "",
            answer_size=len(came.body) if came else 0,
            answer_endless=came is not None and came.cut,
            rule=rule.name,
            pattern=self.mask(rule.pattern)[:MATCH_SHOWN],
            matched=self.mask(self.readable(rule.matched))[:MATCH_SHOWN],
        )

    def url(self, url: str) -> str:
        """The address as it may be shown."""
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition("@")[2]
        if netloc != parts.netloc:
            netloc = f"{MASK}@{netloc}"
        return self.mask(urlunsplit((parts.scheme, netloc, parts.path, self.query(parts.query), "")))

    def query(self, query: str) -> str:
        """The address's query as it may be shown, before the line's secrets are masked in it."""
        return query

    def asked_header(self, name: str, value: str) -> str:
        """A request's header as it may be shown, before the line's secrets are masked in it."""
        return value

    def readable(self, text: str) -> str:
        """A header's text as it can be stored: its bytes may be in the line's encoding, or in none."""
        return decoded(text.encode("utf-8", "surrogateescape"), self._encoding)

    def _headers(self, headers: Iterable[tuple[str, str]], *, asked: bool = False) -> tuple[tuple[str, str], ...]:
        """The headers of a request, if `asked`, or of an answer."""
        return tuple(self._told(name, value, asked=asked) for name, value in list(headers)[:MOST_HEADERS])

    def _told(self, name: str, raw: str, *, asked: bool) -> tuple[str, str]:
        """A header as it may be shown."""
        value = self.readable(raw)
        if name.lower() in self._secret_headers:
            return self._name(name), _credential(value)[:HEADER_SHOWN]
        if asked:
            value = self.asked_header(name.lower(), value)
        known = self._remembered.get((name, value))
        if known is None:
            known = (self._name(name), self._header(name, value)[:HEADER_SHOWN])
            if len(self._remembered) < REMEMBERED and len(value) <= HEADER_SHOWN:
                self._remembered[name, value] = known
        return known

    def _name(self, name: str) -> str:
        return self.mask(self.readable(name))[:HEADER_SHOWN]

    def _header(self, name: str, value: str) -> str:
        """A header's value, looked at together with its name, by which much of what is secret is known."""
        told = redact(f"{name}: {self.mask.known(value)}")
        return told.partition(": ")[2] if ": " in told else MASK

    def _text(self, body: bytes, *, whole: bool) -> str:
        """The body as text, empty where it is none. Masked before it is cut: half a secret would not be found."""
        if b"\0" in body:
            return ""
        text = decoded(body, self._encoding)
        if _is_noise(text[:NOISE_LOOKED_AT]):
            return ""
        most = BODY_SHOWN + self.mask.longest + SHRUNK
        told = self.mask(text[:most])
        if not whole or len(text) > most:
            # A secret that was cut in two ends it, and was not found.
            told = told[: -self.mask.longest or None]
        return told[:BODY_SHOWN]


def decoded(body: bytes, encoding: str) -> str:
    """The body as text: UTF-8 if it is that, else in the line's encoding. Its last character may be cut off."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return body.decode(encoding, "replace")


def _credential(value: str) -> str:
    """A header's value that is a secret as a whole: its scheme alone is shown."""
    scheme = _SCHEME.match(value)
    return f"{scheme[1]} {MASK}" if scheme else MASK


def _is_noise(text: str) -> bool:
    """Whether it is no text, such as a picture: more than a tenth of it is what no text has."""
    plain = "".join(text.split())
    if plain.isprintable() and "\N{REPLACEMENT CHARACTER}" not in plain:
        return False
    odd = sum(each == "\N{REPLACEMENT CHARACTER}" or not each.isprintable() for each in plain)
    return odd > len(text) // 10
