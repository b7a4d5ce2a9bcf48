"""Interleavings that once sent twice, lost a message or left a campaign in the wrong state, each forced by hand."""

import time
from datetime import timedelta

import pytest
from pymongo.errors import OperationFailure

from campaigns import commands
from campaigns.models import Campaign
from domain.delivery import ErrorKind, SendError
from domain.outcome import after_send
from domain.states import CampaignStatus
from engine import deal, deliver, enroll, finish, lane, recover
from engine.deliver import deliver as run_slice
from gateways.models import Gateway, LaneHealth, LaneState, Strategy
from lib.mongo import collection, server_now
from messaging import claims, queries
from messaging.claims import Answered
from messaging.models import Message
from tests.engine.test_deliver import expire, run_until_idle, state
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.django_db


def due_now() -> None:
    collection(Message).update_many({"due_at": {"$ne": None}}, {"$set": {"due_at": server_now() - timedelta(1)}})


# A database error in mid-slice -------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["claim", "start", "settle"])
def test_a_slice_that_fails_leaves_nothing_held(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 10)
    original = getattr(claims, step)

    def breaking(*args, **kwargs):
        original(*args, **kwargs)
        raise OperationFailure("a fault of the database")

    monkeypatch.setattr(claims, step, breaking)
    with pytest.raises(OperationFailure):
        run_slice(line.pk)
    monkeypatch.setattr(claims, step, original)
    expire(line)
    assert recover.recover_expired() == 1
    run_until_idle(line)
    final = state(campaign)
    assert set(final) <= {"sent", "uncertain"}
    assert far_side.stats()["duplicated_recipients"] == 0
    assert finish.finish_done() == 1


def test_messages_held_by_an_idle_lane_are_freed(far_side: RunningGateway) -> None:
    """A worker that was frozen in mid-claim wakes, claims for a lease it has lost, and is killed."""
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 4)
    held = lane.acquire(line.pk, lease=30)
    expire(line)
    recover.recover_expired()
    claims.claim(held.holder, pool=pool.pk, campaign=campaign.pk, limit=4, shared=True)
    assert recover.recover_strays() == 4
    assert state(campaign) == {"pending": 4}


def test_a_line_that_can_t_be_made_says_so_and_stops_no_other(far_side: RunningGateway) -> None:
    pool = make_pool()
    broken, good = make_line(pool, f"{far_side.url}/send/a"), make_line(pool, f"{far_side.url}/send/b")
    campaign = make_campaign(pool)
    add_messages(campaign, 5)
    collection(Gateway).update_one({"_id": broken.pk}, {"$set": {"config": {"timeout_s": None}}})
    run_slice(broken.pk)
    broken.refresh_from_db()
    assert broken.health == LaneHealth.DOWN
    lane.acquire(good.pk, lease=30)
    expire(good)
    collection(Gateway).update_one({"_id": broken.pk}, {"$set": {"lane_state": "busy"}})
    expire(broken)
    assert recover.recover_expired() == 2


# A campaign's end and a late answer --------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["completed", "cancelled"])
def test_a_late_not_started_opens_its_campaign_again(far_side: RunningGateway, end: str) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool, f"ends {end}")
    add_messages(campaign, 1)
    held = lane.acquire(line.pk, lease=30)
    claimed = claims.claim(held.holder, pool=pool.pk, campaign=campaign.pk, limit=1, shared=True)
    [(outbound, _)] = claims.start(held.holder, claims.new_attempts(claimed))
    expire(line)
    recover.recover_expired()
    if end == "completed":
        assert finish.finish_done() == 1
    else:
        commands.cancel(campaign.name)
        enroll.work(campaign.pk, enroll.lease(campaign.pk))
    from engine.settle import _store
    from gateways.registry import line_of, provider_for

    error = SendError(outbound.attempt_id, ErrorKind.REFUSED, "not_started")
    late = Answered(outbound, campaign.pk, error, after_send(error, can_reconcile=False))
    _store(held, [late], provider_for(line_of(line)))
    assert state(campaign) == {"pending": 1}
    campaign.refresh_from_db()
    if end == "completed":
        assert campaign.status == "running"
        run_until_idle(line)
        assert state(campaign) == {"sent": 1}
    else:
        assert campaign.sweep_requested
        enroll.work(campaign.pk, enroll.lease(campaign.pk))
        assert state(campaign) == {"skipped": 1}


def test_finish_on_a_stale_reading_takes_it_back(far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make_pool()
    campaign = make_campaign(pool)
    original, asked = queries.is_open, []

    def stale(pk):
        answer = original(pk)
        if not asked:
            asked.append(pk)
            add_messages(campaign, 1)
        return answer

    monkeypatch.setattr(queries, "is_open", stale)
    assert finish.finish_done() == 0
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.RUNNING


def test_requeue_of_a_campaign_cancelled_meanwhile_stops(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"reject": 1.0}})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool, "cancelled in mid-retry")
    add_messages(campaign, 5)
    run_until_idle(line)
    commands.retry_failed(campaign.name)
    token = enroll.lease(campaign.pk)
    Campaign.objects.filter(pk=campaign.pk).update(status="cancelled")
    enroll._requeue(campaign.pk, token, time.monotonic() + 60)
    assert state(campaign) == {"failed": 5}


def test_a_campaign_that_ended_too_early_is_opened_again() -> None:
    """Whoever put its message back died before it could say so."""
    pool = make_pool()
    completed, cancelled = make_campaign(pool), make_campaign(pool, "cancelled too early")
    commands.cancel(cancelled.name)
    enroll.work(cancelled.pk, enroll.lease(cancelled.pk))
    assert finish.finish_done() == 1
    assert finish.look_again() == 0
    for campaign in (completed, cancelled):
        add_messages(campaign, 1)
    assert finish.look_again() == 2
    completed.refresh_from_db(), cancelled.refresh_from_db()
    assert (completed.status, cancelled.sweep_requested) == ("running", True)


def test_a_fault_of_ours_rests_the_line_and_is_recovered_at_once(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 3)

    def broken(*args, **kwargs):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(deliver, "send_and_settle", broken)
    with pytest.raises(RuntimeError):
        run_slice(line.pk)
    assert recover.recover_expired() == 1
    line.refresh_from_db()
    assert (line.lane_state, line.health) == (LaneState.IDLE, LaneHealth.DOWN)
    assert line.next_send_at is not None
    assert state(campaign) == {"uncertain": 3}


# Pauses ------------------------------------------------------------------------------------------------------------


def test_nothing_starts_on_an_old_reading(far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storing the attempts took so long that the campaign may have been paused since it was read."""
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool, "paused while it starts")
    add_messages(campaign, 5)
    original = claims.start

    def slow(*args):
        started = original(*args)
        commands.pause(campaign.name)
        time.sleep(2.1)
        return started

    monkeypatch.setattr(claims, "start", slow)
    run_slice(line.pk)
    assert far_side.stats()["arrivals"] == 0
    assert state(campaign) == {"pending": 5}


def test_looks_stop_when_their_campaign_is_paused(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"drop_after": 1.0}})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", deduplicates=True)
    campaign = make_campaign(pool, "paused with doubts")
    add_messages(campaign, 3)
    run_slice(line.pk)
    commands.pause(campaign.name)
    Gateway.objects.filter(pk=line.pk).update(next_send_at=None, failures=0)
    due_now()
    before = far_side.stats()["arrivals"]
    run_slice(line.pk)
    assert far_side.stats()["arrivals"] == before


@pytest.mark.parametrize("change", ["inactive", "no_reconcile"])
def test_a_doubt_that_nobody_can_look_at_is_left_to_people(far_side: RunningGateway, change: str) -> None:
    far_side.control(default={"faults": {"drop_after": 1.0}})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", deduplicates=True)
    campaign = make_campaign(pool)
    add_messages(campaign, 1)
    run_slice(line.pk)
    assert finish.finish_done() == 0
    if change == "inactive":
        Gateway.objects.filter(pk=line.pk).update(active=False)
        recover.recover_strays()
    else:
        line.config["deduplicates"] = False
        Gateway.objects.filter(pk=line.pk).update(config=line.config, next_send_at=None)
        run_slice(line.pk)
    assert state(campaign) == {"uncertain": 1}
    assert finish.finish_done() == 1


# A line in trouble -------------------------------------------------------------------------------------------------


def test_a_429_that_asks_for_no_time_is_given_some(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"429": 1.0}, "retry_after": "0"})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", concurrency=2)
    add_messages(make_campaign(pool), 50)
    run_slice(line.pk)
    assert far_side.stats()["arrivals"] <= 6


def test_doubts_on_a_dead_line_are_looked_at_with_rests(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"drop_after": 1.0}})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", deduplicates=True, concurrency=8)
    campaign = make_campaign(pool)
    add_messages(campaign, 8)
    run_slice(line.pk)
    Gateway.objects.filter(pk=line.pk).update(next_send_at=None, failures=0)
    due_now()
    before = far_side.stats()["arrivals"]
    run_slice(line.pk)
    assert far_side.stats()["arrivals"] - before <= 3
    line.refresh_from_db()
    assert line.health == LaneHealth.DOWN


def test_a_wrong_token_fails_no_message(far_side: RunningGateway) -> None:
    from tests.gateways.far_side import FarSide, answers

    with FarSide(answers(401, b"who?")) as far:
        pool = make_pool()
        line = make_line(pool, far.url + "/send", concurrency=4)
        campaign = make_campaign(pool)
        add_messages(campaign, 20)
        run_slice(line.pk)
    assert state(campaign) == {"pending": 20}


def test_answers_that_came_while_the_database_stood_still_are_read(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    far_side.control(default={"latency_ms": 100, "jitter_ms": 500})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", timeout_s=4, concurrency=16)
    campaign = make_campaign(pool)
    add_messages(campaign, 16)
    original, fired = claims.settle, []

    def slow(*args):
        if not fired:
            fired.append(True)
            time.sleep(4.5)  # longer than an answer may take
        return original(*args)

    monkeypatch.setattr(deliver.claims, "settle", slow)
    run_slice(line.pk)
    assert state(campaign) == {"sent": 16}


# Turns -------------------------------------------------------------------------------------------------------------


def test_a_paused_campaign_takes_no_room_from_one_that_runs() -> None:
    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    line = make_line(pool, "http://127.0.0.1:9/send")
    first, second = make_campaign(pool, "paused later"), make_campaign(pool)
    add_messages(first, 150)
    deal.deal_all()
    commands.pause(first.name)
    add_messages(second, 150)
    deal.deal_all()
    dealt = Message.objects.filter(gateway=line.pk)
    assert (dealt.filter(campaign=first.pk).count(), dealt.filter(campaign=second.pk).count()) == (0, 100)


def test_two_campaigns_share_the_places_of_a_slow_line() -> None:
    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    line = make_line(pool, "http://127.0.0.1:9/send")
    first, second = make_campaign(pool), make_campaign(pool)
    add_messages(first, 300)
    add_messages(second, 300)
    sent = {first.pk: 0, second.pk: 0}
    for _ in range(200):
        deal.deal_all()
        dealt = [m for c in (first, second) for m in Message.objects.filter(gateway=line.pk, campaign=c.pk)[:1]]
        one = dealt[sum(sent.values()) % len(dealt)]
        sent[one.campaign] += 1
        collection(Message).update_one({"_id": one.pk}, {"$set": {"status": "sent"}})
    assert sent == {first.pk: 100, second.pk: 100}


def test_more_campaigns_than_places_all_get_some() -> None:
    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    line = make_line(pool, "http://127.0.0.1:9/send")
    campaigns = [make_campaign(pool) for _ in range(120)]
    for campaign in campaigns:
        add_messages(campaign, 10)
    served = set()
    for _ in range(5):
        deal.deal_all()
        dealt = collection(Message).find({"gateway": line.pk, "status": "pending"}, {"campaign": 1})
        served |= {message["campaign"] for message in dealt}
        collection(Message).update_many({"gateway": line.pk, "status": "pending"}, {"$set": {"status": "sent"}})
    assert served == {campaign.pk for campaign in campaigns}


def test_a_probe_comes_from_any_campaign_that_may_send() -> None:
    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    line = make_line(pool, "http://127.0.0.1:9/send")
    empty, paused, full = make_campaign(pool), make_campaign(pool), make_campaign(pool)
    add_messages(paused, 1)
    add_messages(full, 5)
    collection(Message).update_one({"campaign": paused.pk}, {"$set": {"gateway": line.pk, "dealt": True}})
    Campaign.objects.filter(pk=paused.pk).update(status="paused")
    Gateway.objects.filter(pk=line.pk).update(
        down_since=server_now() - timedelta(seconds=90), health="down", failures=5, lane_state=LaneState.IDLE
    )
    deal.deal_all()
    assert list(Message.objects.filter(gateway=line.pk).values_list("campaign", flat=True)) == [full.pk]
    assert empty.pk != full.pk


def test_an_enroller_that_wakes_after_the_campaign_was_cancelled_leaves_nothing_pending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it adds to a cancelled campaign is swept, whoever comes last."""
    from tests.factories.debtors import make_debtor

    make_debtor()
    campaign = make_campaign(make_pool(), "cancelled in mid-enrolment")
    Campaign.objects.filter(pk=campaign.pk).update(enrolled_at=None)
    campaign.refresh_from_db()
    original = claims.enroll

    def late(*args):
        commands.cancel(campaign.name)
        enroll.work(campaign.pk, enroll.lease(campaign.pk) or "")
        return original(*args)

    token = enroll.lease(campaign.pk)
    monkeypatch.setattr(claims, "enroll", late)
    enroll.enroll(campaign, token)
    collection(Campaign).update_one({"_id": campaign.pk}, {"$set": {"work_until": None}})
    monkeypatch.setattr(claims, "enroll", original)
    enroll.work(campaign.pk, enroll.lease(campaign.pk))
    assert state(campaign) == {"skipped": 1}
