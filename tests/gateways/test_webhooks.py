"""What gateways post to us, over HTTP to the web process as the runner starts it."""

import asyncio
import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import pytest
from bson import ObjectId
from django.db import connection

from domain.delivery import Sent
from gateways import commands
from gateways.callers import KEPT
from gateways.models import Channel, Gateway
from gateways.provider import Line
from gateways.registry import provider_for
from gateways.webhooks import BODY_LIMIT
from lib.mongo import collection
from messaging import queries as messages
from messaging import receipts
from messaging.models import InboxItem, IncomingText, Message
from runner.ports import HOST
from runner.workers import workers
from tests.factories.sending import send
from tests.gateways.lines import outbound
from tests.gateways.simulated import RunningInfobip
from tests.gateways.test_sms_gate import KEY, event, signed

pytestmark = pytest.mark.whole_database

ROOT = Path(__file__).resolve().parent.parent.parent
REPORT = b'{"id": "a1", "provider_id": "p1", "status": "delivered"}'
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Web:
    """A running web process."""

    port: int
    output: Path

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int, bytes]:
        """A body of several parts goes in chunks."""
        client = http.client.HTTPConnection(HOST, self.port, timeout=90)
        try:
            client.request(method, path, body, {**JSON, **headers}, encode_chunked=isinstance(body, Iterator))
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def post(self, path: str, body: bytes | Iterator[bytes] = REPORT) -> int:
        return self.ask("POST", path, body)[0]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Web]:
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        port = unused.getsockname()[1]
    data = tmp_path_factory.mktemp("web")
    service = next(each for each in workers(data, web_port=port, servers=[]) if each.name == "web")
    environment = {**os.environ, "MONGODB_NAME": str(connection.settings_dict["NAME"]), "PYTHONUNBUFFERED": "1"}
    running = Web(port, data / "output")
    with running.output.open("wb") as output:
        process = subprocess.Popen(service.command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        ends_at = time.monotonic() + 90
        while not answers(port):
            assert process.poll() is None, running.output.read_text()
            assert time.monotonic() < ends_at, running.output.read_text()
            time.sleep(0.1)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.fixture
def gateway(db: None) -> Gateway:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    return commands.create_gateway(
        name="Line", kind="http_generic", pool="SMS", url_template="https://host/?to={phone}&text={message}"
    )


def address(gateway: Gateway) -> str:
    return f"/hooks/{gateway.pk}/{gateway.secrets['callback_secret']}"


def change_secret(gateway: Gateway, secret: str) -> None:
    gateway.secrets = {**gateway.secrets, "callback_secret": secret}
    gateway.save(update_fields=["secrets"])


def stored() -> list[tuple[str, str, str]]:
    return [(item["attempt_id"], item["provider_id"], item["state"]) for item in collection(InboxItem).find()]


def test_report_is_stored_for_its_line(web: Web, gateway: Gateway) -> None:
    assert web.ask("POST", address(gateway), REPORT) == (200, b"")
    assert stored() == [("a1", "p1", "delivered")]
    assert [item["gateway"] for item in collection(InboxItem).find()] == [gateway.pk]


def test_report_may_come_in_a_query(web: Web, gateway: Gateway) -> None:
    status, _ = web.ask("GET", address(gateway) + "?id=a1&provider_id=p%201&status=sent&status=delivered")
    assert status == 200
    assert stored() == [("a1", "p 1", "delivered")]


def test_query_of_too_many_fields_is_refused(web: Web, gateway: Gateway) -> None:
    assert web.ask("GET", address(gateway) + "?id=a1&status=sent" + "&a=1" * 1000)[0] == 400


def test_report_may_come_as_a_form(web: Web, gateway: Gateway) -> None:
    client = http.client.HTTPConnection(HOST, web.port, timeout=90)
    headers = {"content-TYPE": "application/x-www-form-urlencoded"}
    client.request("POST", address(gateway), b"id=a1&provider_id=p1&status=delivered", headers)
    assert client.getresponse().status == 200
    client.close()
    assert stored() == [("a1", "p1", "delivered")]


def test_text_of_a_person_is_stored(web: Web, gateway: Gateway) -> None:
    assert web.post(address(gateway), b'{"id": "i1", "from": "+56922222222", "text": "BAJA"}') == 200
    assert [(item["phone"], item["text"]) for item in collection(IncomingText).find()] == [("+56922222222", "BAJA")]


def test_text_with_half_a_character_is_stored(web: Web, gateway: Gateway) -> None:
    assert web.post(address(gateway), rb'{"from": "+56922222222", "text": "BAJA \ud83d"}') == 200
    assert [item["text"] for item in collection(IncomingText).find()] == ["BAJA ?"]


def test_wrong_secret_and_wrong_line_are_not_found(web: Web, gateway: Gateway) -> None:
    secret = gateway.secrets["callback_secret"]
    paths = [f"/hooks/{gateway.pk}/{secret[:-1]}", f"/hooks/{gateway.pk}/{secret}x", f"/hooks/{ObjectId()}/{secret}",
             f"/hooks/none/{secret}", f"/hooks/{gateway.pk}/{quote('ñ')}", f"/hooks/{gateway.pk}/{secret}/",
             f"/hooks/{gateway.pk}", "/hooks/"]  # fmt: skip
    assert [web.ask("POST", path, REPORT) for path in paths] == [(404, b"")] * 8
    assert stored() == []


def test_line_without_a_secret_takes_no_calls(web: Web, gateway: Gateway) -> None:
    change_secret(gateway, "")
    assert web.post(f"/hooks/{gateway.pk}/") == 404


def test_new_secret_takes_effect_at_once_and_the_old_one_ends(web: Web, gateway: Gateway) -> None:
    old = address(gateway)
    assert web.post(old) == 200
    change_secret(gateway, "another")
    assert web.post(address(gateway)) == 200
    time.sleep(KEPT)
    assert [web.post(old), web.post(address(gateway))] == [404, 200]


def test_removed_line_takes_no_calls(web: Web, gateway: Gateway) -> None:
    assert web.post(address(gateway)) == 200
    path = address(gateway)
    gateway.delete()
    time.sleep(KEPT)
    assert web.post(path) == 404


def test_call_that_cannot_be_read_is_refused_and_nothing_is_stored(web: Web, gateway: Gateway) -> None:
    body = b'[{"id": "a1", "status": "sent"}, {"status": "sent"}]'
    assert web.ask("POST", address(gateway), body) == (400, b"a report names no message")
    assert stored() == []


def test_large_call_is_stored(web: Web, gateway: Gateway) -> None:
    items = [{"id": f"a{n}", "status": "sent", "more": "x" * 900} for n in range(1000)]
    assert web.post(address(gateway), json.dumps(items).encode()) == 200
    assert [attempt for attempt, _, _ in stored()] == [f"a{n}" for n in range(1000)]


def test_call_in_chunks_is_stored(web: Web, gateway: Gateway) -> None:
    assert web.post(address(gateway), iter([REPORT[:10], REPORT[10:]])) == 200
    assert stored() == [("a1", "p1", "delivered")]


@pytest.mark.parametrize("chunked", [False, True])
def test_call_that_is_too_long_is_refused(web: Web, gateway: Gateway, chunked: bool) -> None:
    body = json.dumps({"id": "a1", "status": "sent", "more": "x" * BODY_LIMIT}).encode()
    assert web.post(address(gateway), iter([body[:BODY_LIMIT], body[BODY_LIMIT:]]) if chunked else body) == 413
    assert stored() == []


@pytest.mark.parametrize(
    "body",
    [b"[" + b"1," * 1_000_000 + b"1]", b"[" + b"[]," * 300_000 + b"[]]", b"[" + b"0," * 400_000 + b"0]",
     b"{" + b",".join(b'"%d":1' % number for number in range(90_000)) + b"}"],
    ids=["a million", "lists", "numbers", "names"],
)  # fmt: skip
def test_call_of_too_many_values_is_refused_before_it_is_read(web: Web, gateway: Gateway, body: bytes) -> None:
    status, text = web.ask("POST", address(gateway), body)
    assert status == 413
    assert text.endswith(b": report less in one call")
    assert (web.post(address(gateway)), stored()) == (200, [("a1", "p1", "delivered")])


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"[" * 50_000, b"the body isn't JSON"), (b'{"a":' * 50_000, b"the body isn't JSON"),
     (b'{"id": "\xff\xfe", "status": "sent"}', b"the body isn't JSON"), (b"9" * 1_000_000, b"the body isn't JSON"),
     (b"<html>hello</html>", b"the body isn't JSON"), (b'"' + b"x" * 1_000_000 + b'"', b"a report isn't an object"),
     (b"[" + b",".join([b'{"id": "a", "status": "sent"}'] * 1001) + b"]", b"more than 1000 reports in one call")],
    ids=["deep lists", "deep objects", "no UTF-8", "a long number", "a page", "a long text", "too many reports"],
)  # fmt: skip
def test_call_that_is_no_report_is_refused_and_says_why(web: Web, gateway: Gateway, body: bytes, text: bytes) -> None:
    assert web.ask("POST", address(gateway), body) == (400, text)
    assert (web.post(address(gateway)), stored()) == (200, [("a1", "p1", "delivered")])


def test_report_of_an_id_that_nobody_knows_waits_and_is_harmless(web: Web, gateway: Gateway) -> None:
    odd = [b'{"id": "a1", "status": "sent"}', b'{"id": "' + b"x" * 5_000 + b'", "status": "read"}',
           b'{"id": "$where", "provider_id": "{\\"$gt\\": 1}", "status": "failed"}']  # fmt: skip
    assert [web.post(address(gateway), body) for body in odd] == [200] * 3
    looked_at, campaigns = receipts.apply_due()
    assert (looked_at, campaigns) == (3, set())
    assert len(stored()) == 3  # each is tried again until it is two days old


def test_report_that_is_replayed_is_applied_once(web: Web, gateway: Gateway) -> None:
    line, attempts = send(2)
    line_of_them = Gateway.objects.get(pk=line.gateway)
    line_of_them.secrets = {**line_of_them.secrets, "callback_secret": "hush"}
    line_of_them.save(update_fields=["secrets"])
    told = [json.dumps({"id": id, "status": state}).encode() for id in attempts for state in ("delivered", "sent")]
    for _ in range(3):
        assert {web.post(f"/hooks/{line.gateway}/hush", body) for body in told} == {200}
        receipts.apply_due()
    message = Message.objects.first()
    assert message is not None
    assert messages.counts(message.campaign)["delivered"] == 2
    assert messages.counts(message.campaign) == messages.counted(message.campaign)
    # A report in the name of another line moves nothing.
    assert web.post(address(gateway), json.dumps({"id": attempts[0], "status": "failed"}).encode()) == 200
    receipts.apply_due()
    assert messages.counts(message.campaign)["delivered"] == 2


def test_slow_body_holds_up_nobody(web: Web, gateway: Gateway) -> None:
    head = f"POST {address(gateway)} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(REPORT)}\r\n\r\n"
    with socket.create_connection((HOST, web.port), timeout=90) as slow:
        slow.sendall(head.encode() + REPORT[:5])
        assert web.post(address(gateway)) == 200
        slow.sendall(REPORT[5:])
        assert slow.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert len(stored()) == 2


def test_far_side_that_hangs_up_is_harmless(web: Web, gateway: Gateway) -> None:
    head = f"POST {address(gateway)} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(REPORT)}\r\n\r\n"
    for sent in (REPORT[:5], REPORT):
        with socket.create_connection((HOST, web.port), timeout=90) as hasty:
            hasty.sendall(head.encode() + sent)
    assert web.post(address(gateway)) == 200
    assert set(stored()) == {("a1", "p1", "delivered")}


def test_other_methods_are_refused(web: Web, gateway: Gateway) -> None:
    assert [web.ask(method, address(gateway), REPORT)[0] for method in ("PUT", "DELETE", "HEAD")] == [405] * 3


def test_five_hundred_concurrent_calls_are_all_stored(web: Web, gateway: Gateway) -> None:
    async def call(number: int) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, web.port)
        body = json.dumps({"id": f"a{number}", "status": "delivered"}).encode()
        head = f"POST {address(gateway)} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        answer = await reader.readline()
        writer.close()
        return answer

    async def calls() -> Sequence[bytes]:
        return await asyncio.gather(*(call(number) for number in range(500)))

    assert set(asyncio.run(calls())) == {b"HTTP/1.1 200 OK\r\n"}
    assert sorted(attempt for attempt, _, _ in stored()) == sorted(f"a{number}" for number in range(500))


def test_calls_of_phones_are_believed_by_their_signature_in_any_order_and_however_often(web: Web, db: None) -> None:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    fields = {"token": "me:pass", "signing_key": KEY}
    phone = commands.create_gateway(name="Phone", kind="sms_gate", pool="SMS", fields=fields)
    _holder, attempts = send(2, phone)

    def call(name: str, attempt: str, *, key: str = KEY, age: float = 0, **payload: str) -> tuple[int, bytes]:
        body = event(name, {"messageId": attempt, "phoneNumber": "9f86d081884c7d65", **payload})
        return web.ask("POST", address(phone), body, signed(body, key=key, at=time.time() - age))

    delivered, failed = attempts
    good = [
        call("sms:delivered", delivered), call("sms:sent", delivered), call("sms:delivered", delivered),
        call("sms:failed", failed, reason="Send result: RESULT_ERROR_GENERIC_FAILURE"), call("sms:sent", failed),
        call("sms:delivered", "no such message"), call("system:ping", ""),
    ]  # fmt: skip
    assert {status for status, _ in good} == {200}
    assert call("sms:failed", delivered, key="somebody else's", reason="x")[0] == 400
    assert call("sms:failed", delivered, age=400, reason="x") == (
        400, b"the call is more than 5 minutes off: look at the phone's clock",
    )  # fmt: skip
    assert web.post(address(phone), event("sms:failed", {"messageId": delivered, "reason": "x"})) == 400
    for _ in range(2):
        receipts.apply_due()
    assert {one.attempts[-1].attempt_id: (one.status, one.reason) for one in Message.objects.all()} == {
        delivered: ("delivered", ""), failed: ("failed", "undelivered"),
    }  # fmt: skip
    assert [item["attempt_id"] for item in collection(InboxItem).find()] == ["no such message"]


def test_same_text_of_a_person_is_one_and_a_second_one_another(web: Web, db: None) -> None:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    phone = commands.create_gateway(name="Phone", kind="sms_gate", pool="SMS", fields={"token": "me:pass"})
    for at in ("2024-06-22T15:46:11.000+07:00", "2024-06-22T08:46:11Z", "2024-06-22T08:46:12Z"):
        payload = {"messageId": "abc", "message": "si", "phoneNumber": "+56922222222", "receivedAt": at}
        assert web.post(address(phone), event("sms:received", payload)) == 200
    assert [item["text"] for item in collection(IncomingText).find()] == ["si", "si"]


def test_other_paths_are_django_s(web: Web) -> None:
    assert web.ask("GET", "/hook")[0] == 404
    assert "Not Found: /hook" in web.output.read_text()


def test_secret_is_not_logged(web: Web, gateway: Gateway) -> None:
    for path, body in ((address(gateway), REPORT), (address(gateway), b"{"), (address(gateway) + "x", REPORT)):
        web.post(path, body)
    web.ask("PUT", address(gateway), REPORT)
    assert gateway.secrets["callback_secret"] not in web.output.read_text()


# Infobip -------------------------------------------------------------------------------------------------------------
def test_infobip_reports_what_it_sent_and_what_people_write(web: Web, db: None) -> None:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    with RunningInfobip("--callbacks", "sent,delivered", "--callback-duplicate", "0.5") as far:
        fields = {"base_url": far.url, "sender": "Cobranza", "token": "hush-hush"}
        made = commands.create_gateway(name="Infobip", kind="infobip", pool="SMS", fields=fields)
        hook = f"http://{HOST}:{web.port}{address(made)}"
        config = {**made.config, **made.secrets}
        provider = provider_for(Line(str(made.pk), made.name, made.kind, config, hook, allow_private=True))
        batch = [outbound(phone=f"+569{n:08}", attempt_id=f"{n:032x}") for n in range(150)]
        sent = list(provider.send(batch, not_after=time.monotonic() + 60))
        far.write("+56922222222", "BAJA", url=hook)
        expected = {(each.attempt_id, state) for each in batch for state in ("sent", "delivered")}
        ends_at = time.monotonic() + 90
        while {(one, state) for one, _, state in stored()} != expected or not collection(IncomingText).find_one():
            assert time.monotonic() < ends_at, (len(stored()), far.stats())
            time.sleep(0.1)
    assert sent == [Sent(each.attempt_id) for each in batch]
    assert [(item["phone"], item["text"]) for item in collection(IncomingText).find()] == [("+56922222222", "BAJA")]
    assert web.post(address(made), b'{"results": [' + b"1," * 400_000 + b"1]}") == 413
    assert web.post(address(made), b'{"results": [' + b"1," * 1_000_000 + b"1]}") == 413
