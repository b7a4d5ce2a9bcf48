"""The long steps of a look at a session: start and end its browser, load its page again, log out, make codes."""

import logging
import random
import shutil
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from domain import sessions as decisions
from domain.sessions import Cause, Decision, Step
from domain.states import SessionStatus
from lib.mongo import server_now
from live.events import SessionChanged
from live.publish import publish
from sessions_app import ownership, questions, reaping
from sessions_app.browser import driver
from sessions_app.browser.driver import Browser
from sessions_app.browser.errors import BrowserError, CannotStart
from sessions_app.browser.page import Page
from sessions_app.models import Session
from sessions_app.ownership import Owner
from sessions_app.reaping import profile_of
from sessions_app.states import forget_login, set_state

logger = logging.getLogger(__name__)

END_GRACE = 10.0
JOB_SECONDS = 20.0
LOGOUT_SHOWN_SECONDS = 5.0
NO_BROWSER: dict[str, Any] = {
    "driver_url": "", "driver_session": "", "browser": {}, "page_epoch": "", "started_at": None, "launched_at": None,
    "answered_at": None, "reloads": 0, "qr": "", "qr_at": None, "link_code": "", "link_code_until": None,
    "memory": None, "memory_at": None,
}  # fmt: skip


def stored_browser(browser: Browser) -> dict[str, Any]:
    """A browser as fields of its session."""
    return {
        "driver_url": browser.driver_url,
        "driver_session": browser.driver_session,
        "browser": browser.as_json(),
    }


@dataclass
class Steps:
    """What an owner does with its session's browser. All of it raises LeaseLost."""

    owner: Owner

    def do(self, decision: Decision, browser: Browser | None, page: Page | None) -> float | None:  # noqa: PLR0911  # a table
        """Carry out the step; seconds until the next look, or None when it has to be tried again."""
        match decision.step:
            case Step.START:
                return self.start()
            case Step.STOP:
                return self.stop(browser, decision)
            case Step.RESTART | Step.RECYCLE:
                return self.restart(browser, decision)
            case Step.RESET:
                return self.reset(browser)
            case Step.DELETE:
                return self.delete(browser, page)
        if page is not None:
            match decision.step:
                case Step.RELOAD:
                    return self.reload(page, decision)
                case Step.LOGOUT:
                    return self.logout(page)
                case Step.LINK_CODE:
                    return self.link_code(page)
                case Step.REFRESH_QR:
                    return self.refresh_qr(page)
        set_state(self.owner, decision.status, decision.cause, decision.detail)
        return decisions.next_look(decision.status, decision.cause)

    @property
    def session(self) -> Session:
        return self.owner.session

    # The browser ------------------------------------------------------------------------------------------------------
    def start(self) -> float | None:
        """Start the browser and open the page, when it is this session's turn."""
        session = self.session
        turn = ownership.take_start(session.host)
        if turn is None:
            return None
        try:
            return self._start()
        finally:
            ownership.end_start(session.host, turn)

    def _start(self) -> float:
        session, profile = self.session, profile_of(self.session)
        set_state(self.owner, SessionStatus.STARTING, Cause.LOADING, **NO_BROWSER)
        # Its own, of a worker that died before it could store it: the lease says that nobody else starts one now.
        if reaping.is_running(profile) and reaping.end_browsers({profile}):
            logger.warning("session %s: ended a browser that was left of an earlier start", session.name)
        try:
            browser, remote = driver.launch(
                settings.SELENIUM_URL, profile=profile, page_scripts=driver.page_scripts(settings.WHATSAPP_WEB_URL)
            )
        except CannotStart as error:
            return self._failed(error.code, error.detail)
        now = server_now()
        try:
            self.owner.store({**stored_browser(browser), "started_at": now, "launched_at": now})
        except ownership.LeaseLost:
            driver.end(browser, grace=END_GRACE)
            raise
        try:
            Page(remote).open(settings.WHATSAPP_WEB_URL)
        except BrowserError as error:
            logger.warning("session %s: its page does not open: %s", session.name, error)
        publish(SessionChanged(str(session.pk)))
        return decisions.LOOK_SECONDS

    def _failed(self, cause: str, detail: str) -> float:
        logger.warning("session %s: no browser (%s: %s)", self.session.name, cause, detail)
        if cause == Cause.DRIVER_AWAY:  # whoever runs it starts it again; that is no fault of the session's
            set_state(self.owner, SessionStatus.FAILED, cause, detail)
            return decisions.FIRST_BACKOFF
        failures = self.session.failures + 1
        set_state(self.owner, SessionStatus.FAILED, cause, detail, failures=failures)
        return decisions.backoff(failures, random.random())

    def end(self, browser: Browser) -> bool:
        """End the browser and forget it; False when something of it is still there."""
        if not driver.end(browser, grace=END_GRACE):
            logger.error("session %s: its browser does not end (process %d)", self.session.name, browser.pid)
            return False
        self.owner.store(NO_BROWSER)
        return True

    def stop(self, browser: Browser | None, decision: Decision) -> float | None:
        if browser is not None and not self.end(browser):
            return None
        set_state(self.owner, SessionStatus.STOPPED, decision.cause if decision.cause == Cause.LOGGED_OUT else "")
        return decisions.next_look(SessionStatus.STOPPED, "")

    def restart(self, browser: Browser | None, decision: Decision) -> float | None:
        """End a browser that the next look starts again: at once when it worked, after the backoff when it did not."""
        if browser is not None and not self.end(browser):
            return None
        if decision.step == Step.RESTART:
            return self._failed(decision.cause, decision.detail)
        set_state(self.owner, SessionStatus.STARTING, decision.cause)
        return 0.0

    def reset(self, browser: Browser | None) -> float | None:
        """Throw the profile away, with the login in it."""
        if browser is not None and not self.end(browser):
            return None
        shutil.rmtree(profile_of(self.session), ignore_errors=True)
        set_state(self.owner, SessionStatus.STOPPED, Cause.RESET, **forget_login(self.session))
        self.owner.fulfil("reset")
        return 0.0

    def delete(self, browser: Browser | None, page: Page | None) -> float | None:
        """Log out where that can be done at once, and leave nothing of the session but its history."""
        if page is not None and self.session.status == SessionStatus.CONNECTED:
            try:
                page.run("logout", {}, seconds=JOB_SECONDS)
            except BrowserError as error:
                logger.warning("session %s is deleted without a logout: %s", self.session.name, error)
        if browser is not None and not self.end(browser):
            return None
        shutil.rmtree(profile_of(self.session), ignore_errors=True)
        questions.forget_picture(self.session)
        self.owner.delete()
        publish(SessionChanged(str(self.session.pk)))
        return 0.0

    # The page ---------------------------------------------------------------------------------------------------------
    def reload(self, page: Page, decision: Decision) -> float | None:
        try:
            # By its address, because a page that did not load has none to load again.
            page.open(settings.WHATSAPP_WEB_URL)
        except BrowserError as error:
            logger.warning("session %s: its page does not load again: %s", self.session.name, error)
            return None
        facts: dict[str, Any] = {
            "started_at": server_now(),
            "reloads": self.session.reloads + (decision.cause == Cause.NOT_READY),
            "qr": "",
            "qr_at": None,
        }
        set_state(self.owner, SessionStatus.STARTING, decision.cause, **facts)
        return decisions.LOOK_SECONDS

    def logout(self, page: Page) -> float | None:
        try:
            page.run("logout", {}, seconds=JOB_SECONDS)
            self._wait_for_the_logout(page)
        except BrowserError as error:
            # People are told of it, and may ask again or reset it.
            set_state(self.owner, SessionStatus(self.session.status), Cause.LOGOUT_FAILED, str(error))
            self.owner.fulfil("logout")
        return 0.0

    def _wait_for_the_logout(self, page: Page) -> None:
        """Until the page shows it, or for a moment: it loads itself again. The request is done when a QR is there."""
        until = time.monotonic() + LOGOUT_SHOWN_SECONDS
        while page.state().authenticated and time.monotonic() < until:
            time.sleep(0.05)

    def link_code(self, page: Page) -> float | None:
        phone = self.session.request_phone
        try:
            page.run("link_code", {"phone": phone}, seconds=JOB_SECONDS)
        except BrowserError as error:
            set_state(self.owner, SessionStatus(self.session.status), Cause.LINK_CODE_FAILED, str(error))
        self.owner.fulfil("link_code")
        return 0.0

    def refresh_qr(self, page: Page) -> float | None:
        try:
            page.run("qr_refresh", {}, seconds=JOB_SECONDS)
        except BrowserError as error:
            logger.warning("session %s: no new QR: %s", self.session.name, error)
        self.owner.store({"qr_at": server_now()})
        return 0.0
