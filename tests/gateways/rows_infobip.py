"""Infobip's rows of the contract table: requests of many messages, and what is made of each message's answer."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.delivery import Outbound, Scope, SendError, Sent
from tests.gateways.contract import TOKEN, URL, Request, Row, permanent, refused, unknown
from tests.gateways.far_side import (
    Script,
    Talk,
    answers,
    closes_after_reading,
    floods,
    response,
    says,
    says_nothing,
)
from tests.gateways.lines import ATTEMPT, CALLBACK, outbound

Json = dict[str, Any]

LINE = {"base_url": URL, "sender": "Cobranza", "token": TOKEN, "timeout_s": 60, "callbacks": "no"}
V2 = {**LINE, "api_version": "v2"}
V3_PATH, V2_PATH = "/sms/3/messages", "/sms/2/text/advanced"
PENDING = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED", "description": "Accepted."}
REJECTED = {"groupId": 5, "groupName": "REJECTED"}
PAGE = b"<!doctype html><title>Login</title>"


def dumped(content: Json) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def v3_body(*messages: Json) -> bytes:
    return dumped({"messages": list(messages), "options": {"includeSmsCountInResponse": True}})


def v3(message: Outbound, **more: Any) -> Json:
    return {
        "sender": "Cobranza",
        "destinations": [{"to": message.phone[1:], "messageId": message.attempt_id}],
        "content": {"text": message.text},
        **more,
    }


def post(path: str, body: bytes, authorization: str = f"App {TOKEN}") -> Request:
    headers = {"authorization": authorization, "content-type": "application/json; charset=utf-8"}
    return Request("POST", path, headers, body)


def answered(*statuses: tuple[str, Json | None]) -> bytes:
    """A 200 with these messages' statuses."""
    messages = [{"messageId": id, "destination": "56911111111", "status": status} for id, status in statuses]
    return json.dumps({"bulkId": "b1", "messages": messages}).encode()


def one(status: Json | None) -> Script:
    return answers(200, answered((ATTEMPT, status)))


def rejected(id: int, name: str = "REJECTED_X", description: str = "So it is.") -> Json:
    return {**REJECTED, "id": id, "name": name, "description": description}


def in_turn(*each: bytes) -> Script:
    """Answer the requests one after another, whatever connections they come by."""

    def script(talk: Talk) -> None:
        while talk.read() is not None:
            talk.write(each[len(talk.heard) - 1])

    return script


def error_v3(*violations: tuple[str, str]) -> bytes:
    listed = [{"property": place, "violation": why} for place, why in violations]
    told = {"errorCode": "E400", "description": "Request is invalid.", "action": "Fix it.", "violations": listed,
            "resources": []}  # fmt: skip
    return json.dumps(told).encode()


def error_v2(code: str, words: str, **places: list[str]) -> bytes:
    told: Json = {"messageId": code, "text": words}
    if places:
        told["validationErrors"] = {place.replace("__", "."): why for place, why in places.items()}
    return json.dumps({"requestError": {"serviceException": told}}).encode()


def row(label: str, far: Script, result: Sent | SendError | list[Sent | SendError], **more: Any) -> Row:
    more.setdefault("fields", LINE)
    return Row(f"infobip: {label}", far=far, result=result, kind="infobip", **more)


def of(message: Outbound, result: SendError) -> SendError:
    return replace(result, attempt_id=message.attempt_id)


def all_of(messages: Sequence[Outbound], result: SendError) -> list[Sent | SendError]:
    return [of(message, result) for message in messages]


ONE = outbound()
THREE = [outbound(f"Hola {n}", phone=f"+5691111111{n}", attempt_id=f"{n}" * 32) for n in (1, 2, 3)]
FOUR = [*THREE, outbound("Hola 4", phone="+56911111114", attempt_id="4" * 32)]
NO_STATUS = unknown("unreadable", "The answer tells no status of it.")
NOT_THEIRS = unknown("unreadable", "The answer isn't one of Infobip's to a message.")
NAMED = "Request is invalid."
BLAMED = "destinations[0].to: must be a number"


def accepted(*messages: Outbound) -> bytes:
    return response(200, answered(*((message.attempt_id, PENDING) for message in messages)))


REQUESTS = [
    row("one message", one(PENDING), Sent(ATTEMPT), request=post(V3_PATH, v3_body(v3(ONE)))),
    row("characters that JSON must escape", one(PENDING), Sent(ATTEMPT),
        message=(odd := outbound('di "sí" \\ ñ\n✓')), request=post(V3_PATH, v3_body(v3(odd)))),
    row("several messages, each with its own text, in one request",
        answers(200, answered(*((each.attempt_id, PENDING) for each in reversed(THREE)))),
        [Sent(each.attempt_id) for each in THREE], message=THREE,
        request=post(V3_PATH, v3_body(*(v3(each) for each in THREE)))),
    row("no more messages in a request than the line says",
        in_turn(accepted(*THREE[:2]), accepted(THREE[2])), [Sent(each.attempt_id) for each in THREE],
        message=THREE, fields={**LINE, "batch_size": 2, "concurrency": 1},
        request=[post(V3_PATH, v3_body(*map(v3, THREE[:2]))), post(V3_PATH, v3_body(v3(THREE[2])))]),
    row("reports to us, and what the line says of the message", one(PENDING), Sent(ATTEMPT),
        fields={**LINE, "callbacks": "yes", "application_id": "app", "entity_id": "ent", "validity_min": 90},
        request=post(V3_PATH, v3_body(v3(
            ONE,
            options={"platform": {"entityId": "ent", "applicationId": "app"},
                     "validityPeriod": {"amount": 90, "timeUnit": "MINUTES"}},
            webhooks={"delivery": {"url": CALLBACK}, "contentType": "application/json", "callbackData": ATTEMPT})))),
    row("version 2", answers(200, json.dumps(
        {"messages": [{"to": "56911111111", "messageId": ATTEMPT, "status": PENDING, "smsCount": 1}]}).encode()),
        Sent(ATTEMPT), fields={**V2, "callbacks": "yes", "validity_min": 90, "entity_id": "ent"},
        request=post(V2_PATH, dumped({
            "messages": [{"from": "Cobranza", "destinations": [{"to": "56911111111", "messageId": ATTEMPT}],
                          "text": "Hola", "entityId": "ent", "validityPeriod": 90, "notifyUrl": CALLBACK,
                          "notifyContentType": "application/json", "callbackData": ATTEMPT}],
            "includeSmsCountInResponse": True}))),
    row("basic", one(PENDING), Sent(ATTEMPT), fields={**LINE, "auth": "basic", "token": "me:pass word"},
        request=post(V3_PATH, v3_body(v3(ONE)), "Basic bWU6cGFzcyB3b3Jk")),
    row("ibsso", one(PENDING), Sent(ATTEMPT), fields={**LINE, "auth": "ibsso"},
        request=post(V3_PATH, v3_body(v3(ONE)), f"IBSSO {TOKEN}")),
    row("bearer", one(PENDING), Sent(ATTEMPT), fields={**LINE, "auth": "bearer"},
        request=post(V3_PATH, v3_body(v3(ONE)), f"Bearer {TOKEN}")),
]  # fmt: skip

ANSWERS = [
    row("delivered at once", one({"groupId": 3, "id": 5}), Sent(ATTEMPT)),
    row("group by its name alone", one({"groupName": "PENDING"}), Sent(ATTEMPT)),
    row("id that it knows", one(rejected(23)), Sent(ATTEMPT, detail="The gateway had it already.")),
    row("no credit", one(rejected(12)), refused("no_credit", "REJECTED_X: So it is.")),
    row("prepaid package at its end", one(rejected(17)), refused("no_credit", "REJECTED_X: So it is.")),
    row("system error that asks to retry", one(rejected(21)),
        refused("not_now", "REJECTED_X: So it is.", scope=Scope.MESSAGE, retry_after=60.0)),
    row("sender that it refuses", one(rejected(13)),
        permanent("sender_refused", "REJECTED_X: So it is.", scope=Scope.LINE)),
    row("do not disturb", one(rejected(10)), permanent("blocked", "REJECTED_X: So it is.")),
    row("blocklisted", one(rejected(14)), permanent("blocked", "REJECTED_X: So it is.")),
    row("flooding", one(rejected(20)), permanent("flooded", "REJECTED_X: So it is.")),
    row("number that is none", one(rejected(52)), permanent("bad_number", "REJECTED_X: So it is.")),
    row("text too long", one(rejected(25)), permanent("too_long", "REJECTED_X: So it is.")),
    row("another rejection", one(rejected(99)), permanent("rejected", "REJECTED_X: So it is.")),
    row("undeliverable", one({"groupId": 2, "id": 4, "name": "N"}), permanent("undelivered", "N")),
    row("status of no group", one({"id": 26}), NO_STATUS),
    row("no status", one(None), NO_STATUS),
    row("a word for each message, none for one of them",
        answers(200, answered((THREE[0].attempt_id, PENDING), (THREE[2].attempt_id, rejected(14)), ("x", PENDING))),
        [Sent(THREE[0].attempt_id), of(THREE[1], NO_STATUS),
         of(THREE[2], permanent("blocked", "REJECTED_X: So it is."))], message=THREE),
    row("credential repeated by a status", one(rejected(14, description=f"bad {TOKEN}")),
        permanent("blocked", "REJECTED_X: bad •••")),
    row("page", answers(200, PAGE, kind="text/html"), NOT_THEIRS),
    row("error with status 200", answers(200, error_v2("GENERAL_ERROR", "Oops")), NOT_THEIRS),
    row("messages that are none", answers(200, b'{"messages": [1, null, {"messageId": 5}]}'), NO_STATUS),
    row("JSON cut short", answers(200, b'{"messages": [{"mess'), NOT_THEIRS),
    row("JSON without end", answers(200, b"[" * 50_000), NOT_THEIRS),
    row("body without end", floods, NOT_THEIRS),
    row("nothing", answers(200), NOT_THEIRS),
]  # fmt: skip

REFUSALS = [
    row("429 with seconds", answers(429, error_v3(), "Retry-After: 7"),
        all_of(THREE, refused("http_429", "E400: Request is invalid.", retry_after=7.0)), message=THREE),
    row("503 is no documented refusal", answers(503, b"away", "Retry-After: 3"),
        all_of(THREE, unknown("http_503", "away", retry_after=3.0)), message=THREE),
    row("500", answers(500, error_v3()), unknown("http_500", "E400: Request is invalid.")),
    row("502 with a page", answers(502, PAGE, kind="text/html"),
        unknown("http_502", "The gateway answered with a page.")),
    row("401", answers(401, error_v2("UNAUTHORIZED", f"Invalid login of {TOKEN}")),
        all_of(THREE, refused("http_401", "UNAUTHORIZED: Invalid login of •••")), message=THREE),
    row("403", answers(403, error_v3()), refused("http_403", "E400: Request is invalid.")),
    row("404", answers(404, PAGE, kind="text/html"), refused("http_404", "The gateway answered with a page.")),
    row("redirect", answers(302, b"", "Location: /elsewhere"),
        unknown("http_302", "The gateway redirects, which is not followed: put the final address into the line.")),
    row("400 for one message", answers(400, error_v3(("messages[0].content.text", "must not be blank"))),
        permanent("http_400", "E400: Request is invalid. messages[0].content.text: must not be blank")),
    row("400 that isn't Infobip's", answers(400, PAGE, kind="text/html"),
        all_of(THREE, unknown("http_400", "The gateway answered with a page.")), message=THREE),
    row("400 that names the line's settings", answers(400, error_v3(("messages[0].sender", "is not registered"))),
        all_of(THREE, refused("http_400", "E400: Request is invalid. messages[0].sender: is not registered")),
        message=THREE),
    row("400 that names one message: it fails, and the others go again",
        in_turn(response(400, error_v3(("messages[1].destinations[0].to", "must be a number"))),
                accepted(THREE[0], THREE[2])),
        [Sent(THREE[0].attempt_id), of(THREE[1], permanent("http_400", BLAMED)), Sent(THREE[2].attempt_id)],
        message=THREE,
        request=[post(V3_PATH, v3_body(*map(v3, THREE))), post(V3_PATH, v3_body(v3(THREE[0]), v3(THREE[2])))]),
    row("400 of version 2 that names one message",
        in_turn(response(400, error_v2("BAD_REQUEST", "Bad", messages__1__text=[]).replace(
            b"messages.1.text", b"messages[1].text").replace(b"[]", b'["too long"]')), accepted(THREE[0], THREE[2])),
        [Sent(THREE[0].attempt_id), of(THREE[1], permanent("http_400", "text: too long")),
         Sent(THREE[2].attempt_id)], message=THREE, fields=V2, request=[None, None]),
    row("400 that names every message blames the line", answers(400, error_v3(
        *((f"messages[{n}].content.text", "is odd") for n in range(3)))),
        all_of(THREE, refused("http_400", "E400: Request is invalid. messages[0].content.text: is odd "
                                          "messages[1].content.text: is odd messages[2].content.text: is odd")),
        message=THREE),
    row("400 that names none: halves, until the one is found",
        in_turn(response(400, error_v2("BAD_REQUEST", "Bad")), response(400, error_v2("BAD_REQUEST", "Bad")),
                accepted(FOUR[0]),
                response(400, error_v2("BAD_REQUEST", "Bad")), accepted(*FOUR[2:])),
        [Sent(FOUR[0].attempt_id), of(FOUR[1], permanent("http_400", "BAD_REQUEST: Bad")),
         *(Sent(each.attempt_id) for each in FOUR[2:])],
        message=FOUR, fields={**LINE, "concurrency": 1}, request=[None] * 5),
    row("400 of everything: after a few messages the line is to blame", answers(400, error_v2("BAD_REQUEST", "Bad")),
        [*(of(each, permanent("http_400", "BAD_REQUEST: Bad")) for each in FOUR[:3]),
         of(FOUR[3], refused("http_400", "BAD_REQUEST: Bad"))],
        message=FOUR, fields={**LINE, "concurrency": 1}, request=[None] * 6),
    row("trouble among halves: what was left is not tried",
        in_turn(response(400, error_v2("BAD_REQUEST", "Bad")), response(429, b"", "Retry-After: 5")),
        [*all_of(FOUR[:2], refused("http_429", "", retry_after=5.0)),
         *all_of(FOUR[2:], refused("not_started", "Another request of the line had failed: it was not tried.",
                                   scope=Scope.MESSAGE))],
        message=FOUR, fields={**LINE, "concurrency": 1}, request=[None, None]),
]  # fmt: skip

LOST = [
    row("no answer", says_nothing, all_of(THREE, unknown("timeout", "No answer in time.")), message=THREE,
        fields={**LINE, "timeout_s": 1}),
    row("closed after the request was read", closes_after_reading,
        all_of(THREE, unknown("disconnected", "The connection ended before the answer.")), message=THREE),
    row("answer cut short", says(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"messages"'),
        all_of(THREE, unknown("cut_answer", "The answer was cut short.")), message=THREE),
]  # fmt: skip

ROWS = [*REQUESTS, *ANSWERS, *REFUSALS, *LOST]
