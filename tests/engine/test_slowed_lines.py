"""Lines that their far side slows down or that die: what they send then, and what the other lines of their pool do."""

import socket
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import Campaign
from domain.adaptive_rate import Slowdown
from domain.delivery import ErrorKind, Scope, SendError
from domain.pacing import Pace
from engine import deal, deliver, lane
from engine.speed import Speed
from gateways.models import Gateway, Strategy
from lib.mongo import server_now
from messaging import queries
from messaging.models import Message
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.django_db

LIMIT = 60
"""Messages a second that the slow far side takes."""


def slow_path(far_side: RunningGateway, path: str, **rule: Any) -> str:
    """The address of a line whose far side takes few messages a second; those of other lines take all."""
    far_side.control(lines={path: {"max_per_second": LIMIT, "retry_after": "", **rule}})
    return f"{far_side.url}{path}"


def slow_down(line: Gateway, *, rate: float, full: float = 100.0, since: float = 3600.0) -> None:
    """Have the line at a steady rate: its climb begins in an hour."""
    at = server_now() + timedelta(seconds=since)
    Gateway.objects.filter(pk=line.pk).update(
        slowed_at=at, slowed_full=full, slowed_plateau=rate / 0.7, slowed_start=rate
    )


def send_all(campaign: Campaign, *lines: Gateway, but: int = 0) -> None:
    """Slices of the lines in turn, with deals between them, until all have ended `but` so many."""
    for _ in range(40):
        if queries.counts(campaign.pk)["pending"] <= but:
            return
        deal.deal_all()
        for line in lines:
            deliver.deliver(line.pk)
    raise AssertionError(queries.counts(campaign.pk))


def test_line_finds_the_limit_of_its_far_side_with_few_refusals(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, slow_path(far_side, "/send/slow"), concurrency=100)
    campaign = make_campaign(pool)
    add_messages(campaign, 180)
    send_all(campaign, line)
    assert queries.counts(campaign.pk)["sent"] == 180
    stats = far_side.stats()
    assert stats["duplicated_recipients"] == 0
    # One batch shows the limit. What is refused afterwards is one now and then, where a sawtooth of full batches has
    # more refused than taken.
    assert 0 < stats["refused"] < 120
    line.refresh_from_db()
    assert line.slowdown is not None
    assert 0 < line.slowdown.plateau < line.slowdown.full


def test_slowed_line_goes_on_slowly_after_a_restart_and_climbs_back(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 60)
    slow_down(line, rate=4)
    deliver.deliver(line.pk)
    assert (
        queries.counts(campaign.pk)["sent"] <= 16
    )  # those of a slice of three seconds, which a full speed would end in
    slow_down(line, rate=4, since=-3600)
    deliver.deliver(line.pk)
    line.refresh_from_db()
    assert line.slowdown is None
    assert queries.counts(campaign.pk)["sent"] == 60


def test_other_lines_of_the_pool_take_what_a_slowed_one_leaves(far_side: RunningGateway) -> None:
    pool = make_pool()
    slow = make_line(pool, f"{far_side.url}/send/slow")
    quick = make_line(pool, f"{far_side.url}/send/quick")
    campaign = make_campaign(pool)
    add_messages(campaign, 100)
    far_side.control(lines={"/send/slow": {"faults": {"429": 1.0}, "retry_after": ""}})
    send_all(campaign, slow, quick)
    shares = {path: found["accepted"] for path, found in far_side.stats()["by_line"].items()}
    assert shares == {"/send/slow": 0, "/send/quick": 100}
    slow.refresh_from_db(), quick.refresh_from_db()
    assert slow.slowdown is not None
    assert (quick.slowdown, quick.failures, quick.next_send_at) == (None, 0, None)


@pytest.mark.parametrize("strategy", [Strategy.FIXED_TURNS, Strategy.RANDOM_TURNS])
def test_slowed_line_keeps_no_more_turns_than_it_sends_soon(far_side: RunningGateway, strategy: Strategy) -> None:
    pool = make_pool(strategy=strategy)
    slow, *quick = (make_line(pool, f"{far_side.url}/send/{name}") for name in "abc")
    campaign = make_campaign(pool)
    add_messages(campaign, 280)
    deal.deal_all()
    before = Counter(Message.objects.values_list("gateway", flat=True))
    assert before[slow.pk] > 50
    slow_down(slow, rate=0.5)
    deal.deal_all()
    waiting = Counter(Message.objects.values_list("gateway", flat=True))
    assert waiting[slow.pk] == 5  # of ten seconds
    send_all(campaign, *quick, but=5)
    at_slow = Message.objects.filter(status="pending", gateway=slow.pk).count()
    assert (at_slow, queries.counts(campaign.pk)["sent"]) == (5, 275)


def test_slowed_line_that_rests_longer_gives_its_turns_back_until_then(far_side: RunningGateway) -> None:
    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    slow, quick = (make_line(pool, f"{far_side.url}/send/{name}") for name in "ab")
    campaign = make_campaign(pool)
    add_messages(campaign, 40)
    deal.deal_all()
    slow_down(slow, rate=4)
    Gateway.objects.filter(pk=slow.pk).update(next_send_at=server_now() + timedelta(seconds=30))
    deal.deal_all()
    assert Message.objects.filter(gateway=quick.pk).count() == 40
    Gateway.objects.filter(pk=slow.pk).update(next_send_at=None)
    add_messages(campaign, 40)
    deal.deal_all()
    assert Message.objects.filter(gateway=slow.pk).count() == 20


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("dying", ["connect", "401"])
def test_dead_line_drains_to_the_others_whatever_the_strategy(
    far_side: RunningGateway, strategy: Strategy, dying: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deal, "OUT_OF_TURN", timedelta(milliseconds=1))  # not a minute
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/send"
    pool = make_pool(strategy=strategy)
    if dying == "connect":
        dead = make_line(pool, nobody)
    else:
        dead = make_line(pool, f"{far_side.url}/send/dead", refusal_statuses="429,400")
        far_side.control(lines={"/send/dead": {"faults": {"reject": 1.0}}})
    good = make_line(pool, f"{far_side.url}/send/good")
    campaign = make_campaign(pool)
    add_messages(campaign, 60)
    send_all(campaign, dead, good)
    stats = far_side.stats()
    assert queries.counts(campaign.pk)["sent"] == 60
    assert (stats["by_line"]["/send/good"]["accepted"], stats["duplicated_recipients"]) == (60, 0)
    dead.refresh_from_db()
    assert (dead.health, dead.slowdown) == ("down", None)


class Batches:
    """A provider of which one request carries many messages."""

    batch_size = 200
    per_request = 200


class Singles:
    batch_size = 16


def held_line() -> lane.Lane:
    line = make_line(make_pool(), "http://127.0.0.1:1/")
    held = lane.acquire(line.pk, lease=30)
    assert held is not None
    return held


def refused(number: int) -> list[SendError]:
    return [SendError(f"a{n}", ErrorKind.REFUSED, "http_429", scope=Scope.LINE) for n in range(number)]


def test_slowed_line_sends_fewer_requests_and_no_smaller_ones_where_one_carries_many() -> None:
    held = held_line()
    speed = Speed(held, Pace(), Batches())
    assert (speed.burst(), speed.gap(200, 0.0)) == (200, 0.0)
    speed.heard(refused(200), seconds=0.5, probing=False, rest=1.0)  # of 400 a second, then
    assert held.gateway.slowdown == Slowdown(400, 200, 140, held.gateway.slowdown.since)
    assert (speed.burst(), round(speed.gap(200, 0.0), 2)) == (200, 1.43)
    single = Speed(held, Pace(), Singles())
    assert (single.burst(), round(single.gap(16, 0.0), 3)) == (16, 0.114)


def test_refused_probe_puts_the_climb_off_and_cuts_nothing() -> None:
    held = held_line()
    speed = Speed(held, Pace(rate=20), Singles())
    speed.heard(refused(10), seconds=0.5, probing=False, rest=1.0)
    cut = held.gateway.slowdown
    speed.heard(refused(1), seconds=0.1, probing=True, rest=600.0)
    assert held.gateway.slowdown == replace(cut, since=held.gateway.slowdown.since)
    assert held.gateway.slowdown.since - cut.since > timedelta(seconds=598)


def test_line_with_a_delay_is_slowed_down_from_what_it_sends() -> None:
    held = held_line()
    Speed(held, Pace(delay=2), Singles()).heard(refused(1), seconds=0.01, probing=False, rest=1.0)
    assert held.gateway.slowdown.full == 0.5
    assert Speed(held, Pace(delay=2), Singles()).gap(1, 0.5) == pytest.approx(1 / 0.35)
