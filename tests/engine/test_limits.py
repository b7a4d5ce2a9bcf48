"""A lane's limits: places are taken before a start, given back when surely unused, and never exceeded."""

import pytest
from bson import ObjectId

from campaigns import commands, queries
from campaigns.queries import LineTrouble
from domain.limits import Limit
from engine import deal, tick
from engine.deliver import deliver as run_slice
from engine.limits import Places
from gateways.kinds import KINDS
from gateways.models import Gateway, Strategy
from lib.mongo import collection
from messaging import claims
from messaging.claims import Claimed
from messaging.models import Kind, Message
from sessions_app import numbers
from tests.engine.session_lines import (
    add_recipients,
    always_read_again,
    session_line,
    whatsapp_campaign,
    whatsapp_pool,
)
from tests.engine.test_claims import together
from tests.engine.test_deliver import state
from tests.gateways.simulated import RunningGateway

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sessions")]


def used(line: Gateway) -> dict[str, int]:
    line.refresh_from_db()
    return {name: spent["used"] for name, spent in line.usage.items()}


def reply(line: Gateway, phone: str = "+56955555555") -> ObjectId:
    return claims.add_direct(
        kind=Kind.REPLY, gateway=line.pk, pool=line.pool_id, channel="whatsapp", phone=phone, text="Gracias",
        attachment=None,
    )  # fmt: skip


def test_a_lane_sends_what_it_may_and_then_replies_only(far_side: RunningGateway) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a", per_hour=3, per_day=100)
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 5)
    run_slice(line.pk)
    assert state(campaign) == {"sent": 3, "pending": 2}
    assert used(line) == {"per_hour": 3, "per_day": 3}
    assert (line.capped_by, line.capped_until is not None) == ("per_hour", True)
    assert tick.queue_lanes() == 0
    assert queries.troubled_lines(campaign) == [
        LineTrouble(line.name, False, "per_hour", line.capped_until, line.pk, "whatsapp")
    ]
    reply(line)
    assert tick.queue_lanes() == 1
    run_slice(line.pk)
    assert used(line) == {"per_hour": 4, "per_day": 4}
    assert state(campaign) == {"sent": 3, "pending": 2}
    assert far_side.stats()["arrivals"] == 4


def test_a_raised_limit_frees_the_lane_at_once(far_side: RunningGateway) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a", per_day=1)
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 2)
    run_slice(line.pk)
    assert (state(campaign), tick.queue_lanes()) == ({"sent": 1, "pending": 1}, 0)
    collection(Gateway).update_one({"_id": line.pk}, {"$set": {"config.per_day": 2}})
    assert tick.queue_lanes() == 1
    run_slice(line.pk)
    assert state(campaign) == {"sent": 2}


def test_a_place_is_given_back_when_nothing_was_sent(far_side: RunningGateway) -> None:
    """The gateway has no such number, the line can't be reached, and a pause that came in between."""
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a", per_day=5)
    campaign = whatsapp_campaign(pool)
    far_side.control(default={"faults": {"reject": 1.0}})
    add_recipients(campaign, 1)
    run_slice(line.pk)
    assert (state(campaign), used(line)) == ({"failed": 1}, {"per_day": 0})
    away = session_line(pool, "http://127.0.0.1:9/send", per_day=1)
    add_recipients(campaign, 1)
    run_slice(away.pk)
    assert (state(campaign), used(away), away.capped_until) == ({"failed": 1, "pending": 1}, {"per_day": 0}, None)


def test_a_place_is_given_back_when_a_pause_comes_in_between(
    far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a", per_day=5)
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 1)
    original = claims.start

    def paused_here(*args):
        commands.pause(campaign.name)
        return original(*args)

    monkeypatch.setattr(claims, "start", paused_here)
    always_read_again(monkeypatch)
    run_slice(line.pk)
    assert (state(campaign), used(line)) == ({"pending": 1}, {"per_day": 0})
    assert far_side.stats()["arrivals"] == 0


def test_a_place_is_kept_while_nobody_knows_whether_it_was_sent(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"drop_after": 1.0}})
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a", per_day=5)
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 1)
    run_slice(line.pk)
    assert (state(campaign), used(line)) == ({"uncertain": 1}, {"per_day": 1})


def test_the_last_places_are_taken_once_by_holders_at_the_same_time() -> None:
    line = session_line(whatsapp_pool(), "http://127.0.0.1:9/send", per_day=20)
    wanted = [Claimed(ObjectId(), ObjectId(), "+56911111111", "x") for _ in range(4)]

    def work() -> int:
        places, taken = Places(Gateway.objects.get(pk=line.pk)), 0
        for _ in range(5):
            taken += len(places.take(wanted[:2]))
        return taken

    assert sum(together(work, threads=4)) == 20
    assert used(line) == {"per_day": 20}


def test_places_given_back_at_the_same_time_are_all_free_again() -> None:
    line = session_line(whatsapp_pool(), "http://127.0.0.1:9/send", per_day=8)

    def work() -> None:
        places = Places(Gateway.objects.get(pk=line.pk))
        mine = [Claimed(ObjectId(), ObjectId(), "+56911111111", "x") for _ in range(2)]
        places.give_back([c.id for c in places.take(mine)])

    together(work, threads=4)
    assert used(line) == {"per_day": 0}
    assert (line.capped_until, line.capped_by) == (None, "")


def test_first_contacts_are_limited_and_those_who_are_known_are_not(far_side: RunningGateway) -> None:
    pool = whatsapp_pool()
    line = session_line(pool, f"{far_side.url}/send/a", first_contacts_per_day=1)
    campaign = whatsapp_campaign(pool)
    stranger, known, other = add_recipients(campaign, 3)
    numbers.met(line.pk, known)
    run_slice(line.pk)
    assert {a["to"] for a in far_side.arrivals()} == {stranger, known}
    assert state(campaign) == {"sent": 2, "pending": 1}
    assert (used(line), line.capped_by) == ({"first_contacts_per_day": 1}, Limit.FIRST_CONTACTS.value)
    reply(line, other)
    run_slice(line.pk)
    line.refresh_from_db()
    assert (far_side.stats()["arrivals"], line.capped_by) == (3, Limit.FIRST_CONTACTS.value)


def test_turns_of_a_lane_that_has_sent_all_it_may_go_to_the_others() -> None:
    pool = whatsapp_pool(strategy=Strategy.FIXED_TURNS)
    full, free = (session_line(pool, "http://127.0.0.1:9/send", per_day=1) for _ in "ab")
    campaign = whatsapp_campaign(pool)
    add_recipients(campaign, 10)
    deal.deal_all()
    assert Message.objects.filter(gateway=full.pk).count() == 5
    Places(full).take([Claimed(ObjectId(), campaign.pk, "+56911111111", "x")])
    deal.deal_all()
    assert [Message.objects.filter(gateway=lane.pk).count() for lane in (full, free)] == [0, 10]


def test_the_limits_are_those_that_a_session_s_line_declares() -> None:
    declared = {field.name for field in KINDS["whatsapp_web"].fields}
    assert declared == {*(limit.value for limit in Limit), "host"}
