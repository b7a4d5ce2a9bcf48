"""A lane through Infobip's stand-in: what a request of many messages makes of faults, by the stand-in's journal."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from engine.deliver import deliver as run_slice
from gateways.models import Gateway, Pool
from lib.mongo import collection
from messaging.models import Message
from tests.engine.test_deliver import run_until_idle, state
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningInfobip

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running() -> Iterator[RunningInfobip]:
    with RunningInfobip() as gateway:
        yield gateway


@pytest.fixture
def infobip(running: RunningInfobip) -> RunningInfobip:
    running.control(default={"faults": {}, "duplicates": "409"}, lines={}, recipients={}, drop_connections=0, seed=1)
    running.account(balance=1_000_000)
    running.reset()
    return running


def line_to(gateway: RunningInfobip, pool: Pool, **fields: Any) -> Gateway:
    given: dict[str, Any] = {"base_url": gateway.url, "sender": "Cobranza", "token": "any", **fields}
    return make_line(pool, kind_name="infobip", **given)


def test_five_hundred_messages_are_one_request(infobip: RunningInfobip) -> None:
    pool = make_pool()
    line = line_to(infobip, pool, batch_size=500)
    campaign = make_campaign(pool)
    add_messages(campaign, 700)
    run_until_idle(line)
    assert state(campaign) == {"sent": 700}
    told = infobip.stats(full=True)
    assert (told["requests"], told["largest_request"]) == (2, 500)
    assert set(told["by_id"]) == {m.attempts[-1].attempt_id for m in Message.objects.all()}


@pytest.mark.parametrize("duplicates", ["409", "accept"])
def test_lost_answers_and_a_poisoned_message_double_nothing_and_lose_nothing(
    infobip: RunningInfobip, duplicates: str
) -> None:
    pool = make_pool()
    line = line_to(infobip, pool, batch_size=20, concurrency=2)
    campaign = make_campaign(pool)
    add_messages(campaign, 120)
    poisoned = Message.objects.order_by("pk")[30]
    infobip.control(
        default={"faults": {"drop_after": 0.3, "500_after": 0.1, "429": 0.1}, "duplicates": duplicates},
        recipients={poisoned.phone[1:]: {"faults": {"reject": 1}}},
        seed=2,
    )
    ends_at = time.monotonic() + 240
    while set(state(campaign)) - {"sent", "failed"} and time.monotonic() < ends_at:
        run_until_idle(line)
        time.sleep(0.1)  # a doubt is looked at 2 s later
        run_slice(line.pk)
    told = infobip.stats(full=True)
    assert (told["faults"].get("drop_after", 0) > 0, told["duplicated_recipients"]) == (True, 0)
    assert state(campaign) == {"sent": 119, "failed": 1}
    assert told["recipients"] == 119
    poisoned.refresh_from_db()
    assert (poisoned.status, poisoned.reason) == ("failed", "http_400")


def test_messages_wait_for_credit(infobip: RunningInfobip) -> None:
    infobip.account(balance=3)
    pool = make_pool()
    line = line_to(infobip, pool)
    campaign = make_campaign(pool)
    add_messages(campaign, 10)
    assert run_slice(line.pk)
    line.refresh_from_db()
    assert state(campaign) == {"sent": 3, "pending": 7}
    assert line.health_reason.startswith("no_credit: REJECTED_NOT_ENOUGH_CREDITS")
    infobip.account(balance=100)
    collection(Gateway).update_one({"_id": line.pk}, {"$set": {"next_send_at": None}})
    run_until_idle(line)
    assert state(campaign) == {"sent": 10}
    assert infobip.stats()["duplicated_recipients"] == 0
