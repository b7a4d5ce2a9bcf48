"""The placeholders of a line's URL, headers and body, and how each place escapes what is put there."""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

PHONE = frozenset({"phone", "phone_raw"})
MESSAGE = frozenset({"message", "message_raw"})
KNOWN = PHONE | MESSAGE | {"id", "callback_url", "token"}
IN_HEADERS = PHONE | {"id", "callback_url", "token"}  # a text may hold line ends, which a header can't
IN_STATUS_URL = PHONE | {"id", "token"}

_TOKEN = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
# All that may stand in a URL as it is. "#" is left out: it would cut the rest off.
LEGAL_IN_URL = "!$&'()*+,;=:@/?%[]-._~"


def names_in(template: str) -> set[str]:
    """Names of the placeholders in the text, known or not."""
    return set(_TOKEN.findall(template))


def split(template: str) -> list[str]:
    """The template's own texts and its placeholders' names by turns: it begins and ends with a text, maybe empty."""
    return _TOKEN.split(template)


def own_texts(template: str) -> list[str]:
    """What stands in the template beside its placeholders."""
    return [text for text in split(template)[::2] if text]


def has_stray_brace(template: str) -> bool:
    """Whether a brace is left when the placeholders are taken out."""
    rest = _TOKEN.sub("", template)
    return "{" in rest or "}" in rest


def fill(template: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced in one pass, so that a value is never read as a template."""
    return _TOKEN.sub(lambda found: values.get(found[1], found[0]), template)


def for_url(values: Mapping[str, str], encoding: str) -> dict[str, str]:
    """Values escaped for a URL or a form; the raw ones keep every character that a URL can carry.

    Raises UnicodeEncodeError when the encoding lacks a character.
    """
    return {
        name: quote(value, safe=LEGAL_IN_URL if name.endswith("_raw") else "", encoding=encoding, errors="strict")
        for name, value in values.items()
    }


def for_json(values: Mapping[str, str], encoding: str) -> dict[str, str]:
    """Values escaped to stand between the quotes of a JSON text; the raw ones as they are."""
    ascii_only = encoding.lower().replace("_", "-") not in ("utf-8", "utf8")
    return {
        name: value if name.endswith("_raw") else json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        for name, value in values.items()
    }
