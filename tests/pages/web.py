"""The web process as it is in production, on the tests' own database, and a real Chromium to look at it."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.whatsapp_web.browser import FLAGS, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 60.0
"""How long anything may take on a loaded machine before a test fails."""

T = TypeVar("T")


class Web:
    """It on a free port. `name` is the database it works on; `environment` is its own."""

    def __init__(self, name: str, **environment: str) -> None:
        self._environment = {"MONGODB_NAME": name, **environment}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed with the process of the tests
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            # With an access log, which production goes without: what a walk sends is told by it.
            [sys.executable, "-um", "whatsmassive.web", "-b", "127.0.0.1", "-p", str(self.port), "--access-log", "-"],
            cwd=ROOT,
            env={**os.environ, **self._environment},
            stdout=self._log,
            stderr=self._log,
        )
        wait_for(self._answers, seconds=SECONDS, what="the web process answers")

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def said(self) -> str:
        """What it logged."""
        self._log.seek(0)
        return self._log.read()

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.said()
        try:
            return requests.get(f"{self.url}/accounts/login/", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False  # not yet: on a busy machine its first answer takes long


class Browser:
    """One headless Chromium that is signed in or not, with the few things that tests do in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        options = Options()
        for flag in (*FLAGS, "--no-sandbox", "--window-size=1440,900", "--force-prefers-reduced-motion"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service())

    def close(self) -> None:
        self.driver.quit()

    def open(self, path: str) -> None:
        self.driver.get(self.url + path)

    def sign_in(self, username: str, password: str) -> None:
        self.open("/accounts/login/")
        self.fill("username", username)
        self.fill("password", password)
        self.find("form.login button.btn-primary").click()
        self.see(".menu")

    def find(self, css: str) -> WebElement:
        """The element, waited for."""
        return self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, css) or None, css)[0]

    see = find

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def fill(self, name: str, text: str) -> None:
        """Write into a form's field in the place of what it holds."""
        field = self.find(f"[name={name}]")
        field.clear()
        field.send_keys(text)

    def click(self, css: str) -> None:
        """Click it when it is there, shown and nothing is over it."""
        self.until(lambda: self._clicked(css), f"a click on {css}")

    def text(self, css: str = "main") -> str:
        return self.find(css).text

    def reads(self, text: str, css: str = "main") -> None:
        """Wait until the element's text has this in it."""
        try:
            self.until(lambda: text in self.text(css), f"“{text}” in {css}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text(css)}") from None

    def live(self) -> None:
        """Wait until the page says that it is live."""
        self.see('html[data-live="on"]')

    def until(self, look: Callable[[], T], what: str = "") -> Any:
        def fresh() -> T | None:
            try:
                return look()
            except StaleElementReferenceException:
                return None  # it was swapped between two looks
            except WebDriverException as error:
                # What Chromium's inspector answers when the page goes away in the middle of a question.
                if "inspector error" not in str(error.msg):
                    raise
                return None

        return wait_for(fresh, seconds=SECONDS, what=what)

    def size(self, width: int, height: int = 900) -> None:
        """A page of this width in CSS pixels: a phone is 390 wide."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )

    def complaints(self) -> list[str]:
        """What the browser's console says since the last call: a clean page says nothing."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def _clicked(self, css: str) -> bool:
        for element in self.all(css):
            if element.is_displayed() and element.is_enabled():
                self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
                element.click()
                return True
        return False
