"""Looks after one session: brings its browser and its page to what staff want, and stores what the page shows.

One look is short and takes at most one long step (domain/sessions.py decides which). All of it is stored under the
session's lease, so it does no harm when two workers look at once, or when one dies at any point: the next look finds
the browser by what was stored of it, or by its profile.
"""

import logging
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.conf import settings

from domain import sessions as decisions
from domain.sessions import Cause, Decision, Known, Seen, Step
from domain.states import Desired, SessionStatus
from lib.mongo import retry_unavailable, server_now
from sessions_app import events, memory, ownership, questions, reaping
from sessions_app.browser import driver, scripts
from sessions_app.browser.driver import Browser
from sessions_app.browser.errors import BrowserError, BrowserGone
from sessions_app.browser.page import Page, PageState
from sessions_app.models import Request, Session
from sessions_app.ownership import LeaseLost, Owner
from sessions_app.states import forget_login, set_state
from sessions_app.steps import Steps, stored_browser

logger = logging.getLogger(__name__)

HoldLane = Callable[[ObjectId], AbstractContextManager[bool]]
"""Keeps the session's line from sending; says whether it does. The engine's: nothing here may import that."""
RELEASE_SECONDS = 20.0
ENDLESS = float("inf")


def look_after(session_id: ObjectId, *, hold_lane: HoldLane) -> None:
    """Look at the session once, and do what it needs. Nothing when somebody else looks after it just now."""
    owner = ownership.take(session_id)
    if owner is None:
        return
    wait = decisions.LOOK_SECONDS
    try:
        wait = Look(owner, hold_lane).run()
    except LeaseLost:
        logger.warning("session %s: somebody else looks after it now", owner.session.name)
    finally:
        # Also after a fault, and until MongoDB is back: else nobody may look until the lease has ended.
        retry_unavailable(lambda: owner.release(next_look=wait), seconds=RELEASE_SECONDS)
    memory.measure_in_turn(owner.session)
    reaping.reap_in_turn(owner.session.host)


@dataclass
class Look:
    """One look at a session whose lease is held."""

    owner: Owner
    hold_lane: HoldLane

    def __post_init__(self) -> None:
        self.session: Session = self.owner.session
        self.now: datetime = server_now()
        self.answered_in: float | None = None
        """Milliseconds that the page took to say its state."""

    def run(self) -> float:
        """Seconds until the next look. Raises LeaseLost."""
        browser = self._browser()
        if browser is None:
            self._answer(None)
            return self._decided(decisions.without_browser(self._known()), None, None)
        try:
            page, browser = self._reach(browser)
            state = self._look_at(page)
        except BrowserGone as error:
            return self._gone(browser, error)
        except BrowserError as error:
            return self._silent(browser, error)
        return self._seen(browser, page, state)

    # Reaching the page ------------------------------------------------------------------------------------------------
    def _browser(self) -> Browser | None:
        try:
            return Browser.from_json(self.session.browser) if self.session.browser else None
        except TypeError:  # stored by another version: the next start ends what has the profile
            return None

    def _reach(self, browser: Browser) -> tuple[Page, Browser]:
        """The page; a browser whose driver died is adopted by the one that runs now. Raises BrowserError."""
        page = Page(driver.attach(browser))
        try:
            page.state()
        except BrowserGone as error:
            if error.code not in ("driver_away", "no_session"):
                raise
            browser = driver.adopt(
                settings.SELENIUM_URL, browser, page_scripts=driver.page_scripts(settings.WHATSAPP_WEB_URL)
            )
            logger.info("session %s: its browser was adopted (%s)", self.session.name, error.code)
            self.owner.store(stored_browser(browser))
            page = Page(driver.attach(browser))
        return page, browser

    def _look_at(self, page: Page) -> PageState:
        """What the page says, once all that it told is stored. Raises BrowserError."""
        asked = time.monotonic()
        state = page.state()
        self.answered_in = (time.monotonic() - asked) * 1000
        if not state.epoch:
            # Loading still, or a page that came without the scripts.
            page.install(driver.page_scripts(settings.WHATSAPP_WEB_URL))
            state = page.state()
        if state.events:
            events.drain(self.session, page)
        return state

    # What became of it ------------------------------------------------------------------------------------------------
    def _silent(self, browser: Browser, error: BrowserError) -> float:
        """A browser that does not answer may be busy: it is ended after a while only."""
        self.answered_in = None
        if self.session.request == Request.RECONNECT:
            # Whoever asks for another browser need not wait until this one is believed to hang.
            self._answer(None)
            anew = Decision(SessionStatus.STARTING, Cause.RECONNECTED, step=Step.RECYCLE, fulfilled=True)
            return self._decided(anew, browser, None)
        quiet = self._age(self.session.answered_at or self.session.launched_at)
        if quiet < decisions.SILENT_SECONDS:
            if quiet > decisions.SILENT_SECONDS / 3:
                set_state(self.owner, SessionStatus.FAILED, Cause.NO_ANSWER, error.detail)
            self._answer(None)
            return decisions.LOOK_SECONDS
        self._answer(None)
        decision = Decision(SessionStatus.FAILED, Cause.NO_ANSWER, error.detail, Step.RESTART)
        return self._decided(decision, browser, None)

    def _gone(self, browser: Browser, error: BrowserGone) -> float:
        if error.code == "driver_away":
            # The browser lives on; the driver is started again by who runs it.
            set_state(self.owner, SessionStatus.FAILED, Cause.DRIVER_AWAY, error.detail)
            self._answer(None)
            return decisions.LOOK_SECONDS
        logger.warning("session %s: its browser is gone (%s)", self.session.name, error)
        steps = Steps(self.owner)
        steps.end(browser)  # what is left of its processes
        failures = self.session.failures + 1
        wait = decisions.backoff(failures - 1, random.random())
        set_state(self.owner, SessionStatus.FAILED, Cause.BROWSER_DIED, error.detail or error.code, failures=failures)
        self._answer(None)
        return wait

    def _seen(self, browser: Browser, page: Page, state: PageState) -> float:
        seen = Seen(
            loaded=bool(state.epoch),
            phase=state.phase,
            mode=state.mode,
            info=state.info,
            authenticated=state.authenticated,
            qr=state.qr,
            link_code=state.link_code,
            notices=self._notices(state),
            unconfirmed=state.unconfirmed,
            outdated=bool(state.epoch) and state.code != scripts.code(),
        )
        known = self._known(qr=state.qr)
        decision = decisions.with_page(known, seen)
        # What comes of a step, the step will say.
        waits = decision.step in decisions.DISTURBING and decision.status == known.status
        cause, detail = (known.cause, self.session.detail) if waits else (decision.cause, decision.detail)
        set_state(self.owner, decision.status, cause, detail, **self._facts(state, seen, known, decision))
        self._answer(page)
        return self._decided(decision, browser, page)

    def _answer(self, page: Page | None) -> None:
        """Tell those who have asked what this look found. Raises LeaseLost."""
        ms = self.answered_in if page is not None else None
        questions.answer(self.owner, page, looked_at=self.now, milliseconds=ms)

    def _notices(self, state: PageState) -> tuple[str, ...]:
        """Those since the page was loaded; the last reason of a logout in any case: a logout loads the page again."""
        since = state.now - self._age(self.session.started_at) * 1000
        return tuple(str(one) for one in state.notices if one.at >= since or one.startswith("logout:"))

    def _facts(self, state: PageState, seen: Seen, known: Known, decision: Decision) -> dict[str, Any]:
        """What else the page says of itself, as fields of the session."""
        facts: dict[str, Any] = {"answered_at": self.now, "page_epoch": state.epoch}
        qr = state.qr if decision.status == SessionStatus.PAIRING else ""
        if qr != self.session.qr or self.session.qr_at is None:
            facts |= {"qr": qr, "qr_at": self.now}
        until = self._time(state, state.link_code_until) if state.link_code else None
        if state.link_code != self.session.link_code:
            facts |= {"link_code": state.link_code, "link_code_until": until}
        if decisions.is_ready(seen):
            facts["reloads"] = 0
            if known.loading > decisions.PROVEN_SECONDS:
                facts["failures"] = 0
        if decision.status == SessionStatus.CONNECTED:
            facts["heartbeat_at"] = self.now
        if decision.status == SessionStatus.PAIRING:
            facts |= forget_login(self.session)
        if state.authenticated:
            phone = state.wid.partition("@")[0].partition(":")[0]
            facts |= {"phone": f"+{phone}" if phone else self.session.phone, "lid": state.lid or self.session.lid}
            if state.login and state.login != self.session.login:
                facts |= {"login": state.login, "logged_in_at": self._time(state, state.login_since)}
        return facts

    def _time(self, state: PageState, moment: float) -> datetime:
        """A moment of the page's clock by MongoDB's."""
        return self.now + timedelta(milliseconds=moment - state.now)

    def _known(self, qr: str = "") -> Known:
        session = self.session
        return Known(
            desired=Desired(session.desired),
            request=session.request,
            status=SessionStatus(session.status),
            cause=session.cause,
            logged_in=bool(session.login or session.phone),
            in_state=self._age(session.status_at),
            asked=self._age(session.asked_at),
            loading=self._age(session.started_at),
            running=self._age(session.launched_at),
            qr_age=self._age(session.qr_at) if qr == session.qr else 0.0,
            reloads=session.reloads,
        )

    def _age(self, moment: datetime | None) -> float:
        return ENDLESS if moment is None else (self.now - moment) / timedelta(seconds=1)

    # What to do about it ----------------------------------------------------------------------------------------------
    def _decided(self, decision: Decision, browser: Browser | None, page: Page | None) -> float:
        """Carry out the step, and say when to look again. Raises LeaseLost."""
        if decision.step != Step.NONE:
            self.owner.renew()
        if decision.step not in decisions.DISTURBING or browser is None:
            return self._carry_out(decision, browser, page)
        with self.hold_lane(self.session.gateway) as held:
            if not held:
                return decisions.LOOK_SECONDS
            if page is not None:
                # What came while the lane was waited for: after a logout or a reset nobody could tell it again.
                with suppress(BrowserError):
                    events.drain(self.session, page)
            return self._carry_out(decision, browser, page)

    def _carry_out(self, decision: Decision, browser: Browser | None, page: Page | None) -> float:
        request = self.session.request
        wait = Steps(self.owner).do(decision, browser, page)
        if decision.fulfilled and wait is not None:
            self.owner.fulfil(request)
        return decisions.LOOK_SECONDS if wait is None else wait
