"""What gateways call us with is in their line's log: what was taken, what was refused and why; never a stranger's."""

import asyncio

import pytest

from gateways import calls
from gateways.models import Call, Gateway
from gateways.webhooks import BODY_LIMIT, Webhooks
from tests.gateways.test_webhook_application import address, gateway, post, report, run

__all__ = ["gateway"]  # a fixture
pytestmark = pytest.mark.django_db

ATTEMPT = "0123456789abcdef" * 2


def kept() -> list[Call]:
    assert calls.flush()
    return list(Call.objects.filter(purpose="callback").order_by("at", "pk"))


def test_report_is_kept_with_the_attempt_that_it_is_about(gateway: Gateway) -> None:
    async def work(application: Webhooks) -> list[int]:
        return [await post(application, address(gateway), report(ATTEMPT))]

    assert run(work) == [200]
    [call] = kept()
    assert (call.gateway, call.verdict, call.attempts) == (gateway.pk, "accepted", [ATTEMPT])
    told = calls.told_of(call)
    assert (told.method, told.status, told.rule) == ("POST", 200, "callback")
    assert told.body == report(ATTEMPT).decode()
    assert told.url.endswith(f"/hooks/{gateway.pk}/•••")


def test_call_that_is_refused_is_kept_and_a_strangers_is_not(gateway: Gateway) -> None:
    async def work(application: Webhooks) -> list[int]:
        path = address(gateway)
        found = [await post(application, path, b"no json, no report")]
        found.append(await post(application, path, b"x" * (BODY_LIMIT + 1)))
        return [*found, await post(application, path + "x", report("a")), await post(application, "/hooks/1/2", b"")]

    assert run(work) == [400, 413, 404, 404]
    told = [calls.told_of(call) for call in kept()]
    assert [(each.status, each.rule) for each in told] == [(400, "callback_unreadable"), (413, "callback_shape")]
    assert (told[0].body, told[0].answer_body) == ("no json, no report", "the body isn't JSON")
    assert {call.verdict for call in kept()} == {"refused"}


def test_flood_of_reports_is_counted(gateway: Gateway) -> None:
    async def work(application: Webhooks) -> list[int]:
        path = address(gateway)
        return list(await asyncio.gather(*(post(application, path, report(f"a{n}")) for n in range(200))))

    assert set(run(work)) == {200}
    found = kept()
    assert sum(1 + call.more for call in found) == 200
    assert len(found) < 100
