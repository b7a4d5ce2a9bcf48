"""Who looks after a session: a lease, by which alone the supervisor writes, and a host's turns to start a browser.

Timed by MongoDB's clock. An owner that lost its lease writes nothing more: every write asks for its token.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from lib.mongo import collection, from_now, to_document, typed_values
from sessions_app.models import BrowserHost, Session

LOOK_LEASE_SECONDS = 40.0
"""Longer than a browser may take to answer; short, because nobody looks after a session whose worker was killed."""
STEP_LEASE_SECONDS = 90.0
"""Longer than the longest step: the start of a browser on a busy machine."""
QUEUED_SECONDS = 12.0
"""How long an issued task may take to begin; tick issues it again after that. Longer than the task's `expires`."""
START_SECONDS = 75.0
START_EVERY = 3.0
"""Browsers that start at once make each other slow, and an account is better not opened with all the others."""
REAP_EVERY = 60.0


ASKED = ("desired", "request", "asked_at", "verify_asked_at", "picture_asked_at")
"""What staff write: whoever asks for something gets the next look at once."""


class LeaseLost(Exception):
    """Somebody else looks after the session now: what was begun here must not be written."""


_FREE = {"$expr": {"$or": [{"$eq": ["$owner_token", ""]}, {"$lte": ["$owner_until", "$$NOW"]}]}}
_DUE = {"$expr": {"$lte": ["$next_look_at", "$$NOW"]}}


@dataclass(slots=True)
class Owner:
    """The lease on a session, and the session as it was when the lease was taken, with what was stored since."""

    session: Session
    token: str

    def store(self, values: Mapping[str, Any]) -> None:
        """Write these fields. Raises LeaseLost."""
        self._update({"$set": typed_values(Session, values)})
        for name, value in values.items():
            setattr(self.session, name, value)

    def renew(self) -> None:
        """Hold the session for as long as a step may take. Raises LeaseLost."""
        self._update([{"$set": {"owner_until": from_now(STEP_LEASE_SECONDS)}}])

    def fulfil(self, request: str) -> None:
        """Empty the request, unless something else was asked for meanwhile."""
        done = {"request": "", "request_phone": ""}
        if collection(Session).update_one({**self._mine(), "request": request}, {"$set": done}).matched_count:
            self.session.request = self.session.request_phone = ""

    def release(self, *, next_look: float) -> None:
        """Give the session up until the next look, or until now when staff have asked for something since."""
        session = self.session
        as_read = {name: getattr(session, name) for name in ASKED}
        same = [{"$eq": [f"${name}", {"$literal": value}]} for name, value in typed_values(Session, as_read).items()]
        look = {"$cond": [{"$and": same}, from_now(next_look), "$$NOW"]}
        changes = {"owner_token": "", "owner_until": None, "next_look_at": look}
        collection(Session).update_one(self._mine(), [{"$set": changes}])

    def delete(self) -> None:
        """Remove the session itself."""
        collection(Session).delete_one(self._mine())

    def _mine(self) -> dict[str, Any]:
        return {"_id": self.session.pk, "owner_token": self.token, "$expr": {"$gt": ["$owner_until", "$$NOW"]}}

    def _update(self, changes: Any) -> None:
        if not collection(Session).update_one(self._mine(), changes).matched_count:
            raise LeaseLost(str(self.session))


def take(session_id: ObjectId) -> Owner | None:
    """The lease on a session; None while somebody else has it, or when there is no such session."""
    token = secrets.token_hex(16)
    taken = collection(Session).find_one_and_update(
        {"_id": session_id, **_FREE},
        [{"$set": {"owner_token": token, "owner_until": from_now(LOOK_LEASE_SECONDS)}}],
        return_document=ReturnDocument.AFTER,
        projection={"_id": 1},
    )
    session = Session.objects.filter(pk=session_id).first() if taken else None
    return Owner(session, token) if session else None


def queue_due() -> list[tuple[ObjectId, str]]:
    """The sessions to look at now, with their hosts; none of them is named again for QUEUED_SECONDS."""
    queued = []
    for row in collection(Session).find({**_DUE}, {"host": 1}):
        marked = collection(Session).update_one(
            {"_id": row["_id"], "$and": [_DUE, _FREE]}, [{"$set": {"next_look_at": from_now(QUEUED_SECONDS)}}]
        )
        if marked.modified_count:
            queued.append((row["_id"], str(row["host"])))
    return queued


def take_start(host: str) -> str | None:
    """The host's turn to start a browser, as a token; None while another one starts, or has just done so."""
    token = secrets.token_hex(16)
    taken = _on_host(host, "start_until", {"start_token": token, "start_until": from_now(START_SECONDS)})
    return token if taken else None


def end_start(host: str, token: str) -> None:
    """The start is over: the next one has to wait a little."""
    collection(BrowserHost).update_one(
        {"name": host, "start_token": token},
        [{"$set": {"start_token": "", "start_until": from_now(START_EVERY)}}],
    )


def take_reaping(host: str) -> bool:
    """Whether it is time to look for orphans on the host, and nobody else does."""
    return _on_host(host, "reaped_at", {"reaped_at": from_now(REAP_EVERY)})


def _on_host(host: str, field: str, changes: dict[str, Any]) -> bool:
    """Change the host's document if that time of it has passed; it is made when there is none."""
    hosts = collection(BrowserHost)
    passed = {"name": host, "$expr": {"$lte": [f"${field}", "$$NOW"]}}
    if hosts.update_one(passed, [{"$set": changes}]).matched_count:
        return True
    if hosts.find_one({"name": host}, {"_id": 1}):
        return False
    with suppress(DuplicateKeyError):
        hosts.insert_one(to_document(BrowserHost(name=host)))
    return bool(hosts.update_one(passed, [{"$set": changes}]).matched_count)
