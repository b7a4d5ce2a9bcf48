"""From no browser to a connected account, and out again: QR, link code, logout, reset, delete."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import requests
from bson import ObjectId
from django.utils import timezone

from domain import sessions as decisions
from domain.states import SessionStatus
from sessions_app import commands
from sessions_app.browser import driver
from sessions_app.browser.page import Page
from sessions_app.models import Session, SessionEvent
from sessions_app.queries import connected_gateways
from tests.sessions.supervisor.conftest import Watched, busy_lane, free_lane
from tests.whatsapp_web.browser import wait_for

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]
S = SessionStatus


def test_session_is_paired_by_its_qr(watched: Watched) -> None:
    watched.whatsapp.control(qr_refresh_s=1)
    shown = watched.connect()
    assert (shown.status, shown.cause, shown.logged_in_at, shown.heartbeat_at) == (S.PAIRING, "", None, None)
    first = shown.qr
    # It may have changed between the two looks at it.
    watched.look_until(lambda s: s.qr in [one["qr"] for one in watched.whatsapp.devices()], what="the QR of the page")
    watched.whatsapp.control(qr_refresh_s=20)
    watched.look_until(lambda s: s.qr not in ("", first), what="the next QR")

    def scanned() -> bool:
        """False where the page has shown another code since the last look."""
        code = {"qr": watched.look().qr, "number": watched.account}
        return bool(requests.post(f"{watched.whatsapp.url}/phone/scan", json=code, timeout=90).ok)

    wait_for(scanned, seconds=90, what="a code that is still shown")
    connected = watched.until(S.CONNECTED)

    assert (connected.phone, connected.qr, connected.cause) == (f"+{watched.account}", "", "")
    assert connected.lid.endswith("@lid")
    assert connected.login != ""
    assert connected.logged_in_at is not None
    assert connected.status_at >= connected.logged_in_at
    assert connected_gateways([connected.gateway]) == {connected.gateway}
    history = watched.history()
    assert history[:2] == [("stopped", "starting", "loading"), ("starting", "pairing", "")]
    assert history[-1][1:] == ("connected", "")
    before = connected.heartbeat_at
    assert watched.look().heartbeat_at > before


def test_session_is_paired_by_a_code_for_its_phone(watched: Watched) -> None:
    commands.connect(watched.session.name, phone=f"+{watched.account}")
    shown = watched.look_until(lambda s: s.link_code, what="a link code")
    assert (shown.status, shown.cause, shown.request, shown.request_phone) == (S.PAIRING, "link_code", "", "")
    assert shown.link_code_until is not None
    assert 100 < (shown.link_code_until - timezone.now()).total_seconds() < 200
    watched.whatsapp.phone("link", code=shown.link_code, number=watched.account)
    assert watched.until(S.CONNECTED).link_code == ""


def test_link_code_that_expired_says_so_until_it_is_asked_for_again(watched: Watched) -> None:
    commands.connect(watched.session.name, phone=watched.account)
    watched.look_until(lambda s: s.link_code, what="a link code")
    profile = next(one["profile"] for one in watched.whatsapp.devices() if one["connected"])
    watched.whatsapp.phone("link_event", profile=profile, event="expired")
    watched.until(S.PAIRING, "link_code_expired")
    assert watched.look().cause == "link_code_expired"
    commands.connect(watched.session.name, phone=watched.account)
    assert watched.look_until(lambda s: s.link_code, what="another code").cause == "link_code"


def test_qr_is_renewed_for_five_minutes_and_then_expires(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "QR_GAP_SECONDS", 0.3)
    watched.whatsapp.control(qr_refresh_s=0.3, qr_refreshes=1)
    watched.connect()
    watched.look_until(lambda s: not s.qr, what="the page giving up")
    watched.look_until(lambda s: s.qr, what="a QR that was asked for")

    watched.set(asked_at=timezone.now() - timedelta(minutes=6))
    watched.until(S.PAIRING, "qr_expired")
    watched.whatsapp.control(qr_refresh_s=20)
    for _ in range(3):
        assert watched.look().qr == ""
    commands.refresh_qr(watched.session.name)
    shown = watched.look_until(lambda s: s.qr, what="a QR that was asked for again")
    assert (shown.cause, shown.request) == ("", "")


def test_logout_from_the_phone_asks_for_another_qr(watched: Watched) -> None:
    watched.pair()
    watched.whatsapp.phone("logout", number=watched.account)
    out = watched.until(S.PAIRING)
    assert (out.cause, out.phone, out.lid, out.login, out.logged_in_at) == ("logged_out", "", "", "", None)
    assert watched.look_until(lambda s: s.qr, what="a QR").cause == "logged_out"
    commands.connect(watched.session.name)
    assert watched.look().cause == ""


def test_logout_by_command_unlinks_the_account(watched: Watched) -> None:
    watched.pair()
    watched.lane = busy_lane
    commands.logout(watched.session.name)
    assert connected_gateways([watched.session.gateway]) == set()
    assert watched.look().status == S.CONNECTED  # it waits for its line
    watched.lane = free_lane
    out = watched.until(S.PAIRING)
    assert (out.cause, out.request, out.phone) == ("logged_out", "", "")
    assert [one for one in watched.whatsapp.devices() if one["number"] == watched.account] == []


def test_logout_of_a_stopped_session_starts_its_browser_for_it(watched: Watched) -> None:
    watched.pair()
    commands.disconnect(watched.session.name)
    watched.until(S.STOPPED)
    commands.logout(watched.session.name)
    watched.look_until(lambda s: s.status == S.STOPPED and not s.request, what="the logout")
    assert (watched.session.phone, watched.processes()) == ("", [])
    assert [one for one in watched.whatsapp.devices() if one["number"] == watched.account] == []


def test_disconnected_session_connects_again_without_a_qr(watched: Watched) -> None:
    first = watched.pair()
    login, logged_in_at = first.login, first.logged_in_at
    commands.disconnect(watched.session.name)
    stopped = watched.until(S.STOPPED)
    assert (stopped.browser, stopped.driver_session, watched.processes()) == ({}, "", [])
    assert watched.look().status == S.STOPPED

    commands.connect(watched.session.name)
    again = watched.until(S.CONNECTED)
    assert (again.login, again.logged_in_at, again.phone) == (login, logged_in_at, f"+{watched.account}")
    assert "pairing" not in [target for _, target, _ in watched.history()[-4:]]


def test_reset_makes_another_profile(watched: Watched) -> None:
    watched.pair()
    commands.reset(watched.session.name)
    shown = watched.look_until(lambda s: s.qr, what="a QR")
    assert (shown.status, shown.phone, shown.request) == (S.PAIRING, "", "")
    # WhatsApp was not told: the phone still has the old browser.
    assert [one["connected"] for one in watched.whatsapp.devices() if one["number"] == watched.account] == [False]


def test_deleted_session_leaves_nothing(watched: Watched) -> None:
    from sessions_app.reaping import profile_of

    watched.pair()
    profile = profile_of(watched.session)
    assert profile.exists()
    commands.delete(watched.session.name)
    watched.look()
    assert not Session.objects.filter(pk=watched.session.pk).exists()
    assert (profile.exists(), watched.processes()) == (False, [])
    assert [one for one in watched.whatsapp.devices() if one["number"] == watched.account] == []


@pytest.mark.parametrize("end", [commands.logout, commands.reset, commands.delete])
def test_what_comes_while_the_line_is_waited_for_is_kept(watched: Watched, end: Callable[[str], Session]) -> None:
    """Its line may send for seconds more, and the browser that is given up is the only one that heard."""
    session = watched.pair()
    page = Page(driver.attach(driver.Browser.from_json(session.browser)))
    watched.look()

    @contextmanager
    def lane_that_is_free_later(gateway: ObjectId) -> Iterator[bool]:
        watched.whatsapp.phone("message", number=watched.account, person="5491140000007", text="ya lo pagué")
        wait_for(lambda: page.state().events, what="the message")
        yield True

    watched.lane = lane_that_is_free_later
    end(session.name)
    watched.look()
    assert [one.data["body"] for one in SessionEvent.objects.filter(session=session.pk)] == ["ya lo pagué"]
