"""A session's page for one request: reach it, start a job in it, and ask for its end without ever holding a script."""

import base64
import time
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from bson import ObjectId
from django.db import DatabaseError
from pymongo.errors import PyMongoError

from domain.delivery import Media
from sessions_app import queries
from sessions_app.browser.driver import Browser, attach
from sessions_app.browser.errors import BrowserError, BrowserGone, JobRefused
from sessions_app.browser.page import Page, PageState

FIRST_PAUSE = 0.03
LONGEST_PAUSE = 0.3
UNAVAILABLE = (DatabaseError, PyMongoError)


class Unreached(Exception):
    """Nothing was begun, surely: the page is not there, not connected, or has refused the job."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Lost(Exception):
    """The job was begun, or may have been, and nobody can tell how it ended."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@contextmanager
def asking_database() -> Generator[None]:
    """Around what is asked before anything begins: a database that is away is a reason not to."""
    try:
        yield
    except UNAVAILABLE as error:
        raise Unreached("database_away", f"The database is away: {type(error).__name__}.") from error


@dataclass(frozen=True, slots=True)
class Reached:
    """A connected page, and what its clock said when ours said `at` (time.monotonic) and `wall` (Unix seconds)."""

    page: Page
    state: PageState
    at: float
    wall: float

    def page_time(self, moment: float) -> float:
        """A time.monotonic() moment by the page's clock, in milliseconds; rather too early than too late."""
        return self.state.now + (moment - self.at) * 1000

    def page_date(self, date: datetime) -> float:
        """The same of an aware date."""
        return self.state.now + (date.timestamp() - self.wall) * 1000


def reach(gateway: ObjectId) -> Reached:
    """The gateway's page, which was connected just now. Raises Unreached."""
    with asking_database():
        session = queries.session_of(gateway)
    if session is None or not session.driver_session:
        raise Unreached("no_browser", "The session has no browser.")
    stored = {**session.browser, "driver_url": session.driver_url, "driver_session": session.driver_session}
    try:
        page = Page(attach(Browser.from_json(stored)))
        state = page.state()
    except TypeError as error:  # stored by another version of this program
        raise Unreached("no_browser", "The session's browser can't be found.") from error
    except BrowserGone as error:
        raise Unreached("no_browser", error.detail) from error
    except BrowserError as error:
        raise Unreached("no_answer", f"The browser does not answer: {error.detail}") from error
    # Measured after the page's own clock was read: a deadline made of both is never later than it was meant.
    reached = Reached(page, state, at=time.monotonic(), wall=time.time())
    if not state.epoch or state.phase not in ("ready", "full"):
        raise Unreached("not_connected", "The page is still loading.")
    if (state.mode, state.info) != ("MAIN", "NORMAL") or not state.authenticated:
        raise Unreached("not_connected", f"The session is not connected: {state.mode}/{state.info}.")
    return reached


def carry_out(reached: Reached, job: Mapping[str, Any], until: float) -> Any:
    """Start a job and return its value, asking for it until that time.monotonic(). Raises Unreached and Lost."""
    page, job_id = reached.page, str(job["id"])
    try:
        page.start(dict(job))
    except JobRefused as error:
        if error.code != "started":  # the call was repeated on its way, and the job is under way
            raise Unreached(error.code, error.detail) from error
    except BrowserError as error:
        # The call may have reached the page before its answer was lost.
        raise Lost("browser_lost", error.detail) from error
    pause = FIRST_PAUSE
    while True:
        try:
            found = page.result(job_id)
        except BrowserError as error:
            raise Lost("browser_lost", error.detail) from error
        if found.state == "done":
            return found.value
        if found.state == "failed":
            raise Lost("page_error", found.error)
        if found.state == "unknown":
            raise Lost("page_reloaded", "The page was loaded again meanwhile.")
        if time.monotonic() + pause > until:
            raise Lost("timeout", "The page did not end in time.")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def hand_over(reached: Reached, media: Media, *, seconds: float) -> str:
    """Put a file into the page, unless it has it, and return its name there. Raises Unreached: no message was begun.

    A large file takes longer than a message may take to start. The message that brings it may be late then, and the
    next one finds the file in the page.
    """
    file = sha256(media.data).hexdigest()
    job = {"kind": "file", "file": file}
    until = time.monotonic() + seconds
    try:
        if not carry_out(reached, {**job, "id": uuid.uuid4().hex}, until):
            content = f"data:{media.mimetype};base64,{base64.b64encode(media.data).decode()}"
            carry_out(reached, {**job, "id": uuid.uuid4().hex, "data_url": content}, until)
    except Lost as error:
        raise Unreached("no_answer", error.detail) from error
    return file
