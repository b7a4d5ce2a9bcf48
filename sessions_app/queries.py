"""What others ask about WhatsApp sessions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bson import ObjectId
from django.conf import settings

from domain.sessions import Cause
from domain.states import Desired, SessionStatus
from lib.mongo import collection, server_now, session
from sessions_app.models import Picture, Request, Session, SessionChange

HEARTBEAT_SECONDS = 20
"""A session that did not prove for so long that it is connected, is not: its browser or its host may be gone."""


_INTERRUPTING = (Request.LOGOUT.value, Request.RESET.value, Request.RELOAD.value, Request.RECONNECT.value)


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


def states_since(moment: datetime, sessions: Iterable[ObjectId]) -> dict[ObjectId, list[tuple[datetime, str, str]]]:
    """Each session's changes of state since then, oldest first: when, from which state, to which."""
    found: dict[ObjectId, list[tuple[datetime, str, str]]] = {}
    wanted = {"session": {"$in": list(sessions)}, "at": {"$gte": moment}}
    only = {"_id": 0, "session": 1, "at": 1, "origin": 1, "target": 1}
    for row in collection(SessionChange).find(wanted, only, session=session()):
        if row["origin"] != row["target"]:  # another cause of the same state
            change = (row["at"].replace(tzinfo=UTC), row["origin"], row["target"])
            found.setdefault(row["session"], []).append(change)
    return {key: sorted(changes) for key, changes in found.items()}


def changes_of(of: ObjectId, *, limit: int = 50) -> list[SessionChange]:
    """The latest changes of a session's state, newest first."""
    return list(SessionChange.objects.filter(session=of).order_by("-at")[:limit])


def is_open(asked: datetime | None, answered: datetime | None) -> bool:
    """Whether a question of staff still waits for its answer."""
    return asked is not None and (answered is None or answered < asked)


def picture_of(session: Session) -> Picture | None:
    """The latest picture of its browser, while that is kept."""
    return Picture.objects.filter(session=session.pk, expires_at__gt=server_now()).first()


def picture_taken_at(session: Session) -> datetime | None:
    """When the latest picture of its browser was taken, while that is kept; the picture itself is not read."""
    kept = Picture.objects.filter(session=session.pk, expires_at__gt=server_now())
    return kept.values_list("taken_at", flat=True).first()


def sees_browser(session: Session) -> bool:
    """Whether its browser is one whose processes its workers see: those of a Selenium server elsewhere are not."""
    return bool(session.browser and session.browser.get("pid_started"))


def takes_much(session: Session) -> bool:
    """Whether its browser takes so much memory that somebody should know."""
    return session.memory is not None and session.memory >= settings.BROWSER_MEMORY_MB * 1024**2


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
