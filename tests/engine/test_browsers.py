"""How sessions come to be looked after, and how a lane keeps still while its page is not."""

import threading
from datetime import timedelta

import pytest

from engine import browsers, lane
from gateways.models import Gateway, LaneState
from lib.mongo import collection, server_now
from sessions_app import commands, ownership
from sessions_app.models import Session
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], str]]:
    """The tasks that were sent, instead of sending them."""
    sent: list[tuple[str, list[str], str]] = []

    def send(name: str, *, args: list[str], queue: str, expires: float) -> None:
        assert expires < ownership.QUEUED_SECONDS
        sent.append((name, args, queue))

    monkeypatch.setattr(browsers.current_app, "send_task", send)
    return sent


def test_due_session_is_looked_after_once_on_its_own_host(issued: list[tuple[str, list[str], str]]) -> None:
    pool = make_whatsapp_pool()
    here, there = make_session(pool, "Ventas 1"), make_session(pool, "Ventas 2", host="b2")
    assert browsers.issue_looks() == 2
    assert sorted(issued) == sorted(
        ("engine.look_after_session", [str(one.pk)], f"sessions.{one.host}") for one in (here, there)
    )
    assert browsers.issue_looks() == 0
    commands.connect(here.name)  # asks for a look at once
    assert browsers.issue_looks() == 1
    assert issued[2][1] == [str(here.pk)]


def test_session_that_somebody_looks_after_is_not_issued(issued: list[tuple[str, list[str], str]]) -> None:
    session = make_session(make_whatsapp_pool())
    owner = ownership.take(session.pk)
    assert owner is not None
    assert browsers.issue_looks() == 0
    owner.release(next_look=0)
    assert browsers.issue_looks() == 1


def test_held_lane_sends_nothing_until_it_is_let_go() -> None:
    gateway = Gateway.objects.get(pk=make_session(make_whatsapp_pool()).gateway)
    with browsers.hold_lane(gateway.pk) as held:
        assert held is True
        assert lane.acquire(gateway.pk, lease=60) is None
        assert lane.queue(gateway) is False
    gateway.refresh_from_db()
    assert (gateway.lane_state, gateway.lane_epoch) == (LaneState.IDLE, 1)


@pytest.mark.parametrize(("failures", "rests"), [(3, False), (0, True)])
def test_rest_after_failures_ends_with_what_renews_the_page(failures: int, rests: bool) -> None:
    """What failed is another one then; pacing goes on as it was."""
    gateway = Gateway.objects.get(pk=make_session(make_whatsapp_pool()).gateway)
    soon = server_now() + timedelta(seconds=100)
    Gateway.objects.filter(pk=gateway.pk).update(failures=failures, next_send_at=soon)
    with browsers.hold_lane(gateway.pk) as held:
        assert held is True
    gateway.refresh_from_db()
    assert (gateway.next_send_at is not None, gateway.failures) == (rests, failures)


def test_lane_that_works_is_held_as_soon_as_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway.objects.get(pk=make_session(make_whatsapp_pool()).gateway)
    working = lane.acquire(gateway.pk, lease=60)
    assert working is not None
    monkeypatch.setattr(browsers, "LANE_SECONDS", 0.1)
    with browsers.hold_lane(gateway.pk) as held:
        assert held is False
    monkeypatch.setattr(browsers, "LANE_SECONDS", 600.0)
    free = threading.Timer(
        0.2, lambda: collection(Gateway).update_one({"_id": gateway.pk}, {"$set": {"lane_state": "queued"}})
    )
    free.start()
    with browsers.hold_lane(gateway.pk) as held:
        assert held is True
    free.join()


def test_session_without_a_line_has_nothing_to_wait_for() -> None:
    session = make_session(make_whatsapp_pool())
    Gateway.objects.filter(pk=session.gateway).delete()
    with browsers.hold_lane(session.gateway) as held:
        assert held is True
    assert Session.objects.filter(pk=session.pk).exists()
