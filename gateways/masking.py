"""Takes a line's secrets out of a text, in every form in which a far side may repeat them."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from html.entities import html5
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from gateways.placeholders import own_texts
from lib.redaction import MASK, redact

SHORTEST_SECRET = 4
"""Shorter values are not looked for inside texts: they would be found everywhere."""

SHORTEST_CORE = 6
"""Characters of the middle of a secret in base64 that are looked for; fewer would be found by chance."""

ESCAPED_LENGTH = 24
"""Characters that one of a secret may become: it may be escaped, and escaped again."""

LONG_TEXT = 10_000
"""Characters of a far side's words that are looked at for what they are worth in a line or two."""

# What introduces an escape, which may itself have been escaped again by whatever the text came through.
_PERCENT = r"%(?:25){0,3}"
_BACKSLASH = rf"(?:\\|{_PERCENT}(?i:5c)){{1,4}}"
_AMPERSAND = rf"(?:&|{_BACKSLASH}u0026|{_PERCENT}26)(?:amp;){{0,2}}"
_HASH = rf"(?:#|{_PERCENT}23)"
_SEMICOLON = rf"(?:;|{_PERCENT}(?i:3b))"


class Masker:
    """Masks these secrets as they are, and as a URL, JSON, HTML, hexadecimal and base64 carry them.

    `encoding` is the far side's, beside UTF-8.
    """

    def __init__(self, secrets: Iterable[str], encoding: str = "utf-8") -> None:
        longest_first = sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=lambda s: (-len(s), s))
        self._patterns = [_pattern(secret, encoding) for secret in longest_first]
        self.longest = max((ESCAPED_LENGTH * len(secret) for secret in longest_first), default=0)

    def __call__(self, text: str) -> str:
        """The text without them, and without what looks like a credential of anybody's."""
        return redact(self.known(text))

    def known(self, text: str) -> str:
        """The text without these secrets."""
        for pattern in self._patterns:
            text = pattern.sub(MASK, text)
        return text

    def brief(self, text: str, most: int, *, whole: bool = True) -> str:
        """The beginning of a text in one line. Masked before it is cut: half a secret would not be found.

        A long text that isn't `whole` was cut already, and its end is left out: that may be half a secret.
        """
        told = self.known(text)
        if not whole and len(text) > LONG_TEXT:
            told = told[: -self.longest or None]
        return redact(" ".join(told.split())[:LONG_TEXT])[:most]


def secret_texts(secrets: Mapping[str, Any]) -> set[str]:
    """Every text among a line's secrets that must not be shown, the parts of addresses one by one."""
    found: set[str] = set()
    for value in secrets.values():
        for text in map(str, value.values() if isinstance(value, Mapping) else [value]):
            if "://" in text:
                # Its host and path are shown anyway.
                found |= {text, *(part for _name, part in parse_qsl(urlsplit(text).query))}
            else:
                found |= {text, *text.split(), *text.split(":")}
    return {own for text in found for own in own_texts(text)}


@lru_cache(maxsize=256)
def _pattern(secret: str, encoding: str) -> re.Pattern[str]:
    """What finds a secret, in time linear in the text: each character has its forms, of bounded length."""
    forms = [_text(secret, encoding)]
    for raw in dict.fromkeys(_encoded(secret, encoding)):
        whole = base64.b64encode(raw).decode()
        inside = sorted({core for place in range(3) for core in _cores(raw, place)}, key=len, reverse=True)
        forms += [_base64(each) for each in (whole, *inside)]
        forms.append(f"(?i:{raw.hex()})")
    return re.compile("|".join(forms))


def _text(secret: str, encoding: str) -> str:
    found = []
    after_backslash = False
    for run in re.findall(r"\\+|[^\\]", secret):
        if run[0] == "\\":
            # Each layer doubles them. They are taken all at once, lest the ways to share them out multiply.
            found.append(rf"(?>{_forms(run[0], encoding)}){{{len(run)},{8 * len(run)}}}+")
        else:
            found.append(_forms(run, encoding, after_backslash=after_backslash))
        after_backslash = run[0] == "\\"
    return "".join(found)


@cache
def _names() -> dict[str, list[str]]:
    """The names that HTML has for a character."""
    found: dict[str, list[str]] = {}
    for name, character in html5.items():
        if name.endswith(";"):
            found.setdefault(character, []).append(name[:-1])
    return found


@lru_cache(maxsize=2048)
def _forms(character: str, encoding: str, *, after_backslash: bool = False) -> str:
    """The pattern of a character in each of its forms, the longer ones first."""
    number = ord(character)
    found = [
        rf"{_AMPERSAND}{_HASH}(?:0{{0,6}}{number}|[xX]0{{0,6}}(?i:{number:x})){_SEMICOLON}",
        *(f"{_AMPERSAND}{name}{_SEMICOLON}" for name in _names().get(character, ())),
    ]
    units = character.encode("utf-16-be", "surrogatepass")
    escapes = [f"(?i:{units[place : place + 2].hex()})" for place in range(0, len(units), 2)]
    first = f"(?:{_BACKSLASH})?" if after_backslash else _BACKSLASH  # what stood before it took its backslash along
    found.append(first + "u" + f"{_BACKSLASH}u".join(escapes))
    if number < 256:
        found.append(rf"{first}x(?i:{number:02x})")
    found += ["".join(f"{_PERCENT}(?i:{byte:02x})" for byte in raw) for raw in _encoded(character, encoding)]
    if number > 127:
        found += [*_misread(character, encoding), "\N{REPLACEMENT CHARACTER}{1,4}", r"\?"]
    if character == " ":
        found.append(r"\+")
    prefix = f"(?:{_BACKSLASH})?" if character in "\"'/" else ""
    return f"{prefix}(?:{'|'.join([*dict.fromkeys(found), re.escape(character)])})"


def _encoded(text: str, encoding: str) -> Iterator[bytes]:
    """The text in bytes: in UTF-8, in the line's encoding, and in the one that old pages take for granted."""
    for each in dict.fromkeys(("utf-8", encoding, "iso-8859-1")):
        try:
            yield text.encode(each)
        except UnicodeEncodeError:
            if each == "utf-8":
                yield text.encode(each, "surrogatepass")


def _misread(character: str, encoding: str) -> Iterator[str]:
    """What stands in a text that was written in UTF-8 and read otherwise."""
    for each in (encoding, "iso-8859-1", "windows-1252"):
        read = character.encode("utf-8", "surrogatepass").decode(each, "replace")
        if read != character:
            yield re.escape(read)


def _base64(text: str) -> str:
    """The pattern of base64 in either alphabet; its letters are never escaped."""
    other = {"+": "|-", "/": "|_", "=": ""}
    return "".join(
        f"(?:{_forms(each, 'utf-8')}{other[each]})" if each in other else each for each in text.rstrip("=")
    ) + "".join(f"{_forms('=', 'utf-8')}?" for _ in range(text.count("=")))


def _cores(raw: bytes, place: int) -> set[str]:
    """What base64 makes of the secret inside a longer text, as in `user:secret`, wherever it begins there.

    Without the first and the last character that depend on the neighbours.
    """
    text = base64.b64encode(b"\0" * place + raw).decode().rstrip("=")
    begin = (0, 2, 3)[place]
    end = len(text) - (1 if (place + len(raw)) % 3 else 0)
    core = text[begin:end]
    return {core} if len(core) >= SHORTEST_CORE else set()
