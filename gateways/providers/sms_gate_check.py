"""Reads what SMS Gate says of itself and of its phones, for the check of a line."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from domain.delivery import Health, SendError
from gateways.answers import is_page
from gateways.providers.sms_gate_answer import content_of, said, text_of, time_of
from gateways.transport import Answer

SILENT = timedelta(minutes=30)
"""After so long without a word of a phone a server's messages are said to wait for it."""

_MOST_NAMED = 10


def read_health(answer: Answer | SendError) -> Health:
    """What a phone's own server says of the phone; it answers 500 when something is wrong with it."""
    if isinstance(answer, SendError):
        return Health(False, answer.detail)
    content = content_of(answer.body)
    if not isinstance(content, dict) or not text_of(content.get("status")):
        return Health(False, _none_of_theirs(answer))
    if content["status"] != "fail":
        return Health(True)
    checks = content.get("checks")
    failing = [
        text_of(check.get("description")) or str(name)
        for name, check in (checks.items() if isinstance(checks, Mapping) else ())
        if isinstance(check, dict) and check.get("status") == "fail"
    ]
    return Health(False, f"The phone says that something is wrong with it: {', '.join(failing) or 'no more is said'}.")


def read_devices(answer: Answer | SendError, device_id: str, *, now: datetime) -> Health:
    """Whether the account has the phone, by the list of its phones, which only right credentials are given."""
    if isinstance(answer, SendError):
        return Health(False, answer.detail)
    if answer.status in (401, 403):
        what = "The user and password, or the token, are not accepted"
        if answer.status == 403:
            what = "The token may not list the phones: give it the scope devices:list"
        return Health(False, f"{what}: {said(answer)}" if said(answer) else f"{what}.")
    devices = content_of(answer.body) if 200 <= answer.status < 300 else None
    if not isinstance(devices, list):
        return Health(False, _none_of_theirs(answer))
    found = [device for device in devices if isinstance(device, dict) and not device.get("deletedAt")]
    if not found:
        return Health(False, "The account has no phone yet: sign in with the app on one.")
    if device_id:
        names = ", ".join(_name(device) for device in found[:_MOST_NAMED])
        found = [device for device in found if device.get("id") == device_id]
        if not found:
            return Health(False, f"The account has no phone with the id {device_id}. It has: {names}.")
    return _seen(found, now)


def _seen(devices: list[dict[str, Any]], now: datetime) -> Health:
    seen = [moment for device in devices if (moment := time_of(device.get("lastSeen"))) is not None]
    if not seen or now - max(seen) < SILENT:
        return Health(True)
    minutes = round((now - max(seen)).total_seconds() / 60)
    return Health(True, f"No phone was heard of for {minutes} minutes: messages wait until one is.")


def _name(device: Mapping[str, Any]) -> str:
    return f"{text_of(device.get('id'))[:64]} ({text_of(device.get('name'))[:40]})"


def _none_of_theirs(answer: Answer) -> str:
    page = "a page" if is_page(answer) else "no answer of SMS Gate's"
    return f"HTTP {answer.status} with {page}: see the line's address."
