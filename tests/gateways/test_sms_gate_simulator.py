"""Our provider and the vendor's own client in front of the stand-in of SMS Gate, over real HTTP."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from android_sms_gateway import client as vendor_client
from android_sms_gateway import domain as vendor
from android_sms_gateway.enums import ProcessState, WebhookEvent

from domain.delivery import Health, Incoming, Outbound, Receipt, ReceiptState, SendError, Sent
from gateways.provider import Provider, Registers, WebhookRequest
from gateways.registry import provider_for
from gateways.sms_gate_fields import EVENTS
from tests.gateways.lines import ATTEMPT, CALLBACK, line, outbound
from tests.gateways.simulated import RunningSmsGate

PHONES = ("phone-one-000000000001", "phone-two-000000000002")
LOGIN = "sim:sim-password"
KEY = "sim-signing-key"
PATIENCE = 60


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSmsGate]:
    with RunningSmsGate("--device", PHONES[0], "--device", PHONES[1], "--hashed") as gateway:
        yield gateway


@pytest.fixture
def gateway(running: RunningSmsGate) -> RunningSmsGate:
    running.control(
        default={"faults": {}, "duplicates": "409", "callbacks": [], "jitter_ms": 0, "callback_delay_ms": 0},
        lines={}, recipients={}, drop_connections=0, seed=1,
    )  # fmt: skip
    running.reset()
    return running


@pytest.fixture
def customer() -> Iterator[tuple[str, list[WebhookRequest]]]:
    """A server that phones call, and what they said."""
    taken: list[WebhookRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append(WebhookRequest("POST", dict(self.headers.items()), {}, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks", taken
    server.shutdown()
    thread.join()
    server.server_close()


def server_of(gateway: RunningSmsGate, **fields: Any) -> Provider:
    common = {"mode": "private", "base_url": f"{gateway.url}/3rdparty/v1", "token": LOGIN, "device_id": PHONES[0]}
    return provider_for(line("sms_gate", **{**common, **fields}))


def vendors(gateway: RunningSmsGate) -> vendor_client.APIClient:
    user, _colon, password = LOGIN.partition(":")
    return vendor_client.APIClient(user, password, base_url=f"{gateway.url}/3rdparty/v1")


def send(provider: Provider, *batch: Outbound) -> list[Sent | SendError]:
    return list(provider.send(batch, not_after=time.monotonic() + PATIENCE))


def test_vendors_client_finds_its_server_in_the_stand_in(gateway: RunningSmsGate) -> None:
    gateway.control(default={"callbacks": ["sent", "delivered"]})
    with vendors(gateway) as client:
        message = vendor.Message(id="v1", text_message=vendor.TextMessage("Hola"), phone_numbers=["+56911111111"])
        told = client.send(message)
        webhook = client.create_webhook(vendor.Webhook(None, "https://us.example/hooks", WebhookEvent.SMS_SENT))
        listed = client.get_webhooks()
        client.delete_webhook(str(webhook.id))
        assert (told.id, told.is_hashed, listed, client.get_webhooks()) == ("v1", False, [webhook], [])
        assert {device.id for device in client.list_devices()} == set(PHONES)
        assert client.health_check().status.value == "pass"
        assert client.get_state("v1").state in (ProcessState.Pending, ProcessState.Sent, ProcessState.Delivered)


def test_two_ways_to_the_same_message(gateway: RunningSmsGate) -> None:
    """What we send, the vendor's client finds; what it sent, we know already."""
    with vendors(gateway) as client:
        assert send(server_of(gateway), outbound()) == [Sent(ATTEMPT, ATTEMPT)]
        assert client.get_state(ATTEMPT).device_id == PHONES[0]
    [again] = send(server_of(gateway), outbound())
    assert again == Sent(ATTEMPT, ATTEMPT, "The gateway had it already.")
    assert gateway.stats()["accepted"] == 1


def test_phones_own_server_takes_a_known_id_and_sends_nothing(gateway: RunningSmsGate) -> None:
    phone = server_of(gateway, mode="local", base_url=gateway.url)
    assert send(phone, outbound()) + send(phone, outbound()) == [Sent(ATTEMPT, ATTEMPT)] * 2
    assert phone.check() == Health(True)
    stats = gateway.stats()
    assert (stats["accepted"], stats["deduplicated"]) == (1, 1)


@pytest.mark.parametrize("device_id", [PHONES[0], ""])
def test_every_fault_and_every_doubt_end_with_nothing_twice(gateway: RunningSmsGate, device_id: str) -> None:
    faults = {"drop_before": 0.1, "drop_after": 0.15, "429": 0.05, "503": 0.05, "500": 0.1, "500_after": 0.1,
              "reject": 0.05, "html": 0.1, "html_after": 0.1}  # fmt: skip
    gateway.control(default={"faults": faults, "jitter_ms": 20}, seed=5)
    provider = server_of(gateway, device_id=device_id, concurrency=50)
    batch = [outbound(phone=f"+569{n:08}", attempt_id=f"{n:032x}") for n in range(200)]
    results = send(provider, *batch)
    by_id = {each.attempt_id: each for each in batch}
    doubtful = [one.attempt_id for one in results if isinstance(one, SendError) and one.kind.value == "unknown"]
    refused = {one.attempt_id for one in results if isinstance(one, SendError)} - set(doubtful)
    sent = {one.attempt_id for one in results if isinstance(one, Sent)}
    gateway.control(default={"faults": {}})
    settled = {
        id for id in doubtful
        if isinstance(provider.reconcile(by_id[id], not_after=time.monotonic() + PATIENCE), Sent)
    }  # fmt: skip
    stats = gateway.stats(full=True)
    accepted = {f"{int(phone[4:]):032x}" for phone in stats["accepted_by_recipient"]}
    assert (len(results), stats["duplicated_recipients"]) == (200, 0)
    assert accepted == sent | settled
    assert refused & accepted == set()
    assert len(settled) == len(doubtful) if device_id else 0 < len(settled) < len(doubtful)


def test_what_became_of_messages_is_polled_though_numbers_are_hashed(gateway: RunningSmsGate) -> None:
    gateway.control(default={"callbacks": ["sent", "delivered"]}, recipients={"*2": {"callbacks": ["sent", "failed"]}})
    provider = server_of(gateway, auth="login")
    batch = [outbound(phone=f"+5691111111{n}", attempt_id=f"{n:032x}") for n in (1, 2)]
    send(provider, *batch)
    ends_at = time.monotonic() + PATIENCE
    found: dict[str | None, ReceiptState] = {}
    while time.monotonic() < ends_at and set(found.values()) != {ReceiptState.DELIVERED, ReceiptState.FAILED}:
        found = {one.attempt_id: one.state for page in provider.poll(batch) for one in page if isinstance(one, Receipt)}
    assert found == {batch[0].attempt_id: ReceiptState.DELIVERED, batch[1].attempt_id: ReceiptState.FAILED}


def test_phones_call_with_signatures_that_we_know(
    gateway: RunningSmsGate, customer: tuple[str, list[WebhookRequest]]
) -> None:
    url, taken = customer
    provider = server_of(gateway, signing_key=KEY)
    with vendors(gateway) as client:
        for event in (WebhookEvent.SMS_SENT, WebhookEvent.SMS_DELIVERED, WebhookEvent.SMS_RECEIVED):
            client.create_webhook(vendor.Webhook(None, url, event))
    gateway.control(default={"callbacks": ["sent", "delivered"]})
    assert gateway.inbound(phone="+56922222222", text="BAJA", device=PHONES[0]) == 1
    send(provider, outbound("x" * 200))
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at and len(taken) < 4:
        time.sleep(0.02)
    found = [item for request in taken for item in provider.receipts(request)]
    texts = [(item.phone, item.text) for item in found if isinstance(item, Incoming)]
    states = [item.state for item in found if isinstance(item, Receipt)]
    assert texts == [("+56922222222", "BAJA")]
    assert states == [ReceiptState.SENT, ReceiptState.DELIVERED, ReceiptState.DELIVERED]  # once a part


def test_phones_are_told_whom_to_call_once_for_each_event(gateway: RunningSmsGate) -> None:
    with vendors(gateway) as client:
        for before in client.get_webhooks():
            client.delete_webhook(str(before.id))
        provider = server_of(gateway)
        assert isinstance(provider, Registers)
        assert [provider.register(), provider.register()] == [Health(True)] * 2
        found = client.get_webhooks()
    assert [webhook.event.value for webhook in found] == list(EVENTS)
    assert {(webhook.url, webhook.device_id) for webhook in found} == {(CALLBACK, PHONES[0])}
    refused = server_of(gateway, token="sim:wrong")
    assert isinstance(refused, Registers)
    assert refused.register() == Health(False, "sms:sent: HTTP 401: Unauthorized")


def test_check_knows_the_phones(gateway: RunningSmsGate) -> None:
    assert server_of(gateway).check() == Health(True)
    assert server_of(gateway, token="sim:wrong").check() == Health(
        False, "The user and password, or the token, are not accepted: Unauthorized"
    )
