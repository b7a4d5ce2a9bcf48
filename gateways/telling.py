"""Tells what went to and fro in one call, every secret masked and cut to what a page can show."""

import codecs
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from domain.delivery import Exchange, SendError
from gateways.exchanges import BODY_SHOWN
from gateways.masking import Masker
from gateways.transport import Answer, Request, Seen
from lib.redaction import MASK, redact

URL_SHOWN = 2_000
HEADER_SHOWN = 400
MOST_HEADERS = 40
MATCH_SHOWN = 200
MASKS_SHORTEN = 500
"""Characters by which the secrets in a body may be longer than their masks, so that enough is left to show."""

CREDENTIALS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
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
    lower case, nothing is told but the scheme.
    """

    def __init__(self, mask: Masker, *, encoding: str = "utf-8", secret_headers: Collection[str] = ()) -> None:
        self.mask = mask
        self._encoding = encoding
        self._secret_headers = frozenset((*CREDENTIALS, *secret_headers))

    def tell(self, request: Request, seen: Seen, answer: Answer | SendError, rule: Rule) -> Exchange:
        """The exchange; `seen` is what its request looked like on its way, `rule` what told the answer's meaning."""
        headers = seen.headers or request.headers
        came = answer if isinstance(answer, Answer) else None
        return Exchange(
            method=request.method,
            url=self.url(request.url)[:URL_SHOWN],
            headers=self._headers(headers.items(), asked=True),
            body=self._text(request.body or b"", whole=True),
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
        shown = []
        for name, raw in list(headers)[:MOST_HEADERS]:
            value = self.readable(raw)
            if name.lower() in self._secret_headers:
                told = _credential(value)
            else:
                told = self._header(name, self.asked_header(name.lower(), value) if asked else value)
            shown.append((self.mask(self.readable(name))[:HEADER_SHOWN], told[:HEADER_SHOWN]))
        return tuple(shown)

    def _header(self, name: str, value: str) -> str:
        """A header's value, looked at together with its name, by which much of what is secret is known."""
        told = redact(f"{name}: {self.mask.known(value)}")
        return told.partition(": ")[2] if ": " in told else MASK

    def _text(self, body: bytes, *, whole: bool) -> str:
        """The body as text, empty where it is none. Masked before it is cut: half a secret would not be found."""
        if b"\0" in body:
            return ""
        text = decoded(body, self._encoding)
        most = BODY_SHOWN + MASKS_SHORTEN + self.mask.longest
        if len(text) > most:  # a batch's: what nobody will see of it need not be masked
            text, whole = text[:most], False
        if sum(map(_is_noise, text)) > len(text) // 10:
            return ""
        if not whole:
            text = text[: -self.mask.longest or None]
        return self.mask(text)[:BODY_SHOWN]


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


def _is_noise(character: str) -> bool:
    """Whether it stands in what is no text, such as a picture."""
    return character == "\N{REPLACEMENT CHARACTER}" or not (character.isprintable() or character.isspace())
