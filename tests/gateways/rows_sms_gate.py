"""The contract table's rows of SMS Gate: what is asked of it, and what each of its answers means."""

from typing import Any

from domain.delivery import Scope, Sent
from tests.gateways.contract import TOKEN, URL, Request, Row, permanent, refused, unknown
from tests.gateways.far_side import (
    Script,
    answers,
    answers_late,
    closes_after_reading,
    closes_in_the_middle,
    floods,
    says,
    says_nothing,
)
from tests.gateways.lines import ATTEMPT, outbound

KIND = "sms_gate"
DEVICE = "yVULogr4Y1ksRfnos1Dsw"
LOGIN = "me:pass word"
PRIVATE = {
    "mode": "private",
    "base_url": URL + "/3rdparty/v1",
    "device_id": DEVICE,
    "token": LOGIN,
    "ttl_s": 3600,
    "timeout_s": 60,
}
LOCAL = {"mode": "local", "base_url": URL, "token": LOGIN, "ttl_s": 0, "timeout_s": 60}
BASIC = "Basic bWU6cGFzcyB3b3Jk"

ACCEPTED = answers(
    202,
    f'{{"id": "{ATTEMPT}", "deviceId": "{DEVICE}", "state": "Pending", "isHashed": true, "recipients": '
    '[{"phoneNumber": "9f86d081884c7d65", "state": "Pending"}]}'.encode(),
)
SENT = Sent(ATTEMPT, ATTEMPT)
NONE_OF_THEIRS = unknown(
    "unreadable", "The answer is none of SMS Gate's: see the line's address, and what stands between."
)
PAGE = b"<!DOCTYPE html><title>Sign in to the Wi-Fi</title>"
A_PAGE = "The gateway answered with a page."


def row(label: str, far: Script, result: Any, *, fields: dict[str, Any] = PRIVATE, **more: Any) -> Row:
    return Row(f"SMS Gate: {label}", fields, far, result, kind=KIND, **more)


def failed_at_once(state: str, error: str) -> Script:
    recipients = f'[{{"phoneNumber": "+56911111111", "state": "{state}", "error": "{error}"}}]'
    return answers(202, f'{{"id": "{ATTEMPT}", "state": "{state}", "recipients": {recipients}}}'.encode())


REQUESTS = [
    row("a server, with the phone's id", ACCEPTED, SENT, request=Request(
        "POST", "/3rdparty/v1/messages",
        {"authorization": BASIC, "content-type": "application/json", "accept": "application/json"},
        (f'{{"id": "{ATTEMPT}", "textMessage": {{"text": "di \\"sí\\" ✓\\n"}}, "phoneNumbers": ["+56911111111"], '
         f'"withDeliveryReport": true, "priority": 0, "deviceId": "{DEVICE}", "ttl": 3600}}').encode()),
        message=outbound('di "sí" ✓\n')),
    row("the phone's own server", ACCEPTED, SENT, fields=LOCAL, request=Request(
        "POST", "/message", {"authorization": BASIC},
        (f'{{"id": "{ATTEMPT}", "textMessage": {{"text": "Hola"}}, "phoneNumbers": ["+56911111111"], '
         '"withDeliveryReport": true, "priority": 0}').encode())),
    row("SIM card, priority, no reports", ACCEPTED, SENT,
        fields={**LOCAL, "sim_number": 2, "priority": -5, "with_delivery_report": False}, request=Request(
        "POST", "/message", {},
        (f'{{"id": "{ATTEMPT}", "textMessage": {{"text": "Hola"}}, "phoneNumbers": ["+56911111111"], '
         '"withDeliveryReport": false, "priority": -5, "simNumber": 2}').encode())),
    row("a token", ACCEPTED, SENT, fields={**LOCAL, "auth": "bearer", "token": TOKEN}, request=Request(
        "POST", "/message", {"authorization": f"Bearer {TOKEN}"},
        (f'{{"id": "{ATTEMPT}", "textMessage": {{"text": "Hola"}}, "phoneNumbers": ["+56911111111"], '
         '"withDeliveryReport": true, "priority": 0}').encode())),
]  # fmt: skip

ANSWERS = [
    row("accepted under another id", answers(202, b'{"id": "theirs", "state": "Pending"}'), Sent(ATTEMPT, "theirs")),
    row("accepted in a state of tomorrow", answers(200, f'{{"id": "{ATTEMPT}", "state": "Queued"}}'.encode()), SENT),
    row("failed at once", failed_at_once("Failed", "No SIMs found"), permanent("undelivered", "No SIMs found")),
    row("expired at once", failed_at_once("Failed", "TTL expired"), permanent("waited_too_long", "TTL expired")),
    row("cancelled at once", failed_at_once("Cancelled", ""),
        permanent("cancelled_there", "The gateway says Cancelled.")),
    row("a known id", answers(409, b'{"message": "message already exists"}'),
        Sent(ATTEMPT, ATTEMPT, "The gateway had it already.")),
    row("queue full", answers(503, b'{"message": "queue limits exceeded: too many pending messages: 100 / 100"}',
                              "Retry-After: 30"),
        refused("http_503", "queue limits exceeded: too many pending messages: 100 / 100", retry_after=30.0)),
    row("a proxy's 503", answers(503, PAGE, kind="text/html"), unknown("http_503", A_PAGE)),
    row("429 with seconds", answers(429, b'{"message": "slow down"}', "Retry-After: 7"),
        refused("http_429", "slow down", retry_after=7.0)),
    row("429 without a time", answers(429), refused("http_429", "")),
    row("a bad number", answers(400, b'{"message": "can\'t use phone in row 1: invalid phone number", "code": 1}'),
        permanent("http_400", "can't use phone in row 1: invalid phone number")),
    row("a phone that it doesn't know", answers(400, b'{"message": "failed to select device: record not found"}'),
        refused("no_such_device", "failed to select device: record not found")),
    row("400 with a page", answers(400, PAGE, kind="text/html"), unknown("http_400", A_PAGE)),
    row("wrong password", answers(401, b'{"message": "Unauthorized"}'), refused("http_401", "Unauthorized")),
    row("a token that may not send", answers(403, b'{"message": "scope required: messages:send"}'),
        refused("http_403", "scope required: messages:send")),
    row("a wrong address", answers(404, b'{"message": "Cannot POST /x"}'),
        permanent("http_404", "Cannot POST /x", scope=Scope.LINE)),
    row("404 with a page", answers(404, PAGE, kind="text/html"), unknown("http_404", A_PAGE)),
    row("408", answers(408), unknown("http_408", "")),
    row("500", answers(500, b'{"message": "failed to handle"}'), unknown("http_500", "failed to handle")),
    row("502 with a page", answers(502, PAGE, kind="text/html"), unknown("http_502", A_PAGE)),
    row("a captive portal", answers(200, PAGE, kind="text/html"), NONE_OF_THEIRS),
    row("a captive portal's redirect", answers(302, b"", "Location: http://login.local/"), unknown(
        "http_302", "The gateway redirects, which is not followed: put the final address into the line's base_url.")),
    row("JSON of somebody else's", answers(200, b'{"status": "ok"}'), NONE_OF_THEIRS),
    row("an id that is no text", answers(202, b'{"id": 7, "state": "Pending"}'), NONE_OF_THEIRS),
    row("a list", answers(202, b"[1]"), NONE_OF_THEIRS),
    row("nesting without end", answers(202, b"[" * 60_000), NONE_OF_THEIRS),
    row("an empty acceptance", answers(202), NONE_OF_THEIRS),
    row("cut JSON", answers(202, b'{"id": "0123", "sta'), NONE_OF_THEIRS),
    row("a body without end", floods, NONE_OF_THEIRS),
    row("credentials repeated by the answer", answers(400, b'{"message": "no number for me:pass word, pass%20word"}'),
        permanent("http_400", "no number for •••, •••")),
]  # fmt: skip

LOST = [
    row("late answer", answers_late(60), unknown("timeout", "No answer in time."), fields={**PRIVATE, "timeout_s": 1}),
    row("no answer", says_nothing, unknown("timeout", "No answer in time."), fields={**PRIVATE, "timeout_s": 1}),
    row("closed after the request was read", closes_after_reading,
        unknown("disconnected", "The connection ended before the answer.")),
    row("reset in the middle of the request", closes_in_the_middle,
        unknown("disconnected", "The connection ended before the answer."), heard=False),
    row("answer cut short", says(b'HTTP/1.1 202 Accepted\r\nContent-Length: 90\r\n\r\n{"id"'),
        unknown("cut_answer", "The answer was cut short.")),
    row("answer that is no HTTP", says(b"hello there\r\n\r\n"), unknown("unreadable", "The answer isn't HTTP.")),
]  # fmt: skip

ROWS = (*REQUESTS, *ANSWERS, *LOST)
