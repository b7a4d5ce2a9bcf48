"""Campaigns without sessions: they pause, wait, borrow, or go on by SMS; never twice, and nothing is lost."""

from datetime import timedelta

import pytest

from campaigns import commands
from campaigns.models import Campaign, NoSessionPolicy
from domain.channels import GRACE_SECONDS, Policy
from domain.delivery import ErrorKind, SendError, Sent
from domain.states import SessionStatus
from engine import channels, deliver, enroll, finish, lane, recover, tick
from engine.deliver import deliver as run_slice
from gateways.models import Gateway, Pool, Strategy
from lib.mongo import collection, server_now
from messaging import claims
from messaging.claims import Holder
from messaging.models import Message
from tests.engine.session_lines import (
    SessionOverHttp,
    add_recipients,
    always_read_again,
    session_line,
    set_session,
    whatsapp_campaign,
    whatsapp_pool,
)
from tests.engine.test_claims import together
from tests.engine.test_deliver import expire, run_until_idle, state
from tests.factories.sending import make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sessions")]
URL = "http://127.0.0.1:9/send"
P = NoSessionPolicy


def without_for(campaign: Campaign, seconds: float) -> None:
    """Too few sessions have been connected for so long."""
    ago = {"$dateSubtract": {"startDate": "$$NOW", "unit": "millisecond", "amount": int(seconds * 1000)}}
    collection(Campaign).update_one({"_id": campaign.pk}, [{"$set": {"without_sessions_since": ago}}])


def fresh(campaign: Campaign) -> Campaign:
    return Campaign.objects.get(pk=campaign.pk)


def pools_of(campaign: Campaign) -> dict[tuple[Pool, str], int]:
    found: dict = {}
    for message in Message.objects.filter(campaign=campaign.pk):
        found[message.pool, message.channel] = found.get((message.pool, message.channel), 0) + 1
    return found


@pytest.fixture
def sms_pool() -> Pool:
    return make_pool()


# Pausing and waiting ----------------------------------------------------------------------------------------------


def test_the_clock_runs_while_too_few_sessions_are_connected_and_stops_when_they_are_back() -> None:
    pool = whatsapp_pool()
    line = session_line(pool, URL, connected=False)
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 1)
    before = server_now()
    assert channels.mind_sessions() == 1
    since = fresh(campaign).without_sessions_since
    assert before <= since <= server_now()
    assert channels.mind_sessions() == 0
    assert fresh(campaign).without_sessions_since == since
    set_session(line, SessionStatus.CONNECTED)
    assert channels.mind_sessions() == 1
    assert (fresh(campaign).status, fresh(campaign).without_sessions_since) == ("running", None)


@pytest.mark.parametrize(
    ("policy", "seconds", "status"),
    [
        (P.PAUSE, GRACE_SECONDS - 10, "running"),
        (P.PAUSE, GRACE_SECONDS, "paused"),
        (P.WAIT, 599, "running"),
        (P.WAIT, 600, "paused"),
        (P.BORROW, 6000, "running"),
    ],
)
def test_a_campaign_without_sessions_pauses_by_its_policy(policy, seconds, status) -> None:
    pool = whatsapp_pool()
    session_line(pool, URL, connected=False)
    campaign = whatsapp_campaign(pool, no_session_policy=policy)
    add_recipients(campaign, 1)
    without_for(campaign, seconds)
    channels.mind_sessions()
    found = fresh(campaign)
    assert found.status == status
    if status == "paused":
        assert found.pause_reason == (
            "0 WhatsApp sessions of its pool are connected, and it needs 1; resume it when they are back"
        )


def test_a_paused_campaign_that_is_resumed_waits_anew() -> None:
    pool = whatsapp_pool()
    session_line(pool, URL, connected=False)
    campaign = whatsapp_campaign(pool, no_session_policy=P.WAIT)
    add_recipients(campaign, 1)
    without_for(campaign, 600)
    channels.mind_sessions()
    commands.resume(campaign.name)
    assert (fresh(campaign).pause_reason, fresh(campaign).without_sessions_since) == ("", None)
    channels.mind_sessions()
    channels.mind_sessions()
    assert fresh(campaign).status == "running"


def test_a_campaign_that_was_paused_by_hand_waits_anew_when_it_goes_on() -> None:
    pool = whatsapp_pool()
    session_line(pool, URL, connected=False)
    campaign = whatsapp_campaign(pool, no_session_policy=P.WAIT)
    add_recipients(campaign, 1)
    without_for(campaign, 500)
    commands.pause(campaign.name)
    channels.mind_sessions()
    assert fresh(campaign).without_sessions_since is None


def test_a_stale_reading_pauses_nothing_that_was_resumed_meanwhile() -> None:
    pool = whatsapp_pool()
    session_line(pool, URL, connected=False)
    campaign = whatsapp_campaign(pool, no_session_policy=P.PAUSE)
    add_recipients(campaign, 1)
    without_for(campaign, 600)
    stale = fresh(campaign)
    channels.mind_sessions()
    commands.resume(campaign.name)
    assert channels._mind(stale, {}, server_now()) == 0
    assert fresh(campaign).status == "running"


def test_a_campaign_with_nothing_left_for_its_sessions_is_not_paused() -> None:
    pool = whatsapp_pool()
    session_line(pool, URL, connected=False)
    campaign = whatsapp_campaign(pool, no_session_policy=P.PAUSE)
    without_for(campaign, 600)
    channels.mind_sessions()
    assert fresh(campaign).status == "running"


def test_outside_its_hours_a_campaign_waits_for_no_session() -> None:
    pool = whatsapp_pool()
    session_line(pool, URL, connected=False)
    now = server_now()
    hours = [f"{now + timedelta(hours=offset):%H:00}" for offset in (2, 3)]
    campaign = whatsapp_campaign(
        pool, no_session_policy=P.PAUSE, window_start=hours[0], window_end=hours[1], timezone="UTC"
    )
    add_recipients(campaign, 1)
    without_for(campaign, 600)
    channels.mind_sessions()
    assert (fresh(campaign).status, fresh(campaign).without_sessions_since) == ("running", None)


def test_what_is_enrolled_after_sms_took_over_follows_at_once(sms_pool: Pool) -> None:
    pool = whatsapp_pool()
    session_line(pool, URL, connected=False)
    campaign = whatsapp_campaign(pool, sms_pool=sms_pool)
    without_for(campaign, 600)
    for _ in range(3):
        add_recipients(campaign, 4)
        assert channels.mind_sessions() == 4
        assert channels.mind_sessions() == 0
    assert pools_of(campaign) == {(sms_pool.pk, "sms"): 12}


def test_fewer_sessions_than_a_campaign_wants_are_too_few() -> None:
    pool = whatsapp_pool()
    session_line(pool, URL), session_line(pool, URL, connected=False)
    campaign = whatsapp_campaign(pool, no_session_policy=P.WAIT, min_sessions=2)
    add_recipients(campaign, 1)
    without_for(campaign, 600)
    channels.mind_sessions()
    assert fresh(campaign).pause_reason == (
        "1 WhatsApp session of its pool is connected, and it needs 2; resume it when they are back"
    )


def test_every_policy_that_can_be_chosen_is_carried_out() -> None:
    assert {policy.value for policy in Policy} == set(P.values)


# SMS instead ------------------------------------------------------------------------------------------------------


def test_a_number_without_whatsapp_gets_an_sms(far_side: RunningGateway, sms_pool: Pool) -> None:
    pool = whatsapp_pool()
    line, sms = session_line(pool, f"{far_side.url}/send/wa"), make_line(sms_pool, f"{far_side.url}/send/sms")
    far_side.control(lines={"/send/wa": {"faults": {"reject": 1.0}}})
    campaign = whatsapp_campaign(pool, sms_pool=sms_pool)
    add_recipients(campaign, 5)
    run_until_idle(line)
    assert state(campaign) == {"pending": 5}
    assert pools_of(campaign) == {(sms_pool.pk, "sms"): 5}
    assert finish.finish_done() == 0
    assert tick.queue_lanes() == 1
    Gateway.objects.update(lane_state="idle")
    run_until_idle(sms)
    assert state(campaign) == {"sent": 5}
    message = Message.objects.first()
    assert [(a.gateway, a.outcome, a.code) for a in message.attempts] == [
        (line.pk, "pending", "not_on_whatsapp"),
        (sms.pk, "sent", ""),
    ]
    assert message.attempts[0].attempt_id != message.attempts[1].attempt_id
    by_line = {path: found["accepted"] for path, found in far_side.stats()["by_line"].items()}
    assert by_line["/send/sms"] == 5
    assert finish.finish_done() == 1


def test_a_number_without_whatsapp_fails_where_no_sms_is_wanted(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"reject": 1.0}})
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/wa")
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 1)
    run_until_idle(line)
    assert state(campaign) == {"failed": 1}


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_answer_that_comes_late_sends_an_sms_once(far_side: RunningGateway, sms_pool: Pool, cancelled) -> None:
    """The lane was lost, its message uncertain, and then its holder learns that there is no such number."""
    pool = whatsapp_pool()
    line, sms = session_line(pool, f"{far_side.url}/send/wa"), make_line(sms_pool, f"{far_side.url}/send/sms")
    far_side.control(lines={"/send/wa": {"faults": {"reject": 1.0}}})
    campaign = whatsapp_campaign(pool, sms_pool=sms_pool)
    add_recipients(campaign, 1)

    def lost(self, batch, *, not_after):
        expire(line)
        recover.recover_expired()
        assert state(campaign) == {"uncertain": 1}
        if cancelled:
            commands.cancel(campaign.name)
            enroll.work(campaign.pk, enroll.lease(campaign.pk))
        yield SendError(batch[0].attempt_id, ErrorKind.PERMANENT, "not_on_whatsapp")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionOverHttp, "send", lost)
        run_slice(line.pk)
    assert state(campaign) == {"pending": 1}
    if cancelled:
        assert fresh(campaign).sweep_requested
        enroll.work(campaign.pk, enroll.lease(campaign.pk))
        assert state(campaign) == {"skipped": 1}
        return
    run_until_idle(sms)
    assert state(campaign) == {"sent": 1}
    assert far_side.stats()["accepted"] == 1


def test_without_sessions_for_long_enough_what_is_pending_goes_by_sms(far_side: RunningGateway, sms_pool: Pool) -> None:
    pool = whatsapp_pool(strategy=Strategy.FIXED_TURNS)
    line, sms = session_line(pool, f"{far_side.url}/send/wa"), make_line(sms_pool, f"{far_side.url}/send/sms")
    campaign = whatsapp_campaign(pool, sms_pool=sms_pool, no_session_policy=P.WAIT)
    add_recipients(campaign, 12)
    claims.deal(pool=pool.pk, campaign=campaign.pk, lanes=[line.pk] * 6)
    held = lane.acquire(line.pk, lease=30)
    claimed = claims.claim(held.holder, pool=pool.pk, campaign=campaign.pk, limit=4, shared=False)
    claims.start(held.holder, claims.new_attempts(claimed[:3]))
    set_session(line, SessionStatus.STOPPED)
    without_for(campaign, 590)
    channels.mind_sessions()
    assert pools_of(campaign) == {(pool.pk, "whatsapp"): 12}
    without_for(campaign, 600)
    assert channels.mind_sessions() == 8
    # What the lane holds and sends is not touched.
    assert pools_of(campaign) == {(pool.pk, "whatsapp"): 4, (sms_pool.pk, "sms"): 8}
    assert (fresh(campaign).status, state(campaign)) == ("running", {"pending": 8, "claimed": 1, "sending": 3})
    expire(line)
    recover.recover_expired()
    assert state(campaign) == {"pending": 9, "uncertain": 3}
    channels.mind_sessions()
    run_until_idle(sms)
    assert state(campaign) == {"sent": 9, "uncertain": 3}
    assert far_side.stats()["duplicated_recipients"] == 0
    assert not Message.objects.filter(channel="sms").exclude(attachment=None).exists()


def test_a_claim_and_a_move_to_sms_at_the_same_time_share_nothing(sms_pool: Pool) -> None:
    pool = whatsapp_pool()
    campaign = whatsapp_campaign(pool, sms_pool=sms_pool)
    add_recipients(campaign, 400)
    lines = [session_line(pool, URL) for _ in range(3)]
    holders = [Holder(line.pk, f"token {n}", 1) for n, line in enumerate(lines)]

    def claim_all() -> int:
        mine, number = holders.pop(), 0
        while claimed := claims.claim(mine, pool=pool.pk, campaign=campaign.pk, limit=10, shared=True):
            number += len(claimed)
        return number

    def move_all() -> int:
        number = 0
        for _ in range(100):
            number += claims.reroute(campaign.pk, origin=pool.pk, target=sms_pool.pk, reason="no_session", limit=10)
        return number

    works = [claim_all, claim_all, claim_all, move_all]

    def one_of_them() -> int:
        return works.pop()()

    counts = together(one_of_them, threads=4)
    assert sum(counts) == 400
    found = state(campaign)
    assert sum(found.values()) == 400
    assert Message.objects.filter(channel="sms", status="pending", gateway=None).count() == found.get("pending", 0)
    assert Message.objects.filter(channel="whatsapp", status="claimed").count() == found.get("claimed", 0)


def test_a_lane_that_found_a_message_before_it_went_to_sms_does_not_claim_it(
    sms_pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, URL)
    campaign = whatsapp_campaign(pool, sms_pool=sms_pool)
    add_recipients(campaign, 3)
    from messaging.claims import lanes

    original = lanes.move_many

    def late(*args, **kwargs):
        claims.reroute(campaign.pk, origin=pool.pk, target=sms_pool.pk, reason="no_session", limit=10)
        return original(*args, **kwargs)

    monkeypatch.setattr(lanes, "move_many", late)
    holder = Holder(line.pk, "token", 1)
    assert claims.claim(holder, pool=pool.pk, campaign=campaign.pk, limit=3, shared=True) == []
    assert (state(campaign), pools_of(campaign)) == ({"pending": 3}, {(sms_pool.pk, "sms"): 3})


# Borrowed sessions ------------------------------------------------------------------------------------------------


def borrowing(far_side: RunningGateway, number: int) -> tuple[Campaign, Gateway, Gateway]:
    """A campaign without sessions, its own line, and that of another pool."""
    home, other = whatsapp_pool(), whatsapp_pool()
    own = session_line(home, f"{far_side.url}/send/own", connected=False)
    lender = session_line(other, f"{far_side.url}/send/lender")
    campaign = whatsapp_campaign(home, no_session_policy=P.BORROW)
    add_recipients(campaign, number)
    return campaign, own, lender


def test_sessions_of_other_pools_send_for_a_campaign_without_any(far_side: RunningGateway) -> None:
    campaign, own, lender = borrowing(far_side, 6)
    assert tick.queue_lanes() == 0
    assert channels.mind_sessions() == 1
    assert tick.queue_lanes() == 1
    run_slice(lender.pk)
    assert state(campaign) == {"sent": 6}
    assert {m.attempts[-1].gateway for m in Message.objects.all()} == {lender.pk}
    assert finish.finish_done() == 1
    assert own.pk != lender.pk


def test_a_lender_sends_its_own_campaigns_and_replies_first(far_side: RunningGateway) -> None:
    campaign, _, lender = borrowing(far_side, 4)
    own_campaign = whatsapp_campaign(lender.pool)
    owned = add_recipients(own_campaign, 4)
    channels.mind_sessions()
    run_slice(lender.pk)
    order = [a["to"] in owned for a in far_side.arrivals()]
    assert order == [True] * 4 + [False] * 4
    assert (state(campaign), state(own_campaign)) == ({"sent": 4}, {"sent": 4})


def test_nothing_is_borrowed_for_a_pool_that_is_switched_off(far_side: RunningGateway) -> None:
    campaign, own, lender = borrowing(far_side, 2)
    channels.mind_sessions()
    Pool.objects.filter(pk=own.pool_id).update(active=False)
    assert tick.queue_lanes() == 0
    run_slice(lender.pk)
    assert state(campaign) == {"pending": 2}


def test_borrowed_messages_go_back_when_their_own_session_is_there_again(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, own, lender = borrowing(far_side, 8)
    channels.mind_sessions()
    always_read_again(monkeypatch)
    original = SessionOverHttp.send

    def back(self, batch, *, not_after):
        yield from original(self, batch, not_after=not_after)
        set_session(own, SessionStatus.CONNECTED)
        channels.mind_sessions()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionOverHttp, "send", back)
        run_slice(lender.pk)
    assert state(campaign) == {"sent": 1, "pending": 7}
    assert Message.objects.filter(status="pending").exclude(gateway=None).count() == 0
    run_until_idle(own)
    assert state(campaign) == {"sent": 8}
    assert far_side.stats()["duplicated_recipients"] == 0


@pytest.mark.parametrize("end", ["lease", "strays"])
def test_what_a_lender_left_is_recovered_and_never_while_it_works(far_side: RunningGateway, end: str) -> None:
    campaign, own, lender = borrowing(far_side, 6)
    channels.mind_sessions()
    held = lane.acquire(lender.pk, lease=30)
    if end == "strays":
        expire(lender)
        recover.recover_expired()
    claimed = claims.claim(held.holder, pool=own.pool_id, campaign=campaign.pk, limit=4, shared=True)
    [(outbound, _)] = claims.start(held.holder, claims.new_attempts(claimed[:1]))
    if end == "lease":
        assert (recover.recover_strays(), recover.recover_expired()) == (0, 0)
        assert state(campaign) == {"pending": 2, "claimed": 3, "sending": 1}
        expire(lender)
        assert recover.recover_expired() == 1
    else:
        assert recover.recover_strays() == 4
    assert state(campaign) == {"pending": 5, "uncertain": 1}
    # Its late word is believed, as anybody's.
    from domain.outcome import after_send

    sent = Sent(outbound.attempt_id)
    claims.settle(held.holder, [claims.Answered(outbound, campaign.pk, sent, after_send(sent, can_reconcile=False))])
    assert state(campaign) == {"pending": 5, "sent": 1}


def test_a_lender_looks_at_its_doubts_also_when_nothing_is_borrowed_any_more(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.outcome.CHECK_DELAYS", (0.0, 0.0, 0.0, 0.0))
    monkeypatch.setattr(deliver, "SLICE_SECONDS", 0.5)
    far_side.control(default={"faults": {"drop_after": 1.0}, "duplicates": "409"})
    campaign, own, lender = borrowing(far_side, 1)
    collection(Gateway).update_one({"_id": lender.pk}, {"$set": {"config.deduplicates": True}})
    channels.mind_sessions()
    run_slice(lender.pk)
    assert state(campaign) == {"uncertain": 1}
    set_session(own, SessionStatus.CONNECTED)
    channels.mind_sessions()
    far_side.control(default={"faults": {}})
    Gateway.objects.filter(pk=lender.pk).update(next_send_at=None, lane_state="idle")
    assert recover.recover_strays() == 0
    assert tick.queue_lanes() == 1
    run_slice(lender.pk)
    assert state(campaign) == {"sent": 1}
    assert far_side.stats()["accepted"] == 1


@pytest.mark.parametrize(("status", "left"), [(SessionStatus.PAIRING, "completed"), (SessionStatus.OFFLINE, "running")])
def test_a_doubt_of_a_session_that_lost_its_login_is_left_to_people(status: SessionStatus, left: str) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, URL)
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 1)
    held = Holder(line.pk, "token", 1)
    claimed = claims.claim(held, pool=pool.pk, campaign=campaign.pk, limit=1, shared=True)
    claims.start(held, claims.new_attempts(claimed))
    claims.recover_orphans(pool=pool.pk, gateway=line.pk, up_to_epoch=1, can_reconcile=True)
    set_session(line, status)
    recover.recover_strays()
    finish.finish_done()
    assert (state(campaign), fresh(campaign).status) == ({"uncertain": 1}, left)
