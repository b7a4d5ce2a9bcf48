"""Texts as SMS: how many parts one takes (GSM 03.38 if every character is in it, else UCS-2), and making it shorter."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"  # an escape and the character: two units that stay together
_GSM = frozenset(_BASIC + _EXTENDED)
_GSM_TEXT = re.compile(f"[{re.escape(_BASIC + _EXTENDED)}]*")


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
    return list(dict.fromkeys(c for c in text if c not in _GSM))


def measure(text: str) -> SmsSize:
    """The text's size. An empty text is one part of no units."""
    if _GSM_TEXT.fullmatch(text):
        return _size(Encoding.GSM_7, text, sum(map(text.count, _EXTENDED)), _EXTENDED.__contains__, 160, 153)
    wide = sum(character > "\uffff" for character in text)
    return _size(Encoding.UCS_2, text, wide, "\uffff".__lt__, 70, 67)


def _size(
    encoding: Encoding, text: str, pairs: int, is_pair: Callable[[str], bool], single: int, joined: int
) -> SmsSize:
    """A text of several parts gives up room in each for the header that joins them.

    `pairs` is how many characters take two units. It is asked of every message that is enrolled, so each character is
    looked at one by one only where that can make a difference.
    """
    units = len(text) + pairs
    if units <= single:
        return SmsSize(encoding, units, 1, single)
    if not pairs:
        return SmsSize(encoding, units, -(-units // joined), joined)
    parts, room = 1, joined
    for character in text:
        width = 2 if is_pair(character) else 1
        if width > room:  # a pair that doesn't fit goes whole into the next part
            parts, room = parts + 1, joined
        room -= width
    return SmsSize(encoding, units, parts, joined)


# Written shorter ------------------------------------------------------------------------------------------------------
_NEIGHBOURS = {
    **dict.fromkeys("‘’‚‛‹›′´`ʹʻʼʽˈ", "'"),
    **dict.fromkeys("“”„‟«»″¨", '"'),
    **dict.fromkeys("‐‑‒–—―−﹘－•‣⁃", "-"),
    **dict.fromkeys("⁄∕÷", "/"),
    **dict.fromkeys("\u2028\u2029\u0085", "\n"),
    **dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff", ""),  # not seen, and paid for all the same
    **{"\t": " ", "·": ".", "°": "o", "µ": "u", "¢": "c", "¦": "|", "×": "x", "¸": ",", "©": "(c)", "®": "(R)"},
    **{"œ": "oe", "Œ": "OE", "ð": "d", "Ð": "D", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i", "þ": "th"},
    **{"ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "Þ": "Th", "ŋ": "n", "Ŋ": "N"},
}
"""What Unicode's own decompositions do not say, or say otherwise (´ is a space with an accent there)."""
_MARKS = "\u0300-\u036f"
_MARK = re.compile(f"[{_MARKS}]")
_MARKED = re.compile(f"[^{_MARKS}][{_MARKS}]+", re.DOTALL)


def transliterate(text: str) -> str:
    """The text with each character that GSM 03.38 lacks as its nearest one: á as a, ’ as ', … as three dots.

    What has no neighbour (an emoji, Cyrillic) stays. It never takes more parts than the text did: where three dots in
    the place of one character would, only what is no longer than before is replaced.
    """
    if _GSM_TEXT.fullmatch(text):
        return text
    return min((_fold(text, narrow=False), _fold(text, narrow=True)), key=lambda folded: measure(folded).parts)


def transliterated(pieces: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """The same for a text in pieces, each with whatever is known of it; together they read as `transliterate` says."""
    whole = transliterate("".join(text for text, _ in pieces))
    for narrow in (False, True):
        folded = [(_fold(text, narrow=narrow), known) for text, known in pieces]
        if "".join(text for text, _ in folded) == whole:
            return folded
    return [(whole, False)]  # an accent at the beginning of a piece belongs to the letter before


def as_sms(text: str, *, plain: bool) -> tuple[str, int]:
    """A text as it goes out by SMS, without accents where `plain` says so, and its parts."""
    sent = transliterate(text) if plain else text
    return sent, measure(sent).parts


def _fold(text: str, *, narrow: bool) -> str:
    text = _MARKED.sub(lambda found: _composed(found[0], narrow=narrow), text)
    return "".join(c if c in _GSM else _neighbour(c, narrow=narrow) for c in text)


def _composed(marked: str, *, narrow: bool) -> str:
    """A letter and the accents that follow it as one character, without those that no such character has."""
    base = marked[0]
    if base.isascii() and base.isalpha():
        return _MARK.sub("", unicodedata.normalize("NFC", marked))
    near = base if base in _GSM else _neighbour(base, narrow=narrow)
    return near if all(each in _GSM for each in near) else marked


def _neighbour(character: str, *, narrow: bool) -> str:
    near = _NEIGHBOURS.get(character)
    if near is None:
        parts = _MARK.sub("", unicodedata.normalize("NFKD", character))
        near = "".join(_NEIGHBOURS.get(part, part) for part in parts)
    usable = all(each in _GSM for each in near) and (near or character in _NEIGHBOURS)
    return near if usable and not (narrow and len(near) > 1) else character
