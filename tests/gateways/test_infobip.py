"""An Infobip line: its settings, doubts, reports, texts and check. Its sends are in rows_infobip.py."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from infobip_api_client.models.sms_delivery_result import SmsDeliveryResult
from infobip_api_client.models.sms_inbound_message_result import SmsInboundMessageResult
from infobip_api_client.models.sms_logs_response import SmsLogsResponse
from infobip_api_client.models.sms_request import SmsRequest
from infobip_api_client.models.sms_response import SmsResponse

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
    Scope,
    SendError,
    Sent,
    Unknown,
    Verdict,
)
from gateways.errors import GatewayError, UrlTemplateError
from gateways.kinds import KINDS, read_url
from gateways.provider import InvalidWebhook, Line, WebhookRequest
from gateways.providers.infobip import Infobip
from gateways.providers.infobip_request import send_request
from tests.gateways.far_side import FarSide, Script, answers, closes_after_reading, response
from tests.gateways.lines import ATTEMPT, CALLBACK, exchange_of, line, outbound
from tests.gateways.rows_infobip import PENDING, answered, error_v3, in_turn, rejected
from tests.gateways.simulated import RunningInfobip

TOKEN = "hush-hush-token"
KIND = KINDS["infobip"]
HOST = "https://x1.api.infobip.com"


def infobip(url: str = HOST, **fields: Any) -> Line:
    return line("infobip", base_url=url, **{"sender": "Cobranza", "token": TOKEN, **fields})


def soon() -> float:
    return time.monotonic() + 60


# Settings ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("infobip://x1.api.infobip.com/sms/3/messages?from=Cobranza&auth=apikey", {"auth": "app"}),
        ("INFOBIP://x1.api.infobip.com?from=Cobranza", {"auth": "app"}),
        ("infobip://x1.api.infobip.com/sms/2/text/advanced/?from=Cobranza&auth=App&token=abc",
         {"auth": "app", "api_version": "v2", "token": "abc"}),
        ("infobip+basic://me:pass%20word@x1.api.infobip.com/?from=Cobranza",
         {"auth": "basic", "token": "me:pass word"}),
        ("infobip://me:pass@x1.api.infobip.com/?from=Cobranza", {"auth": "basic", "token": "me:pass"}),
        ("infobip+ibsso://x1.api.infobip.com/?from=Cobranza&entityId=e&applicationId=a",
         {"auth": "ibsso", "entity_id": "e", "application_id": "a"}),
        ("infobip+bearer://abc@x1.api.infobip.com?from=Cobranza&auth=bearer", {"auth": "bearer", "token": "abc"}),
        ("infobip://x1.api.infobip.com:8443?from=%2B569", {"auth": "app", "sender": "+569",
                                                           "base_url": f"{HOST}:8443"}),
    ],
)  # fmt: skip
def test_url_template_is_read(template: str, expected: dict[str, str]) -> None:
    kind, fields = read_url(template)
    assert kind is KIND
    assert fields == {"base_url": HOST, "sender": "Cobranza", "api_version": "v3", **expected}
    assert KIND.clean({"token": "a:b", **fields})["sender"] == fields["sender"]


@pytest.mark.parametrize(
    ("template", "code", "words"),
    [
        ("infobip:///sms/3/messages?from=A", "unreadable", "no host"),
        ("infobip://host:port/?from=A", "unreadable", "doesn't parse"),
        ("infobip://host", "sender", "?from=SENDER"),
        ("infobip://host?from=", "sender", "?from=SENDER"),
        ("infobip://host/sms/1/text?from=A", "path", "/sms/3/messages, /sms/2/text/advanced"),
        ("infobip://host?from=A&auth=digest", "auth", "apikey"),
        ("infobip+basic://host?from=A&auth=bearer", "auth", "two kinds"),
        ("infobip://key@host?from=A&token=b", "auth", "both"),
        ("infobip://host?from=A&to={phone}", "placeholder", "no placeholders"),
        ("infobip://host?from=A&flash=1", "parameter", "flash"),
        ("infobip://host?from=A B", "space", "%20"),
        ("infobip+oauth://host?from=A", "scheme", "infobip+basic://"),
    ],
)
def test_url_template_that_cannot_be_taken_says_why(template: str, code: str, words: str) -> None:
    with pytest.raises(UrlTemplateError) as caught:
        read_url(template)
    assert caught.value.code == code
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"base_url": ""}, "base_url: is needed"),
        ({"base_url": "https://h/sms/3/messages"}, "base_url: takes the host alone"),
        ({"base_url": "ftp://h"}, "base_url: takes the address"),
        ({"base_url": "https://me:pass@h"}, "base_url: takes no user"),
        ({"base_url": "999.1.1.1"}, "base_url: takes an IP address"),
        ({"sender": ""}, "sender: is needed"),
        ({"sender": "Cobranzas SpA"}, "sender: is too long"),
        ({"sender": "1" * 16}, "sender: is too long"),
        ({"token": ""}, "token: is needed"),
        ({"token": "a\nb"}, "token: has a character"),
        ({"auth": "basic", "token": "abc"}, "token: takes user:password"),
        ({"batch_size": "501"}, "batch_size: takes a number from 1 to 500"),
        ({"entity_id": "e" * 256}, "application_id: takes at most 255"),
    ],
)
def test_settings_that_cannot_be_taken_say_why(fields: dict[str, str], words: str) -> None:
    with pytest.raises(GatewayError, match=words) as caught:
        KIND.clean({"base_url": HOST, "sender": "Cobranza", "token": TOKEN, **fields})
    assert TOKEN not in str(caught.value)


def test_what_is_copied_from_infobips_page_is_taken() -> None:
    values = KIND.clean({"base_url": "x1.api.infobip.com/", "sender": "Cobranza", "token": "App abc-123"})
    assert (values["base_url"], values["token"]) == (HOST, "abc-123")


@pytest.mark.parametrize(
    ("fields", "size", "timeout", "every"),
    [({}, 400, 21.0, 60.0), ({"batch_size": 500, "concurrency": 16, "poll_s": 0}, 500, 21.0, 0.0),
     ({"batch_size": 1, "concurrency": 1, "timeout_s": 5}, 1, 6.0, 60.0)],
)  # fmt: skip
def test_batch_is_what_starts_at_once(fields: dict[str, Any], size: int, timeout: float, every: float) -> None:
    provider = Infobip(infobip(**fields))
    assert (provider.batch_size, provider.timeout, provider.poll_every) == (size, timeout, every)
    assert (provider.deduplicates_by_our_id, provider.can_reconcile) == (True, True)


# The vendor's own models ---------------------------------------------------------------------------------------------
def test_request_is_one_that_the_vendors_client_would_make() -> None:
    made = infobip(application_id="a", entity_id="e", validity_min=90)
    batch = [outbound("¿Debe $50? ✓", attempt_id=f"{n:032x}") for n in range(500)]
    sent = json.loads(send_request(made, batch).body or b"")
    parsed = SmsRequest.from_dict(sent)
    assert parsed is not None
    assert len(parsed.messages) == 500
    assert parsed.to_dict() == sent  # nothing that their model does not know
    assert parsed.messages[0].webhooks is not None
    assert parsed.messages[0].webhooks.callback_data == f"{0:032x}"


# Doubts --------------------------------------------------------------------------------------------------------------
def logs(*statuses: dict[str, Any], id: str = ATTEMPT) -> bytes:
    return json.dumps({"results": [{"messageId": id, "status": status} for status in statuses]}).encode()


DELIVERED = {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"}
UNKNOWN_LOGS = SendError(ATTEMPT, ErrorKind.UNKNOWN, "http_500", "The logs gave no readable answer.", Scope.LINE)
LOGS_BUSY = SendError(ATTEMPT, ErrorKind.REFUSED, "http_429", "The logs take no more questions now.", retry_after=10.0)
AGAIN = response(200, answered((ATTEMPT, PENDING)))
KNOWN = response(200, answered((ATTEMPT, rejected(23))))


@pytest.mark.parametrize(
    ("script", "expected", "calls"),
    [
        (answers(200, logs(PENDING)), Sent(ATTEMPT), 1),
        (answers(200, logs(rejected(23), DELIVERED)), Sent(ATTEMPT), 1),
        (answers(200, logs(rejected(14, "R", "blocked"))), Failed(ATTEMPT, "blocked", "R: blocked"), 1),
        (answers(200, logs({"groupId": 4, "id": 29, "name": "EXPIRED_DLR_UNKNOWN"})), Sent(ATTEMPT), 1),
        (in_turn(response(200, logs()), AGAIN), Sent(ATTEMPT), 2),
        (in_turn(response(200, logs(PENDING, id="another")), AGAIN), Sent(ATTEMPT), 2),
        (in_turn(response(403, error_v3()), KNOWN), Sent(ATTEMPT, detail="The gateway had it already."), 2),
        (answers(429, error_v3()), LOGS_BUSY, 1),
        (answers(500), UNKNOWN_LOGS, 1),
        (closes_after_reading, SendError(ATTEMPT, ErrorKind.UNKNOWN, "disconnected",
                                         "The connection ended before the answer.", Scope.LINE), 1),
    ],
)  # fmt: skip
def test_doubt_is_settled_by_the_logs_or_by_the_same_id(script: Script, expected: object, calls: int) -> None:
    with FarSide(script) as far:
        found = Infobip(infobip(far.url, entity_id="e")).reconcile(outbound(), not_after=soon())
    assert found == expected
    targets = [f"/sms/3/logs?messageId={ATTEMPT}&limit=10&entityId=e", "/sms/3/messages"]
    assert [heard.target for heard in far.heard] == targets[:calls]


def test_old_doubt_is_not_sent_again() -> None:
    """Nobody says how long Infobip remembers ids."""
    started = datetime.now(UTC) - timedelta(hours=25)
    old = Outbound(ATTEMPT, "m1", "+56911111111", "Hola", started_at=started)
    with FarSide(answers(200, logs())) as far:
        found = Infobip(infobip(far.url)).reconcile(old, not_after=soon())
    assert found == Unknown(ATTEMPT, "The logs don't have it, and it is too old to be sent again.", final=True)
    assert len(far.heard) == 1


# Reports and texts ---------------------------------------------------------------------------------------------------
def receipts(content: Any) -> list[Receipt | Incoming]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return list(Infobip(infobip()).receipts(WebhookRequest("POST", {}, {}, body)))


def report(group: int, id: int, **more: Any) -> dict[str, Any]:
    return {"bulkId": "b", "messageId": ATTEMPT, "to": "56911111111", "doneAt": "2019-11-09T17:00:00.250+0100",
            "status": {"groupId": group, "id": id, "name": "N", "description": "d"}, **more}  # fmt: skip


AT = datetime(2019, 11, 9, 16, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("group", "id", "state", "code"),
    [(1, 7, ReceiptState.SENT, ""), (3, 2, ReceiptState.SENT, ""), (3, 5, ReceiptState.DELIVERED, ""),
     (2, 9, ReceiptState.FAILED, "undelivered"), (4, 15, ReceiptState.FAILED, "expired"),
     (4, 29, ReceiptState.SENT, ""), (5, 14, ReceiptState.FAILED, "blocked"),
     (5, 12, ReceiptState.FAILED, "no_credit")],
)  # fmt: skip
def test_report_is_read_by_its_status(group: int, id: int, state: ReceiptState, code: str) -> None:
    detail = "N: d" if code else ""
    assert receipts({"results": [report(group, id)]}) == [Receipt(state, ATTEMPT, None, AT, code, detail)]


def test_report_that_an_id_was_repeated_says_nothing_of_the_message() -> None:
    assert receipts({"results": [report(5, 23), report(0, 0)]}) == []


def test_report_tells_the_operators_error_without_our_credentials() -> None:
    error = {"groupId": 1, "name": "EC_ABSENT_SUBSCRIBER", "description": f"Absent {TOKEN}", "permanent": False}
    [found] = receipts({"results": [report(2, 9, error=error)]})
    assert isinstance(found, Receipt)
    assert found.detail == "EC_ABSENT_SUBSCRIBER: Absent ••• (may work later)"


def test_texts_of_people_are_read_beside_reports() -> None:
    text = {"messageId": "i1", "from": "56922222222", "to": "4040", "text": "BAJA ya", "cleanText": "ya",
            "keyword": "BAJA", "receivedAt": "2019-11-09T16:00:00.250+0000"}  # fmt: skip
    found = receipts({"results": [text, {"from": "4040", "text": "\ud800", "receivedAt": "soon"}], "messageCount": 2})
    assert found == [Incoming("i1", "+56922222222", "BAJA ya", AT), Incoming(None, "4040", "\ud800")]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"results": 5}', b'{"results": [1]}', b'{"results": [{}]}', b'{"results": [{"status": {}}]}',
     b'{"results": [{"from": "1", "text": null}]}', b"[" * 100_000, b'{"results": [' + b"1," * 300_000 + b"1]}"],
)  # fmt: skip
def test_call_that_cannot_be_read_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidWebhook):
        receipts(body)


# Asking --------------------------------------------------------------------------------------------------------------
def test_reports_and_texts_are_asked_for_a_page_at_a_time() -> None:
    full = json.dumps({"results": [report(3, 5)] * 999 + [{"odd": 1}]}).encode()
    texts = b'{"results": [{"messageId": "i1", "from": "56922222222", "text": "si"}]}'
    script = in_turn(*(response(200, body) for body in (full, b'{"results": []}', texts)))
    with FarSide(script) as far:
        pages = Infobip(infobip(far.url, application_id="a")).poll([])
        assert len(next(pages)) == 999
        assert len(far.heard) == 1  # the next page is asked for when this one is stored
        assert list(pages) == [[Incoming("i1", "+56922222222", "si")]]
    assert [heard.target for heard in far.heard] == [
        "/sms/3/reports?limit=1000&applicationId=a",
        "/sms/3/reports?limit=1000&applicationId=a",
        "/sms/1/inbox/reports?limit=1000&applicationId=a",
    ]


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"results": [' + b" " * 5_000_000 + b"]}"])
def test_asking_ends_at_what_cannot_be_read(body: bytes) -> None:
    with FarSide(answers(200, body)) as far:
        assert list(Infobip(infobip(far.url)).poll([])) == []
    assert len(far.heard) == 1


@pytest.mark.parametrize(
    ("script", "health"),
    [
        (answers(200, b'{"balance": 1047.794, "currency": "EUR"}'), Health(True, "Balance: 1,047.79 EUR")),
        (answers(200, b'{"balance": -3}'), Health(True, "Balance: -3.00")),
        (answers(403, error_v3()), Health(True, "Infobip knows the credential, which may not read the balance.")),
        (answers(401, f'{{"errorCode": "E401", "description": "no {TOKEN}"}}'.encode()),
         Health(False, "HTTP 401: E401: no •••")),
        (answers(200, b"<html>", kind="text/html"),
         Health(False, "The answer isn't one of Infobip's: see the line's address.")),
        (answers(500), Health(False, "HTTP 500")),
        (closes_after_reading, Health(False, "The connection ended before the answer.")),
    ],
)  # fmt: skip
def test_check_tells_the_balance(script: Script, health: Health) -> None:
    with FarSide(script) as far:
        assert Infobip(infobip(far.url)).check() == health
    assert far.heard[0].target == "/account/1/balance"


# The log of calls ----------------------------------------------------------------------------------------------------
def test_every_call_is_told_without_a_secret() -> None:
    told: list[Call] = []
    batch = [outbound("Hola " + "ñ" * 100, attempt_id=f"{n:032x}") for n in range(200)]
    body = answered(*((each.attempt_id, PENDING) for each in batch))
    with FarSide(in_turn(response(200, body), response(200, logs(PENDING)), response(200, b'{"results": []}'),
                         response(200, b'{"results": []}'), response(200, b"{}"))) as far:  # fmt: skip
        made = line("infobip", base_url=far.url, sender="Cobranza", auth="basic", token="me:pass word", batch_size=200)
        provider = Infobip(Line(made.id, made.name, made.kind, made.config, CALLBACK, True, told.append))
        list(provider.send(batch, not_after=soon()))
        provider.reconcile(outbound(), not_after=soon())
        list(provider.poll([]))
        provider.check()
    assert [call.purpose for call in told] == [
        *(Purpose.SEND, Purpose.STATUS, Purpose.POLL, Purpose.POLL, Purpose.CHECK),
    ]
    assert told[0].attempts == tuple(each.attempt_id for each in batch)
    exchanges = [exchange_of(call) for call in told]
    assert told[0].verdict is Verdict.ACCEPTED
    assert exchanges[0].size > 20_000
    assert 3_000 < len(exchanges[0].body) <= 4_000
    hidden = ("pass word", "bWU6", "hooks/1/hush")
    assert [secret for secret in hidden if secret in repr(exchanges) + repr(told)] == []
    assert "Basic •••" in repr(exchanges[0].headers)


# With the stand-in ---------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def running() -> Iterator[RunningInfobip]:
    with RunningInfobip("--key", TOKEN) as gateway:
        yield gateway


@pytest.fixture
def gateway(running: RunningInfobip) -> RunningInfobip:
    clean = {"faults": {}, "duplicates": "409", "callbacks": [], "latency_ms": 0}
    running.control(default=clean, lines={}, recipients={}, drop_connections=0, seed=1)
    running.account(balance=1_000_000, key=TOKEN)
    running.reset()
    return running


def batch_of(number: int) -> list[Outbound]:
    return [outbound(phone=f"+569{n:08}", attempt_id=f"{n:032x}") for n in range(number)]


@pytest.mark.parametrize("version", ["v3", "v2"])
def test_poisoned_message_alone_fails_and_everything_arrives_once(gateway: RunningInfobip, version: str) -> None:
    gateway.control(recipients={"*00000007": {"faults": {"reject": 1}}})
    provider = Infobip(infobip(gateway.url, api_version=version, batch_size=32))
    found = list(provider.send(batch_of(100), not_after=soon()))
    stats = gateway.stats(full=True)
    failed = [result for result in found if not isinstance(result, Sent)]
    assert len(found) == 100
    assert [(one.attempt_id, one.kind) for one in failed] == [(f"{7:032x}", ErrorKind.PERMANENT)]
    assert (stats["accepted"], stats["duplicated_recipients"], stats["duplicates_by_id"] > 0) == (99, 0, True)


def test_stand_in_speaks_as_the_vendors_models_do(gateway: RunningInfobip) -> None:
    gateway.control(default={"callbacks": ["sent", "delivered"], "callback_delay_ms": 0})
    sending = send_request(infobip(gateway.url, callbacks="no"), batch_of(2))

    def ask(method: str, path: str, body: bytes | None = None) -> Any:
        head = {"Authorization": f"App {TOKEN}"}
        answer = requests.request(method, gateway.url + path, data=body, headers=head, timeout=60)
        answer.raise_for_status()
        return answer.json()

    first = SmsResponse.from_dict(ask("POST", "/sms/3/messages", sending.body))
    again = SmsResponse.from_dict(ask("POST", "/sms/3/messages", sending.body))
    gateway.write("+56922222222", "si")
    reports: list[Any] = []
    while len(reports) < 4:
        page = SmsDeliveryResult.from_dict(ask("GET", "/sms/3/reports?limit=3"))
        assert page is not None
        reports += page.results or []
    told = SmsLogsResponse.from_dict(ask("GET", f"/sms/3/logs?messageId={0:032x}"))
    texts = SmsInboundMessageResult.from_dict(ask("GET", "/sms/1/inbox/reports"))
    assert first is not None
    assert again is not None
    assert told is not None
    assert texts is not None
    assert [one.status and one.status.id for one in (*first.messages, *again.messages)] == [26, 26, 23, 23]
    assert [one.status.id for one in reports] == [2, 2, 5, 5]
    assert ask("GET", "/sms/3/reports") == {"results": []}
    assert [(one.message_id, one.status and one.status.id) for one in told.results or []] == [(f"{0:032x}", 5)]
    assert [one.text for one in texts.results or []] == ["si"]


@pytest.mark.parametrize("duplicates", ["409", "accept"])
def test_doubt_never_makes_a_second_message(gateway: RunningInfobip, duplicates: str) -> None:
    """Neither where ids are refused, nor where they aren't: then the logs have it."""
    gateway.control(default={"duplicates": duplicates, "faults": {"drop_after": 1}})
    provider = Infobip(infobip(gateway.url))
    batch = batch_of(3)
    first = list(provider.send(batch, not_after=soon()))
    assert {isinstance(one, SendError) and one.kind for one in first} == {ErrorKind.UNKNOWN}
    gateway.control(default={"duplicates": duplicates, "faults": {}})
    assert [provider.reconcile(each, not_after=soon()) for each in batch] == [Sent(each.attempt_id) for each in batch]
    stats = gateway.stats()
    assert (stats["accepted"], stats["duplicated_recipients"]) == (3, 0)


def test_messages_beyond_the_balance_wait(gateway: RunningInfobip) -> None:
    gateway.account(balance=2, key=TOKEN)
    provider = Infobip(infobip(gateway.url))
    found = list(provider.send(batch_of(3), not_after=soon()))
    assert [getattr(one, "code", "") for one in found] == ["", "", "no_credit"]
    assert provider.check() == Health(True, "Balance: 0.00 EUR")
    gateway.account(balance=2, key="another")
    [refused] = provider.send(batch_of(1), not_after=soon())
    assert isinstance(refused, SendError)
    assert (refused.kind, refused.code, refused.scope) == (ErrorKind.REFUSED, "http_401", Scope.LINE)
