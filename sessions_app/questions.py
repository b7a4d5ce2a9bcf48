"""What staff ask of a running session without changing it: whether it works now, and what its browser shows.

Asked by commands.py, answered by the next look at the session, under its lease. An answer names the moment at which
its look began: who has asked later than that gets another one.
"""

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from lib.mongo import collection, server_now, typed_values
from live.events import SessionChanged
from live.publish import publish
from sessions_app.browser.errors import BrowserError
from sessions_app.browser.page import Page
from sessions_app.models import Picture, Session
from sessions_app.ownership import Owner
from sessions_app.queries import is_open

logger = logging.getLogger(__name__)

PICTURE_KEPT = timedelta(minutes=10)
QUALITIES = (75, 40, 15)
MOST_BYTES = 1_000_000
LONGEST_ERROR = 40
TRYING_SECONDS = 10.0
"""After which no further quality is tried: a capture by a busy browser takes up to 30 s of the lease's 90."""


def answer(owner: Owner, page: Page | None, *, looked_at: datetime, milliseconds: float | None) -> None:
    """Answer what was asked, once the session's state is stored; `page` is none where it can't be reached.

    Raises LeaseLost.
    """
    session, answers = owner.session, dict[str, Any]()
    if is_open(session.verify_asked_at, session.verified_at):
        ms = None if milliseconds is None else round(milliseconds)
        found = {"status": str(session.status), "cause": str(session.cause), "ms": ms}
        answers |= {"verified_at": looked_at, "verified": found}
    if is_open(session.picture_asked_at, session.picture_at):
        owner.renew()  # a busy browser takes its time
        answers |= {"picture_at": looked_at, "picture_error": _keep_picture(session, page)}
    if answers:
        owner.store(answers)
        publish(SessionChanged(str(session.pk)))


def _keep_picture(session: Session, page: Page | None) -> str:
    """Take and keep it; why not, as a word."""
    if page is None:
        return "no_browser"
    try:
        image = _small_enough(page)
    except BrowserError as error:
        logger.warning("session %s: no picture of its browser (%s)", session.name, error.code)
        return error.code[:LONGEST_ERROR]
    if image is None:
        return "too_large"
    now = server_now()
    values = {"image": image, "taken_at": now, "expires_at": now + PICTURE_KEPT}
    of = typed_values(Picture, {"session": session.pk})
    collection(Picture).update_one(of, {"$set": typed_values(Picture, values)}, upsert=True)
    return ""


def _small_enough(page: Page) -> bytes | None:
    """A picture that may be kept; none where even a poor one is too large, or the browser takes too long for more."""
    until = time.monotonic() + TRYING_SECONDS
    for quality in QUALITIES:
        image = page.picture(quality)
        if len(image) <= MOST_BYTES:
            return image
        if time.monotonic() > until:
            return None
    return None


def forget_picture(session: Session) -> None:
    Picture.objects.filter(session=session.pk).delete()
