"""SMS Gate: how doubts are settled, what is polled, checked and called back, and tokens that live for an hour."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from android_sms_gateway import domain as vendor
from android_sms_gateway.enums import ProcessState, WebhookEvent

from domain.delivery import (
    Call,
    ErrorKind,
    Failed,
    Health,
    Incoming,
    Outbound,
    Purpose,
    Receipt,
    ReceiptState,
    Reconciled,
    Scope,
    SendError,
    Sent,
    Unknown,
    Verdict,
)
from gateways.provider import InvalidWebhook, Line, Provider, WebhookRequest
from gateways.providers import sms_gate_token
from gateways.providers.sms_gate_check import read_devices
from gateways.providers.sms_gate_webhook import read_webhook, signature
from gateways.registry import provider_for
from gateways.sms_gate_fields import EVENTS
from gateways.transport import Answer
from tests.gateways.far_side import FarSide, Heard, Script, Talk, response
from tests.gateways.lines import ATTEMPT, exchange_of, line, outbound

DEVICE = "yVULogr4Y1ksRfnos1Dsw"
OTHER_DEVICE = "aaaaaaaaaaaaaaaaaaaaa"
LOGIN = "me:pass-word"
KEY = "signing-key-of-the-phone"
NOW = 1_700_000_000.0

Answerer = Callable[[Heard], tuple[int, Any]]


def made(url: str, **fields: Any) -> Line:
    config = {"mode": "private", "base_url": url, "device_id": DEVICE, "token": LOGIN, "timeout_s": 60}
    return line("sms_gate", **{**config, **fields})


def watched(url: str, **fields: Any) -> tuple[Provider, list[Call]]:
    calls: list[Call] = []
    return provider_for(replace(made(url, **fields), record=calls.append)), calls


def answering(answer: Answerer) -> Script:
    """A far side that answers each request by what was asked."""

    def script(talk: Talk) -> None:
        while (heard := talk.read()) is not None:
            status, content = answer(heard)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            talk.write(response(status, body))

    return script


def state(word: str, *, id: str = ATTEMPT, error: str | None = None, **more: Any) -> dict[str, Any]:
    recipient = {"phoneNumber": "9f86d081884c7d65", "state": word, **({"error": error} if error else {})}
    return {"id": id, "deviceId": DEVICE, "state": word, "isHashed": True, "recipients": [recipient], **more}


def soon() -> float:
    return time.monotonic() + 60


# What the vendor's own client makes of it ----------------------------------------------------------------------------
def test_vendors_model_writes_the_request_that_we_write() -> None:
    with FarSide(answering(lambda heard: (202, state("Pending")))) as far:
        provider = provider_for(made(far.url, sim_number=2, ttl_s=60, priority=7))
        assert list(provider.send([outbound("¿Debe?")], not_after=soon())) == [Sent(ATTEMPT, ATTEMPT)]
    ours = json.loads(far.heard[0].body)
    text = vendor.TextMessage.from_dict(ours["textMessage"])
    theirs = vendor.Message(id=ours["id"], text_message=text, phone_numbers=ours["phoneNumbers"], sim_number=2, ttl=60,
                            device_id=DEVICE, with_delivery_report=True).asdict()  # fmt: skip
    assert ours == {**{name: value for name, value in theirs.items() if name != "isEncrypted"}, "priority": 7}
    assert theirs["isEncrypted"] is False  # which is what leaving it out means


def test_vendors_model_reads_the_answers_that_we_read() -> None:
    told = state("Failed", error="Generic failure", states={"Failed": "2026-01-02T03:04:05Z"})
    theirs = vendor.MessageState.from_dict(told)
    assert (theirs.id, theirs.state, theirs.recipients[0].error) == (ATTEMPT, ProcessState.Failed, "Generic failure")
    assert {WebhookEvent(event).value for event in EVENTS} == set(EVENTS)


# Doubts --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, state("Pending")), Sent(ATTEMPT, ATTEMPT)),
        ((200, state("Delivered")), Sent(ATTEMPT, ATTEMPT)),
        ((200, state("Failed", error="TTL expired")), Failed(ATTEMPT, "waited_too_long", "TTL expired")),
        ((200, state("Failed", error="me:pass-word?")), Failed(ATTEMPT, "undelivered", "•••?")),
        ((200, state("Pending", id="another")),
         Unknown(ATTEMPT, "The gateway's answer tells no state of the message.")),
        ((200, b"<html>Sign in</html>"),
         SendError(ATTEMPT, ErrorKind.UNKNOWN, "unreadable",
                   "The answer is none of SMS Gate's: see the line's address, and what stands between.", Scope.LINE)),
        ((503, {"message": "busy"}), SendError(ATTEMPT, ErrorKind.REFUSED, "http_503", "busy", Scope.LINE)),
        ((500, {"message": "oops"}), SendError(ATTEMPT, ErrorKind.UNKNOWN, "http_500", "oops", Scope.LINE)),
    ],
)  # fmt: skip
def test_doubt_is_settled_by_what_the_gateway_says_of_the_id(answer: tuple[int, Any], expected: Reconciled) -> None:
    with FarSide(answering(lambda heard: answer)) as far:
        assert provider_for(made(far.url)).reconcile(outbound(), not_after=soon()) == expected
    assert [(heard.method, heard.target) for heard in far.heard] == [("GET", f"/messages/{ATTEMPT}")]


@pytest.mark.parametrize(
    ("fields", "age", "asked"),
    [
        ({}, 1, ["GET", "POST"]),
        ({"mode": "local"}, 1, ["GET", "POST"]),
        ({"mode": "local", "device_id": ""}, 1, ["GET", "POST"]),
        ({"device_id": ""}, 1, ["GET"]),  # any phone of the account might take the second one
        ({}, 13, ["GET"]),  # the gateway may have forgotten what it had
    ],
)
def test_unknown_id_is_sent_again_only_where_it_cannot_go_out_twice(
    fields: dict[str, Any], age: int, asked: list[str]
) -> None:
    def answer(heard: Heard) -> tuple[int, Any]:
        return (404, {"message": "not found"}) if heard.method == "GET" else (409, {"message": "already exists"})

    begun = datetime.now(UTC) - timedelta(hours=age)
    with FarSide(answering(answer)) as far:
        found = provider_for(made(far.url, **fields)).reconcile(replace(outbound(), started_at=begun), not_after=soon())
    assert [heard.method for heard in far.heard] == asked
    known = Sent(ATTEMPT, ATTEMPT, "The gateway had it already.")
    assert found == (known if len(asked) == 2 else Unknown(ATTEMPT, "The gateway doesn't know the message."))


def test_second_request_has_the_first_ones_body() -> None:
    with FarSide(answering(lambda heard: (404, {}) if heard.method == "GET" else (202, state("Pending")))) as far:
        provider = provider_for(made(far.url))
        list(provider.send([outbound()], not_after=soon()))
        assert provider.reconcile(outbound(), not_after=soon()) == Sent(ATTEMPT, ATTEMPT)
    first, _asked, second = far.heard
    assert (first.method, first.target, first.body) == (second.method, second.target, second.body)


# Polls ---------------------------------------------------------------------------------------------------------------
def attempts(count: int) -> list[Outbound]:
    return [outbound(attempt_id=f"{n:032x}") for n in range(count)]


def polled(answer: Answerer, waiting: Sequence[Outbound]) -> tuple[list[list[Receipt | Incoming]], int]:
    with FarSide(answering(answer)) as far:
        pages = [sorted(page, key=str) for page in provider_for(made(far.url, concurrency=5)).poll(waiting)]
    return pages, len(far.heard)


def test_poll_tells_what_became_of_each_waiting_message() -> None:
    words = ["Pending", "Processed", "Sent", "Delivered", "Failed", "Cancelled"]
    at = "2026-01-02T03:04:05Z"

    def answer(heard: Heard) -> tuple[int, Any]:
        id = heard.target.rpartition("/")[2]
        place = int(id, 16)
        if place >= len(words):
            return 404, {"message": "not found"}
        return 200, state(words[place], id=id, error="RESULT_ERROR" if place == 4 else None, states={words[place]: at})

    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    ids = [each.attempt_id for each in attempts(6)]
    pages, asked = polled(answer, attempts(7))
    assert asked == 7
    assert pages == [
        sorted(
            [
                Receipt(ReceiptState.SENT, ids[2], ids[2], moment),
                Receipt(ReceiptState.DELIVERED, ids[3], ids[3], moment),
                Receipt(ReceiptState.FAILED, ids[4], ids[4], moment, "undelivered", "RESULT_ERROR"),
                Receipt(ReceiptState.FAILED, ids[5], ids[5], moment, "cancelled_there"),
            ],
            key=str,
        )
    ]


def test_poll_ends_at_the_first_answer_that_cannot_be_read() -> None:
    def answer(heard: Heard) -> tuple[int, Any]:
        id = heard.target.rpartition("/")[2]
        return (429, {}) if int(id, 16) == 3 else (200, state("Sent", id=id))

    pages, asked = polled(answer, attempts(60))
    assert ([len(page) for page in pages], asked) == ([19], 20)


def test_poll_asks_for_no_more_than_it_may() -> None:
    pages, asked = polled(lambda heard: (404, {}), attempts(230))
    assert (sum(map(len, pages)), asked) == (0, 200)


# Check ---------------------------------------------------------------------------------------------------------------
def device(id: str = DEVICE, **more: Any) -> dict[str, Any]:
    return {"id": id, "name": "Pixel", **more}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, [device()]), Health(True)),
        ((200, [device(OTHER_DEVICE), device(lastSeen="2026")]), Health(True)),
        ((200, [device(OTHER_DEVICE), device(deletedAt="2026-01-01T00:00:00Z")]),
         Health(False, f"The account has no phone with the id {DEVICE}. It has: {OTHER_DEVICE} (Pixel).")),
        ((200, []), Health(False, "The account has no phone yet: sign in with the app on one.")),
        ((401, {"message": "Unauthorized"}),
         Health(False, "The user and password, or the token, are not accepted: Unauthorized")),
        ((403, {}), Health(False, "The token may not list the phones: give it the scope devices:list: {}")),
        ((200, b"<!doctype html>"), Health(False, "HTTP 200 with a page: see the line's address.")),
        ((404, {}), Health(False, "HTTP 404 with no answer of SMS Gate's: see the line's address.")),
    ],
)  # fmt: skip
def test_check_of_a_server_looks_for_the_phone(answer: tuple[int, Any], expected: Health) -> None:
    with FarSide(answering(lambda heard: answer)) as far:
        assert provider_for(made(far.url)).check() == expected
    assert [(heard.method, heard.target) for heard in far.heard] == [("GET", "/devices")]


@pytest.mark.parametrize(("minutes", "detail"), [(29, ""), (120, "No phone was heard of for 120 minutes")])
def test_check_says_for_how_long_no_phone_was_heard_of(minutes: int, detail: str) -> None:
    """By the latest of those that may send; messages wait for it meanwhile, so that the line is no worse for it."""
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    seen = [(now - timedelta(minutes=each)).isoformat() for each in (minutes + 500, minutes)]
    answer = Answer("", 200, {}, json.dumps([device(str(n), lastSeen=at) for n, at in enumerate(seen)]).encode())
    found = read_devices(answer, "", now=now)
    assert found.ok
    assert found.detail.partition(":")[0] == detail


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        ((200, {"status": "pass"}), Health(True)),
        ((500, {"status": "fail", "checks": {"battery:level": {"status": "fail", "description": "Battery level"},
                                             "messages:failed": {"status": "pass"}}}),
         Health(False, "The phone says that something is wrong with it: Battery level.")),
        ((500, {"status": "fail"}),
         Health(False, "The phone says that something is wrong with it: no more is said.")),
        ((200, {"ok": True}), Health(False, "HTTP 200 with no answer of SMS Gate's: see the line's address.")),
    ],
)  # fmt: skip
def test_check_of_a_phone_asks_how_it_is(health: tuple[int, Any], expected: Health) -> None:
    def answer(heard: Heard) -> tuple[int, Any]:
        return health if heard.target == "/health" else (200, [device("ffffffffceb0b1db0000018e937c815b")])

    with FarSide(answering(answer)) as far:
        assert provider_for(made(far.url, mode="local", device_id="")).check() == expected


def test_check_says_that_nobody_is_there() -> None:
    with FarSide(answering(lambda heard: (200, []))) as far:
        pass
    assert provider_for(made(far.url)).check() == Health(False, "The host took no connection.")
    private = replace(made(far.url), allow_private=False)
    assert provider_for(private).check().detail.startswith("The line's host is on a private address")


# Tokens --------------------------------------------------------------------------------------------------------------
class Server:
    """A server that gives a new token each time, and takes the latest alone."""

    def __init__(self, *, life: float = 3600, style: str = "access_token", given: int = 201) -> None:
        self.life, self.style, self.given = life, style, given
        self.asked: list[Heard] = []
        self.latest = ""

    def __call__(self, heard: Heard) -> tuple[int, Any]:
        if heard.target == "/auth/token":
            self.asked.append(heard)
            self.latest = f"secret-token-{len(self.asked)}"
            ends = (datetime.now(UTC) + timedelta(seconds=self.life)).isoformat()
            return self.given, {"id": "t1", self.style: self.latest, "expires_at": ends, "token_type": "Bearer"}
        if heard.headers.get("authorization") != f"Bearer {self.latest}":
            return 401, {"message": f"bad token {heard.headers.get('authorization')}"}
        return 202, state("Pending", id=json.loads(heard.body)["id"])


@pytest.fixture(autouse=True)
def no_tokens() -> None:
    sms_gate_token._kept.clear()


@pytest.mark.parametrize("style", ["access_token", "accessToken"])
def test_token_is_made_once_and_used_while_it_lives(style: str) -> None:
    server = Server(style=style)
    with FarSide(answering(server)) as far:
        for _ in range(2):
            provider, calls = watched(far.url, auth="login")
            results = list(provider.send(attempts(3), not_after=soon()))
            assert all(isinstance(result, Sent) for result in results)
    [asked] = server.asked
    assert asked.headers["authorization"].startswith("Basic ")
    theirs = vendor.TokenRequest(scopes=json.loads(asked.body)["scopes"], ttl=3600)
    assert json.loads(asked.body) == {**theirs.asdict(), "scopes": list(theirs.scopes)}
    assert {call.purpose for call in calls} == {Purpose.SEND}


def test_token_that_ends_within_a_minute_is_used_for_one_call_alone() -> None:
    server = Server(life=50)
    with FarSide(answering(server)) as far:
        for _ in range(2):
            [result] = provider_for(made(far.url, auth="login")).send([outbound()], not_after=soon())
            assert isinstance(result, Sent)
    assert len(server.asked) == 2


def test_token_that_is_taken_no_more_is_made_anew_for_the_next_call() -> None:
    server = Server()
    with FarSide(answering(server)) as far:
        provider, _calls = watched(far.url, auth="login")
        list(provider.send([outbound()], not_after=soon()))
        server.latest = "another"
        [refused] = provider.send([outbound()], not_after=soon())
        [again] = provider.send([outbound()], not_after=soon())
    assert (refused, again) == (
        SendError(ATTEMPT, ErrorKind.REFUSED, "http_401", "bad token Bearer •••", Scope.LINE),
        Sent(ATTEMPT, ATTEMPT),
    )
    assert len(server.asked) == 2


def test_call_that_did_not_start_is_none() -> None:
    with FarSide(answering(lambda heard: (202, state("Pending")))) as far:
        provider, calls = watched(far.url)
        [result] = provider.send([outbound()], not_after=time.monotonic() - 1)
    assert isinstance(result, SendError)
    assert (result.code, calls, far.heard) == ("not_started", [], [])


@pytest.mark.parametrize(
    ("answer", "code", "detail"),
    [
        ((401, {"message": "Unauthorized"}), "http_401", "No token was given: Unauthorized"),
        ((501, {"message": "token service disabled"}), "http_501", "No token was given: token service disabled"),
        ((200, b"<html></html>"), "no_token", "No token was given: The gateway answered with a page."),
        ((201, {"access_token": "a\nb"}), "no_token", "No token was given: {\"access_token\": '•••'}"),
        ((201, {"access_token": 7}), "no_token", 'No token was given: {"access_token": •••}'),
    ],
)
def test_without_a_token_nothing_is_sent(answer: tuple[int, Any], code: str, detail: str) -> None:
    with FarSide(answering(lambda heard: answer)) as far:
        provider, calls = watched(far.url, auth="login")
        results = list(provider.send(attempts(2), not_after=soon()))
        assert provider.check() == Health(False, detail)
        assert list(provider.poll(attempts(1))) == []
        assert isinstance(provider.reconcile(outbound(), not_after=soon()), SendError)
    assert results == [SendError(each.attempt_id, ErrorKind.REFUSED, code, detail, Scope.LINE) for each in attempts(2)]
    assert {heard.target for heard in far.heard} == {"/auth/token"}
    assert {exchange_of(call).rule for call in calls} == {"no_token"}


def test_every_call_is_told_and_no_secret_with_it() -> None:
    server = Server()

    def answer(heard: Heard) -> tuple[int, Any]:
        if heard.method == "GET":
            return (200, [device()]) if heard.target == "/devices" else (200, state("Sent"))
        status, content = server(heard)
        return status, {**content, "echo": f"{LOGIN} {server.latest} {KEY}"}

    with FarSide(answering(answer)) as far:
        provider, calls = watched(far.url, auth="login", signing_key=KEY)
        list(provider.send([outbound()], not_after=soon()))
        provider.reconcile(outbound(), not_after=soon())
        list(provider.poll([outbound()]))
        provider.check()
    assert {call.verdict for call in calls} == {Verdict.ACCEPTED}
    exchanges = [exchange_of(call) for call in calls]
    told = [(call.purpose, each.rule, each.status, call.attempts) for call, each in zip(calls, exchanges, strict=True)]
    assert told == [
        (Purpose.SETUP, "token", 201, ()),
        (Purpose.SEND, "id", 202, (ATTEMPT,)),
        (Purpose.STATUS, "state", 200, (ATTEMPT,)),
        (Purpose.POLL, "state", 200, (ATTEMPT,)),
        (Purpose.CHECK, "answered", 200, ()),
    ]
    shown = repr(calls) + repr(exchanges)
    assert [secret for secret in (LOGIN, "pass-word", server.latest, KEY) if secret in shown] == []
    assert exchanges[0].answer_body == ""
    assert "Hola" in exchanges[1].body


# Webhooks ------------------------------------------------------------------------------------------------------------
def event(name: str, payload: Any, **more: Any) -> bytes:
    return json.dumps(
        {"deviceId": DEVICE, "event": name, "id": "e1", "webhookId": "w1", "payload": payload, **more}
    ).encode()


def called(body: bytes, headers: dict[str, str] | None = None, **fields: Any) -> list[Receipt | Incoming]:
    config = made("https://host", **fields).config
    return read_webhook(WebhookRequest("POST", headers or {}, {}, body), config, now=NOW)


def signed(body: bytes, *, key: str = KEY, at: float = NOW) -> dict[str, str]:
    """As the vendor's documentation makes it, not as we do."""
    timestamp = str(int(at))
    made = hmac.new(key.encode(), (body.decode() + timestamp).encode(), hashlib.sha256).hexdigest()
    return {"X-Signature": made, "X-Timestamp": timestamp}


REPORT = event("sms:delivered", {"messageId": ATTEMPT, "phoneNumber": "+56911111111", "simNumber": None,
                                 "deliveredAt": "2024-06-22T15:46:11.000+07:00"})  # fmt: skip
DELIVERED = Receipt(ReceiptState.DELIVERED, ATTEMPT, ATTEMPT, datetime(2024, 6, 22, 8, 46, 11, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("sms:sent", {"partsCount": 2}, Receipt(ReceiptState.SENT, ATTEMPT, ATTEMPT)),
        ("sms:delivered", {"deliveredAt": "yesterday"}, Receipt(ReceiptState.DELIVERED, ATTEMPT, ATTEMPT)),
        ("sms:failed", {"reason": "Send result: RESULT_ERROR_LIMIT_EXCEEDED"},
         Receipt(ReceiptState.FAILED, ATTEMPT, ATTEMPT, code="undelivered",
                 detail="Send result: RESULT_ERROR_LIMIT_EXCEEDED")),
        ("sms:failed", {"reason": "TTL expired"},
         Receipt(ReceiptState.FAILED, ATTEMPT, ATTEMPT, code="waited_too_long", detail="TTL expired")),
        ("sms:cancelled", {}, Receipt(ReceiptState.FAILED, ATTEMPT, ATTEMPT, code="cancelled_there")),
    ],
)  # fmt: skip
def test_event_of_a_message_is_its_report(name: str, payload: dict[str, Any], expected: Receipt) -> None:
    assert called(event(name, {"messageId": ATTEMPT, "phoneNumber": "9f86d081884c7d65", **payload})) == [expected]


@pytest.mark.parametrize("name", ["system:ping", "app:started", "sms:data-received", "mms:received", "of:tomorrow"])
def test_event_that_tells_nothing_of_a_message_is_taken_and_passed_over(name: str) -> None:
    assert called(event(name, None)) == []


def text(message: str, at: str = "2024-06-22T15:46:11.000+07:00", **more: Any) -> dict[str, Any]:
    return {"messageId": "abc", "message": message, "phoneNumber": "6505551212", "receivedAt": at, **more}


def test_text_of_a_person_is_read() -> None:
    moment = datetime(2024, 6, 22, 8, 46, 11, tzinfo=UTC)
    expected = Incoming("abc@1719045971.000", "6505551212", "BAJA", moment)
    assert called(event("sms:received", text("BAJA"))) == [expected]
    assert called(event("sms:received", text("BAJA", sender="+16505551212"))) == [
        replace(expected, phone="+16505551212")
    ]
    assert called(event("sms:received", {"phoneNumber": "123", "message": "no id, no time"})) == [
        Incoming(None, "123", "no id, no time")
    ]


def test_same_text_of_another_moment_is_another_one_and_of_the_same_moment_the_same() -> None:
    """Their id is made from the text."""
    found = [called(event("sms:received", text("si", at)))[0] for at in (
        "2024-06-22T15:46:11.000+07:00", "2024-06-22T08:46:11Z", "2024-06-22T15:46:12.000+07:00")]  # fmt: skip
    first, same, other = (each.provider_id for each in found)
    assert first == same != other


def test_texts_come_in_batches_and_with_files() -> None:
    mms = {"messageId": "m", "sender": "123", "body": None, "subject": "Foto", "receivedAt": "2024-06-22T08:46:11Z",
           "attachments": [{"partId": 1, "contentType": "image/jpeg"}]}  # fmt: skip
    moment = datetime(2024, 6, 22, 8, 46, 11, tzinfo=UTC)
    picture = Incoming("m@1719045971.000", "123", "Foto", moment, "image")
    assert called(event("mms:downloaded", mms)) == [picture]
    assert called(event("mms:batch:downloaded", {"messages": [mms]})) == [picture]
    assert [item.text for item in called(event("sms:batch:received", {"messages": [text("a"), text("b")]}))] == [
        "a", "b"]  # fmt: skip


def test_text_that_another_phone_of_the_account_received_is_not_this_lines() -> None:
    theirs = event("sms:received", text("hola"), deviceId=OTHER_DEVICE)
    assert called(theirs) == []
    assert len(called(theirs, device_id="")) == 1
    of_the_app = event("sms:received", text("hola"), deviceId="ffffffffceb0b1db0000018e937c815b")
    assert len(called(of_the_app)) == 1  # an id of another sort says nothing


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b'{"event": 1}', b'{"event": "sms:sent"}', event("sms:sent", []),
     event("sms:sent", {}), event("sms:failed", {"messageId": 7}), event("sms:received", {"message": "x"}),
     event("sms:received", {"phoneNumber": "1", "message": None}), event("sms:batch:received", {}),
     event("sms:batch:received", {"messages": [1]}), event("sms:batch:received", {"messages": [text("a")] * 1001})],
)  # fmt: skip
def test_call_that_cannot_be_read_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidWebhook):
        called(body)


@pytest.mark.parametrize("off", [-299, 0, 299])
def test_signed_call_is_taken_while_its_clock_is_about_ours(off: float) -> None:
    headers = signed(REPORT, at=NOW + off)
    assert called(REPORT, headers, signing_key=KEY) == [DELIVERED]
    assert called(REPORT, {"x-signature": headers["X-Signature"].upper(), "x-timestamp": headers["X-Timestamp"]},
                  signing_key=KEY) == [DELIVERED]  # fmt: skip


def test_signature_is_the_one_of_the_vendors_documentation() -> None:
    headers = signed(REPORT)
    assert signature(KEY, REPORT, headers["X-Timestamp"]) == headers["X-Signature"]


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "isn't signed"),
        ({"X-Signature": signed(REPORT)["X-Signature"]}, "isn't signed"),
        (signed(REPORT, key="another key"), "signature is wrong"),
        (signed(REPORT + b" "), "signature is wrong"),
        ({**signed(REPORT), "X-Timestamp": str(int(NOW) + 1)}, "signature is wrong"),
        ({**signed(REPORT), "X-Signature": "ñ" * 64}, "signature is wrong"),
        (signed(REPORT, at=NOW - 301), "5 minutes off"),
        (signed(REPORT, at=NOW + 301), "5 minutes off"),
        ({"X-Timestamp": "soon", "X-Signature": signature(KEY, REPORT, "soon")}, "5 minutes off"),
        ({"X-Timestamp": "9" * 400, "X-Signature": signature(KEY, REPORT, "9" * 400)}, "5 minutes off"),
    ],
)
def test_call_with_a_wrong_signature_or_an_old_one_is_refused(headers: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidWebhook, match=why):
        called(REPORT, headers, signing_key=KEY)


def test_report_brings_no_credential_of_ours_into_the_log() -> None:
    body = event("sms:failed", {"messageId": ATTEMPT, "reason": f"login {LOGIN} failed"})
    [receipt] = provider_for(made("https://host")).receipts(WebhookRequest("POST", {}, {}, body))
    assert isinstance(receipt, Receipt)
    assert receipt.detail == "login ••• failed"
