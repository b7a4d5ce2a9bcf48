"""Stores what a page told before the page may forget it: a worker that dies in between loses and doubles nothing."""

from typing import Any

from pymongo import UpdateOne

from lib.mongo import bulk_write, server_now, typed_values
from sessions_app.browser.page import Page
from sessions_app.models import Session, SessionEvent

MOST_ROUNDS = 5
"""How often a look empties the buffer: a page that tells much must not keep a worker from its other steps."""


def drain(session: Session, page: Page) -> int:
    """Take the page's events over, oldest first; how many they were. Raises BrowserError."""
    taken = 0
    for _ in range(MOST_ROUNDS):
        epoch, events = page.drain()
        if not events:
            break
        now = server_now()
        rows = []
        for event in events:
            key = {"session": session.pk, "page_epoch": epoch, "sequence": event.sequence}
            more: dict[str, Any] = {"gateway": session.gateway, "name": event.name, "data": event.data}
            more |= {"received_at": now, "due_at": now}
            rows.append(
                UpdateOne(
                    typed_values(SessionEvent, key), {"$setOnInsert": typed_values(SessionEvent, more)}, upsert=True
                )
            )
        # In their order: an ack after another one of the same message is applied after it.
        bulk_write(SessionEvent, rows, ordered=True)
        page.acknowledge(epoch, events[-1].sequence)
        taken += len(events)
    return taken
