"""Lines that are moved to another pool, or deleted, while they hold messages: none is lost, and none sent twice."""

import threading

import pytest

from domain.delivery import Sent
from domain.outcome import after_send
from domain.states import MessageStatus
from engine import deal, lane, readiness, recover
from engine.deliver import deliver as run_slice
from engine.guard import Guard
from gateways import calls, commands, members
from gateways.errors import GatewayError
from gateways.models import Call, Gateway, Strategy
from messaging import claims
from messaging.claims import Answered
from messaging.models import Message
from tests.engine.session_lines import session_line, whatsapp_pool
from tests.engine.test_deliver import expire, run_until_idle, state
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("end", ["answered", "died"])
def test_line_that_is_moved_while_it_sends_finishes_that_and_leaves_the_rest(
    far_side: RunningGateway, end: str
) -> None:
    pool, other = make_pool(), make_pool()
    going, staying = make_line(pool, f"{far_side.url}/send/a"), make_line(pool, f"{far_side.url}/send/b")
    campaign = make_campaign(pool)
    add_messages(campaign, 10)
    held = lane.acquire(going.pk, lease=30)
    claimed = claims.claim(held.holder, pool=pool.pk, campaign=campaign.pk, limit=4, shared=True)
    [(outbound, _)] = claims.start(held.holder, claims.new_attempts(claimed[:1]))
    members.move_lines([going.pk], target=other)
    assert recover.recover_strays() == 0  # its holder is at work
    assert state(campaign) == {"pending": 6, "claimed": 3, "sending": 1}
    assert not Guard(gateway=going.pk, pool=pool).usable()
    if end == "answered":
        sent = Sent(outbound.attempt_id)
        outcome = after_send(sent, can_reconcile=False)
        claims.settle(held.holder, [Answered(outbound, campaign.pk, sent, outcome)])
        held.release(again=False, served=None)
        assert recover.recover_strays() == 3
        assert state(campaign) == {"pending": 9, "sent": 1}
    else:
        expire(going)
        recover.recover_expired()
        assert recover.recover_strays() == 4
        assert state(campaign) == {"pending": 9, "uncertain": 1}
    run_until_idle(staying)
    assert state(campaign) == {"sent": 10} if end == "answered" else {"sent": 9, "uncertain": 1}
    assert {arrival["line"] for arrival in far_side.arrivals()} == {"/send/b"}
    assert far_side.stats()["duplicated_recipients"] == 0


def test_what_a_moved_line_left_is_recovered_while_it_works_in_its_new_pool(far_side: RunningGateway) -> None:
    pool, other = make_pool(), make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 3)
    first = lane.acquire(line.pk, lease=30)
    claims.claim(first.holder, pool=pool.pk, campaign=campaign.pk, limit=2, shared=True)
    members.move_lines([line.pk], target=other)
    first.release(again=False, served=None)
    assert lane.acquire(line.pk, lease=30) is not None
    assert recover.recover_strays() == 2
    assert state(campaign) == {"pending": 3}


@pytest.mark.parametrize("strategy", [Strategy.FIXED_TURNS, Strategy.RANDOM_TURNS])
def test_what_was_dealt_to_a_moved_line_goes_to_the_others(far_side: RunningGateway, strategy: Strategy) -> None:
    pool, other = make_pool(strategy=strategy), make_pool()
    going, staying = make_line(pool, f"{far_side.url}/send/a"), make_line(pool, f"{far_side.url}/send/b")
    campaign = make_campaign(pool)
    add_messages(campaign, 30)
    deal.deal_all()
    assert 0 < Message.objects.filter(gateway=going.pk).count() < 30
    members.move_lines([going.pk], target=other)
    deal.deal_all()
    assert Message.objects.filter(gateway=going.pk).count() == 0
    run_until_idle(staying, going)
    assert state(campaign) == {"sent": 30}
    assert {arrival["line"] for arrival in far_side.arrivals()} == {"/send/b"}
    assert far_side.stats()["duplicated_recipients"] == 0


def test_doubts_of_a_moved_line_are_left_to_people(far_side: RunningGateway) -> None:
    pool, other = make_pool(), make_pool()
    line = make_line(pool, f"{far_side.url}/send/a", deduplicates=True)
    campaign = make_campaign(pool)
    add_messages(campaign, 1)
    held = lane.acquire(line.pk, lease=30)
    claimed = claims.claim(held.holder, pool=pool.pk, campaign=campaign.pk, limit=1, shared=True)
    claims.start(held.holder, claims.new_attempts(claimed))
    expire(line)
    recover.recover_expired()
    members.move_lines([line.pk], target=other)
    assert recover.recover_strays() == 1
    [message] = Message.objects.all()
    assert (message.status, message.due_at) == ("uncertain", None)


def test_tests_that_wait_go_with_their_line(far_side: RunningGateway) -> None:
    pool, other = make_pool(), make_pool()
    line = make_line(pool, f"{far_side.url}/send/a?key=hush1234", id_path="id")
    test = commands.send_test(name=line.name, phone="+56911111111", text="Hola")
    members.move_lines([line.pk], target=other)
    assert run_slice(line.pk)
    assert far_side.stats()["accepted"] == 0
    assert recover.recover_strays() == 1
    run_slice(line.pk)
    message = Message.objects.get(pk=test)
    assert (message.pool, message.status) == (other.pk, "sent")
    assert calls.flush()
    kept = Call.objects.get()
    assert (kept.gateway, kept.attempts) == (line.pk, [message.attempts[0].attempt_id])
    assert (kept.told["status"], kept.told["url"]) == (200, f"{far_side.url}/send/a?key=•••")


def test_what_waits_at_a_deleted_line_is_not_sent(far_side: RunningGateway) -> None:
    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    gone, staying = make_line(pool, f"{far_side.url}/send/a"), make_line(pool, f"{far_side.url}/send/b")
    campaign = make_campaign(pool)
    add_messages(campaign, 6)
    deal.deal_all()
    test = commands.send_test(name=gone.name, phone="+56911111111", text="Hola")
    members.delete_line(gone.pk)
    assert recover.recover_strays() == 1
    message = Message.objects.get(pk=test)
    assert (message.status, message.reason, message.due_at) == (MessageStatus.SKIPPED, "line_deleted", None)
    deal.deal_all()
    run_slice(gone.pk)
    run_until_idle(staying)
    assert state(campaign) == {"sent": 6}
    assert Gateway.objects.get(pk=gone.pk).deleted_at is not None


def test_lines_that_are_moved_to_and_fro_while_all_send_lose_and_double_nothing(far_side: RunningGateway) -> None:
    pools = [make_pool(strategy=Strategy.FIXED_TURNS), make_pool()]
    homes = zip([*pools, *pools], "abcd", strict=True)
    lines = [make_line(pool, f"{far_side.url}/send/{name}", rate_per_second=20) for pool, name in homes]
    campaigns = [make_campaign(pool) for pool in pools]
    for campaign in campaigns:
        add_messages(campaign, 150)
    stopped = threading.Event()

    def work(line: Gateway) -> None:
        while not stopped.is_set():
            run_slice(line.pk)
            stopped.wait(0.02)

    workers = [threading.Thread(target=work, args=[line]) for line in lines]
    for worker in workers:
        worker.start()
    try:
        for turn in range(12):
            target = pools[turn % 2]
            members.move_lines([line.pk for line in lines[:2]], target=target)
            recover.recover_expired()
            recover.recover_strays()
            deal.deal_all()
            stopped.wait(0.2)
    finally:
        stopped.set()
        for worker in workers:
            worker.join()
    recover.recover_strays()
    deal.deal_all()
    run_until_idle(*lines)
    assert [state(campaign) for campaign in campaigns] == [{"sent": 150}, {"sent": 150}]
    assert len(far_side.arrivals()) == 300
    assert far_side.stats()["duplicated_recipients"] == 0


def test_line_that_is_deleted_meanwhile_is_not_switched_on_again(monkeypatch: pytest.MonkeyPatch) -> None:
    line = make_line(make_pool(), "https://gateway.example/send", active=False)
    monkeypatch.setattr(commands, "gateway_named", lambda name: line)  # it was found before it was deleted
    members.delete_line(line.pk)
    with pytest.raises(GatewayError, match="deleted already"):
        commands.set_gateway_active(name=line.name, active=True)
    assert not Gateway.objects.get(pk=line.pk).active


def test_what_a_session_left_in_a_deleted_pool_is_recovered() -> None:
    old, new = whatsapp_pool(name="Viejo"), whatsapp_pool(name="Nuevo")
    line = session_line(old, "https://gateway.example/send")
    members.move_lines([line.pk], target=new)
    members.delete_pool(old.pk)
    line.refresh_from_db()
    assert readiness.reach(line) == [new.pk, old.pk]
