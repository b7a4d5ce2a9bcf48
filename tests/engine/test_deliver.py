"""A lane's slice against a real HTTP gateway: what is sent, what is not, and what is stored of it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId

from campaigns.models import Campaign
from domain.states import CampaignStatus
from engine import deliver, finish, inbox, lane, recover, tick
from engine.deliver import deliver as run_slice
from gateways.models import Gateway, LaneHealth, LaneState, Strategy
from lib.mongo import collection, server_now
from messaging import queries
from messaging.models import Message
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.django_db


def state(campaign: Campaign) -> dict[str, int]:
    """The counts that are not zero, proved equal to what the messages themselves say."""
    counts = queries.counts(campaign.pk)
    assert counts == queries.counted(campaign.pk)
    return {status: number for status, number in counts.items() if number}


def run_until_idle(*lines: Gateway, seconds: float = 240) -> None:
    """Slices of the lines in turn, without waiting for the schedule, until none has anything due."""
    ends_at = time.monotonic() + seconds
    busy = True
    while busy and time.monotonic() < ends_at:
        busy = False
        for line in lines:
            line.refresh_from_db()
            campaigns = list(Campaign.objects.filter(status="running").values_list("pk", flat=True))
            shared = line.pool.strategy == Strategy.COMPETITIVE
            if queries.has_work(pool=line.pool_id, campaigns=[None, *campaigns], gateway=line.pk, shared=shared):
                busy = True
                run_slice(line.pk)


def test_deliver_sends_each_message_once(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", id_path="id")
    campaign = make_campaign(pool)
    add_messages(campaign, 150)
    run_until_idle(line)
    assert state(campaign) == {"sent": 150}
    arrivals = far_side.arrivals()
    assert len(arrivals) == len({a["to"] for a in arrivals}) == 150
    stored = {m.attempts[-1].attempt_id for m in Message.objects.all()}
    assert {a["id"] for a in arrivals} == stored


def test_deliver_to_a_gateway_that_drops_after_accepting_never_sends_twice(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"drop_after": 0.2}})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 100)
    run_until_idle(line)
    stats = far_side.stats()
    dropped = stats["faults"]["drop_after"]
    assert dropped > 0
    assert state(campaign) == {"sent": 100 - dropped, "uncertain": dropped}
    assert (stats["arrivals"], stats["duplicated_recipients"]) == (100, 0)


def test_deliver_to_a_deduplicating_gateway_that_drops_settles_every_doubt(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.outcome.CHECK_DELAYS", (0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
    far_side.control(default={"faults": {"drop_after": 0.3}, "duplicates": "409"})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", deduplicates=True)
    campaign = make_campaign(pool)
    add_messages(campaign, 30)
    run_until_idle(line)
    stats = far_side.stats()
    assert state(campaign) == {"sent": 30}
    assert (stats["accepted"], stats["duplicated_recipients"]) == (30, 0)
    assert stats["deduplicated"] > 0


def test_deliver_asks_the_status_address_of_an_uncertain_message(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.outcome.CHECK_DELAYS", (0.0, 0.0, 0.0))
    far_side.control(default={"faults": {"drop_after": 1.0}})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", status_url=f"{far_side.url}/status/{{id}}", status_path="status")
    campaign = make_campaign(pool)
    add_messages(campaign, 1)
    run_until_idle(line)
    assert state(campaign) == {"sent": 1}
    assert far_side.stats()["arrivals"] == 1


def test_deliver_of_a_number_the_gateway_refuses_fails_that_message_only(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 10)
    phone = Message.objects.order_by("row").first().phone
    far_side.control(recipients={phone: {"faults": {"reject": 1.0}}})
    run_until_idle(line)
    assert state(campaign) == {"sent": 9, "failed": 1}
    assert Message.objects.get(phone=phone).reason != ""
    line.refresh_from_db()
    assert line.health == LaneHealth.OK


def test_deliver_with_429_rests_the_line_and_loses_nothing(far_side: RunningGateway) -> None:
    far_side.control(default={"refuse_first": 3, "retry_after": "1"})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", concurrency=3)
    campaign = make_campaign(pool)
    add_messages(campaign, 9)
    run_slice(line.pk)
    run_until_idle(line)
    assert state(campaign) == {"sent": 9}
    stats = far_side.stats()
    assert (stats["refused"], stats["duplicated_recipients"]) == (3, 0)


def test_deliver_while_the_gateway_is_down_keeps_messages_pending(unused_url: str) -> None:
    pool = make_pool()
    line = make_line(pool, unused_url, concurrency=4)
    campaign = make_campaign(pool)
    add_messages(campaign, 20)
    run_slice(line.pk)
    line.refresh_from_db()
    assert state(campaign) == {"pending": 20}
    assert line.health == LaneHealth.DOWN
    assert line.next_send_at is not None
    tried = [m for m in Message.objects.all() if m.attempts]
    assert len(tried) < 20  # a line in trouble is probed by one message at a time


@pytest.fixture
def unused_url() -> str:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/send"


def test_deliver_of_a_paused_campaign_sends_nothing(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool, status=CampaignStatus.PAUSED)
    add_messages(campaign, 5)
    run_slice(line.pk)
    assert state(campaign) == {"pending": 5}
    assert far_side.stats()["arrivals"] == 0


def test_deliver_outside_the_window_sends_nothing(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 5)
    local = datetime.now(UTC) - timedelta(hours=2)
    hours = (local - timedelta(hours=1), local)
    Campaign.objects.filter(pk=campaign.pk).update(
        window_start=f"{hours[0]:%H:%M}", window_end=f"{hours[1]:%H:%M}", timezone="UTC"
    )
    run_slice(line.pk)
    assert state(campaign) == {"pending": 5}
    assert far_side.stats()["arrivals"] == 0


def test_deliver_of_a_line_switched_off_sends_nothing(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", active=False)
    campaign = make_campaign(pool)
    add_messages(campaign, 5)
    run_slice(line.pk)
    assert far_side.stats()["arrivals"] == 0


def test_deliver_serves_running_campaigns_in_turn(far_side: RunningGateway) -> None:
    """A huge campaign at the head starves nobody."""
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", concurrency=4)
    huge, small = make_campaign(pool), make_campaign(pool)
    add_messages(huge, 300)
    add_messages(small, 40)
    run_until_idle(line)
    places = {m.phone: m.campaign for m in Message.objects.all()}
    order = [places[a["to"]] for a in far_side.arrivals()]
    last_of_small = max(place for place, campaign in enumerate(order) if campaign == small.pk)
    assert last_of_small < 150


def test_deliver_keeps_the_delay_between_messages(far_side: RunningGateway) -> None:
    pool = make_pool(delay_seconds=0.3)
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 5)
    began = time.time()
    run_until_idle(line)
    # Two that arrive close together may mean that the first one was late: so each counts from the beginning.
    times = [a["at"] - began for a in far_side.arrivals()]
    assert [at >= number * 0.3 - 0.02 for number, at in enumerate(times)] == [True] * 5


def test_deliver_of_a_lane_held_by_another_does_nothing(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 5)
    held = lane.acquire(line.pk, lease=30)
    assert held is not None
    assert not run_slice(line.pk)
    assert far_side.stats()["arrivals"] == 0
    held.release(again=False, served=None)
    run_until_idle(line)
    assert state(campaign) == {"sent": 5}


def test_deliver_with_a_lease_that_can_t_outlive_the_answer_starts_nothing(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was stopped for a while finds its lease gone, on its own clock, before each request."""
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 5)
    monkeypatch.setattr(lane.Lane, "outlives", lambda self, seconds: True)
    monkeypatch.setattr(lane.Lane, "left_to_wait", lambda self: 0.0)
    original = deliver.claims.start

    def stopped_here(*args):
        started = original(*args)
        stopped.deadline = time.monotonic() - 1
        return started

    monkeypatch.setattr(deliver.claims, "start", stopped_here)
    stopped = None
    acquire = deliver.acquire

    def remember(*args, **kwargs):
        nonlocal stopped
        stopped = acquire(*args, **kwargs)
        return stopped

    monkeypatch.setattr(deliver, "acquire", remember)
    monkeypatch.setattr(deliver, "SLICE_SECONDS", 0.5)
    run_slice(line.pk)
    assert far_side.stats()["arrivals"] == 0
    assert state(campaign) == {"pending": 5}


def test_deliver_with_a_provider_that_breaks_in_the_middle_doubts_what_has_no_answer(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateways.providers.http_generic import HttpGeneric

    original = HttpGeneric.send

    def breaking(self, batch, *, not_after):
        for number, answer in enumerate(original(self, batch, not_after=not_after)):
            if number == 3:
                raise RuntimeError("a fault of ours")
            yield answer

    monkeypatch.setattr(HttpGeneric, "send", breaking)
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", concurrency=10)
    campaign = make_campaign(pool)
    add_messages(campaign, 10)
    run_slice(line.pk)
    assert state(campaign) == {"sent": 3, "uncertain": 7}


def test_deliver_of_a_line_whose_secrets_can_t_be_opened_says_so(far_side: RunningGateway, settings) -> None:
    from cryptography.fernet import Fernet

    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 2)
    settings.SEAL_KEYS = [Fernet.generate_key().decode()]
    tick.tick()
    run_slice(line.pk)
    settings.SEAL_KEYS = []
    assert state(campaign) == {"pending": 2}
    found = collection(Gateway).find_one({"_id": line.pk})
    assert found["health"] == "down"
    assert "WHATSMASSIVE_SEAL_KEYS" in found["health_reason"]


# Recovery ---------------------------------------------------------------------------------------------------------


def expire(line: Gateway) -> None:
    collection(Gateway).update_one({"_id": line.pk}, {"$set": {"lane_until": datetime(2020, 1, 1)}})


def test_recover_of_a_lane_that_vanished_frees_it_and_its_messages(far_side: RunningGateway) -> None:
    from messaging import claims

    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 10)
    dead = lane.acquire(line.pk, lease=30)
    claimed = claims.claim(dead.holder, pool=pool.pk, campaign=campaign.pk, limit=6, shared=True)
    claims.start(dead.holder, claims.new_attempts(claimed[:2]))
    assert recover.recover_expired() == 0  # its lease still runs
    expire(line)
    assert recover.recover_expired() == 1
    assert state(campaign) == {"pending": 8, "uncertain": 2}
    assert not dead.renew()
    run_until_idle(line)
    assert state(campaign) == {"sent": 8, "uncertain": 2}


def test_recover_by_two_ticks_at_once_is_harmless(far_side: RunningGateway) -> None:
    from tests.engine.test_claims import together

    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 50)
    dead = lane.acquire(line.pk, lease=30)
    from messaging import claims

    claimed = claims.claim(dead.holder, pool=pool.pk, campaign=campaign.pk, limit=50, shared=True)
    claims.start(dead.holder, claims.new_attempts(claimed[:20]))
    expire(line)
    together(recover.recover_expired, threads=4)
    assert state(campaign) == {"pending": 30, "uncertain": 20}


def test_queued_lane_whose_task_was_lost_is_issued_again(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    add_messages(make_campaign(pool), 1)
    assert tick.queue_lanes() == 1
    assert tick.queue_lanes() == 0
    expire(line)
    assert tick.queue_lanes() == 1


# Finishing --------------------------------------------------------------------------------------------------------


def test_finish_waits_for_looks_that_are_still_due_and_not_for_a_person(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"drop_after": 1.0}})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 1)
    run_slice(line.pk)
    collection(Message).update_many({}, {"$set": {"due_at": server_now() + timedelta(seconds=60)}})
    assert finish.finish_done() == 0
    collection(Message).update_many({}, {"$set": {"due_at": None}})
    assert finish.finish_done() == 1
    campaign.refresh_from_db()
    assert (campaign.status, state(campaign)) == ("completed", {"uncertain": 1})


def test_start_scheduled_when_its_time_has_come() -> None:
    pool = make_pool()
    due = make_campaign(pool, status=CampaignStatus.SCHEDULED)
    later = make_campaign(pool, status=CampaignStatus.SCHEDULED)
    Campaign.objects.filter(pk=due.pk).update(scheduled_at=server_now() - timedelta(seconds=1))
    Campaign.objects.filter(pk=later.pk).update(scheduled_at=server_now() + timedelta(hours=1))
    assert finish.start_scheduled() == 1
    due.refresh_from_db(), later.refresh_from_db()
    assert (due.status, later.status) == ("running", "scheduled")


def test_receipts_reach_their_messages_through_the_tick(far_side: RunningGateway) -> None:
    from domain.delivery import Receipt, ReceiptState
    from messaging import receipts

    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 3)
    run_slice(line.pk)
    ids = [m.attempts[-1].attempt_id for m in Message.objects.all()]
    receipts.store(str(line.pk), [Receipt(ReceiptState.DELIVERED, attempt_id=i) for i in ids])
    assert inbox.apply_receipts() == 3
    assert state(campaign) == {"delivered": 3}


# Turns ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [Strategy.FIXED_TURNS, Strategy.RANDOM_TURNS])
def test_turns_reach_every_line_and_each_message_once(far_side: RunningGateway, strategy: Strategy) -> None:
    pool = make_pool(strategy=strategy)
    lines = [make_line(pool, f"{far_side.url}/send/{name}") for name in "abc"]
    campaign = make_campaign(pool)
    add_messages(campaign, 600)
    from engine import deal

    while state(campaign).get("pending"):
        deal.deal_all()
        for line in lines:
            run_slice(line.pk)
    shares = {path: found["accepted"] for path, found in far_side.stats()["by_line"].items()}
    assert sum(shares.values()) == 600
    assert far_side.stats()["duplicated_recipients"] == 0
    if strategy is Strategy.FIXED_TURNS:
        assert set(shares.values()) == {200}
    else:
        assert len(shares) == 3
        assert min(shares.values()) > 120


def test_turns_of_a_line_that_is_down_for_a_minute_go_to_the_others(far_side: RunningGateway) -> None:
    from engine import deal

    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    good, down = (make_line(pool, f"{far_side.url}/send/{name}") for name in "ab")
    campaign = make_campaign(pool)
    add_messages(campaign, 100)
    deal.deal_all()
    assert Message.objects.filter(gateway=down.pk).count() == 50
    Gateway.objects.filter(pk=down.pk).update(
        down_since=server_now() - timedelta(seconds=61), next_send_at=server_now() + timedelta(seconds=60)
    )
    deal.deal_all()
    assert Message.objects.filter(gateway=down.pk).count() == 0
    run_until_idle(good)
    assert state(campaign) == {"sent": 100}


def test_turns_of_a_line_that_was_down_begin_again_with_a_probe(far_side: RunningGateway) -> None:
    """Nobody but a message can find out that a line works again."""
    from engine import deal

    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 20)
    long_ago = server_now() - timedelta(seconds=61)
    Gateway.objects.filter(pk=line.pk).update(
        down_since=long_ago, health="down", failures=7, next_send_at=server_now() + timedelta(seconds=30)
    )
    assert (deal.deal_all(), Message.objects.filter(gateway=line.pk).count()) == (0, 0)
    collection(Message).update_many({}, {"$set": {"gateway": line.pk, "dealt": True}})
    Gateway.objects.filter(pk=line.pk).update(next_send_at=server_now() - timedelta(seconds=1))
    deal.deal_all(), deal.deal_all()
    assert Message.objects.filter(gateway=line.pk).count() == 1
    run_slice(line.pk)
    run_until_idle(line)
    assert state(campaign) == {"sent": 20}
    line.refresh_from_db()
    assert (line.health, line.down_since) == (LaneHealth.OK, None)


def test_messages_of_a_line_that_left_the_pool_are_freed(far_side: RunningGateway) -> None:
    from engine import deal
    from messaging import claims

    pool, elsewhere = make_pool(strategy=Strategy.FIXED_TURNS), make_pool()
    leaving, staying = (make_line(pool, f"{far_side.url}/send/{name}") for name in "ab")
    campaign = make_campaign(pool)
    add_messages(campaign, 40)
    deal.deal_all()
    held = lane.acquire(leaving.pk, lease=30)
    claimed = claims.claim(held.holder, pool=pool.pk, campaign=campaign.pk, limit=5, shared=False)
    claims.start(held.holder, claims.new_attempts(claimed[:2]))
    Gateway.objects.filter(pk=leaving.pk).update(pool=elsewhere)
    assert recover.recover_strays() == 0  # its holder may have the answers yet
    expire(leaving)
    recover.recover_expired()
    assert recover.recover_strays() == 5
    run_until_idle(staying)
    deal.deal_all()
    run_until_idle(staying)
    assert state(campaign) == {"sent": 38, "uncertain": 2}


def test_lane_state_after_a_slice_is_idle(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    add_messages(make_campaign(pool), 3)
    run_slice(line.pk)
    line.refresh_from_db()
    assert (line.lane_state, line.lane_token, line.lane_epoch) == (LaneState.IDLE, "", 1)


def test_deliver_of_a_gateway_that_is_gone() -> None:
    assert not run_slice(ObjectId())
