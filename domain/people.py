"""Who a conversation is with: one short key a person, fit for an address, an element's id and a group's name."""

import hashlib
import re

_PHONE = re.compile(r"\+([0-9]{4,20})")
_LID = re.compile(r"lid:([0-9]{1,30})")


def person_key(phone: str) -> str:
    """The digits of an E.164 number, `lid-` and the digits of a WhatsApp id without one, else a digest.

    A digest is for senders that have a name or a short number instead of a phone.
    """
    if match := _PHONE.fullmatch(phone):
        return match[1]
    if match := _LID.fullmatch(phone):
        return f"lid-{match[1]}"
    return "x" + hashlib.sha256(phone.encode()).hexdigest()[:20]


def phone_of_key(key: str) -> str:
    """The phone that such a key is of; empty for a digest, of which only the database knows whose it is."""
    if re.fullmatch(r"[0-9]{4,20}", key):
        return f"+{key}"
    return f"lid:{key.removeprefix('lid-')}" if re.fullmatch(r"lid-[0-9]{1,30}", key) else ""


def is_hidden(phone: str) -> bool:
    """Whether it is a WhatsApp person whose number nobody knows."""
    return phone.startswith("lid:")


def can_be_written_to(phone: str) -> bool:
    """Whether a text can be addressed to it: to a number, and to nothing that only a sender can be called."""
    return _PHONE.fullmatch(phone) is not None
