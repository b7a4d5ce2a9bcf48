"""WhatsApp pools, and sessions with their lines, in the states that the supervisor would write."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from domain.states import Desired, SessionStatus
from gateways import commands
from gateways.models import Channel, Pool
from sessions_app.models import Session


def make_whatsapp_pool(name: str = "Ventas", **fields: Any) -> Pool:
    return Pool.objects.create(name=name, channel=Channel.WHATSAPP, **fields)


def make_session(pool: Pool, name: str = "Ventas 1", *, connected: bool = False, **fields: Any) -> Session:
    """A session and its line; `connected` as if its page had just said so. `fields` are those of Session."""
    session, _ = commands.create_session(name=name, pool=pool.name)
    if connected:
        fields = {
            "desired": Desired.CONNECTED.value,
            "status": SessionStatus.CONNECTED.value,
            "heartbeat_at": timezone.now() + timedelta(minutes=5),  # a slow test may outlast a real one
            "phone": "+56911112222",
            **fields,
        }
    Session.objects.filter(pk=session.pk).update(**fields)
    session.refresh_from_db()
    return session
