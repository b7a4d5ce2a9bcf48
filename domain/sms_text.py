"""How many SMS parts a text takes: GSM 03.38 where every character is in it, else UCS-2."""

from dataclasses import dataclass
from enum import StrEnum

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape and the character: two units that stay together


class Encoding(StrEnum):
    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True, slots=True)
class SmsSize:
    """`units` are septets or UTF-16 code units; `per_part` is how many of them a part holds."""

    encoding: Encoding
    units: int
    parts: int
    per_part: int


def costly(text: str) -> list[str]:
    """The characters for which a part holds 70 and not 160, each once, in order of appearance."""
    return list(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENDED))


def measure(text: str) -> SmsSize:
    """The text's size. An empty text is one part of no units."""
    if all(character in _BASIC or character in _EXTENDED for character in text):
        widths = [2 if character in _EXTENDED else 1 for character in text]
        return _size(Encoding.GSM_7, widths, single=160, joined=153)
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return _size(Encoding.UCS_2, widths, single=70, joined=67)


def _size(encoding: Encoding, widths: list[int], *, single: int, joined: int) -> SmsSize:
    """A text of several parts gives up room in each for the header that joins them."""
    units = sum(widths)
    if units <= single:
        return SmsSize(encoding, units, 1, single)
    parts, room = 1, joined
    for width in widths:
        if width > room:  # a pair that doesn't fit goes whole into the next part
            parts, room = parts + 1, joined
        room -= width
    return SmsSize(encoding, units, parts, joined)
