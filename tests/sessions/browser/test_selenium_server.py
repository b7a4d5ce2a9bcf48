"""Browsers of a Selenium server in another container: none of their processes is visible, its word is all there is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bson import ObjectId
from pytest_django.fixtures import Settings

from sessions_app import commands, reaping
from sessions_app.browser import driver, grid, processes
from sessions_app.browser.errors import BrowserGone, CannotStart
from sessions_app.models import Session
from tests.sessions.browser.selenium_server import HOST, SeleniumServer
from tests.whatsapp_web.browser import Driver


@pytest.fixture
def selenium(server: Driver, monkeypatch: pytest.MonkeyPatch) -> Iterator[SeleniumServer]:
    with SeleniumServer(server.url) as running, monkeypatch.context() as elsewhere:
        elsewhere.setattr(processes, "_running", list)
        elsewhere.setattr(processes, "holds", lambda pid, profile: False)
        elsewhere.setattr(processes.socket, "gethostname", lambda: "worker")
        elsewhere.setattr(processes, "LAST_WRITES_SECONDS", 0.2)
        yield running


@pytest.fixture
def folder(server: Driver, profile: str) -> Path:
    path = server.profiles / profile
    path.mkdir()
    return path


def launch(selenium: SeleniumServer, folder: Path) -> driver.Browser:
    return driver.launch(selenium.url, profile=folder, page_scripts="")[0]


def lock(folder: Path, host: str) -> None:
    # Chromium itself refuses a lock of another host than its own: what is left of it would fail the start.
    (folder / "SingletonLock").symlink_to(f"{host}-17")


def test_browser_ends_with_its_server_and_calls_itself_by_its_own_version(
    selenium: SeleniumServer, folder: Path
) -> None:
    browser, remote = driver.launch(selenium.url, profile=folder, page_scripts="")
    assert browser.pid_started == 0
    assert f"Chrome/{remote.capabilities['browserVersion'].partition('.')[0]}." in browser.user_agent
    options = [one["alwaysMatch"]["goog:chromeOptions"] for one in selenium.asked]
    # First as the server calls its browser, then as that one has called itself.
    assert [f"Chrome/{99}." in " ".join(one["args"]) for one in options] == [True, False]
    assert not any("detach" in one for one in options)
    assert driver.running_elsewhere(selenium.url, folder.parent) == {folder}
    assert driver.end(browser, grace=10)
    assert driver.running_elsewhere(selenium.url, folder.parent) == set()


def test_lock_that_a_killed_server_has_left_is_taken_away(selenium: SeleniumServer, folder: Path) -> None:
    lock(folder, HOST)
    browser = launch(selenium, folder)
    assert driver.end(browser, grace=10)


def test_lock_of_a_host_that_is_not_the_servers_stays(selenium: SeleniumServer, folder: Path) -> None:
    lock(folder, "another-container")
    with pytest.raises(CannotStart) as used:
        launch(selenium, folder)
    assert (used.value.code, used.value.detail) == ("profile_in_use", "another-container-17")
    assert (folder / "SingletonLock").is_symlink()


def test_profile_of_a_running_browser_is_in_use_until_it_is_reaped(selenium: SeleniumServer, folder: Path) -> None:
    browser = launch(selenium, folder)
    with pytest.raises(CannotStart) as used:
        launch(selenium, folder)
    assert (used.value.code, browser.driver_session in used.value.detail) == ("profile_in_use", True)
    assert driver.reap_elsewhere(selenium.url, {folder.parent / "unused"}) == []
    assert driver.reap_elsewhere(selenium.url, {folder}) == [folder]
    assert driver.end(launch(selenium, folder), grace=10)


def test_browser_of_a_server_that_was_started_again_is_gone_and_never_adopted(
    selenium: SeleniumServer, folder: Path
) -> None:
    browser = launch(selenium, folder)
    selenium.end_all()
    other = launch(selenium, folder)
    # Behind the old address there is another account's browser now.
    lost = replace(browser, debugger_address=other.debugger_address)
    with pytest.raises(BrowserGone) as gone:
        driver.adopt(selenium.url, lost, page_scripts="")
    assert gone.value.code == "browser_ended"
    assert list(selenium.sessions) == [other.driver_session]
    assert driver.end(lost, grace=10)


@pytest.mark.parametrize("ready", [True, False])
def test_browser_of_a_server_that_does_not_answer_for_a_moment_is_waited_for(
    selenium: SeleniumServer, folder: Path, ready: bool
) -> None:
    browser = launch(selenium, folder)
    kept = dict(selenium.sessions)
    selenium.ready = ready
    if not ready:
        selenium.sessions.clear()
    with pytest.raises(BrowserGone) as gone:
        driver.adopt(selenium.url, browser, page_scripts="")
    assert gone.value.code == "driver_away"
    selenium.sessions = kept


def test_reaping_ends_orphans_and_leaves_the_browsers_of_every_host(
    selenium: SeleniumServer, server: Driver, db: None, settings: Settings
) -> None:
    settings.SELENIUM_URL, settings.PROFILES = selenium.url, server.profiles
    orphan, *claimed = (
        launch(selenium, server.profiles / str(pk))
        for pk in (
            ObjectId(),
            *(commands.create(name=host, gateway=ObjectId(), host=host).pk for host in ("main", "b2")),
        )
    )
    for name, browser in zip(("main", "b2"), claimed, strict=True):
        Session.objects.filter(name=name).update(browser=browser.as_json())
    assert reaping.is_running(Path(orphan.profile))
    assert reaping.reap("main") == [Path(orphan.profile)]
    assert reaping.reap("main") == []
    assert not reaping.is_running(Path(orphan.profile))
    assert set(selenium.sessions) == {one.driver_session for one in claimed}


def test_server_that_is_away_runs_nothing_and_ends_nothing(folder: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    assert driver.running_elsewhere(nowhere, folder.parent) == set()
    assert driver.reap_elsewhere(nowhere, {folder}) == []
    assert not grid.end(nowhere, "x", seconds=1)


def test_driver_is_no_selenium_server(server: Driver) -> None:
    assert grid.read(grid.ask(server.url)) is None
    assert driver.running_elsewhere(server.url, server.profiles) == set()


def test_version_that_is_a_word_is_none() -> None:
    slot = {"session": None, "stereotype": {"browserName": "chrome", "browserVersion": "stable"}}
    server = grid.read({"ready": True, "nodes": [{"slots": [slot]}]})
    assert server is not None
    assert (server.version, server.hosts, server.sessions) == ("", frozenset(), {})
