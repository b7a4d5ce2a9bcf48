"""One linked account for all tests here: a real Chromium on the stand-in, started as the product starts it."""

import itertools
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.delivery import Media, Outbound, Reconciled, SendError, Sent
from domain.whatsapp_ids import key_of
from engine import inbox
from gateways.kinds import kind_named
from gateways.models import Channel, Gateway, Pool
from gateways.provider import Provider
from gateways.providers import whatsapp_web
from gateways.registry import line_of, provider_for
from lib.mongo import server_now
from sessions_app.browser.driver import AttachedRemote, Browser, end, launch, page_scripts
from sessions_app.browser.page import Page, PageState
from sessions_app.models import Session, SessionEvent
from tests.whatsapp_web.browser import Driver, wait_for
from tests.whatsapp_web.fixtures import driver, stand_in, whatsapp
from tests.whatsapp_web.simulated import CALM, RunningWhatsApp

__all__ = ["driver", "stand_in", "whatsapp"]

_accounts = itertools.count(56950000001)
_people = itertools.count(56960000001)
_attempts = itertools.count(1)
_epochs = itertools.count(1)


@dataclass
class Account:
    """A linked account in its browser."""

    whatsapp: RunningWhatsApp
    driver: Driver
    number: str
    profile: Path
    browser: Browser
    remote: AttachedRemote
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = Page(self.remote)

    def state(self) -> PageState:
        return self.page.state()

    def wait_connected(self) -> PageState:
        def look() -> PageState | None:
            state = self.state()
            return state if (state.mode, state.info, state.phase) == ("MAIN", "NORMAL", "full") else None

        found = wait_for(look, what="a connected page")
        assert found is not None
        return found

    def reload(self) -> None:
        """Load the page anew: wa-js forgets what it asked WhatsApp, which takes it 15 s (no) or 5 minutes (yes)."""
        epoch = self.state().epoch
        self.whatsapp.phone("reload", number=self.number)
        wait_for(lambda: self.state().epoch not in ("", epoch), what="another page")
        self.wait_connected()

    def restart(self) -> None:
        """The same profile in a new browser."""
        assert end(self.browser, grace=10)
        self.browser, self.remote = launch(
            self.driver.url, profile=self.profile, page_scripts=page_scripts(self.whatsapp.url)
        )
        self.page = Page(self.remote)
        self.page.open(self.whatsapp.url)
        self.wait_connected()

    def link(self) -> None:
        qr = wait_for(lambda: self.state().qr, what="a code")
        self.whatsapp.phone("scan", qr=qr, number=self.number)
        self.wait_connected()


def linked(driver: Driver, whatsapp: RunningWhatsApp) -> Account:
    """A new account in a browser of its own."""
    number = str(next(_accounts))
    profile = driver.profiles / f"account-{number}"
    browser, remote = launch(driver.url, profile=profile, page_scripts=page_scripts(whatsapp.url))
    account = Account(whatsapp, driver, number, profile, browser, remote)
    account.page.open(whatsapp.url)
    account.link()
    return account


@pytest.fixture(scope="package")
def shared_account(driver: Driver, stand_in: RunningWhatsApp) -> Account:
    stand_in.control(**CALM)
    return linked(driver, stand_in)


@pytest.fixture
def account(whatsapp: RunningWhatsApp, shared_account: Account) -> Account:
    shared_account.wait_connected()
    return shared_account


@pytest.fixture
def person() -> str:
    """A number that no other test writes to."""
    return str(next(_people))


@dataclass
class Scene:
    """A gateway whose session is that account, and its provider."""

    account: Account
    gateway: Gateway
    session: Session
    provider: Provider
    epoch: int

    @property
    def whatsapp(self) -> RunningWhatsApp:
        return self.account.whatsapp

    def outbound(self, phone: str, text: str = "Hola, qué tal", media: Media | None = None) -> Outbound:
        """A message with an attempt of its own, which begins now."""
        attempt_id = f"{next(_attempts):018x}" + "f" * 14
        return Outbound(
            attempt_id, "m1", "+" + phone.lstrip("+"), text, key_of(attempt_id), self.epoch, datetime.now(UTC), media
        )

    def send(self, outbound: Outbound, *, seconds: float = 90.0) -> Sent | SendError:
        """Send it, allowing it to start for so many seconds."""
        [answer] = self.provider.send([outbound], not_after=time.monotonic() + seconds)
        return answer

    def reconcile(self, outbound: Outbound, *, seconds: float = 90.0) -> Reconciled:
        return self.provider.reconcile(outbound, not_after=time.monotonic() + seconds)

    def arrivals(self) -> list[tuple[str, str, str, str]]:
        """(recipient, hex id, text, outcome) of what arrived, oldest first."""
        return [(one["to"], one["id"], one["text"], one["outcome"]) for one in self.whatsapp.arrivals()]

    def drain(self) -> None:
        """Store what the page has told, as the supervisor does, and apply it."""
        epoch, events = self.account.page.drain()
        now = server_now()
        for event in events:
            SessionEvent.objects.create(
                session=self.session.pk,
                gateway=self.gateway.pk,
                page_epoch=epoch,
                sequence=event.sequence,
                name=event.name,
                data=event.data,
                received_at=now,
                due_at=now,
            )
        if events:
            self.account.page.acknowledge(epoch, events[-1].sequence)
        inbox.apply_session_events()


def later(outbound: Outbound, seconds: float) -> Outbound:
    """The same message, whose attempt began so many seconds later: before, where they are negative."""
    assert outbound.started_at is not None
    return replace(outbound, started_at=outbound.started_at + timedelta(seconds=seconds))


def stored(browser: Browser) -> dict[str, Any]:
    """What a session keeps of its browser."""
    return {
        "driver_url": browser.driver_url,
        "driver_session": browser.driver_session,
        "browser": browser.as_json(),
    }


def scene_of(account: Account) -> Scene:
    pool = Pool.objects.create(name="whatsapp", channel=Channel.WHATSAPP)
    kind = kind_named("whatsapp_web")
    config: dict[str, Any] = kind.clean({})
    gateway = Gateway.objects.create(
        name="cobranza 1", kind=kind.name, channel=Channel.WHATSAPP, pool=pool, config=config
    )
    session = Session.objects.create(name="cobranza 1", gateway=gateway.pk, host="main", **stored(account.browser))
    return Scene(account, gateway, session, provider_for(line_of(gateway)), next(_epochs))


@pytest.fixture
def scene(db: None, account: Account) -> Scene:
    made = scene_of(account)
    account.page.acknowledge(*_told(account.page))
    return made


def _told(page: Page) -> tuple[str, int]:
    """What earlier tests left in the page's buffer."""
    epoch, events = page.drain()
    return epoch, events[-1].sequence if events else 0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A send that waits for WhatsApp's word for half a second."""
    monkeypatch.setattr(whatsapp_web, "ACK_SHARE", 0.5 / whatsapp_web.TEXT_SECONDS)
