"""Sessions in real Chromium on the stand-in, looked after by plain calls of the supervisor."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from bson import ObjectId
from pytest_django.fixtures import Settings

from domain.states import SessionStatus
from sessions_app import commands, ownership, supervisor
from sessions_app.models import Session
from sessions_app.queries import changes_of
from tests.whatsapp_web.browser import Driver, processes_with
from tests.whatsapp_web.fixtures import driver, stand_in, whatsapp
from tests.whatsapp_web.simulated import RunningWhatsApp

__all__ = ["driver", "stand_in", "whatsapp"]

PATIENCE = 90.0
_accounts = itertools.count(5491150000100)


@contextmanager
def free_lane(gateway: ObjectId) -> Iterator[bool]:
    """A line that sends nothing just now."""
    yield True


@contextmanager
def busy_lane(gateway: ObjectId) -> Iterator[bool]:
    yield False


@dataclass
class Watched:
    """A session that a test looks after."""

    session: Session
    whatsapp: RunningWhatsApp
    account: str
    lane: Any = field(default=free_lane)

    def look(self) -> Session:
        """One look, as the task does it."""
        supervisor.look_after(self.session.pk, hold_lane=self.lane)
        with suppress(Session.DoesNotExist):
            self.session.refresh_from_db()
        return self.session

    def look_until(self, found: Callable[[Session], Any], *, what: str = "") -> Session:
        """Look again and again, until the session is as wanted."""
        until = time.monotonic() + PATIENCE
        while not found(self.look()):
            session = self.session
            shown = (session.status, session.cause, session.detail, session.request)
            assert time.monotonic() < until, f"not within {PATIENCE:g} s: {what}; it is {shown}"
            time.sleep(0.03)
        return self.session

    def until(self, status: SessionStatus, cause: str | None = None) -> Session:
        return self.look_until(
            lambda s: s.status == status and cause in (None, s.cause), what=f"{status} {cause or ''}"
        )

    def connect(self) -> Session:
        """Until a QR is shown."""
        commands.connect(self.session.name)
        return self.look_until(lambda s: s.qr, what="a QR")

    def pair(self) -> Session:
        """Until it is connected."""
        self.whatsapp.phone("scan", qr=self.connect().qr, number=self.account)
        return self.until(SessionStatus.CONNECTED)

    def history(self) -> list[tuple[str, str, str]]:
        """The changes of its state and their causes, oldest first."""
        return [(one.origin, one.target, one.cause) for one in reversed(changes_of(self.session.pk))]

    def set(self, **values: Any) -> None:
        Session.objects.filter(pk=self.session.pk).update(**values)
        self.session.refresh_from_db()

    def processes(self) -> list[int]:
        return processes_with(str(self.session.pk))


@pytest.fixture
def browsers(
    db: None, settings: Settings, driver: Driver, whatsapp: RunningWhatsApp, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Driver]:
    """The settings of a browser host; its browsers end with the test."""
    settings.SELENIUM_URL, settings.PROFILES, settings.WHATSAPP_WEB_URL = driver.url, driver.profiles, whatsapp.url
    monkeypatch.setattr(ownership, "START_EVERY", 0.0)
    yield driver
    from sessions_app.reaping import end_browsers

    end_browsers({driver.profiles / str(pk) for pk in Session.objects.values_list("pk", flat=True)})


@pytest.fixture
def make_session(browsers: Driver, whatsapp: RunningWhatsApp) -> Callable[..., Watched]:
    def make(name: str = "Ventas 1") -> Watched:
        session = commands.create(name=name, gateway=ObjectId(), host="main")
        return Watched(session, whatsapp, str(next(_accounts)))

    return make


@pytest.fixture
def watched(make_session: Callable[..., Watched]) -> Watched:
    return make_session()
