"""The webhooks' ASGI application in this process: what is in its memory, and what it does when storing fails."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from bson import ObjectId
from cryptography.fernet import Fernet
from django.test import override_settings

from domain.delivery import Receipt, ReceiptState
from gateways import callers, commands
from gateways.models import Channel, Gateway
from gateways.webhooks import Webhooks
from lib.mongo import collection, database
from messaging import receipt_batches
from messaging.models import InboxItem
from messaging.receipt_batches import NotStored, ReceiptBatches

pytestmark = pytest.mark.django_db

PATIENCE = 60.0
"""Seconds that anything may take on a loaded machine."""


@pytest.fixture
def gateway() -> Gateway:
    commands.create_pool(name="SMS", channel=Channel.SMS)
    return commands.create_gateway(
        name="Line", kind="http_generic", pool="SMS", url_template="https://host/?to={phone}&text={message}"
    )


@pytest.fixture
def refuse() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Have MongoDB refuse reports that are not like this; once more with {} to take all of them."""
    name = InboxItem._meta.db_table

    def demand(validator: dict[str, Any]) -> None:
        database.get_database().command("collMod", name, validator=validator)

    yield demand
    demand({})


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield pool


def address(gateway: Gateway) -> str:
    return f"/hooks/{gateway.pk}/{gateway.secrets['callback_secret']}"


def report(name: str) -> bytes:
    return b'{"id": "%s", "status": "delivered"}' % name.encode()


def request_to(application: Webhooks, path: str) -> ApplicationCommunicator:
    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    return ApplicationCommunicator(application, scope)


async def post(application: Webhooks, path: str, body: bytes) -> int:
    call = request_to(application, path)
    await call.send_input({"type": "http.request", "body": body})
    status: int = (await call.receive_output(timeout=PATIENCE))["status"]
    await call.receive_output(timeout=PATIENCE)
    await call.wait(timeout=PATIENCE)
    return status


def run(work: Callable[[Webhooks], Awaitable[list[int]]], *, body_seconds: float = PATIENCE) -> list[int]:
    """What the calls were answered by one application in one event loop."""

    async def in_loop() -> list[int]:
        return await work(Webhooks(body_seconds=body_seconds))

    return asyncio.run(in_loop())


def stored() -> list[str]:
    return sorted(item["attempt_id"] for item in collection(InboxItem).find())


def test_call_to_a_line_whose_secrets_no_key_opens_may_come_again(gateway: Gateway) -> None:
    path = address(gateway)

    async def work(application: Webhooks) -> list[int]:
        with override_settings(SEAL_KEYS=[Fernet.generate_key().decode()]):
            refused = await post(application, path, report("a1"))
        return [refused, await post(application, path, report("a1"))]

    assert run(work) == [503, 200]


def test_batch_that_fails_is_stored_when_it_comes_again(
    gateway: Gateway, refuse: Callable[[dict[str, Any]], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = address(gateway)

    async def work(application: Webhooks) -> list[int]:
        return list(await asyncio.gather(*(post(application, path, report(f"a{n}")) for n in range(5))))

    refuse({"attempt_id": "nothing is like this"})
    caplog.set_level(logging.DEBUG)
    assert run(work) == [503] * 5
    assert stored() == []
    assert gateway.secrets["callback_secret"] not in caplog.text
    refuse({})
    assert run(work) == [200] * 5
    assert stored() == [f"a{n}" for n in range(5)]


def test_call_that_mongodb_refuses_fails_no_other(gateway: Gateway, refuse: Callable[[dict[str, Any]], None]) -> None:
    path = address(gateway)

    async def work(application: Webhooks) -> list[int]:
        return list(await asyncio.gather(*(post(application, path, report(name)) for name in ("a1", "bad", "a2"))))

    refuse({"attempt_id": {"$ne": "bad"}})
    assert run(work) == [200, 503, 200]
    assert set(stored()) == {"a1", "a2"}


def test_calls_of_several_lines_are_one_batch(
    gateway: Gateway, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    store = receipt_batches.receipts.store_many

    def counted(parts: Any) -> int:
        sizes.append(len(parts))
        return store(parts)

    monkeypatch.setattr(receipt_batches.receipts, "store_many", counted)
    lines = [str(gateway.pk), str(ObjectId())]

    async def work() -> None:
        batches = ReceiptBatches(threads)
        one = [Receipt(ReceiptState.SENT, attempt_id="a")]
        await asyncio.gather(*(batches.store(lines[n % 2], one) for n in range(600)))

    asyncio.run(work())
    assert sizes == [500, 100]
    gateways = [str(item["gateway"]) for item in collection(InboxItem).find()]
    assert [gateways.count(line) for line in lines] == [300, 300]


def test_more_than_may_wait_is_refused_at_once(threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipt_batches, "HELD_LIMIT", 3)
    line = str(ObjectId())

    async def work() -> list[BaseException | None]:
        batches = ReceiptBatches(threads)
        two = [Receipt(ReceiptState.SENT, attempt_id="a")] * 2
        first = await asyncio.gather(*(batches.store(line, two) for _ in range(2)), return_exceptions=True)
        return [*first, await batches.store(line, two * 2)]  # a call alone may be larger: it could never come in else

    [kept, refused, later] = asyncio.run(work())
    assert [kept, type(refused), later] == [None, NotStored, None]
    assert len(stored()) == 6


def test_call_given_up_before_its_answer_is_stored_and_holds_nothing(threads: ThreadPoolExecutor) -> None:
    async def work() -> int:
        batches = ReceiptBatches(threads)
        call = asyncio.create_task(batches.store(str(ObjectId()), [Receipt(ReceiptState.SENT, attempt_id="gone")]))
        await asyncio.sleep(0)
        call.cancel()
        await batches.store(str(ObjectId()), [Receipt(ReceiptState.SENT, attempt_id="next")])
        return batches._held

    assert asyncio.run(work()) == 0
    assert stored() == ["gone", "next"]


def test_body_that_does_not_come_is_given_up(gateway: Gateway) -> None:
    async def work(application: Webhooks) -> list[int]:
        call = request_to(application, address(gateway))
        await call.send_input({"type": "http.request", "body": report("a1")[:4], "more_body": True})
        return [(await call.receive_output(timeout=PATIENCE))["status"]]

    assert run(work, body_seconds=0.5) == [408]


def test_body_cut_by_a_hang_up_is_not_answered(gateway: Gateway) -> None:
    async def work(application: Webhooks) -> list[int]:
        call = request_to(application, address(gateway))
        await call.send_input({"type": "http.request", "body": report("a1")[:4], "more_body": True})
        await call.send_input({"type": "http.disconnect"})
        await call.wait(timeout=PATIENCE)
        return [call.output_queue.qsize()]

    assert run(work) == [0]
    assert stored() == []


def test_flood_of_unknown_lines_costs_few_readings_and_no_memory(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[int] = []
    read = callers._all_lines

    def counted() -> dict[str, Gateway]:
        lines = read()
        readings.append(len(lines))
        return lines

    monkeypatch.setattr(callers, "_all_lines", counted)

    async def work(application: Webhooks) -> list[int]:
        guesses = (post(application, f"/hooks/{ObjectId()}/guess", b"") for _ in range(1000))
        return list(await asyncio.gather(*guesses, post(application, address(gateway), report("a1"))))

    began = time.monotonic()
    assert run(work) == [404] * 1000 + [200]
    spent = time.monotonic() - began
    # The first reading serves whoever came before it began; another is for those who came while it ran.
    assert len(readings) <= 3 + spent / callers.PAUSE
    assert set(readings) == {1}
