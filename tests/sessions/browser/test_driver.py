"""Browsers that outlive whoever started them: started, found again, adopted, and ended with nothing left."""

import json
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from sessions_app.browser import driver, processes
from sessions_app.browser.driver import Browser, page_scripts
from sessions_app.browser.errors import BrowserGone, CannotStart, PageTimeout
from sessions_app.browser.page import Page
from tests.sessions.browser.running import Running, start_browser
from tests.whatsapp_web.browser import ROOT, Driver, wait_for
from tests.whatsapp_web.simulated import RunningWhatsApp

# Attaches as a worker would, uses the page, and dies without a word.
CLIENT = """
import json, os, signal, sys
from sessions_app.browser.driver import Browser, attach
from sessions_app.browser.page import Page
print(Page(attach(Browser.from_json(json.loads(sys.argv[1])))).state().epoch, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def dead_pid() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_browser_calls_itself_as_one_with_a_window(session: Running) -> None:
    agent = session.remote.execute_script("return navigator.userAgent")
    major = session.remote.capabilities["browserVersion"].partition(".")[0]
    assert agent == session.browser.user_agent
    assert f"Chrome/{major}.0.0.0" in agent
    assert "Headless" not in agent


def test_browser_is_stored_as_plain_data(session: Running) -> None:
    assert Browser.from_json(session.browser.as_json()) == session.browser
    assert session.browser.pid in driver.processes_of(session.profile)
    assert driver.pss(session.browser) > 50 * 1024**2


def test_client_that_dies_leaves_the_browser_as_it_is(session: Running) -> None:
    epoch = session.page.state().epoch
    client = subprocess.run(
        [sys.executable, "-c", CLIENT, json.dumps(session.browser.as_json())],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (client.returncode, client.stdout.strip()) == (-signal.SIGKILL, epoch)
    assert Page(driver.attach(session.browser)).state().epoch == epoch


def test_scripts_go_into_pages_of_their_host_only(session: Running) -> None:
    elsewhere = session.whatsapp.url.replace("127.0.0.1", "localhost")
    session.page.open(elsewhere)
    wait_for(lambda: session.remote.execute_script("return location.hostname === 'localhost'"), what="the other host")
    session.page.install(page_scripts(session.whatsapp.url))
    assert session.page.state().epoch == ""
    assert session.remote.execute_script("return typeof window.WPP") == "undefined"

    # A page of theirs that came without them gets them, and so do its next loads.
    for _ in range(2):
        session.page.install(page_scripts(elsewhere))
    epoch = session.wait(epoch=...).epoch
    session.page.reload()
    assert wait_for(lambda: session.page.state().epoch not in ("", epoch), what="the next load")
    session.open()
    session.wait_connected()


def test_scripts_stay_out_of_frames(session: Running) -> None:
    found = session.remote.execute_async_script(
        "const frame = document.createElement('iframe'), done = arguments[0]; frame.src = location.href;"
        "frame.onload = () => { done([typeof frame.contentWindow.WPP, typeof frame.contentWindow.whatsmassive]);"
        "frame.remove(); }; document.body.append(frame)"
    )
    assert found == ["undefined", "undefined"]
    session.reload()


def test_browser_whose_driver_died_is_adopted_with_its_page(
    whatsapp: RunningWhatsApp, server: Driver, profile: str
) -> None:
    with Driver() as second_server:
        first = start_browser(second_server, whatsapp, profile)
        first.open()
        before = first.wait(qr=...)
        process = second_server._process
        process.send_signal(signal.SIGSTOP)
        hurried = driver.AttachedRemote(
            second_server.url, first.browser.driver_session, first.browser.capabilities, seconds=1
        )
        with pytest.raises(PageTimeout) as late:
            Page(hurried).state()
        assert late.value.code == "no_answer"
        process.kill()
        process.wait()
        with pytest.raises(BrowserGone) as gone:
            first.page.state()
        assert gone.value.code == "driver_away"

        scripts = page_scripts(whatsapp.url)
        adopted = driver.adopt(server.url, first.browser, page_scripts=scripts)
        second = Running(adopted, driver.attach(adopted), whatsapp)
        state = second.page.state()
        assert (state.epoch, state.born) == (before.epoch, before.born)
        second.page.reload()
        again = second.wait(phase="full", qr=...)
        assert (again.epoch != before.epoch, again.born) == (True, before.born)

        # By its process, because the driver that is named here has died.
        assert driver.end(first.browser, grace=10)
        assert driver.processes_of(first.profile) == []
        with pytest.raises(BrowserGone) as ended:
            driver.adopt(server.url, adopted, page_scripts=scripts)
        assert ended.value.code == "browser_ended"


def test_no_driver_starts_nothing(server: Driver, profile: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(CannotStart) as away:
            driver.launch(url, profile=server.profiles / profile, page_scripts="")
    assert away.value.code == "driver_away"


def test_browser_of_another_version_than_expected_calls_itself_by_its_own(
    server: Driver, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(driver._versions, server.url, ("99.0.1", "linux"))
    browser, remote = driver.launch(server.url, profile=server.profiles / profile, page_scripts="")
    major = remote.capabilities["browserVersion"].partition(".")[0]
    assert f"Chrome/{major}.0.0.0" in browser.user_agent
    assert remote.execute_script("return navigator.userAgent") == browser.user_agent
    assert driver.end(browser, grace=10)


def test_memory_of_a_process_that_tells_no_shares_is_counted_roughly(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(process: psutil.Process) -> None:
        raise psutil.AccessDenied(process.pid)

    exact = processes.memory([psutil.Process()])
    monkeypatch.setattr(psutil.Process, "memory_full_info", denied)
    assert 0 < processes.memory([psutil.Process()]) <= psutil.Process().memory_info().rss
    assert exact > 0


def test_browser_that_ends_at_once_is_said_so(server: Driver, profile: str) -> None:
    with pytest.raises(CannotStart) as failed:
        driver.launch(server.url, profile=server.profiles / profile, page_scripts="", flags=["--version"])
    assert failed.value.code == "start_failed"


def test_reaping_ends_orphans_only(whatsapp: RunningWhatsApp, server: Driver, session: Running, profile: str) -> None:
    orphan = start_browser(server, whatsapp, profile)
    with pytest.raises(BrowserGone):
        orphan.page.open("chrome://crash")
        orphan.page.state()
    epoch = session.page.state().epoch
    assert driver.reap(server.profiles, {session.profile}) == [orphan.profile]
    assert driver.processes_of(orphan.profile) == []
    assert driver.reap(server.profiles, {session.profile}) == []
    assert session.page.state().epoch == epoch


class TestProfileInUse:
    def test_lock_of_a_running_browser_is_left_alone(self, session: Running, server: Driver) -> None:
        with pytest.raises(CannotStart) as used:
            driver.launch(server.url, profile=session.profile, page_scripts="")
        assert (used.value.code, used.value.detail) == (
            "profile_in_use",
            f"{socket.gethostname()}-{session.browser.pid}",
        )
        assert session.page.state().mode == "MAIN"

    def test_lock_of_another_host_is_named_and_stays(self, server: Driver, profile: str) -> None:
        path = server.profiles / profile
        path.mkdir()
        (path / "SingletonLock").symlink_to("another-container-17")
        with pytest.raises(CannotStart) as used:
            driver.launch(server.url, profile=path, page_scripts="")
        assert (used.value.code, used.value.detail) == ("profile_in_use", "another-container-17")
        assert (path / "SingletonLock").is_symlink()

    def test_lock_of_a_dead_browser_is_taken_away(self, server: Driver, profile: str) -> None:
        path = server.profiles / profile
        path.mkdir()
        (path / "SingletonLock").symlink_to(f"{socket.gethostname()}-{dead_pid()}")
        browser, _ = driver.launch(server.url, profile=path, page_scripts="")
        assert processes.lock_holder(path) == (socket.gethostname(), browser.pid)
        assert driver.end(browser, grace=10)

    def test_lock_whose_process_id_another_program_has_is_taken_away(self, server: Driver, profile: str) -> None:
        path = server.profiles / profile
        path.mkdir()
        (path / "SingletonLock").symlink_to(f"{socket.gethostname()}-{os.getpid()}")
        assert processes.free_profile(path) == ""
        assert not (path / "SingletonLock").is_symlink()
