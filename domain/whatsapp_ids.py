"""How WhatsApp names people and messages: ids made of digits, a number's variants, and the ids of our messages.

WhatsApp keeps the number under which an account was made. Where a country has changed its numbering since, the number
that a debtor has today and the one that WhatsApp knows differ by a digit or two: both are candidates.
"""

import re

USER = "@c.us"
LID = "@lid"

KEY = re.compile(r"3EB0[0-9A-F]{18}")
"""The hex part of a message's id, in the shape that WhatsApp Web gives its own."""

_BRAZIL = re.compile(r"55(\d{2})9([6-9]\d{7})")
_BRAZIL_BEFORE = re.compile(r"55(\d{2})([6-9]\d{7})")
_MEXICO = re.compile(r"52([2-9]\d{9})")
_MEXICO_BEFORE = re.compile(r"521([2-9]\d{9})")
_ARGENTINA = re.compile(r"549([1-3]\d{9})")
_ARGENTINA_FIXED = re.compile(r"54([1-3]\d{9})")

# Each pair is one person: Brazil's mobiles got a ninth digit (those that begin with 2 to 5 without it are landlines of
# somebody else), Mexico's lost the 1 after the country's code, and Argentina's have a 9 only when called from abroad.
_VARIANTS = (
    (_BRAZIL, r"55\1\2"),
    (_BRAZIL_BEFORE, r"55\g<1>9\2"),
    (_MEXICO, r"521\1"),
    (_MEXICO_BEFORE, r"52\1"),
    (_ARGENTINA, r"54\1"),
    (_ARGENTINA_FIXED, r"549\1"),
)
_TODAY = ((_BRAZIL_BEFORE, r"55\g<1>9\2"), (_MEXICO_BEFORE, r"52\1"))


def candidates(phone: str) -> tuple[str, ...]:
    """The ids under which WhatsApp may know an E.164 number, the likeliest first."""
    digits = phone.removeprefix("+")
    found = [digits]
    found += [pattern.sub(variant, digits) for pattern, variant in _VARIANTS if pattern.fullmatch(digits)]
    return tuple(one + USER for one in found)


def e164_of(wid: str) -> str:
    """The number of a person's id as spreadsheets are read: with Brazil's ninth digit, without Mexico's 1."""
    digits = digits_of(wid)
    for pattern, today in _TODAY:
        if pattern.fullmatch(digits):
            return "+" + pattern.sub(today, digits)
    return "+" + digits


def wid_of(digits: str) -> str:
    """The id of a number's digits; empty for none."""
    return digits + USER if digits else ""


def lid_of(digits: str) -> str:
    """The id of a LID's digits; empty for none."""
    return digits + LID if digits else ""


def digits_of(wid: str) -> str:
    """The digits of an id, whatever it names. A device's suffix (`:12`) does not belong to them."""
    return wid.partition("@")[0].partition(":")[0]


def is_lid(wid: str) -> bool:
    """Whether an id hides the number that is behind it."""
    return wid.endswith(LID)


def key_of(attempt_id: str) -> str:
    """The hex part of the id that an attempt's message gets; 72 bits of the attempt's own."""
    return "3EB0" + attempt_id[:18].upper()


def media_type(mimetype: str) -> str:
    """As what a file is sent: image, video and audio are shown in the chat, anything else is a document."""
    kind = mimetype.partition("/")[0]
    return kind if kind in ("image", "video", "audio") else "document"
