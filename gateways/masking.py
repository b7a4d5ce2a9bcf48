"""Takes a line's secrets out of a text, in every form in which a far side may repeat them."""

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from lib.redaction import MASK, redact

SHORTEST_SECRET = 4
"""Shorter values are not looked for inside texts: they would be found everywhere."""

SHORTEST_CORE = 6
"""Characters of the middle of a secret in base64 that are looked for; fewer would be found by chance."""


class Masker:
    """Masks these secrets as they are, and as a URL, JSON, HTML, hexadecimal and base64 carry them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
        longest_first = sorted(found, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        self.longest = len(longest_first[0]) if longest_first else 0

    def __call__(self, text: str) -> str:
        """The text without them, and without what looks like a credential of anybody's."""
        return redact(self.known(text))

    def known(self, text: str) -> str:
        """The text without these secrets."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    plain = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret)}
    plain |= {form.replace("/", r"\/") for form in set(plain)}
    whole = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), raw.hex(), raw.hex().upper()}
    inside = {core for place in range(3) for core in _cores(raw, place)}
    found = plain | whole | inside
    escaped = {form for each in found for form in (quote(each, safe=""), quote(each), quote_plus(each))}
    # The case of an escape is its writer's choice, and an address inside another is escaped twice.
    escaped |= {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), each) for each in escaped}
    escaped |= {quote(each, safe="") for each in set(escaped)}
    return {form for form in found | escaped if len(form) >= SHORTEST_SECRET}


def _cores(raw: bytes, place: int) -> set[str]:
    """What base64 makes of the secret inside a longer text, as in `user:secret`, wherever it begins there.

    Without the first and the last character that depend on the neighbours.
    """
    text = base64.b64encode(b"\0" * place + raw).decode().rstrip("=")
    begin = (0, 2, 3)[place]
    end = len(text) - (1 if (place + len(raw)) % 3 else 0)
    core = text[begin:end]
    return {core, core.translate(str.maketrans("+/", "-_"))} if len(core) >= SHORTEST_CORE else set()
