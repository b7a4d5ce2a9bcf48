"""WhatsApp sessions with the lines they send through, as commands and pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as wall_time
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.conf import settings

from domain.states import MessageStatus, SessionStatus
from gateways.kinds import KINDS
from gateways.models import Gateway
from lib.mongo import collection, server_now
from messaging.claims.steps import naive
from messaging.models import CLAIM_INDEX, Message
from sessions_app.models import Session
from sessions_app.queries import HEARTBEAT_SECONDS, connected_gateways

UNATTENDED = timedelta(seconds=10)
"""Its workers look after a session every few seconds: one left alone for longer has none."""

LIMITS = ("per_minute", "per_hour", "per_day", "first_contacts_per_day")
_LEFT = [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it stands; `connected` is whether it can send now, which its stored state alone does not say.

    `limits` are the most messages by limit (0: no limit), `used` what was spent of each in its present span; `gateway`
    is None where the line is gone.
    """

    session: Session
    gateway: Gateway | None
    connected: bool
    limits: dict[str, int]
    used: dict[str, int]
    capped_until: datetime | None
    now: datetime

    @property
    def unattended(self) -> bool:
        """Whether it is due to be looked after, and has been for so long that nobody does."""
        session = self.session
        if session.owner_until is not None and session.owner_until > self.now:
            return False
        # One that was never looked at has no time for it: the last sign of life or of a person stands for it.
        signs = (session.status_at, session.asked_at, session.heartbeat_at, session.qr_at)
        due_since = session.next_look_at or max(sign for sign in signs if sign is not None)
        return self.now - due_since > UNATTENDED

    @property
    def silent(self) -> bool:
        """Whether it is connected as far as is stored, and has not proved it for too long."""
        session = self.session
        if session.status != SessionStatus.CONNECTED:
            return False
        beat = session.heartbeat_at
        return beat is None or self.now - beat > timedelta(seconds=HEARTBEAT_SECONDS)

    @property
    def shown_status(self) -> str:
        """The state as pages show it: one that says connected and does not answer is not."""
        return SessionStatus.OFFLINE.value if self.silent else self.session.status

    def as_json(self) -> dict[str, Any]:
        """What `session status --json` prints."""
        session, gateway = self.session, self.gateway
        return {
            "name": session.name,
            "pool": gateway.pool.name if gateway else None,
            "host": session.host,
            "active": bool(gateway and gateway.active),
            "desired": session.desired,
            "request": session.request,
            "status": session.status,
            "connected": self.connected,
            "cause": session.cause,
            "detail": session.detail,
            "status_at": _iso(session.status_at),
            "phone": session.phone,
            "heartbeat_at": _iso(session.heartbeat_at),
            "logged_in_at": _iso(session.logged_in_at),
            "qr": session.qr,
            "qr_at": _iso(session.qr_at),
            "link_code": session.link_code,
            "link_code_until": _iso(session.link_code_until),
            "memory": session.memory,
            "memory_at": _iso(session.memory_at),
            "verified_at": _iso(session.verified_at),
            "verified": session.verified,
            "limits": {name: {"limit": self.limits[name], "used": self.used[name]} for name in LIMITS},
            "capped_by": gateway.capped_by if gateway and self.capped_until else "",
            "capped_until": _iso(self.capped_until),
        }


def row(session: Session) -> SessionRow:
    """One session with its line."""
    return rows([session])[0]


def rows(sessions: Iterable[Session]) -> list[SessionRow]:
    """The sessions with their lines, in their order."""
    found = list(sessions)
    gateways = Gateway.objects.select_related("pool").in_bulk([session.gateway for session in found])
    connected = connected_gateways([session.gateway for session in found])
    now = server_now()
    return [_row(session, gateways.get(session.gateway), session.gateway in connected, now) for session in found]


def _row(session: Session, gateway: Gateway | None, connected: bool, now: datetime) -> SessionRow:
    defaults = {field.name: field.default for field in KINDS["whatsapp_web"].fields}
    config = {**defaults, **(gateway.config if gateway else {})}
    spans = gateway.usage if gateway else {}
    capped_until = gateway.capped_until if gateway else None
    return SessionRow(
        session=session,
        gateway=gateway,
        connected=connected,
        limits={name: int(config[name] or 0) for name in LIMITS},
        used={name: _used(spans.get(name), now) for name in LIMITS},
        capped_until=capped_until if capped_until is not None and capped_until > now else None,
        now=now,
    )


def sent_today(gateway: Gateway) -> int:
    """How many messages went out by the line since midnight in this installation's time zone, tests too."""
    zone = ZoneInfo(settings.TIME_ZONE)
    midnight = datetime.combine(server_now().astimezone(zone).date(), wall_time(0), tzinfo=zone)
    pool: ObjectId = gateway.pool_id
    mine = {"pool": pool, "status": {"$in": [status.value for status in _LEFT]}, "gateway": gateway.pk}
    found = {**mine, "attempts.started_at": {"$gte": naive(midnight)}}
    return int(collection(Message).count_documents(found, hint=CLAIM_INDEX))


def _used(span: Any, now: datetime) -> int:
    """What counts of a limit now: what was spent in a span that is over does not."""
    if not span:
        return 0
    return int(span["used"]) if datetime.fromisoformat(span["until"]) > now else 0


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
