"""What a socket shows is looked at again now and then: whoever may not see it any more is shown nothing more."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.models import User
from accounts.roles import set_role
from campaigns.models import Campaign
from domain.roles import Role
from live import consumers
from live.consumers import NOT_ALLOWED, SIGNED_OUT, UNKNOWN, LiveConsumer
from live.feed import Feed
from tests.factories.sending import make_campaign, make_pool

pytestmark = pytest.mark.django_db


class Beats(Feed):
    """One by which events arrive, without Redis."""

    beats = True

    async def start(self) -> None:
        pass

    async def join(self, groups: Any) -> None:
        pass


@pytest.fixture
def luis() -> User:
    user = User.objects.create_user("luis")
    set_role(user, Role.EXECUTIVE)
    return user


@pytest.fixture
def campaign(luis: User) -> Campaign:
    campaign = make_campaign(make_pool())
    Campaign.objects.filter(pk=campaign.pk).update(owner=luis)
    return campaign


@pytest.fixture
def ended(luis: User, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """By which code a socket of Luis's ends that looks at this, when `change` happens after it was shown something."""
    monkeypatch.setattr(consumers, "Feed", Beats)
    monkeypatch.setattr(consumers, "RECHECK", 0.05)

    async def again(_scope: Any) -> User | None:
        return await User.objects.filter(username="luis").afirst()

    monkeypatch.setattr(consumers, "get_user", again)
    session = SimpleNamespace(load=lambda: None, exists=lambda _key: True, session_key="x")

    async def story(watched: str, change: Callable[[], object]) -> int:
        code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        shown = asyncio.Event()
        said = [{"type": "websocket.connect"}]

        async def receive() -> dict[str, Any]:
            return said.pop() if said else await asyncio.Future()

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "websocket.close":
                code.set_result(message["code"])
            elif message["type"] == "websocket.send":
                shown.set()

        scope = {
            "type": "websocket", "user": luis, "session": session, "query_string": f"f={watched}".encode(),
            "cookies": {},
        }  # fmt: skip
        task = asyncio.ensure_future(LiveConsumer.as_asgi()(scope, receive, send))
        async with asyncio.timeout(60):
            waits = asyncio.ensure_future(shown.wait())
            await asyncio.wait({waits, code}, return_when=asyncio.FIRST_COMPLETED)
            waits.cancel()
            await asyncio.to_thread(change)
            found = await code
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return found

    return lambda watched, change=lambda: None: asyncio.run(story(watched, change))


def test_socket_that_asks_for_somebody_elses_is_refused(ended: Callable[..., int], campaign: Campaign) -> None:
    Campaign.objects.update(owner=None)
    assert ended(f"campaign-row:{campaign.pk}-look") == UNKNOWN


def test_socket_ends_when_what_it_shows_was_given_away(ended: Callable[..., int], campaign: Campaign) -> None:
    taken = ended(f"campaign-row:{campaign.pk}-look", lambda: Campaign.objects.update(owner=None))
    assert taken == NOT_ALLOWED


def test_socket_ends_when_its_user_has_another_role(ended: Callable[..., int], luis: User) -> None:
    promoted = ended(f"menu-unread:{luis.pk}", lambda: set_role(User.objects.get(), Role.SUPERVISOR))
    assert promoted == NOT_ALLOWED


def test_socket_ends_when_its_user_is_deactivated(ended: Callable[..., int], luis: User) -> None:
    assert ended(f"menu-unread:{luis.pk}", lambda: User.objects.update(is_active=False)) == SIGNED_OUT
