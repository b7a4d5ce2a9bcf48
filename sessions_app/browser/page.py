"""The page of a session, as plain calls: its state, its events, and jobs that are started and asked for.

No call waits in the page. A job whose answer is not known may have been done or not (PageTimeout), one that was refused
surely was not begun (JobRefused). What the words mean: bridge/state.js and bridge/jobs.js.
"""

import base64
import time
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from selenium.common.exceptions import (
    InvalidSessionIdException,
    JavascriptException,
    NoSuchWindowException,
    WebDriverException,
)
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError

from sessions_app.browser.errors import BrowserError, BrowserGone, JobFailed, JobRefused, PageTimeout

__all__ = [
    "BrowserError", "BrowserGone", "JobFailed", "JobRefused", "JobResult", "Notice", "Page", "PageEvent", "PageState",
    "PageTimeout",
]  # fmt: skip

POLL_SECONDS = 0.05
CALL = "const bridge = globalThis.whatsmassive; return bridge ? [bridge[arguments[0]](...arguments[1])] : null"
# What the driver says when the browser or its tab is no more.
GONE = {
    "not reachable": "browser_ended",
    "disconnected": "browser_ended",
    "unable to connect to renderer": "browser_ended",
    "session deleted": "page_crashed",
    "tab crashed": "page_crashed",
}


class Notice(str):
    """Something that people should know of the page, as a stable word, and when it was (its clock, ms)."""

    at: float

    def __new__(cls, what: str, at: float = 0.0) -> "Notice":
        made = super().__new__(cls, what)
        made.at = at
        return made


@dataclass(frozen=True, slots=True)
class PageState:
    """What the page is now. Times are its own clock's, in milliseconds; "" and 0 are what is not known."""

    now: float = 0.0
    epoch: str = ""
    """Random per load of the page; empty while the bridge is not there."""
    phase: str = ""
    """wa-js: "", "injected", "ready", "full"."""
    mode: str = ""
    info: str = ""
    authenticated: bool = False
    wid: str = ""
    lid: str = ""
    login: str = ""
    """Of this login of this account; wiped by a logout."""
    login_since: float = 0.0
    born: float = 0.0
    """Since when the page's memory is surely whole."""
    qr: str = ""
    link_code: str = ""
    link_code_until: float = 0.0
    version: str = ""
    supported: str = ""
    events: int = 0
    """How many wait to be drained."""
    lost: int = 0
    """How many did not fit in; the page looks back for them once it is drained."""
    unconfirmed: int = 0
    """How many messages it has sent that WhatsApp took no notice of, since it took the last one."""
    code: str = ""
    """The version of the scripts that it was loaded with (scripts.code)."""
    notices: tuple[Notice, ...] = ()
    """The last 20, oldest first; a reload keeps them."""


@dataclass(frozen=True, slots=True)
class PageEvent:
    """Something that the page told: "ack" or "message"; `sequence` grows within a load of the page."""

    sequence: int
    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class JobResult:
    """`state` is "running", "done", "failed" or "unknown" (the page that ran it has gone, or it never was)."""

    state: str
    value: Any = None
    error: str = ""
    code: str = ""


@contextmanager
def _translated() -> Generator[None]:
    """Turn what Selenium and its HTTP client raise into our errors."""
    try:
        yield
    except InvalidSessionIdException as error:
        raise BrowserGone("no_session", error.msg or "") from error
    except NoSuchWindowException as error:
        raise BrowserGone("no_window", error.msg or "") from error
    except JavascriptException as error:
        raise BrowserError("script_error", error.msg or "") from error
    except WebDriverException as error:
        text = error.msg or str(error)
        for words, code in GONE.items():
            if words in text:
                raise BrowserGone(code, text) from error
        raise PageTimeout("page_busy", text) from error
    except HTTPTimeoutError as error:
        raise PageTimeout("no_answer", str(error)) from error
    except (HTTPError, OSError) as error:
        cause = getattr(error, "reason", error)
        if isinstance(cause, HTTPTimeoutError) and not isinstance(cause, NewConnectionError):
            raise PageTimeout("no_answer", str(error)) from error
        if isinstance(cause, ProtocolError | ConnectionResetError):
            # The request was under way: the driver may have carried it out before it died.
            raise PageTimeout("driver_lost", str(error)) from error
        raise BrowserGone("driver_away", str(error)) from error


class Page:
    """The window of an attached WebDriver session."""

    def __init__(self, remote: WebDriver) -> None:
        self._remote = remote

    def _ask(self, method: str, *given: Any) -> Any:
        """The bridge's answer. Raises JobRefused("no_bridge") where there is no bridge."""
        with _translated():
            answer = self._remote.execute_script(CALL, method, list(given))
        if answer is None:
            raise JobRefused("no_bridge")
        return answer[0]

    def open(self, url: str) -> None:
        """Go to that address; what comes of it is seen by looking."""
        with _translated():
            self._remote.get(url)

    def reload(self) -> None:
        with _translated():
            self._remote.refresh()

    def install(self, scripts: str) -> None:
        """Put the scripts into the page where they are missing, and into those that this tab will load."""
        if self.state().epoch:
            return
        with _translated():
            self._remote.execute_script(scripts)
        if self.state().epoch:  # a page of ours that came without them: later ones would too
            with _translated():
                self._remote.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": scripts})

    def state(self) -> PageState:
        try:
            found = self._ask("state")
        except JobRefused:
            return PageState()
        notices = tuple(Notice(one["what"], one["at"]) for one in found.pop("notices"))
        # A page that was loaded by another version may say other things.
        known = {field.name for field in fields(PageState)}
        return PageState(**{name: value for name, value in found.items() if name in known}, notices=notices)

    def drain(self, limit: int = 200) -> tuple[str, list[PageEvent]]:
        """The page's epoch and its oldest events; they stay until they are acknowledged."""
        try:
            found = self._ask("drain", limit)
        except JobRefused:
            return "", []
        return found["epoch"], [PageEvent(**one) for one in found["events"]]

    def acknowledge(self, epoch: str, sequence: int) -> None:
        """The events of that epoch up to that one are stored. Of another epoch it means nothing."""
        try:
            self._ask("acknowledge", epoch, sequence)
        except JobRefused:
            return

    def start(self, job: Mapping[str, Any]) -> None:
        """Begin a job: "id", "kind", "epoch" (the lane's), "deadline" (the page's clock, ms) and what the kind takes.

        Raises JobRefused when it surely was not begun by this call, PageTimeout and BrowserGone.
        """
        if code := self._ask("start", dict(job)):
            raise JobRefused(code)

    def result(self, job_id: str) -> JobResult:
        try:
            return JobResult(**self._ask("result", job_id))
        except JobRefused:
            return JobResult("unknown")

    def run(self, kind: str, args: Mapping[str, Any], *, seconds: float) -> Any:
        """Start a job and ask for its result until it is there. Raises JobRefused, JobFailed and PageTimeout.

        It is not begun after `seconds` either: what was stuck may take the call when nobody waits for it any more.
        """
        job_id = uuid.uuid4().hex
        until = time.monotonic() + seconds
        deadline = self._now() + seconds * 1000
        self.start({"deadline": deadline, **args, "id": job_id, "kind": kind})
        while (found := self.result(job_id)).state == "running":
            if time.monotonic() > until:
                raise PageTimeout("job_timeout", kind)
            time.sleep(POLL_SECONDS)
        if found.state == "unknown":
            raise JobFailed("page_gone", kind)
        if found.state == "failed":
            raise JobFailed(found.code, found.error)
        return found.value

    def _now(self) -> float:
        """The page's clock. Raises JobRefused("no_bridge")."""
        return float(self._ask("state")["now"])

    def picture(self, quality: int) -> bytes:
        """What the page shows, as a JPEG of that quality (0 to 100): far smaller than a PNG, and made sooner."""
        with _translated():
            found = self._remote.execute_cdp_cmd("Page.captureScreenshot", {"format": "jpeg", "quality": quality})
        return base64.b64decode(found["data"])

    def screenshot(self) -> bytes:
        """A PNG."""
        with _translated():
            return base64.b64decode(self._remote.get_screenshot_as_base64())
