"""What every provider promises, as one table: what it asks of the far side, and what it makes of each answer.

A new provider adds rows in a file of its own (on contract.py): its kind, its fields (with URL for the far
side's address), what the far side does, the exact request expected (None where none is looked at) and the result
expected.
"""

import time

import pytest

from domain.delivery import Scope, Sent
from gateways.kinds import kind_named
from gateways.registry import provider_for
from tests.gateways import rows_infobip, rows_sms_gate
from tests.gateways.contract import TOKEN, URL, Request, Row, fields_for, permanent, refused, unknown
from tests.gateways.far_side import (
    FarSide,
    Heard,
    answers,
    answers_late,
    closes_after_reading,
    closes_in_the_middle,
    closes_unread,
    drips,
    floods,
    says,
    says_nothing,
)
from tests.gateways.lines import ATTEMPT, line, outbound

GET = {"url": URL + "/send?to={phone}&text={message}&id={id}", "timeout_s": 60}
POST = {
    "url": URL + "/send",
    "method": "POST",
    "body": '{"to": "{phone}", "text": "{message}", "id": "{id}"}',
    "timeout_s": 60,
}
HURRIED = {**GET, "timeout_s": 1}
OK = answers(200, b'{"id": 77, "status": "ok"}')
SENT = Sent(ATTEMPT)
GET_REQUEST = Request("GET", f"/send?to=%2B56911111111&text=Hola&id={ATTEMPT}")


ENDED = unknown("disconnected", "The connection ended before the answer.")
UNREADABLE = unknown(
    "unreadable", "The answer doesn't say whether it was accepted: see the line's success_pattern and id_path."
)
REDIRECTS = "The gateway redirects, which is not followed: put the final address into the line's url."
PAGE = b"<!doctype html><title>Login</title>"

REQUESTS = [
    Row("GET with what a URL must escape", GET, OK, SENT,
        Request("GET", f"/send?to=%2B56911111111&text=%C2%BFDebe%20%2450%26%2B%3F%20%7Bid%7D%0A%E2%9C%93&id={ATTEMPT}"),
        message=outbound("¿Debe $50&+? {id}\n✓")),
    Row("GET with raw values keeps what a URL can carry",
        {"url": URL + "/send?to={phone_raw}&text={message_raw}"}, OK, SENT,
        Request("GET", "/send?to=+56911111111&text=a+b%20c&d=%23%C3%B1%0A"), message=outbound("a+b c&d=#ñ\n")),
    Row("GET in another encoding", {"url": URL + "/?t={message}&to={phone}", "encoding": "latin-1"}, OK, SENT,
        Request("GET", "/?t=%F1and%FA&to=%2B56911111111"), message=outbound("ñandú")),
    Row("GET with our id, our callback address and the token", {
        "url": URL + "/s?to={phone}&m={message}&id={id}&cb={callback_url}&k={token}", "token": TOKEN}, OK, SENT,
        Request("GET", f"/s?to=%2B56911111111&m=Hola&id={ATTEMPT}"
                       f"&cb=https%3A%2F%2Fus.example%2Fhooks%2F1%2Fhush&k={TOKEN}")),
    Row("POST of JSON with what JSON must escape", POST, OK, SENT,
        Request("POST", "/send", {"content-type": "application/json; charset=utf-8"},
                f'{{"to": "+56911111111", "text": "di \\"sí\\" \\\\ {{id}}\\n", "id": "{ATTEMPT}"}}'.encode()),
        message=outbound('di "sí" \\ {id}\n')),
    Row("POST of a form", {**POST, "content_type": "form", "body": "to={phone}&text={message}",
                           "phone_format": "digits"}, OK, SENT,
        Request("POST", "/send", {"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
                b"to=56911111111&text=a%26b%3D%C3%B1"), message=outbound("a&b=ñ")),
    Row("PUT of a text", {**POST, "method": "PUT", "content_type": "text", "body": "{phone}|{message}",
                          "phone_format": "national", "encoding": "iso-8859-1"}, OK, SENT,
        Request("PUT", "/send", {"content-type": "text/plain; charset=iso-8859-1"}, b"911111111|\xf1"),
        message=outbound("ñ")),
    Row("own headers", {**GET, "headers": {"X-Key": "k-{id}", "Accept": "text/csv"}}, OK, SENT,
        Request("GET", GET_REQUEST.target, {"x-key": f"k-{ATTEMPT}", "accept": "text/csv"})),
    Row("bearer token", {**GET, "auth": "bearer", "token": TOKEN}, OK, SENT,
        Request("GET", GET_REQUEST.target, {"authorization": f"Bearer {TOKEN}"})),
    Row("basic auth", {**GET, "auth": "basic", "token": "me:pass word"}, OK, SENT,
        Request("GET", GET_REQUEST.target, {"authorization": "Basic bWU6cGFzcyB3b3Jk"})),
    Row("token in a header", {**GET, "auth": "header", "token_name": "X-Auth", "token": TOKEN}, OK, SENT,
        Request("GET", GET_REQUEST.target, {"x-auth": TOKEN})),
    Row("token in the query", {**GET, "auth": "query", "token_name": "api key", "token": "a&b=c"}, OK, SENT,
        Request("GET", GET_REQUEST.target + "&api%20key=a%26b%3Dc")),
    Row("text too long for the line", {**GET, "max_length": 3}, OK,
        permanent("too_long", "The text has 4 characters; the line takes 3."), heard=False),
    Row("text that the encoding lacks", {**GET, "encoding": "latin-1"}, OK,
        permanent("unencodable", "The text has characters that iso-8859-1 lacks: use encoding=utf-8."), heard=False,
        message=outbound("✓")),
]  # fmt: skip

ANSWERS = [
    Row("accepted, with the gateway's id", {**GET, "id_path": "id"}, OK, Sent(ATTEMPT, "77")),
    Row("id deeper in the answer", {**GET, "id_path": "messages.0.id"},
        answers(202, b'{"messages": [{"id": "x1"}]}'), Sent(ATTEMPT, "x1")),
    Row("id by a regular expression", {**GET, "id_path": r"/ID: (\w+)/"}, answers(200, b"OK ID: 9f", kind="text/plain"),
        Sent(ATTEMPT, "9f")),
    Row("no content", GET, answers(204), SENT),
    Row("promised id is missing", {**GET, "id_path": "id"}, answers(200, b'{"error": "no credit"}'), UNREADABLE),
    Row("success pattern matches", {**GET, "success_pattern": '"status": "ok"'}, OK, SENT),
    Row("success pattern matches in a page", {**GET, "success_pattern": "Queued"},
        answers(200, b"<html>Queued</html>", kind="text/html"), SENT),
    Row("success pattern fails", {**GET, "success_pattern": "^OK"}, answers(200, b"ERR 12", kind="text/plain"),
        permanent("rejected", "ERR 12")),
    Row("success pattern fails in a page", {**GET, "success_pattern": "^OK"}, answers(200, PAGE, kind="text/html"),
        UNREADABLE),
    Row("success pattern fails in an empty answer", {**GET, "success_pattern": "^OK"}, answers(200), UNREADABLE),
    Row("failure pattern matches", {**GET, "failure_pattern": '"error"'}, answers(200, b'{"error": "no credit"}'),
        permanent("rejected", '{"error": "no credit"}')),
    Row("page where none is expected", GET, answers(200, PAGE, kind="text/html"), UNREADABLE),
    Row("page that calls itself text", GET, answers(200, PAGE, kind="text/plain"), UNREADABLE),
    Row("429 with seconds", GET, answers(429, b"slow down", "Retry-After: 7"),
        refused("http_429", "slow down", retry_after=7.0)),
    Row("429 with a date that has passed", GET, answers(429, b"", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"),
        refused("http_429", "", retry_after=0.0)),
    Row("429 without a time", GET, answers(429), refused("http_429", "")),
    Row("503", GET, answers(503, b"", "Retry-After: 3"), unknown("http_503", "", retry_after=3.0)),
    Row("503 that the gateway documents as a refusal", {**GET, "refusal_statuses": "429, 503"},
        answers(503, b"queue full", "Retry-After: 3"), refused("http_503", "queue full", retry_after=3.0)),
    Row("500", GET, answers(500, b"oops"), unknown("http_500", "oops")),
    Row("502 with a page", GET, answers(502, PAGE, kind="text/html"),
        unknown("http_502", "The gateway answered with a page.")),
    Row("400", GET, answers(400, b'{"error": "invalid recipient"}'),
        permanent("http_400", '{"error": "invalid recipient"}')),
    Row("401 is the line's trouble", GET, answers(401, b"who?"), refused("http_401", "who?", scope=Scope.LINE)),
    Row("402 is the line's trouble", GET, answers(402, b"pay"), refused("http_402", "pay", scope=Scope.LINE)),
    Row("403 is the line's trouble", GET, answers(403, b"no"), permanent("http_403", "no", scope=Scope.LINE)),
    Row("404 is the line's trouble", GET, answers(404), permanent("http_404", "", scope=Scope.LINE)),
    Row("408", GET, answers(408), unknown("http_408", "")),
    Row("409 where ids are not deduplicated", GET, answers(409, b"conflict"), permanent("http_409", "conflict")),
    Row("409 where ids are deduplicated", {**GET, "deduplicates": True, "id_path": "id"}, answers(409, b'{"id": "5"}'),
        Sent(ATTEMPT, "5", "The gateway had it already.")),
    Row("redirect", GET, answers(302, b"", "Location: /elsewhere"), unknown("http_302", REDIRECTS)),
    Row("redirect that keeps the method", POST, answers(307, b"", "Location: /elsewhere"),
        unknown("http_307", REDIRECTS)),
    Row("credential repeated by the answer", {**GET, "auth": "bearer", "token": TOKEN, "headers": {"X-K": "other-key"}},
        answers(400, f"bad {TOKEN} and other-key".encode()), permanent("http_400", "bad ••• and •••")),
    Row("answer within the timeout", GET, answers_late(0.4), SENT),
    Row("body without end", {**GET, "id_path": r'/"id": "(\w+)"/'}, floods, Sent(ATTEMPT, "7")),
]  # fmt: skip

LOST = [
    Row("late answer", HURRIED, answers_late(60), unknown("timeout", "No answer in time.")),
    Row("no answer", {**POST, "timeout_s": 1}, says_nothing, unknown("timeout", "No answer in time.")),
    Row("answer that drips", HURRIED, drips, unknown("timeout", "No answer in time.")),
    Row("closed after the request was read", GET, closes_after_reading, ENDED),
    Row("closed after the request was read, POST", POST, closes_after_reading, ENDED),
    Row("reset in the middle of the request", POST, closes_in_the_middle, ENDED, heard=False),
    Row("reset with the request unread", POST, closes_unread, ENDED, heard=False),
    Row("answer cut short", GET, says(b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"id"'),
        unknown("cut_answer", "The answer was cut short.")),
    Row("answer that is no HTTP", GET, says(b"hello there\r\n\r\n"), unknown("unreadable", "The answer isn't HTTP.")),
]  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row.label) for row in (*REQUESTS, *ANSWERS, *LOST, *rows_infobip.ROWS, *rows_sms_gate.ROWS)],
)
def test_send_keeps_the_contract(row: Row) -> None:
    messages = row.message if isinstance(row.message, list) else [row.message]
    with FarSide(row.far) as far:
        config = fields_for(row, far)
        provider = provider_for(line(row.kind, **config))
        results = list(provider.send(messages, not_after=time.monotonic() + 60))
    places = [message.attempt_id for message in messages]
    in_order = sorted(results, key=lambda result: places.index(result.attempt_id))
    assert in_order == (row.result if isinstance(row.result, list) else [row.result])
    requests = row.request if isinstance(row.request, list) else [row.request]
    assert len(far.heard) == (len(requests) if row.heard else 0)
    for heard, expected in zip(far.heard, requests, strict=False):
        if expected is not None:
            assert_heard(heard, expected)
    secrets = [config[one.name] for one in kind_named(row.kind).fields if one.secret and one.name in config]
    assert [secret for secret in secrets if isinstance(secret, str) and secret in repr(results)] == []


def assert_heard(heard: Heard, expected: Request) -> None:
    assert (heard.method, heard.target, heard.body) == (expected.method, expected.target, expected.body)
    assert {name: heard.headers.get(name) for name in expected.headers} == expected.headers
    if not expected.body:
        assert "content-type" not in heard.headers
