"""What the page and its browser go through, and what becomes of the session: states, slow and dead pages, events."""

import os
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from domain import sessions as decisions
from domain.states import SessionStatus
from sessions_app import commands, events, ownership, reaping, supervisor
from sessions_app.browser import driver as browsers_driver
from sessions_app.browser.driver import Browser
from sessions_app.browser.page import Page
from sessions_app.models import Session, SessionEvent
from sessions_app.queries import connected_gateways, disconnected_since
from tests.sessions.supervisor.conftest import Watched, free_lane
from tests.whatsapp_web.browser import Driver, wait_for

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
S = SessionStatus


def page_of(session: Session) -> Page:
    return Page(browsers_driver.attach(Browser.from_json(session.browser)))


def test_session_shows_what_the_stream_says(watched: Watched) -> None:
    watched.pair()
    account = watched.account
    shown = []
    for mode, info in (
        ("OFFLINE", "OFFLINE"), ("MAIN", "CONNECTING"), ("CONFLICT", "OFFLINE"), ("PROXYBLOCK", "OFFLINE"),
        ("TOS_BLOCK", "OFFLINE"), ("SMB_TOS_BLOCK", "OFFLINE"), ("DEPRECATED_VERSION", "OFFLINE"),
        ("SYNCING", "SYNCING"),
    ):  # fmt: skip
        watched.whatsapp.control(accounts={account: {"mode": mode, "info": info}})
        status = watched.look_until(lambda s: s.status != S.CONNECTED, what=mode)
        shown.append((mode, status.status, status.cause))
        assert connected_gateways([watched.session.gateway]) == set()
        assert disconnected_since([watched.session.gateway]) == {watched.session.gateway: watched.session.heartbeat_at}
        watched.whatsapp.control(accounts={account: {"mode": "", "info": "", "start_ms": 50}})
        watched.until(S.CONNECTED)
    assert shown == [
        ("OFFLINE", "offline", ""),
        ("MAIN", "offline", ""),
        ("CONFLICT", "conflict", "conflict"),
        ("PROXYBLOCK", "blocked", "proxy_block"),
        ("TOS_BLOCK", "blocked", "tos_block"),
        ("SMB_TOS_BLOCK", "blocked", "smb_tos_block"),
        ("DEPRECATED_VERSION", "blocked", "deprecated_version"),
        ("SYNCING", "syncing", ""),
    ]

    watched.whatsapp.phone("event", number=account, event="account_temporarily_banned")
    watched.until(S.BLOCKED, "account_temporarily_banned")
    commands.reload(watched.session.name)
    watched.until(S.CONNECTED)
    assert ("blocked", "starting", "reloaded") in watched.history()


def test_slow_page_starts_and_a_dead_one_is_loaded_again_then_started_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "FIRST_BACKOFF", 0.0)
    watched.whatsapp.control(account_default={"loader_ms": 1500})
    watched.connect()
    slow = watched.history()
    assert slow == [("stopped", "starting", "loading"), ("starting", "pairing", "")]

    watched.whatsapp.control(account_default={"loader_ms": None})
    commands.reload(watched.session.name)
    watched.until(S.STARTING)
    first = watched.session.browser["pid"]
    watched.set(started_at=timezone.now() - timedelta(seconds=61))
    watched.until(S.STARTING, "not_ready")
    assert (watched.session.browser["pid"], watched.session.failures) == (first, 0)
    watched.set(started_at=timezone.now() - timedelta(seconds=61), reloads=1)
    watched.until(S.FAILED, "not_ready")
    assert (watched.session.failures, watched.session.browser, watched.processes()) == (1, {}, [])
    watched.whatsapp.control(account_default={"loader_ms": 0})
    shown = watched.look_until(lambda s: s.qr, what="a QR")
    assert shown.browser["pid"] != first
    assert shown.failures == 1  # it has not proven itself yet
    watched.set(started_at=timezone.now() - timedelta(seconds=61))
    assert watched.look().failures == 0


def test_browser_that_was_killed_is_started_again_with_its_login(watched: Watched) -> None:
    before = watched.pair()
    login, pid = before.login, before.browser["pid"]
    # What it has written by then is on the disk; a login of the last seconds may be lost, and that is WhatsApp's.
    commands.disconnect(watched.session.name)
    watched.until(S.STOPPED)
    commands.connect(watched.session.name)
    pid = watched.until(S.CONNECTED).browser["pid"]
    os.kill(pid, signal.SIGKILL)
    watched.until(S.FAILED, "browser_died")
    again = watched.until(S.CONNECTED)
    assert again.browser["pid"] != pid
    assert (again.login, again.failures) == (login, 1)
    assert "pairing" not in [target for _, target, _ in watched.history()[-4:]]


def test_driver_that_was_killed_is_replaced_and_its_browser_adopted(
    watched: Watched, browsers: Driver, settings: Settings
) -> None:
    with Driver() as other:
        settings.SELENIUM_URL = other.url
        before = watched.pair()
        pid, login, epoch = before.browser["pid"], before.login, before.page_epoch
        port = other.url.rpartition(":")[2]
        os.kill(other._process.pid, signal.SIGKILL)
        other._process.wait()
        assert (watched.look().status, watched.session.cause) == (S.FAILED, "driver_away")
        assert connected_gateways([watched.session.gateway]) == set()
        other._process = subprocess.Popen(
            ["chromedriver", f"--port={port}", "--log-level=SEVERE"], stdout=subprocess.DEVNULL, start_new_session=True
        )
        wait_for(other._ready, what="chromedriver")
        again = watched.until(S.CONNECTED)
        assert (again.browser["pid"], again.login, again.page_epoch) == (pid, login, epoch)
        commands.delete(watched.session.name)
        watched.look()


def test_events_are_neither_lost_nor_doubled_when_a_worker_dies_before_it_acknowledges(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.pair()
    person = "5491140000009"
    for number in range(3):
        watched.whatsapp.phone("message", number=watched.account, person=person, text=f"hola {number}")
    page = page_of(watched.session)
    wait_for(lambda: page.state().events >= 3, what="the events")

    class Killed(BaseException):
        """The end of a worker."""

    def die(self: Page, epoch: str, sequence: int) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Page, "acknowledge", die)
        # As a kill would have it: nothing is released either.
        patch.setattr(ownership.Owner, "release", lambda self, next_look: None)
        supervisor.look_after(watched.session.pk, hold_lane=free_lane)
    assert SessionEvent.objects.count() == 3
    assert page.state().events == 3
    watched.look()
    assert page.state().events == 3  # the dead one's lease lasts
    watched.set(owner_until=timezone.now() - timedelta(seconds=1))
    watched.look()
    assert page.state().events == 0
    found = list(SessionEvent.objects.order_by("sequence"))
    assert [one.data["body"] for one in found] == ["hola 0", "hola 1", "hola 2"]
    assert {(one.gateway, one.name) for one in found} == {(watched.session.gateway, "message")}
    assert events.drain(watched.session, page) == 0


def test_lock_of_another_host_is_named(watched: Watched) -> None:
    profile = reaping.profile_of(watched.session)
    profile.mkdir(parents=True)
    (profile / "SingletonLock").symlink_to("another-host-4711")
    commands.connect(watched.session.name)
    failed = watched.until(S.FAILED)
    assert (failed.cause, failed.detail, failed.failures) == ("profile_in_use", "another-host-4711", 1)
    wait = (failed.next_look_at - timezone.now()).total_seconds() if failed.next_look_at else 0
    assert 3 < wait < 7
    (profile / "SingletonLock").unlink()
    watched.look_until(lambda s: s.qr, what="a QR")


def test_browser_that_nobody_claims_is_ended(watched: Watched, make_session: Callable[..., Watched]) -> None:
    watched.connect()
    other = make_session("Ventas 2")
    other.connect()
    orphan = reaping.profile_of(other.session)
    # A worker that died right after it had started a browser stored nothing of it.
    other.set(browser={}, driver_session="", status="starting")
    assert reaping.reap("main") == [orphan]
    assert (other.processes(), watched.processes() != []) == ([], True)
    assert reaping.reap("main") == []


def test_browser_left_of_an_earlier_start_makes_room(watched: Watched) -> None:
    first = watched.connect().browser["pid"]
    watched.set(browser={}, driver_session="", status="starting", qr="")
    again = watched.look_until(lambda s: s.qr, what="a QR")
    assert again.browser["pid"] != first


def test_starts_are_staggered(
    watched: Watched, make_session: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "START_EVERY", 60.0)
    other = make_session("Ventas 2")
    for one in (watched, other):
        commands.connect(one.session.name)
    assert (watched.look().driver_session != "", other.look().driver_session) == (True, "")
    assert (other.look().status, other.session.cause) == (S.STOPPED, "")
    ownership.collection(ownership.BrowserHost).update_one({"name": "main"}, {"$set": {"start_until": None}})
    assert other.look().driver_session != ""


def test_owner_that_lost_its_lease_writes_nothing(watched: Watched) -> None:
    owner = ownership.take(watched.session.pk)
    assert owner is not None
    assert ownership.take(watched.session.pk) is None
    watched.set(owner_until=timezone.now() - timedelta(seconds=1))
    second = ownership.take(watched.session.pk)
    assert second is not None
    with pytest.raises(ownership.LeaseLost):
        owner.store({"cause": "late"})
    owner.release(next_look=0)
    commands.connect(watched.session.name)  # asked for meanwhile
    second.release(next_look=100)
    watched.session.refresh_from_db()
    assert (watched.session.cause, watched.session.owner_token) == ("", "")
    assert ownership.queue_due() == [(watched.session.pk, "main")]
    assert ownership.queue_due() == []
