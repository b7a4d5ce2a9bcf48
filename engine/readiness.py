"""Which lanes are there: those that need no session, and those whose session is connected."""

from collections.abc import Iterable
from datetime import timedelta

from bson import ObjectId

from domain.states import SessionStatus
from gateways.kinds import KINDS
from gateways.models import Channel, Gateway, Pool
from lib.mongo import server_now
from sessions_app import queries as sessions
from sessions_app.models import Session

AWAY_MAX = timedelta(seconds=60)
"""A lane whose session is away for so long hands its unsent messages back."""

SENT_AWAY = (SessionStatus.STOPPED.value, SessionStatus.PAIRING.value, SessionStatus.BLOCKED.value)
"""States that a session does not leave by itself: its messages go to others at once."""


def needs_session(gateway: Gateway) -> bool:
    kind = KINDS.get(gateway.kind)
    return kind is not None and kind.needs_session


def ready(gateways: Iterable[Gateway]) -> set[ObjectId]:
    """Those of the gateways that can send as far as their sessions go; whether they are switched on is not asked."""
    with_session = {gateway.pk: needs_session(gateway) for gateway in gateways}
    free = {pk for pk, needs in with_session.items() if not needs}
    wanted = [pk for pk, needs in with_session.items() if needs]
    return free | sessions.connected_gateways(wanted) if wanted else free


def away(gateways: Iterable[Gateway]) -> set[ObjectId]:
    """Those of the gateways whose session is gone for so long, or in such a way, that others take their messages."""
    wanted = [gateway.pk for gateway in gateways if needs_session(gateway)]
    if not wanted:
        return set()
    absent = set(wanted) - sessions.connected_gateways(wanted)
    known = dict(Session.objects.filter(gateway__in=absent).values_list("gateway", "status"))
    since = sessions.disconnected_since(absent)
    now = server_now()
    return {
        pk
        for pk in absent
        if known.get(pk, SessionStatus.STOPPED.value) in SENT_AWAY or now - since.get(pk, now) >= AWAY_MAX
    }


def unlinked(gateway: Gateway) -> bool:
    """Whether the gateway's session has lost its login: what was begun before it can't be asked about any more."""
    return needs_session(gateway) and Session.objects.filter(gateway=gateway.pk, status=SessionStatus.PAIRING).exists()


def reach(gateway: Gateway) -> list[ObjectId]:
    """The pools whose messages a lane may hold: its own and, of WhatsApp, any that it may have borrowed from.

    Deleted ones too: it may have begun there before.
    """
    if gateway.channel != Channel.WHATSAPP:
        return [gateway.pool_id]
    others = Pool.everything.filter(channel=Channel.WHATSAPP).exclude(pk=gateway.pool_id).values_list("pk", flat=True)
    return [gateway.pool_id, *others]
