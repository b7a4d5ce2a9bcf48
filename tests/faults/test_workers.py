"""Workers die, freeze and come back in mid-batch: doubled 0, lost 0, uncertain only what nobody can know."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from campaigns import commands
from campaigns.models import Campaign
from domain.states import CampaignStatus
from gateways.models import Gateway, Pool, Strategy
from lib.mongo import server_now
from messaging import queries
from messaging.models import Message
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.faults.cluster import Cluster
from tests.faults.progress import until
from tests.gateways.simulated import RunningGateway

pytestmark = [pytest.mark.whole_database, pytest.mark.timeout(900)]

SOON_FREE = {"timeout_s": 5}
"""A line whose lease ends soon after its worker died: it lasts the timeout and 13 s."""

PATIENT = {"timeout_s": 30}
"""A line whose worker stays alive, so that nothing waits for the end of its lease."""


def made(pool: Pool, number: int, name: str = "") -> Campaign:
    """A paused campaign with so many messages: one that runs without any would be completed by the next tick."""
    campaign = make_campaign(pool, name, status=CampaignStatus.PAUSED)
    add_messages(campaign, number)
    return campaign


def run(*campaigns: Campaign) -> None:
    keys = [campaign.pk for campaign in campaigns]
    Campaign.objects.filter(pk__in=keys).update(status=CampaignStatus.RUNNING.value)


def running(pool: Pool, number: int, name: str = "") -> Campaign:
    campaign = made(pool, number, name)
    run(campaign)
    return campaign


def counts(campaign: Campaign) -> dict[str, int]:
    return {status: number for status, number in queries.counts(campaign.pk).items() if number}


def wait(condition: Callable[[], bool], campaign: Campaign, far_side: RunningGateway, cluster: Cluster) -> None:
    """Until the condition holds, for as long as requests arrive or the campaign's counts change."""

    def report() -> str:
        fields = ("name", "lane_state", "lane_until", "lane_epoch", "health", "health_reason", "next_send_at")
        lines = "\n".join(map(str, Gateway.objects.values(*fields)))
        return f"{far_side.stats()}\n{lines}\n{cluster.all_logs()}"

    until(condition, moved=lambda: (far_side.stats()["arrivals"], counts(campaign)), report=report)


def wait_arrivals(campaign: Campaign, far_side: RunningGateway, number: int, cluster: Cluster) -> None:
    wait(lambda: far_side.stats()["arrivals"] >= number, campaign, far_side, cluster)


def wait_done(campaign: Campaign, far_side: RunningGateway, cluster: Cluster) -> dict[str, int]:
    """Until the campaign is completed; its counts, proved equal to the messages'."""

    def done() -> bool:
        campaign.refresh_from_db()
        return campaign.status == "completed"

    wait(done, campaign, far_side, cluster)
    assert queries.counts(campaign.pk) == queries.counted(campaign.pk)
    return counts(campaign)


def check_against_journal(campaign: Campaign, far_side: RunningGateway, total: int) -> Counter[str]:
    """Nobody got it twice, and what counts as sent arrived. Returns the final states by count."""
    stats = far_side.stats(full=True)
    assert stats["duplicated_recipients"] == 0
    accepted = set(stats["accepted_by_recipient"])
    states = dict(Message.objects.filter(campaign=campaign.pk).values_list("phone", "status"))
    assert len(states) == total
    sent = {phone for phone, status in states.items() if status in ("sent", "delivered", "read")}
    assert sent <= accepted
    assert {phone for phone in accepted - sent if states[phone] != "uncertain"} == set()
    return Counter(states.values())


def hardly_known(campaign: Campaign) -> int:
    """How many messages a machine so slow that an answer came after the line's timeout has left in doubt, honestly."""
    return Message.objects.filter(campaign=campaign.pk, status="uncertain", reason="timeout").count()


def held_lanes() -> set[str]:
    """The tokens by which workers hold lanes."""
    return set(Gateway.objects.exclude(lane_token="").values_list("lane_token", flat=True))


@pytest.mark.parametrize("deduplicates", [False, True])
def test_kill_9_of_an_sms_worker_in_mid_batch(cluster: Cluster, far_side: RunningGateway, deduplicates: bool) -> None:
    far_side.control(default={"latency_ms": 60, "duplicates": "409" if deduplicates else "accept"})
    pool = make_pool()
    for _ in range(2):
        make_line(pool, f"{far_side.url}/send/a", concurrency=8, deduplicates=deduplicates, **SOON_FREE)
    campaign = running(pool, 800)
    for number, victim in enumerate(("sms1", "sms2", "sms1"), start=1):
        wait_arrivals(campaign, far_side, number * 130, cluster)
        cluster.restart(victim)
    final = wait_done(campaign, far_side, cluster)
    states = check_against_journal(campaign, far_side, 800)
    assert states["sent"] + states["uncertain"] == 800
    if deduplicates:
        assert final == {"sent": 800}
    else:
        # At most what was under way in each of the killed lanes.
        assert states["uncertain"] - hardly_known(campaign) <= 3 * 2 * 8


def test_stopped_worker_that_wakes_after_its_lease_sends_nothing_twice(
    cluster: Cluster, far_side: RunningGateway
) -> None:
    far_side.control(default={"latency_ms": 150})
    pool = make_pool()
    for _ in range(2):
        make_line(pool, f"{far_side.url}/send/a", concurrency=8, **SOON_FREE)
    # More than the other worker sends until the lease has ended.
    campaign = running(pool, 1300)
    wait_arrivals(campaign, far_side, 100, cluster)
    cluster.stop("sms1")
    held = held_lanes()
    # Until its lanes are recovered, and the other worker may go on with them.
    wait(lambda: not held & held_lanes(), campaign, far_side, cluster)
    cluster.cont("sms1")
    wait_done(campaign, far_side, cluster)
    states = check_against_journal(campaign, far_side, 1300)
    assert states["sent"] + states["uncertain"] == 1300
    assert states["uncertain"] - hardly_known(campaign) <= 2 * 8


def test_kill_9_of_beat_and_of_the_engine_worker(cluster: Cluster, far_side: RunningGateway) -> None:
    far_side.control(default={"latency_ms": 20})
    pool = make_pool()
    make_line(pool, f"{far_side.url}/send/a", concurrency=8, **PATIENT)
    campaign = running(pool, 1000)
    wait_arrivals(campaign, far_side, 100, cluster)
    cluster.kill("beat")
    cluster.kill("engine")
    time.sleep(3)
    cluster.heal()
    assert wait_done(campaign, far_side, cluster) == {"sent": 1000}
    assert check_against_journal(campaign, far_side, 1000) == {"sent": 1000}


def test_gateway_that_drops_after_accepting_and_a_killed_worker(cluster: Cluster, far_side: RunningGateway) -> None:
    far_side.control(default={"latency_ms": 30, "faults": {"drop_after": 0.05, "429": 0.05}})
    pool = make_pool()
    for _ in range(2):
        make_line(pool, f"{far_side.url}/send/a", concurrency=8, **SOON_FREE)
    campaign = running(pool, 250)
    wait_arrivals(campaign, far_side, 80, cluster)
    cluster.restart("sms1")
    wait_done(campaign, far_side, cluster)
    states = check_against_journal(campaign, far_side, 250)
    dropped = far_side.stats()["faults"]["drop_after"]
    assert states["sent"] + states["uncertain"] == 250
    assert dropped <= states["uncertain"] <= dropped + 2 * 8 + hardly_known(campaign)


def test_pause_under_load_stops_within_two_seconds(cluster: Cluster, far_side: RunningGateway) -> None:
    far_side.control(default={"latency_ms": 40})
    pool = make_pool()
    for _ in range(4):
        make_line(pool, f"{far_side.url}/send/a", concurrency=16, **PATIENT)
    campaign = running(pool, 4000, "to pause")
    wait_arrivals(campaign, far_side, 300, cluster)
    commands.pause("to pause")
    paused_at = server_now()
    wait(lambda: not {"claimed", "sending"} & set(counts(campaign)), campaign, far_side, cluster)
    # By when they were begun: how long a busy machine takes to bring one to the far side says nothing of the pause.
    sent = list(Message.objects.filter(campaign=campaign.pk, status="sent"))
    assert max(message.attempts[-1].started_at for message in sent) - paused_at < timedelta(seconds=2)
    assert far_side.stats()["accepted"] == len(sent)
    time.sleep(2)
    assert far_side.stats()["accepted"] == len(sent)
    commands.resume("to pause")
    wait_arrivals(campaign, far_side, len(sent) + 100, cluster)
    commands.cancel("to pause")
    wait(lambda: not {"pending", "claimed", "sending"} & set(counts(campaign)), campaign, far_side, cluster)
    final = counts(campaign)
    assert final["sent"] + final["skipped"] == 4000
    assert far_side.stats()["accepted"] == final["sent"]


def test_two_campaigns_on_one_pool_progress_side_by_side(cluster: Cluster, far_side: RunningGateway) -> None:
    far_side.control(default={"latency_ms": 20})
    pool = make_pool()
    for _ in range(2):
        make_line(pool, f"{far_side.url}/send/a", concurrency=8, **PATIENT)
    huge, small = made(pool, 1500), made(pool, 400)
    run(huge, small)
    wait_done(small, far_side, cluster)
    campaign_of = dict(Message.objects.values_list("phone", "campaign"))
    order = [campaign_of[arrival["to"]] for arrival in far_side.arrivals()]
    # Until the small one is done, both get about the same.
    head = Counter(order[: max(place for place, c in enumerate(order) if c == small.pk)])
    assert 0.5 < head[huge.pk] / head[small.pk] < 2.0
    assert wait_done(huge, far_side, cluster) == {"sent": 1500}


@pytest.mark.parametrize("strategy", list(Strategy))
def test_strategies_do_what_they_say(cluster: Cluster, far_side: RunningGateway, strategy: Strategy) -> None:
    """Lines of different speed: turns are equal shares, competition goes by speed."""
    # A busy machine slows both down alike: where speed decides, the slow one is slower than any machine.
    slow = 400 if strategy is Strategy.COMPETITIVE else 120
    far_side.control(default={}, lines={"/send/slow": {"latency_ms": slow}, "/send/fast": {"latency_ms": 5}})
    pool = make_pool(strategy=strategy)
    for name in ("slow", "fast"):
        make_line(pool, f"{far_side.url}/send/{name}", concurrency=4, **PATIENT)
    campaign = running(pool, 400)
    assert wait_done(campaign, far_side, cluster) == {"sent": 400}
    assert check_against_journal(campaign, far_side, 400) == {"sent": 400}
    shares = {line: found["accepted"] for line, found in far_side.stats()["by_line"].items()}
    if strategy is Strategy.FIXED_TURNS:
        assert shares == {"/send/slow": 200, "/send/fast": 200}
    elif strategy is Strategy.RANDOM_TURNS:
        assert 140 < shares["/send/slow"] < 260
    else:
        assert shares["/send/fast"] > 2 * shares["/send/slow"]


def test_delay_belongs_to_the_lane(cluster: Cluster, far_side: RunningGateway) -> None:
    """Four lines with a delay of half a second are four times as fast as one."""
    pool = make_pool(delay_seconds=0.5)
    for name in "abcd":
        make_line(pool, f"{far_side.url}/send/{name}", **PATIENT)
    began = server_now()
    campaign = running(pool, 40)
    wait_done(campaign, far_side, cluster)
    # By when they were begun: how long a busy machine takes to bring one to the far side says nothing of the pace.
    attempts = [attempt for message in Message.objects.filter(campaign=campaign.pk) for attempt in message.attempts]
    by_line: dict[str, list[float]] = {}
    for attempt in sorted(attempts, key=lambda attempt: attempt.started_at):
        by_line.setdefault(str(attempt.gateway), []).append((attempt.started_at - began).total_seconds())
    assert len(by_line) == 4
    # Counted from the beginning: of two that are close together, the first one may have been late.
    for times in by_line.values():
        assert [at >= number * 0.5 - 0.02 for number, at in enumerate(times)] == [True] * len(times)
    # Waiting for each other's delay, no two of them would be closer than that.
    starts = sorted(at for times in by_line.values() for at in times)
    assert sum(later - earlier < 0.4 for earlier, later in pairwise(starts)) > len(starts) / 4
