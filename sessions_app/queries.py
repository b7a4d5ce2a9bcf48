"""What others ask about WhatsApp sessions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bson import ObjectId

from domain.sessions import Cause
from domain.states import Desired, SessionStatus
from lib.mongo import collection, session
from sessions_app.models import Request, Session, SessionChange

HEARTBEAT_SECONDS = 20
"""A session that did not prove for so long that it is connected, is not: its browser or its host may be gone."""


_INTERRUPTING = (Request.LOGOUT.value, Request.RESET.value, Request.RELOAD.value)


def connected_gateways(gateways: Iterable[ObjectId]) -> set[ObjectId]:
    """Those whose session can send now, by MongoDB's clock, and that staff don't want to be interrupted."""
    fresh = {"$dateSubtract": {"startDate": "$$NOW", "unit": "second", "amount": HEARTBEAT_SECONDS}}
    found = collection(Session).find(
        {
            "gateway": {"$in": list(gateways)},
            "status": SessionStatus.CONNECTED.value,
            "desired": Desired.CONNECTED.value,
            "request": {"$nin": _INTERRUPTING},
            "$expr": {"$gte": ["$heartbeat_at", fresh]},
        },
        {"gateway": 1, "_id": 0},
        session=session(),
    )
    return {row["gateway"] for row in found}


def disconnected_since(gateways: Iterable[ObjectId]) -> dict[ObjectId, datetime]:
    """When each of those that are not connected now was so last; when it was made, where it never was."""
    wanted = set(gateways)
    absent = wanted - connected_gateways(wanted)
    rows = collection(Session).find(
        {"gateway": {"$in": list(absent)}}, {"gateway": 1, "heartbeat_at": 1, "created_at": 1}, session=session()
    )
    return {row["gateway"]: (row["heartbeat_at"] or row["created_at"]).replace(tzinfo=UTC) for row in rows}


def session_of(gateway: ObjectId) -> Session | None:
    return Session.objects.filter(gateway=gateway).first()


def by_name(name: str) -> Session | None:
    return Session.objects.filter(name=" ".join(name.split())).first()


def all_sessions() -> list[Session]:
    return list(Session.objects.order_by("name"))


def sessions_on(host: str) -> list[Session]:
    """The sessions of a browser host."""
    return list(Session.objects.filter(host=host).order_by("name"))


def changes_of(of: ObjectId, *, limit: int = 50) -> list[SessionChange]:
    """The latest changes of a session's state, newest first."""
    return list(SessionChange.objects.filter(session=of).order_by("-at")[:limit])


# What went wrong ------------------------------------------------------------------------------------------------------
CHANGES_INDEX = "session_changes_kept"
_TROUBLE = [SessionStatus.OFFLINE, SessionStatus.FAILED, SessionStatus.CONFLICT, SessionStatus.BLOCKED]


@dataclass(frozen=True, slots=True)
class Trouble:
    """How often a session came into a state that it can't send in, of which how often lately; and why last."""

    session: ObjectId
    target: str
    times: int
    lately: int
    last_at: datetime
    cause: str


def troubles(since: datetime, *, lately: datetime) -> list[Trouble]:
    """What went wrong with sessions since then, by session and state. One that lost its login is in trouble too."""
    serious = {"target": {"$in": [status.value for status in _TROUBLE]}}
    unlinked = {"target": SessionStatus.PAIRING.value, "cause": Cause.LOGGED_OUT.value}
    start, late = (moment.astimezone(UTC).replace(tzinfo=None) for moment in (since, lately))
    rows = collection(SessionChange).aggregate(
        [
            # Another cause of the same state is no other trouble.
            {"$match": {"at": {"$gte": start}, "$or": [serious, unlinked], "$expr": {"$ne": ["$origin", "$target"]}}},
            {"$sort": {"at": 1}},
            {
                "$group": {
                    "_id": {"session": "$session", "target": "$target"},
                    "times": {"$sum": 1},
                    "lately": {"$sum": {"$cond": [{"$gte": ["$at", late]}, 1, 0]}},
                    "last_at": {"$last": "$at"},
                    "cause": {"$last": "$cause"},
                }
            },
        ],
        hint=CHANGES_INDEX,
    )
    return [
        Trouble(
            session=row["_id"]["session"],
            target=row["_id"]["target"],
            times=row["times"],
            lately=row["lately"],
            last_at=row["last_at"].replace(tzinfo=UTC),
            cause=row["cause"],
        )
        for row in rows
    ]
