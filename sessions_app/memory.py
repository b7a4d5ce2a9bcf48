"""How much memory the sessions' browsers take, measured now and then where their processes are seen."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from lib.mongo import Now, compare_and_set
from live.events import SessionChanged
from live.publish import publish
from sessions_app.browser import driver
from sessions_app.browser.driver import Browser
from sessions_app.models import Session
from sessions_app.queries import sees_browser

EVERY = timedelta(seconds=30)


def measure_in_turn(session: Session) -> None:
    """Measure and store it, if that is due and the browser runs on this machine.

    Outside of the look and its lease: it is one of many figures, and nothing waits for it.
    """
    if session.memory_at is not None and timezone.now() - session.memory_at < EVERY:
        return
    if session.host != settings.BROWSER_HOST or not sees_browser(session):
        return
    try:
        browser = Browser.from_json(session.browser)
    except TypeError:  # stored by another version: the next look at the session sees to it
        return
    found = driver.pss(browser)
    known = {"launched_at": session.launched_at, "memory_at": session.memory_at}
    if found and compare_and_set(Session, session.pk, known, {"memory": found, "memory_at": Now()}):
        publish(SessionChanged(str(session.pk)))
