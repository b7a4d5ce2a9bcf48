"""A real headless Chromium with the real wa-js in it: a chromedriver of the tests' own, and the page as they see it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import requests
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.remote.client_config import ClientConfig

from tests.whatsapp_web.simulated import RunningWhatsApp

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = Path(__file__).with_name("page.js")
BUNDLE = ROOT / "build" / "vendor" / "wa-js" / "wppconnect-wa.js"
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
SECONDS = 60.0
"""How long anything may take on a loaded machine before a test fails."""

_Found = TypeVar("_Found")


def wait_for(look: Callable[[], _Found], *, seconds: float = SECONDS, what: str = "") -> _Found:
    """The first true thing that `look` finds. Fails the test when there is none in time."""
    until = time.monotonic() + seconds
    pause = 0.03
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < until, f"not within {seconds:g} s: {what or look}"
        # Looking takes the time of the very browser that is waited for.
        time.sleep(pause)
        pause = min(pause * 1.3, 0.2)


def processes_with(mark: str) -> list[int]:
    """Every process whose command line has that text in it, zombies not counted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if mark in (entry / "cmdline").read_bytes().decode(errors="replace"):
                    found.append(int(entry.name))
    return found


class Driver:
    """A chromedriver on a free port, and a directory with the profiles of its browsers; ends with all of them."""

    def __init__(self) -> None:
        self.profiles = Path(tempfile.mkdtemp(prefix="whatsapp-web-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        # Its own directory of temporary files: what a killed browser leaves goes with it.
        self._process = subprocess.Popen(
            ["chromedriver", f"--port={port}", "--log-level=SEVERE"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(self.profiles)},
        )
        wait_for(self._ready, what="chromedriver")
        version = subprocess.run(["chromedriver", "--version"], capture_output=True, text=True, check=True).stdout
        found = re.search(r"(\d+)\.", version)
        assert found is not None
        self._major = found[1]

    def _ready(self) -> bool:
        with suppress(requests.ConnectionError):
            return bool(requests.get(f"{self.url}/status", timeout=30).json()["value"]["ready"])
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the browsers, then the driver; what is left of them afterwards fails the test."""
        self._process.terminate()
        self._process.wait(timeout=60)
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not self.processes(), what="the end of all browsers")
        shutil.rmtree(self.profiles, ignore_errors=True)

    def processes(self) -> list[int]:
        """The driver and its browsers' processes that are there now."""
        driver = [self._process.pid] if self._process.poll() is None else []
        return driver + processes_with(str(self.profiles))

    def open(self, url: str, profile: str, *, wa_js: bool = True) -> "Page":
        """A browser with that profile, at that address. `wa_js` is in the page before its own code is."""
        options = Options()
        flags = [*FLAGS, f"--user-data-dir={self.profiles / profile}", f"--user-agent={self._user_agent()}"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        for flag in flags:
            options.add_argument(flag)
        browser = webdriver.Remote(self.url, options=options, client_config=ClientConfig(self.url, timeout=90))
        browser.set_script_timeout(150)
        if wa_js:
            source = PAGE.read_text() + BUNDLE.read_text() + ";standInTest.listen();"
            browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        browser.get(url)
        return Page(browser)

    def _user_agent(self) -> str:
        """As a browser with a window has it: WhatsApp Web turns headless ones away."""
        return (
            f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{self._major}.0.0.0 "
            "Safari/537.36"
        )


class Page:
    """A page with wa-js in it, driven as the product drives it, with what it told since it was loaded."""

    def __init__(self, browser: webdriver.Remote) -> None:
        self.browser = browser

    def run(self, code: str, *given: Any) -> Any:
        """The JSON of an expression's value, awaited; `a` is what is given. Its error is a test's failure."""
        answer = self.attempt(code, *given)
        assert "error" not in answer, answer
        return answer["value"]

    def attempt(self, code: str, *given: Any) -> dict[str, Any]:
        """{"value"} or {"error", "code"} of the same."""
        answer: dict[str, Any] = self.browser.execute_async_script(
            "const done = arguments[arguments.length - 1]; standInTest.run(async (a) => (" + code + "),"
            " [...arguments].slice(0, -1)).then(done);",
            *given,
        )
        return answer

    def events(self, name: str) -> list[Any]:
        """What wa-js told under that name since the page was loaded, oldest first."""
        found: list[Any] = self.browser.execute_script("return standInTest.events(arguments[0])", name)
        return found

    def wait_event(self, name: str, *, seconds: float = SECONDS) -> Any:
        return wait_for(lambda: self.events(name), seconds=seconds, what=name)[-1]

    def wait_until(self, code: str, *given: Any, seconds: float = SECONDS) -> Any:
        """Wait until an expression's value is true."""
        return wait_for(lambda: self.attempt(code, *given).get("value"), seconds=seconds, what=code)

    def wait_ready(self) -> None:
        self.wait_until("WPP.isFullReady")

    def wait_stream(self, mode: str, info: str) -> None:
        wanted = {"mode": mode, "info": info}
        wait_for(lambda: self.attempt("WPP.conn.getStreamData()").get("value") == wanted, what=f"{mode}/{info}")

    def wait_connected(self) -> None:
        self.wait_ready()
        self.wait_stream("MAIN", "NORMAL")

    def qr(self) -> str:
        """The code's text, as soon as there is one."""
        text: str = self.wait_until("(await WPP.conn.getAuthCode())?.fullCode")
        return text

    def send(self, chat: str, text: str, key: str, **options: Any) -> dict[str, Any]:
        """Send a text under a reserved id, without waiting for the ack unless told to."""
        given = {"messageId": key, "linkPreview": False, "markIsRead": False, "waitForAck": False, **options}
        answer: dict[str, Any] = self.attempt("await WPP.chat.sendTextMessage(a[0], a[1], a[2])", chat, text, given)
        return answer

    def wait_ack(self, key: str, ack: int) -> None:
        self.wait_until("(await WPP.chat.getMessageById(a[0])).ack === a[1]", key, ack)

    def renew(self, url: str) -> None:
        """Open it as a profile that was never there."""
        self.browser.get(url)
        self.browser.execute_script("localStorage.clear()")
        self.browser.get(url)
        self.wait_ready()

    def link(self, whatsapp: RunningWhatsApp, number: str) -> None:
        """Scan the code that it shows, and wait until the account is connected."""
        whatsapp.phone("scan", qr=self.qr(), number=number)
        self.wait_connected()

    def forget_events(self) -> None:
        self.browser.execute_script("standInTest.told.length = 0")

    def quit(self) -> None:
        self.browser.quit()
