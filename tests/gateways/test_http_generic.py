"""A generic line: settling doubts, reports, texts and its check. Its sends are in test_provider_contract.py."""

import json
import socket
import time
from dataclasses import replace
from typing import Any

import pytest

from domain.delivery import Call, ErrorKind, Failed, Health, Incoming, Receipt, ReceiptState, SendError, Sent, Unknown
from gateways.provider import InvalidWebhook, WebhookRequest
from gateways.registry import provider_for
from tests.gateways.far_side import FarSide, Script, Talk, answers, closes_after_reading, response
from tests.gateways.lines import ATTEMPT, exchange_of, line, outbound
from tests.gateways.simulated import RunningGateway

SEND = "/send?to={phone}&text={message}&id={id}"


def reconcile(far: FarSide, **fields: Any) -> object:
    made = line(url=far.url + SEND, timeout_s=60, id_path="id", **fields)
    return provider_for(made).reconcile(outbound(), not_after=time.monotonic() + 60)


# Settling a doubt ----------------------------------------------------------------------------------------------------
def test_doubt_is_settled_by_the_same_id_where_the_far_side_deduplicates() -> None:
    with FarSide(answers(200, b'{"id": "7"}')) as far:
        assert reconcile(far, deduplicates=True) == Sent(ATTEMPT, "7")
    assert [heard.target for heard in far.heard] == [f"/send?to=%2B56911111111&text=Hola&id={ATTEMPT}"]


def test_doubt_is_settled_by_a_duplicates_409() -> None:
    with FarSide(answers(409, b'{"id": "7"}')) as far:
        assert reconcile(far, deduplicates=True) == Sent(ATTEMPT, "7", "The gateway had it already.")


def test_doubt_stays_when_the_second_request_gets_no_answer() -> None:
    with FarSide(closes_after_reading) as far:
        found = reconcile(far, deduplicates=True)
    assert isinstance(found, SendError)
    assert (found.kind, found.code, len(far.heard)) == (ErrorKind.UNKNOWN, "disconnected", 1)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b'{"status": "accepted", "id": "7"}', Sent(ATTEMPT, "7")),
        (200, b'{"status": "Delivered", "id": 7}', Sent(ATTEMPT, "7")),
        (200, b'{"status": "failed"}', Failed(ATTEMPT, "undelivered", '{"status": "failed"}')),
        (200, b'{"status": "pondering"}', Unknown(ATTEMPT, "The status address gave no state that the line knows.")),
        (200, b"<html>", Unknown(ATTEMPT, "The status address gave no state that the line knows.")),
        (404, b"", Unknown(ATTEMPT, "The status address answered 404.")),
        (500, b"", Unknown(ATTEMPT, "The status address answered 500.")),
    ],
)
def test_doubt_is_settled_by_the_status_address(status: int, body: bytes, expected: object) -> None:
    with FarSide(answers(status, body)) as far:
        assert reconcile(far, status_url=far.url + "/status/{id}", auth="bearer", token="hush") == expected
    assert [heard.target for heard in far.heard] == [f"/status/{ATTEMPT}"]
    assert far.heard[0].headers["authorization"] == "Bearer hush"


def test_doubt_stays_without_a_way_to_ask() -> None:
    with FarSide(answers(200)) as far:
        assert reconcile(far) == Unknown(
            ATTEMPT, "The line neither deduplicates by our id nor tells a message's state."
        )
    assert far.heard == []


@pytest.mark.parametrize(
    ("fields", "deduplicates", "can"),
    [({}, False, False), ({"deduplicates": "yes"}, True, True),
     ({"status_url": "http://h/{id}"}, False, True)],
)  # fmt: skip
def test_provider_says_what_it_can_settle(fields: dict[str, Any], deduplicates: bool, can: bool) -> None:
    provider = provider_for(line(url="http://h" + SEND, **fields))
    assert (provider.deduplicates_by_our_id, provider.can_reconcile) == (deduplicates, can)


@pytest.mark.parametrize(
    ("fields", "size", "timeout"),
    [({}, 16, 16.0), ({"concurrency": 64, "timeout_s": 30}, 64, 31.0), ({"rate_per_second": 5}, 5, 17.0)],
)
def test_batch_is_what_starts_at_once(fields: dict[str, Any], size: int, timeout: float) -> None:
    provider = provider_for(line(url="http://h" + SEND, **fields))
    assert (provider.batch_size, provider.timeout) == (size, timeout)


def test_messages_that_cannot_be_sent_do_not_hold_up_the_others() -> None:
    with FarSide(answers(200)) as far:
        provider = provider_for(line(url=far.url + SEND, encoding="latin-1"))
        batch = [outbound("bien", attempt_id="a1"), outbound("✓", attempt_id="a2"), outbound("ñ", attempt_id="a3")]
        found = {result.attempt_id: type(result) for result in provider.send(batch, not_after=time.monotonic() + 60)}
    assert found == {"a1": Sent, "a2": SendError, "a3": Sent}
    assert len(far.heard) == 2


def test_status_of_the_second_message_is_read_from_its_own_answer() -> None:
    def echoes(talk: Talk) -> None:
        while (heard := talk.read()) is not None:
            talk.write(response(200, json.dumps({"id": "p-" + heard.target[-2:]}).encode()))

    with FarSide(echoes) as far:
        provider = provider_for(line(url=far.url + SEND, id_path="id"))
        batch = [outbound(attempt_id=f"a{n}") for n in range(8)]
        found = {result.attempt_id: result for result in provider.send(batch, not_after=time.monotonic() + 60)}
    assert found == {f"a{n}": Sent(f"a{n}", f"p-a{n}") for n in range(8)}


def test_errors_are_as_sure_as_they_say_in_front_of_a_gateway_with_every_fault() -> None:
    """What was refused is in no debtor's hand, what was accepted is there once, and doubt is told as doubt."""
    faults = {"drop_before": 0.1, "drop_after": 0.1, "429": 0.1, "500": 0.1, "500_after": 0.1, "reject": 0.1,
              "html": 0.1, "html_after": 0.1}  # fmt: skip
    control = json.dumps({"drop_connections": 0.1, "default": {"faults": faults, "jitter_ms": 20}})
    with RunningGateway("--control", control, "--seed", "3") as gateway:
        made = line(url=gateway.url + SEND, id_path="id", concurrency=50, timeout_s=60)
        batch = [outbound(phone=f"+569{n:08}", attempt_id=f"{n:032x}") for n in range(400)]
        results = list(provider_for(made).send(batch, not_after=time.monotonic() + 60))
        gateway.control(drop_connections=0)
        stats = gateway.stats(full=True)
    accepted = {f"{int(phone[4:]):032x}" for phone in stats["accepted_by_recipient"]}
    by_kind: dict[str, set[str]] = {"sent": set(), "refused": set(), "permanent": set(), "unknown": set()}
    for result in results:
        by_kind["sent" if isinstance(result, Sent) else result.kind.value].add(result.attempt_id)
    assert sum(len(ids) for ids in by_kind.values()) == len(results) == 400
    assert [kind for kind, ids in by_kind.items() if not ids] == []
    assert by_kind["sent"] - accepted == set()
    assert (by_kind["refused"] | by_kind["permanent"]) & accepted == set()
    assert (stats["duplicates_by_id"], stats["duplicated_recipients"]) == (0, 0)


# Reports and texts ---------------------------------------------------------------------------------------------------
def call(body: bytes = b"", *, kind: str = "application/json", **query: str) -> WebhookRequest:
    return WebhookRequest("POST" if body else "GET", {"Content-Type": kind}, query, body)


def receipts(request: WebhookRequest, **fields: Any) -> list[Receipt | Incoming]:
    return list(provider_for(line(url="http://h" + SEND, **fields)).receipts(request))


def test_report_is_read_from_json_a_form_and_a_query() -> None:
    expected = [Receipt(ReceiptState.DELIVERED, attempt_id="a1", provider_id="9")]
    assert receipts(call(b'{"id": "a1", "provider_id": 9, "status": "DELIVERED"}')) == expected
    assert receipts(call(b"id=a1&provider_id=9&status=delivered", kind="application/x-www-form-urlencoded")) == expected
    assert receipts(call(id="a1", provider_id="9", status="delivered")) == expected


def test_reports_are_read_from_a_list_at_its_path_with_the_lines_own_words() -> None:
    body = {"results": [{"m": {"ref": "a1"}, "st": 3, "why": "no credit"}, {"m": {"ref": "a2"}, "st": "2"},
                        {"m": {"ref": "a3"}, "st": "buffered"}]}  # fmt: skip
    fields = {"callback_list": "results", "callback_id": "m.ref", "callback_state": "st", "callback_error": "why",
              "states": {"2": "delivered", "3": "failed"}}  # fmt: skip
    assert receipts(call(json.dumps(body).encode()), **fields) == [
        Receipt(ReceiptState.FAILED, attempt_id="a1", code="3", detail="no credit"),
        Receipt(ReceiptState.DELIVERED, attempt_id="a2"),
    ]


def test_list_of_reports_may_be_the_body_itself() -> None:
    body = b'[{"id": "a1", "status": "sent"}, {"id": "a2", "status": "read"}]'
    assert receipts(call(body)) == [
        Receipt(ReceiptState.SENT, attempt_id="a1"),
        Receipt(ReceiptState.READ, attempt_id="a2"),
    ]


def test_text_of_a_person_is_read() -> None:
    assert receipts(call(b'{"id": "i1", "from": "+56922222222", "text": "BAJA"}')) == [
        Incoming("i1", "+56922222222", "BAJA")
    ]


@pytest.mark.parametrize(
    "body",
    [b"{", b"hello", b'"x"', b"[1]", b'{"status": "delivered"}', b'{"from": "+56"}', b"[" * 100_000,
     b"[" + b",".join([b'{"id": "a", "status": "sent"}'] * 1001) + b"]"],
)  # fmt: skip
def test_call_that_cannot_be_read_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InvalidWebhook):
        receipts(call(body))


def test_call_without_the_promised_list_is_refused() -> None:
    with pytest.raises(InvalidWebhook):
        receipts(call(b'{"id": "a1", "status": "sent"}'), callback_list="results")


def test_report_does_not_bring_our_credentials_into_the_log() -> None:
    [receipt] = receipts(
        call(b'{"id": "a1", "status": "failed", "error": "key hush-hush is bad"}'), auth="bearer", token="hush-hush"
    )
    assert isinstance(receipt, Receipt)
    assert receipt.detail == "key ••• is bad"


def test_word_for_a_received_text_is_no_state() -> None:
    body = b'{"id": "i1", "status": "Received", "from": "+56922222222", "text": "BAJA"}'
    assert receipts(call(body)) == [Incoming("i1", "+56922222222", "BAJA")]


# Asking --------------------------------------------------------------------------------------------------------------
def test_line_without_a_status_address_or_an_interval_is_never_asked() -> None:
    fields = {"status_url": "http://h/{id}"}
    made = [line(url="http://h" + SEND, **each) for each in ({}, fields, {**fields, "poll_s": 30})]
    assert [provider_for(each).poll_every for each in made] == [0.0, 0.0, 30.0]
    assert list(provider_for(made[2]).poll([])) == []


def test_states_are_asked_for_and_every_call_is_told() -> None:
    said = {"a1": b'{"status": "delivered", "id": 7}', "a2": b'{"status": "sent"}', "a3": b'{"status": "pondering"}',
            "a4": b'{"status": "Expired", "why": "hush-hush"}'}  # fmt: skip

    def states(talk: Talk) -> None:
        while (heard := talk.read()) is not None:
            talk.write(response(200, said[heard.target[-2:]]))

    calls: list[Call] = []
    with FarSide(states) as far:
        made = line(url=far.url + SEND, status_url=far.url + "/{id}", poll_s=30, id_path="id", auth="bearer",
                    token="hush-hush", concurrency=3)  # fmt: skip
        provider = provider_for(replace(made, record=calls.append))
        pages = list(provider.poll([outbound(attempt_id=id) for id in said]))
    assert pages == [
        [Receipt(ReceiptState.DELIVERED, attempt_id="a1", provider_id="7")],
        [Receipt(ReceiptState.FAILED, attempt_id="a4", code="expired", detail='{"status": "Expired", "why": "•••"}')],
    ]
    assert sorted((each.purpose, *each.attempts) for each in calls) == [("poll", id) for id in said]
    assert "hush-hush" not in repr([exchange_of(each) for each in calls])


@pytest.mark.parametrize("far", [answers(503), answers(429), answers(401), closes_after_reading])
def test_asking_ends_with_the_page_of_the_first_answer_that_brings_nothing(far: Script) -> None:
    with FarSide(far) as running:
        made = line(url=running.url + SEND, status_url=running.url + "/{id}", poll_s=30, concurrency=2)
        assert list(provider_for(made).poll([outbound(attempt_id=f"a{n}") for n in range(6)])) == [[]]
    assert len(running.heard) == 2


# Check ---------------------------------------------------------------------------------------------------------------
def test_check_connects_and_asks_nothing() -> None:
    with FarSide(answers(200)) as far:
        assert provider_for(line(url=far.url + SEND)).check() == Health(True)
    assert far.heard == []


def test_check_says_why_a_line_cannot_be_used() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{probe.getsockname()[1]}"
    found = [
        provider_for(line(url=closed + SEND)).check(),
        provider_for(line(url="http://nobody.invalid" + SEND)).check(),
        provider_for(line(url=closed + SEND, allow_private=False)).check(),
    ]
    assert found == [
        Health(False, "The host took no connection."),
        Health(False, "The host's name doesn't resolve."),
        Health(False, "The line's host is on a private address; ALLOW_PRIVATE_GATEWAYS allows that."),
    ]
