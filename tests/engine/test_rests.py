"""A campaign's pauses: exact whatever lanes pull, never longer or shorter for a person, and no cost without them."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import commands, queries, watching, wording
from campaigns.errors import CampaignError
from campaigns.models import Campaign, CampaignStretch
from domain.states import SessionStatus
from engine import channels, deal, deliver, finish, guard, recover, tick
from engine.deliver import deliver as run_slice
from engine.guard import running_campaigns
from engine.rests import Rests
from gateways.models import Channel, Pool, Strategy
from lib.mongo import Now, server_now
from messaging import claims
from messaging.claims import Claimed
from messaging.models import Kind
from tests.engine.session_lines import add_recipients, session_line, set_session, whatsapp_campaign, whatsapp_pool
from tests.engine.test_claims import together
from tests.engine.test_deliver import expire, state
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.django_db


def pausing(campaign: Campaign, mode: str = "fixed", **fields: Any) -> Campaign:
    """With a pause of ten minutes after every ten messages, or as the fields say."""
    plan = {"pause_mode": mode, "pause_every": 10, "pause_durations": "10", **fields}
    Campaign.objects.filter(pk=campaign.pk).update(**plan)
    campaign.refresh_from_db()
    return campaign


def stretch(campaign: Campaign, channel: str = "sms") -> CampaignStretch:
    return CampaignStretch.objects.get(campaign=campaign.pk, channel=channel)


def rest_is_over(campaign: Campaign) -> None:
    past = server_now() - timedelta(seconds=1)
    CampaignStretch.objects.filter(campaign=campaign.pk, rests_until__isnull=False).update(rests_until=past)


def wanted(campaign: Campaign, number: int) -> list[Claimed]:
    return [Claimed(ObjectId(), campaign.pk, "+56911111111", "x") for _ in range(number)]


@pytest.fixture
def pool() -> Pool:
    return make_pool()


def test_a_campaign_rests_after_its_stretch_and_others_go_on(far_side: RunningGateway, pool: Pool) -> None:
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 35)
    before = server_now()
    run_slice(line.pk)
    assert state(campaign) == {"sent": 10, "pending": 25}
    rests = stretch(campaign)
    assert rests.rests_until is not None
    assert timedelta(minutes=9, seconds=59) < rests.rests_until - before < timedelta(minutes=11)
    assert [c.is_open(server_now()) for c in running_campaigns(pool.pk)] == [False]
    assert tick.queue_lanes() == 0
    other = make_campaign(pool)
    add_messages(other, 5)
    assert tick.queue_lanes() == 1
    run_slice(line.pk)
    assert (state(campaign), state(other)) == ({"sent": 10, "pending": 25}, {"sent": 5})
    for sent in (20, 30, 35):
        rest_is_over(campaign)
        run_slice(line.pk)
        assert state(campaign).get("sent") == sent
    assert (stretch(campaign).number, stretch(campaign).rests_until) == (3, None)
    assert finish.finish_done() == 2


def test_spread_pauses_are_as_many_as_were_asked_for(far_side: RunningGateway, pool: Pool) -> None:
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = pausing(make_campaign(pool), "auto", pause_count=2)
    add_messages(campaign, 32)
    sent = []
    while "pending" in state(campaign):
        run_slice(line.pk)
        sent.append(state(campaign)["sent"])
        rest_is_over(campaign)
    assert sent == [10, 21, 32]


def test_a_small_campaign_and_another_channel_s_plan_make_no_pauses(far_side: RunningGateway, pool: Pool) -> None:
    line = make_line(pool, f"{far_side.url}/send/a")
    small, by_whatsapp = pausing(make_campaign(pool)), pausing(make_campaign(pool), pause_channels="whatsapp")
    add_messages(small, 29)
    add_messages(by_whatsapp, 31)
    run_slice(line.pk)
    assert (state(small), state(by_whatsapp)) == ({"sent": 29}, {"sent": 31})
    assert (stretch(small).length, CampaignStretch.objects.count()) == (None, 1)


def test_lanes_at_the_same_time_start_no_more_than_a_stretch(pool: Pool) -> None:
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 100)

    def work() -> int:
        rests, taken = Rests("sms"), 0
        for _ in range(6):
            taken += len(rests.take(wanted(campaign, 3)))
        return taken

    for number in range(3):
        assert sum(together(work, threads=4)) == 10
        found = stretch(campaign)
        assert (found.number, found.used, found.stretch.rests(server_now())) == (number, 10, True)
        rest_is_over(campaign)


def test_several_lanes_send_exactly_a_stretch_between_two_pauses(far_side: RunningGateway, pool: Pool) -> None:
    lines = [make_line(pool, f"{far_side.url}/send/{name}") for name in "abc"]
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 35)
    for sent in (10, 20, 30, 35):
        together(lambda: [run_slice(line.pk) for line in lines], threads=2)
        assert state(campaign).get("sent") == sent
        rest_is_over(campaign)
    assert far_side.stats()["duplicated_recipients"] == 0


def test_turns_are_not_dealt_while_it_rests(far_side: RunningGateway) -> None:
    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    lines = [make_line(pool, f"{far_side.url}/send/{name}") for name in "ab"]
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 40)
    deal.deal_all()
    for line in lines:
        run_slice(line.pk)
    assert state(campaign) == {"sent": 10, "pending": 30}
    deal.deal_all()
    assert claims.waiting_at_lanes(pool.pk) == {}
    rest_is_over(campaign)
    deal.deal_all()
    assert sum(claims.waiting_at_lanes(pool.pk).values()) == 30


def test_places_of_what_was_not_sent_are_free_again_and_undo_the_pause(pool: Pool, far_side: RunningGateway) -> None:
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 40)
    away = make_line(pool, "http://127.0.0.1:9/send")
    run_slice(away.pk)
    assert state(campaign) == {"pending": 40}
    assert (stretch(campaign).used, stretch(campaign).rests_until) == (0, None)
    run_slice(make_line(pool, f"{far_side.url}/send/a").pk)
    assert state(campaign) == {"sent": 10, "pending": 30}


def test_what_follows_the_last_stretch_makes_its_pause_first(far_side: RunningGateway, pool: Pool) -> None:
    """30 messages with a pause after 10; all are sent, and then there are five more, as after a retry."""
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 30)
    for _ in range(3):
        run_slice(line.pk)
        rest_is_over(campaign)
    assert (state(campaign), stretch(campaign).rests_until) == ({"sent": 30}, None)
    add_messages(campaign, 5)
    run_slice(line.pk)
    assert state(campaign) == {"sent": 30, "pending": 5}
    assert stretch(campaign).stretch.rests(server_now())
    rest_is_over(campaign)
    run_slice(line.pk)
    assert state(campaign) == {"sent": 35}


def test_a_worker_that_dies_with_its_places_makes_the_pause_come_earlier(far_side: RunningGateway, pool: Pool) -> None:
    dead, line = make_line(pool, f"{far_side.url}/send/a"), make_line(pool, f"{far_side.url}/send/b")
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 40)

    def killed(*_args: object) -> None:
        raise SystemExit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliver.claims, "start", killed)
        with pytest.raises(SystemExit):
            run_slice(dead.pk)
    taken = stretch(campaign).used
    assert 0 < taken <= 10
    expire(dead)
    recover.recover_expired()
    assert state(campaign) == {"pending": 40}
    rest_is_over(campaign)
    run_slice(line.pk)
    assert state(campaign)["sent"] <= 10
    assert stretch(campaign).stretch.rests(server_now())


def test_a_pause_by_hand_does_not_shorten_the_rest_and_going_on_ends_it(far_side: RunningGateway, pool: Pool) -> None:
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 40)
    with pytest.raises(CampaignError, match="makes no pause now"):
        commands.go_on(campaign.name)
    run_slice(line.pk)
    until = stretch(campaign).rests_until
    commands.pause(campaign.name)
    commands.resume(campaign.name)
    assert stretch(campaign).rests_until == until
    run_slice(line.pk)
    assert state(campaign) == {"sent": 10, "pending": 30}
    commands.go_on(campaign.name)
    assert tick.queue_lanes() == 1
    run_slice(line.pk)
    assert state(campaign) == {"sent": 20, "pending": 20}
    commands.cancel(campaign.name)
    with pytest.raises(CampaignError, match="it is cancelled"):
        commands.go_on(campaign.name)


def test_a_campaign_that_is_being_enrolled_waits_with_its_first_stretch(far_side: RunningGateway, pool: Pool) -> None:
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = pausing(make_campaign(pool), "auto")
    add_messages(campaign, 40)
    Campaign.objects.filter(pk=campaign.pk).update(enrolled_at=None)
    run_slice(line.pk)
    assert state(campaign) == {"pending": 40}
    Campaign.objects.filter(pk=campaign.pk).update(enrolled_at=server_now())
    run_slice(line.pk)
    assert state(campaign) == {"sent": 10, "pending": 30}


@pytest.mark.usefixtures("sessions")
def test_each_channel_rests_for_itself(far_side: RunningGateway) -> None:
    pool, sms = whatsapp_pool(), make_pool()
    session = session_line(pool, f"{far_side.url}/send/w", per_day=100)
    campaign = pausing(whatsapp_campaign(pool, sms_pool=sms))
    add_recipients(campaign, 40)
    run_slice(session.pk)
    assert state(campaign) == {"sent": 10, "pending": 30}
    session.refresh_from_db()
    assert session.usage["per_day"]["used"] == 10  # what the pause kept back takes no place of the line's
    claims.reroute(campaign.pk, origin=pool.pk, target=sms.pk, reason="no_session", limit=15)
    run_slice(make_line(sms, f"{far_side.url}/send/s").pk)
    assert state(campaign) == {"sent": 20, "pending": 20}
    reply = claims.add_direct(
        kind=Kind.REPLY, gateway=session.pk, pool=pool.pk, channel="whatsapp", phone="+56955555555", text="Gracias",
        attachment=None,
    )  # fmt: skip
    assert reply
    assert tick.queue_lanes() == 1
    run_slice(session.pk)
    assert far_side.stats()["arrivals"] == 21
    shown = watching.standing(campaign)
    assert [(each.channel, each.begun, each.planned) for each in shown.progress.rests] == [
        ("whatsapp", 1, 3),
        ("sms", 1, 3),
    ]
    stretch(campaign).delete()
    assert wording.outlook(watching.standing(campaign)).startswith("By WhatsApp it rests until")


@pytest.mark.usefixtures("sessions")
def test_no_clock_for_missing_sessions_runs_while_it_rests(far_side: RunningGateway) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/w")
    campaign = pausing(whatsapp_campaign(pool))
    add_recipients(campaign, 40)
    run_slice(line.pk)
    set_session(line, SessionStatus.STOPPED)
    channels.mind_sessions()
    campaign.refresh_from_db()
    assert campaign.without_sessions_since is None
    rest_is_over(campaign)
    channels.mind_sessions()
    campaign.refresh_from_db()
    assert campaign.without_sessions_since is not None


def test_progress_tells_the_pause_and_what_is_left_no_more(far_side: RunningGateway, pool: Pool) -> None:
    watching.forget()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 35)
    run_slice(line.pk)
    found = queries.progress(campaign)
    until = stretch(campaign).rests_until
    assert until is not None
    assert found.as_json()["rests_until"] == until.isoformat()
    assert found.as_json()["pauses"] == [{"channel": "sms", "begun": 1, "planned": 3, "rests_until": until.isoformat()}]
    expected = f"It rests until {until.astimezone(ZoneInfo(campaign.timezone)):%H:%M} (pause 1 of 3)."
    assert wording.outlook(watching.standing(campaign)) == expected
    commands.pause(campaign.name)
    campaign.refresh_from_db()
    assert queries.progress(campaign).rests == []


def test_campaigns_without_pauses_cost_nothing(pool: Pool, far_side: RunningGateway) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 31)
    with CaptureQueriesContext(connection) as asked:
        running_campaigns(pool.pk)
        queries.progresses([campaign])
    assert not [each for each in asked.captured_queries if "campaignstretch" in each["sql"]]
    run_slice(make_line(pool, f"{far_side.url}/send/a").pk)
    assert (state(campaign), CampaignStretch.objects.count()) == ({"sent": 31}, 0)


def test_what_rests_is_found_by_an_index() -> None:
    for number in range(50):
        CampaignStretch.objects.create(campaign=ObjectId(), channel="sms", total=number, rests_until=server_now())
    found = CampaignStretch.objects.filter(campaign__in=[ObjectId()], channel="sms", rests_until__gt=Now())
    plan = found.explain(verbosity="queryPlanner")
    assert "campaign_stretch" in plan
    assert "COLLSCAN" not in plan


def test_guard_lets_those_with_places_go_and_none_behind_them(pool: Pool, far_side: RunningGateway) -> None:
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 40)
    mine = wanted(campaign, 10)
    assert len(Rests(Channel.SMS).take(mine)) == 10
    found = guard.Guard(gateway=line.pk, pool=pool)
    assert found.split(mine) == ([], mine)
    assert found.split(mine, placed=True) == (mine, [])
    commands.pause(campaign.name)
    found.read_again()
    assert found.split(mine, placed=True) == ([], mine)


def test_doubts_are_looked_at_while_it_rests(pool: Pool, far_side: RunningGateway) -> None:
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = pausing(make_campaign(pool))
    add_messages(campaign, 40)
    assert len(Rests(Channel.SMS).take(wanted(campaign, 10))) == 10
    found = guard.Guard(gateway=line.pk, pool=pool)
    assert (found.open_campaigns(), found.doubtful()) == ([], {pool.pk: [None, campaign.pk]})
    [now] = [c for c in running_campaigns(pool.pk) if c.rests]
    assert not tick._has_work(line, pool, [now], [], capped=False)
