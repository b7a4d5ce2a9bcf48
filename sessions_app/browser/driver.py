"""Starts, finds again and ends the browsers of sessions, through a WebDriver server that outlives this process.

A browser belongs to nobody who calls this: it goes on when the caller ends. What finds it again is a Browser,
plain data. The WebDriver server may be on another machine: its processes are not visible then, and a Selenium server is
believed about its browsers instead (see grid.py). Browsers of a driver outlive it, those of a Selenium server don't.
"""

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import requests
from selenium import webdriver
from selenium.common.exceptions import InvalidSessionIdException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.remote.client_config import ClientConfig
from urllib3.exceptions import HTTPError

from sessions_app.browser import grid, processes
from sessions_app.browser.errors import BrowserError, BrowserGone, CannotStart
from sessions_app.browser.grid import Grid
from sessions_app.browser.scripts import page_scripts

__all__ = [
    "AttachedRemote", "Browser", "BrowserError", "BrowserGone", "CannotStart", "adopt", "attach", "end", "launch",
    "page_scripts", "processes_of", "pss", "reap", "reap_elsewhere", "running_elsewhere",
]  # fmt: skip

CALL_SECONDS = 30
START_SECONDS = 60
"""Starting takes longer than any call, above all on a machine that starts many."""
QUIT_SECONDS = 10

FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
PLATFORMS = {"mac": "Macintosh; Intel Mac OS X 10_15_7", "windows": "Windows NT 10.0; Win64; x64"}
LINUX = "X11; Linux x86_64"

_versions: dict[str, tuple[str, str]] = {}
"""The version and the platform of the browsers that each WebDriver server starts, as it reported them."""


@dataclass(frozen=True, slots=True)
class Browser:
    """A running browser, as it is stored.

    `pid_started` is Unix seconds, and 0 when the process is not visible here. `driver_session` changes when another
    WebDriver session adopts the browser.
    """

    driver_url: str
    driver_session: str
    capabilities: dict[str, Any]
    pid: int
    pid_started: float
    debugger_address: str
    profile: str
    user_agent: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Browser":
        """Raises TypeError when it is not what `as_json` gave."""
        return cls(**value)


class AttachedRemote(webdriver.Remote):
    """A WebDriver session that exists already: made without a call, and left alone when this object goes."""

    def __init__(self, url: str, session: str, capabilities: dict[str, Any], *, seconds: float = CALL_SECONDS) -> None:
        self._existing = (session, capabilities)
        super().__init__(url, options=Options(), client_config=ClientConfig(url, timeout=int(seconds)))

    def start_session(self, capabilities: dict[str, Any]) -> None:
        self.session_id, self.caps = self._existing


def _user_agent(version: str, platform: str) -> str:
    """As a browser with a window calls itself: WhatsApp Web turns headless ones away."""
    major = version.partition(".")[0]
    system = next((text for name, text in PLATFORMS.items() if platform.lower().startswith(name)), LINUX)
    return f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"


def _asked(url: str) -> tuple[tuple[str, str], Grid | None]:
    """What the server says of itself: the version and the platform of its browser, and a Selenium server's browsers.

    Raises CannotStart.
    """
    try:
        status = grid.ask(url)
    except (requests.RequestException, ValueError) as error:
        raise CannotStart("driver_away", str(error)) from error
    server = grid.read(status)
    if url in _versions:
        return _versions[url], server
    if server is not None:
        return (server.version, server.platform), server
    # A driver's version is its browser's.
    return (str(status.get("build", {}).get("version", "")), str(status.get("os", {}).get("name", ""))), None


@cache
def _needs_no_sandbox() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _options() -> Options:
    options = Options()
    options.page_load_strategy = "none"  # what is not loaded yet is seen by looking, never by waiting
    options.unhandled_prompt_behavior = "accept"  # a page that asks whether to be left would hold every call
    options.timeouts = {"script": 10_000, "pageLoad": 20_000}
    return options


def _start(url: str, *, profile: Path, user_agent: str, flags: Sequence[str], detach: bool) -> AttachedRemote:
    options = _options()
    if detach:  # a driver that is stopped in good order leaves its browsers alone
        options.add_experimental_option("detach", True)
    for flag in (*FLAGS, f"--user-data-dir={profile}", *([f"--user-agent={user_agent}"] if user_agent else []), *flags):
        options.add_argument(flag)
    if _needs_no_sandbox():
        options.add_argument("--no-sandbox")
    return _new_session(url, options)


def _new_session(url: str, options: Options) -> AttachedRemote:
    made = webdriver.Remote(url, options=options, client_config=ClientConfig(url, timeout=START_SECONDS))
    return AttachedRemote(url, str(made.session_id), dict(made.caps))


def launch(url: str, *, profile: Path, page_scripts: str, flags: Sequence[str] = ()) -> tuple[Browser, AttachedRemote]:
    """A new browser of that profile, with the scripts in every page that it will load; no page is opened yet.

    `url` is the WebDriver server's. Raises CannotStart.
    """
    try:
        profile.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise CannotStart("start_failed", str(error)) from error
    (version, platform), server = _asked(url)
    if holder := _holder(profile, server):
        raise CannotStart("profile_in_use", holder)
    try:
        while True:
            user_agent = _user_agent(version, platform) if version else ""
            remote = _start(url, profile=profile, user_agent=user_agent, flags=flags, detach=server is None)
            found = str(remote.caps.get("browserVersion", "")), str(remote.caps.get("platformName", ""))
            _versions[url] = found
            if _user_agent(*found) == user_agent:
                break
            # It calls itself something else than it is: once more, by what it has said now.
            version, platform = found
            remote.quit()
            processes.end_all(processes.users_of(profile), grace=QUIT_SECONDS)
        _preload(remote, page_scripts)
    except (WebDriverException, HTTPError, OSError) as error:
        # Also one that starts although nobody waits for it any more.
        processes.end_all(processes.users_of(profile), grace=QUIT_SECONDS)
        if server is not None:
            reap_elsewhere(url, {profile})
        raise _cannot_start(url, profile, error) from error
    return _described(url, remote, profile=str(profile), user_agent=user_agent), remote


def _holder(profile: Path, server: Grid | None) -> str:
    """Who has the profile, empty when nobody does: then what dead browsers have left of their lock is taken away."""
    if server is None:
        return processes.free_profile(profile)
    if sessions := server.of(profile):
        return f"{processes.lock_holder(profile)[0]} ({sessions[0]})".strip()
    return processes.free_profile(profile, ended_on=server.hosts)


def _cannot_start(url: str, profile: Path, error: Exception) -> CannotStart:
    if not isinstance(error, WebDriverException):
        return CannotStart("driver_away", str(error))
    with suppress(CannotStart):
        if holder := _holder(profile, _asked(url)[1]):
            return CannotStart("profile_in_use", holder)
    return CannotStart("start_failed", (error.msg or str(error)).strip())


def _preload(remote: AttachedRemote, scripts: str) -> None:
    remote.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": scripts})


def _described(url: str, remote: AttachedRemote, *, profile: str, user_agent: str) -> Browser:
    pid = int(remote.caps.get("goog:processID") or 0)
    visible = processes.holds(pid, Path(profile))
    return Browser(
        driver_url=url,
        driver_session=str(remote.session_id),
        capabilities=remote.caps,
        pid=pid,
        pid_started=processes.started_at(pid) if visible else 0.0,
        debugger_address=str(remote.caps.get("goog:chromeOptions", {}).get("debuggerAddress", "")),
        profile=profile,
        user_agent=user_agent,
    )


def attach(browser: Browser) -> AttachedRemote:
    """The way to a running browser. Nothing is asked: the first call says whether it is there. Raises BrowserGone."""
    if not browser.driver_session:
        raise BrowserGone("no_session")
    return AttachedRemote(browser.driver_url, browser.driver_session, browser.capabilities)


def adopt(url: str, browser: Browser, *, page_scripts: str) -> Browser:
    """A new WebDriver session for a browser whose driver has died; its page and its login stay as they are.

    Only for a browser whose process is seen from here: behind the same address there may be another one by now, and
    so another account. Raises BrowserGone.
    """
    if not browser.pid_started:
        raise _gone_elsewhere(url, browser)
    if not processes.is_alive(browser.pid, browser.pid_started):
        raise BrowserGone("browser_ended", f"process {browser.pid}")
    if not browser.debugger_address:
        raise BrowserGone("browser_ended", "it has no debugger address")
    options = _options()
    options.debugger_address = browser.debugger_address
    try:
        remote = _new_session(url, options)
        _preload(remote, page_scripts)
    except WebDriverException as error:
        raise BrowserGone("browser_ended", error.msg or "") from error
    except (HTTPError, OSError) as error:
        raise BrowserGone("driver_away", str(error)) from error
    return replace(browser, driver_url=url, driver_session=str(remote.session_id), capabilities=remote.caps)


def _gone_elsewhere(url: str, browser: Browser) -> BrowserGone:
    """Why a browser whose processes are not visible can't be reached: its server is away, or it has ended."""
    try:
        server = _asked(url)[1]
    except CannotStart as error:
        return BrowserGone("driver_away", error.detail)
    if server is not None and (not server.ready or browser.driver_session in server.sessions):
        return BrowserGone("driver_away", "the Selenium server is not ready")
    return BrowserGone("browser_ended", "its WebDriver server knows it no more")


def _tree(browser: Browser) -> list[psutil.Process]:
    found = {one.pid: one for one in processes.users_of(Path(browser.profile))}
    if browser.pid_started and processes.is_alive(browser.pid, browser.pid_started):
        with suppress(psutil.Error):
            found.update(processes.with_children([psutil.Process(browser.pid)]))
    return list(found.values())


def end(browser: Browser, *, grace: float) -> bool:
    """End a browser and everything that it has started; its login stays in the profile. True when nothing is left.

    `grace` is how many seconds it has after each time that it was asked. Where its processes are not visible, True
    means that the driver has ended it or no longer knows it.
    """
    tree = _tree(browser)
    told = _quit(browser, seconds=max(grace, 1))
    if not tree:
        return told or bool(browser.pid_started)
    processes.wait_end(tree, seconds=grace if told else 0)
    tree = [*tree, *_tree(browser)]
    return processes.end_all(tree, grace=grace) and not processes.living(_tree(browser))


def _quit(browser: Browser, *, seconds: float) -> bool:
    """Whether the driver has ended the browser, or knows nothing of it."""
    if not browser.driver_session:
        return False
    try:
        remote = AttachedRemote(browser.driver_url, browser.driver_session, browser.capabilities, seconds=seconds)
        remote.quit()
    except InvalidSessionIdException:
        return True
    except (WebDriverException, HTTPError, OSError):
        return False
    return True


def processes_of(profile: Path) -> list[int]:
    """The ids of the processes on this machine that are the browser of that profile."""
    return sorted(one.pid for one in processes.users_of(profile))


def reap(profiles_root: Path, known: Collection[Path], *, grace: float = QUIT_SECONDS) -> list[Path]:
    """End the browsers under that directory whose profile is not among the known ones; the profiles they had."""
    orphans = {
        profile: tree for profile, tree in processes.browsers_under(profiles_root).items() if profile not in set(known)
    }
    for tree in orphans.values():
        processes.end_all(tree, grace=grace)
    return sorted(orphans)


def running_elsewhere(url: str, root: Path) -> set[Path]:
    """The profiles under that directory whose browser a Selenium server runs; none when it is away, or is a driver."""
    try:
        server = _asked(url)[1] if url else None
    except CannotStart:
        return set()
    return server.under(root) if server else set()


def reap_elsewhere(url: str, profiles: Collection[Path], *, grace: float = QUIT_SECONDS) -> list[Path]:
    """Have a Selenium server end the browsers of these profiles; those that it has ended."""
    try:
        server = _asked(url)[1] if url else None
    except CannotStart:
        return []
    found = {profile: server.of(profile) for profile in profiles} if server else {}
    return sorted(
        profile
        for profile, sessions in found.items()
        if sessions and all(grid.end(url, session, seconds=grace) for session in sessions)
    )


def pss(browser: Browser) -> int:
    """Bytes of memory that the browser takes, shared pages by their share; 0 where its processes are not visible."""
    if not (browser.pid_started and processes.is_alive(browser.pid, browser.pid_started)):
        return 0
    with suppress(psutil.Error):
        return processes.memory(processes.with_children([psutil.Process(browser.pid)]).values())
    return 0
