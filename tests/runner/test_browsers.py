"""Browsers and their WebDriver server under the supervisor: who outlives whom, and who ends last."""

import json
import os
import signal
from pathlib import Path

import pytest
from selenium import webdriver

from runner.ports import kept_ports
from runner.processes import end_all, relations, tagged, with_descendants
from runner.workers import DRIVER, chromedriver, driver_url, driver_wanted, workers
from sessions_app.browser import driver
from tests.runner.conftest import is_alive, wait_until
from tests.runner.test_supervisor import Supervised, restarted, supervised

__all__ = ["supervised"]


def open_browser(url: str, profile: Path) -> driver.Browser:
    browser, remote = driver.launch(url, profile=profile, page_scripts="")
    remote.get("data:text/html,hello")
    assert isinstance(remote, webdriver.Remote)
    return browser


def test_driver_is_run_where_no_other_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert driver_wanted({}) is True
    assert driver_wanted({"SELENIUM_URL": "http://browsers:4444"}) is False
    monkeypatch.setenv("PATH", str(tmp_path))
    assert driver_wanted({}) is False


def test_workers_of_a_browser_host_have_its_queues_and_end_before_its_driver(tmp_path: Path) -> None:
    services = {one.name: one for one in workers(tmp_path, web_port=1, servers=[], browser_host="b2", driver_port=2)}
    queues = {name: one.command[one.command.index("-Q") + 1] for name, one in services.items() if "-Q" in one.command}
    assert (queues["sessions"], queues["whatsapp"]) == ("sessions.b2", "whatsapp.b2")
    assert [name for name, one in services.items() if DRIVER in one.needs] == ["sessions", "whatsapp"]
    assert DRIVER not in [one.name for one in workers(tmp_path, web_port=1, servers=[])]


def test_killed_driver_comes_back_and_its_browser_stays(supervised: Supervised, tmp_path: Path) -> None:
    port = kept_ports(tmp_path, [DRIVER])[DRIVER]
    assert supervised.start(chromedriver(port)) is None
    profile = tmp_path / "profiles" / "one"
    browser = open_browser(driver_url(port), profile)
    assert browser.pid in tagged(supervised.guard.run_id)

    os.kill(supervised.pid(DRIVER), signal.SIGKILL)
    wait_until(restarted(supervised, DRIVER, 1))
    assert is_alive(browser.pid)
    adopted = driver.adopt(driver_url(port), browser, page_scripts="")
    assert driver.attach(adopted).title == ""

    supervised.stop()
    assert is_alive(browser.pid)
    end_all(supervised.guard.run_id, grace=2.0, spare=[os.getpid()])
    assert not is_alive(browser.pid)
    assert exit_of(profile) in ("Normal", "SessionEnded")


def test_browser_is_asked_before_its_helpers_and_has_time(supervised: Supervised, tmp_path: Path) -> None:
    port = kept_ports(tmp_path, [DRIVER])[DRIVER]
    assert supervised.start(chromedriver(port)) is None
    profile = tmp_path / "profiles" / "one"
    browser = open_browser(driver_url(port), profile)
    tree = with_descendants([browser.pid], relations())
    assert len(tree) > 3
    # No time for anything but the browser.
    end_all(supervised.guard.run_id, grace=0, spare=[os.getpid()])
    assert not tree & relations().keys()
    assert exit_of(profile) in ("Normal", "SessionEnded")


def exit_of(profile: Path) -> str:
    """How the browser says that it ended: one that was killed says nothing, and so has crashed."""
    return str(json.loads((profile / "Default" / "Preferences").read_text())["profile"]["exit_type"])
