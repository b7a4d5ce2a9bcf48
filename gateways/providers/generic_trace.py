"""Tells the calls of a generic HTTP line, whose address, query and headers are of its own making."""

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote, urlsplit

from gateways import placeholders
from gateways.masking import Masker
from gateways.provider import Line
from gateways.telling import Teller
from lib.redaction import MASK


class GenericTeller(Teller):
    """A generic line's: what its template says is masked, however short, and what was put into it is shown."""

    def __init__(self, line: Line, mask: Masker, *, address: str, escaped_in: str) -> None:
        """`address` is the template of what it calls, escaped in that encoding."""
        config = line.config
        self._address, self._escaped_in = urlsplit(address).query, escaped_in
        self._line = line
        self._own = {name.lower(): value for name, value in config["headers"].items()}
        secret = {name for name, value in self._own.items() if not placeholders.names_in(value)}
        if config["auth"] == "header":
            secret.add(config["token_name"].lower())
        super().__init__(mask, encoding=config["encoding"], secret_headers=secret)

    def query(self, query: str) -> str:
        """The query with nothing of the line's own but the names; every value masked where they can't be told apart."""
        config = self._line.config
        template = self._address
        if config["auth"] == "query":
            token = f"{quote(config['token_name'], safe='')}={quote(config['token'], safe='')}"
            template = f"{template}&{token}" if template else token
        texts: list[tuple[str, str]] = []  # of the template, each with what is shown of it
        inside = False  # a value
        for text in placeholders.split(template)[::2]:
            own = quote(text, safe=placeholders.LEGAL_IN_URL, encoding=self._escaped_in, errors="replace")
            shown = []
            for place, part in enumerate(own.split("&")):
                name, equals, value = ("", "", part) if inside and not place else part.partition("=")
                inside = bool(equals) or (inside and not place)
                shown.append(f"{name}{equals}{_mark(value)}")
            texts.append((own, "&".join(shown)))
        told = _filled(texts, query)
        return "&".join(map(_masked, query.split("&"))) if told is None else told

    def asked_header(self, name: str, value: str) -> str:
        """The values of a header's placeholders, with what stands around them masked."""
        template = self._own.get(name)
        if template is None:
            return value
        told = _filled([(text, _mark(text)) for text in placeholders.split(template)[::2]], value)
        return MASK if told is None else told


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


def _mark(text: str) -> str:
    """A mask, unless the text is a mark between two values."""
    return MASK if any(map(str.isalnum, unquote(text))) else text
