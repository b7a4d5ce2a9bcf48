"""Asking WhatsApp whether a number is there, in the page of one session, and keeping what it says."""

import time
import uuid
from collections.abc import Mapping

from bson import ObjectId

from domain.number_checks import BELIEVED, CONFIRM_AFTER, Absent, Ask, Known, Wait, judge
from gateways.providers.whatsapp_page import Unreached, asking_database, carry_out, reach
from sessions_app import numbers

ASK_SECONDS = 20.0


def ask(gateway: ObjectId, phone: str) -> tuple[Known | Absent | Wait, bool]:
    """What is known of the number, and whether that had to be asked. Raises Unreached and Lost.

    A first "no" is a Wait: it may be a lost connection, and is believed at the second one.
    """
    with asking_database():
        known = judge(numbers.remembered(phone))
    if not isinstance(known, Ask):
        return known, False
    job = {"id": uuid.uuid4().hex, "kind": "check", "candidates": list(numbers.candidates(phone))}
    found = carry_out(reach(gateway), job, time.monotonic() + ASK_SECONDS)
    if not isinstance(found, Mapping) or not found.get("wid"):
        misses = numbers.remember_miss(phone)
        return (Absent() if misses >= BELIEVED else Wait(CONFIRM_AFTER)), True
    wid, lid = str(found["wid"]), str(found.get("lid") or "")
    numbers.remember_wid(phone, wid, lid)
    return Known(wid, lid), True


__all__ = ["Unreached", "ask"]
