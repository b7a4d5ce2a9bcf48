"""Stores a session's state with its history, under the lease of its owner, and tells the pages that show it."""

import logging
from datetime import datetime
from typing import Any

from domain.states import SessionStatus, check_session
from lib.mongo import server_now
from live.events import GatewayChanged, SessionChanged
from live.publish import publish
from sessions_app.models import Session, SessionChange
from sessions_app.ownership import Owner

logger = logging.getLogger(__name__)

LONGEST_DETAIL = 300
LONGEST_CAUSE = 40
_SHOWN = ("qr", "link_code", "phone", "login")
"""Fields that people look at beside the state."""
TELL_HEARTBEATS_EVERY = 5
"""Seconds: pages say how long ago the last one was, and one a second of each session would be much ado."""


def set_state(owner: Owner, status: SessionStatus, cause: str = "", detail: str = "", **facts: Any) -> None:
    """Store the state, and other fields with it. Raises LeaseLost, and InvalidTransition for a fault of ours."""
    session = owner.session
    cause, detail = str(cause)[:LONGEST_CAUSE], detail[:LONGEST_DETAIL]
    origin = SessionStatus(session.status)
    moved, reason = status != origin, (cause, detail) != (session.cause, session.detail)
    if moved:
        check_session(origin, status)
    changed = {name: value for name, value in facts.items() if getattr(session, name) != value}
    shown = any(name in changed for name in _SHOWN) or _beats(session.heartbeat_at, changed.get("heartbeat_at"))
    if moved or reason:
        now = server_now()
        changed |= {"status": status.value, "cause": cause, "detail": detail}
        if moved:
            changed["status_at"] = now
    told = moved or cause != session.cause
    if changed:
        owner.store(changed)
    if told:
        SessionChange.objects.create(
            session=session.pk, origin=origin.value, target=status.value, cause=cause, detail=detail, at=now
        )
    if moved:
        serious = status in (SessionStatus.CONFLICT, SessionStatus.BLOCKED, SessionStatus.FAILED, SessionStatus.OFFLINE)
        logger.log(
            logging.WARNING if serious else logging.INFO,
            "session %s: %s -> %s%s",
            session.name,
            origin.value,
            status.value,
            f" ({cause})" if cause else "",
            extra={"kind": "session", "object_id": session.pk},
        )
    if told or reason or shown:
        publish(SessionChanged(str(session.pk)))
    if moved:
        publish(GatewayChanged(str(session.gateway)))


def _beats(last: datetime | None, new: datetime | None) -> bool:
    """Whether pages are told of this heartbeat."""
    if new is None or last is None:
        return new is not None
    return int(new.timestamp()) // TELL_HEARTBEATS_EVERY != int(last.timestamp()) // TELL_HEARTBEATS_EVERY


def forget_login(session: Session) -> dict[str, Any]:
    """The fields of an account that is logged in no more."""
    return {"login": "", "logged_in_at": None, "phone": "", "lid": ""} if session.login or session.phone else {}
