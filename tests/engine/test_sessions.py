"""Lanes that need a session: only a connected one sends, is dealt turns, and keeps what it was dealt."""

from datetime import timedelta

import pytest

from campaigns.models import Attachment
from domain.delivery import ErrorKind, Media, Scope, SendError
from domain.outcome import STRIKES
from domain.states import SessionStatus
from engine import deal, deliver, lane, readiness, recover, tick
from engine.deliver import Slice
from engine.deliver import deliver as run_slice
from gateways.models import Gateway, LaneState, Strategy
from gateways.registry import line_of, provider_for
from lib.mongo import collection, server_now
from messaging import claims
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
from tests.engine.test_deliver import expire, run_until_idle, state
from tests.factories.sending import make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sessions")]
S = SessionStatus


def waiting_at(*lines: Gateway) -> list[int]:
    return [Message.objects.filter(gateway=line.pk).count() for line in lines]


def test_ready_are_those_without_session_and_those_connected() -> None:
    pool = whatsapp_pool()
    connected, stopped = (session_line(pool, "http://127.0.0.1:9/", connected=c) for c in (True, False))
    silent = session_line(pool, "http://127.0.0.1:9/")
    collection(readiness.Session).update_one({"gateway": silent.pk}, {"$set": {"heartbeat_at": None}})
    sms = make_line(make_pool(), "http://127.0.0.1:9/")
    assert readiness.ready([connected, stopped, silent, sms]) == {connected.pk, sms.pk}


def test_a_campaign_is_sent_by_the_connected_sessions_of_its_pool(far_side: RunningGateway) -> None:
    pool = whatsapp_pool()
    here, away = (session_line(pool, f"{far_side.url}/send/{n}", connected=n == "a") for n in "ab")
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 12)
    assert tick.queue_lanes() == 1
    run_slice(away.pk)
    assert state(campaign) == {"pending": 12}
    run_until_idle(here)
    assert state(campaign) == {"sent": 12}
    assert {path: found["accepted"] for path, found in far_side.stats()["by_line"].items()} == {"/send/a": 12}


def test_a_session_that_is_lost_in_mid_slice_gives_back_what_it_did_not_start(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a")
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 6)
    always_read_again(monkeypatch)
    original = SessionOverHttp.send

    def lost(self, batch, *, not_after):
        yield from original(self, batch, not_after=not_after)
        set_session(line, S.CONFLICT)

    monkeypatch.setattr(SessionOverHttp, "send", lost)
    run_slice(line.pk)
    assert state(campaign) == {"sent": 1, "pending": 5}


@pytest.mark.parametrize(
    ("status", "seconds_ago", "kept"),
    [(S.OFFLINE, 5, 5), (S.OFFLINE, 61, 0), (S.STOPPED, 0, 0), (S.PAIRING, 0, 0), (S.BLOCKED, 0, 0), (S.FAILED, 61, 0)],
)
def test_turns_of_a_session_that_is_away_go_to_the_others(status, seconds_ago, kept) -> None:
    pool = whatsapp_pool(strategy=Strategy.FIXED_TURNS)
    away, here = (session_line(pool, "http://127.0.0.1:9/") for _ in "ab")
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 10)
    deal.deal_all()
    assert waiting_at(away, here) == [5, 5]
    set_session(away, status, seconds_ago=seconds_ago)
    add_recipients(campaign, 10)
    deal.deal_all()
    assert waiting_at(away, here) == [kept, 20 - kept]


def test_a_session_that_fails_three_times_rests_and_others_send_its_share(far_side: RunningGateway) -> None:
    pool = whatsapp_pool(strategy=Strategy.FIXED_TURNS)
    bad, good = (session_line(pool, f"{far_side.url}/send/{n}") for n in "ab")
    far_side.control(lines={"/send/a": {"faults": {"drop_after": 1.0}}})
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 20)
    deal.deal_all()
    while bad.failures < 3:
        Gateway.objects.filter(pk=bad.pk).update(next_send_at=None)
        # The slice ends with the first failure, as its rest is longer than what is left; or before, if it is late.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(deliver, "SLICE_SECONDS", 0.5)
            run_slice(bad.pk)
        bad.refresh_from_db()
    assert bad.failures == 3
    assert bad.next_send_at - server_now() > timedelta(seconds=100)
    deal.deal_all()
    run_until_idle(good)
    assert state(campaign) == {"sent": 17, "uncertain": 3}
    assert far_side.stats()["duplicated_recipients"] == 0


def test_a_session_that_is_away_rests_its_line_for_a_moment_however_often_it_is_tried(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its supervisor was killed, say, so that it counts as connected: the line goes on as soon as it is back."""
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a")
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 2)

    def away(self, batch, *, not_after):
        return [SendError(one.attempt_id, ErrorKind.REFUSED, "no_browser", scope=Scope.SESSION) for one in batch]

    monkeypatch.setattr(deliver, "SLICE_SECONDS", 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(SessionOverHttp, "send", away)
        for _ in range(STRIKES + 1):
            Gateway.objects.filter(pk=line.pk).update(next_send_at=None)
            run_slice(line.pk)
            line.refresh_from_db()
            assert line.next_send_at - server_now() < timedelta(seconds=3)
    Gateway.objects.filter(pk=line.pk).update(next_send_at=None)
    run_until_idle(line)
    assert state(campaign) == {"sent": 2}


@pytest.mark.parametrize(("connected", "delay"), [(1, 2.0), (4, 4.0), (9, 6.0)])
def test_a_pool_that_throttles_itself_slows_down_with_its_connected_sessions(connected, delay) -> None:
    pool = whatsapp_pool(delay_seconds=2.0, auto_throttle=True, throttle_target=2, throttle_max=3.0)
    line = session_line(pool, "http://127.0.0.1:9/")
    for number in range(1, 10):
        session_line(pool, "http://127.0.0.1:9/", connected=number < connected)
    held = lane.acquire(line.pk, lease=30)
    assert Slice(held, provider_for(line_of(line))).speed.pace.delay == delay


# Attachments ------------------------------------------------------------------------------------------------------


@pytest.fixture
def letter() -> Attachment:
    return Attachment.objects.create(
        filename="carta.pdf", mimetype="application/pdf", size=4, sha256="0" * 64, data=b"%PDF"
    )


def test_a_message_goes_with_its_file_which_is_read_once_a_slice(far_side: RunningGateway, letter: Attachment) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a")
    campaign = whatsapp_campaign(pool, attachment=letter)
    add_recipients(campaign, 4)
    held = lane.acquire(line.pk, lease=60)
    work = Slice(held, provider_for(line_of(line)))
    work.run()
    held.release(again=False, served=None)
    media = [outbound.media for outbound in SessionOverHttp.given]
    assert media == [Media("carta.pdf", "application/pdf", b"%PDF")] * 4
    assert len({id(one) for one in media}) == 1


def test_a_doubt_is_looked_at_with_the_same_file_under_the_same_id(
    far_side: RunningGateway, letter: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.outcome.CHECK_DELAYS", (0.0, 0.0, 0.0))
    far_side.control(default={"faults": {"drop_after": 1.0}, "duplicates": "409"})
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a", deduplicates=True)
    campaign = whatsapp_campaign(pool, attachment=letter)
    add_recipients(campaign, 1)
    monkeypatch.setattr(deliver, "SLICE_SECONDS", 0.5)
    run_slice(line.pk)
    assert state(campaign) == {"uncertain": 1}
    far_side.control(default={"faults": {}})
    Gateway.objects.filter(pk=line.pk).update(next_send_at=None)
    run_until_idle(line)
    assert state(campaign) == {"sent": 1}
    assert far_side.stats()["accepted"] == 1
    first, *looks = SessionOverHttp.given
    assert len(looks) >= 1
    assert {(o.attempt_id, o.media) for o in looks} == {(first.attempt_id, first.media)}
    assert first.media == Media("carta.pdf", "application/pdf", b"%PDF")


# A lane held by somebody who sends nothing ------------------------------------------------------------------------


def test_a_holder_that_sends_nothing_leaves_the_lane_as_it_was(far_side: RunningGateway) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a")
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 3)
    run_slice(line.pk)
    collection(Gateway).update_one({"_id": line.pk}, {"$set": {"next_send_at": server_now() + timedelta(seconds=50)}})
    before = Gateway.objects.get(pk=line.pk)
    held = lane.acquire(line.pk, lease=30)
    assert not run_slice(line.pk)
    held.release(again=False, served=None)
    line.refresh_from_db()
    assert (line.lane_state, line.lane_epoch) == (LaneState.IDLE, before.lane_epoch + 1)
    assert (line.turn_campaign, line.last_used_at) == (str(campaign.pk), before.last_used_at)
    # No sooner, but for MongoDB's milliseconds; and hardly later.
    assert timedelta(milliseconds=-50) < line.next_send_at - before.next_send_at < timedelta(seconds=30)


@pytest.mark.parametrize("end", ["released", "died"])
def test_what_an_earlier_holder_left_survives_one_that_sends_nothing(far_side: RunningGateway, end: str) -> None:
    """A worker that was frozen claims and starts for a lease it has lost, while the lane is held for a reload."""
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a")
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 4)
    frozen = lane.acquire(line.pk, lease=30)
    expire(line)
    recover.recover_expired()
    held = lane.acquire(line.pk, lease=30)
    claimed = claims.claim(frozen.holder, pool=pool.pk, campaign=campaign.pk, limit=3, shared=True)
    claims.start(frozen.holder, claims.new_attempts(claimed[:1]))
    assert recover.recover_strays() == 0
    if end == "released":
        held.release(again=False, served=None)
        assert recover.recover_strays() == 3
    else:
        expire(line)
        assert recover.recover_expired() == 1
    assert state(campaign) == {"pending": 3, "uncertain": 1}
    run_until_idle(line)
    assert state(campaign) == {"sent": 3, "uncertain": 1}
