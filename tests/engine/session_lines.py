"""Lines that need a session, as those of WhatsApp do, and send over HTTP to the simulated gateway.

The engine can't tell them from a browser's: their sessions are rows as the supervisor writes them, and a number that
the gateway refuses is one without WhatsApp.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from bson import ObjectId

from campaigns.models import Campaign
from domain.channels import NOT_ON_WHATSAPP
from domain.delivery import ErrorKind, Outbound, SendError, Sent
from domain.states import SessionStatus
from engine.guard import Guard
from gateways import http_fields, whatsapp_fields
from gateways.fields import Kind
from gateways.models import Channel, Gateway, Pool
from gateways.providers.http_generic import HttpGeneric
from lib.mongo import collection
from messaging import claims
from sessions_app.models import Session
from tests.factories.sending import BODY, make_campaign, make_pool

LIMITS = tuple(field for field in whatsapp_fields.FIELDS if field.name != "host")

KIND = Kind(
    name="session_over_http",
    label="WhatsApp of the engine's tests",
    channel="whatsapp",
    provider="tests.engine.session_lines.SessionOverHttp",
    deliver_task="engine.deliver_whatsapp",
    needs_session=True,
    fields=(*http_fields.FIELDS, *LIMITS),
)


class SessionOverHttp(HttpGeneric):
    """Keeps what it was given, for the tests to look at."""

    given: list[Outbound] = []
    """Emptied by the fixture."""

    def send(self, batch: Sequence[Outbound], *, not_after: float) -> Iterator[Sent | SendError]:
        self.given.extend(batch)
        for answer in super().send(batch, not_after=not_after):
            if isinstance(answer, SendError) and answer.kind is ErrorKind.PERMANENT:
                yield replace(answer, code=NOT_ON_WHATSAPP)
            else:
                yield answer


def whatsapp_pool(**fields: Any) -> Pool:
    pool = make_pool(**fields)
    Pool.objects.filter(pk=pool.pk).update(channel=Channel.WHATSAPP)
    pool.refresh_from_db()
    return pool


def session_line(pool: Pool, url: str, *, connected: bool = True, **fields: Any) -> Gateway:
    """A line and its session; without limits unless they are given."""
    values = {"url": url, "method": "POST", "body": BODY, "concurrency": 1, **{f.name: 0 for f in LIMITS}, **fields}
    config, secrets = KIND.split(KIND.clean(values))
    name = f"session {ObjectId()}"
    line = Gateway.objects.create(
        name=name, kind=KIND.name, channel=Channel.WHATSAPP, pool=pool, config=config, secrets=secrets
    )
    Session.objects.create(name=name, gateway=line.pk, host="main")
    set_session(line, SessionStatus.CONNECTED if connected else SessionStatus.STOPPED)
    return line


def set_session(line: Gateway, status: SessionStatus, *, seconds_ago: float = 0) -> None:
    """The session is in this state, and was connected so long ago last. A connected one stays so for the whole test."""
    sessions = collection(Session)
    ahead = 300 if status is SessionStatus.CONNECTED else -seconds_ago
    beat = {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": int(ahead * 1000)}}
    sessions.update_one(
        {"gateway": line.pk}, [{"$set": {"desired": "connected", "status": status.value, "heartbeat_at": beat}}]
    )


def whatsapp_campaign(pool: Pool, *, sms_pool: Pool | None = None, **fields: Any) -> Campaign:
    """A running one, which falls back on `sms_pool` if that is given."""
    campaign = make_campaign(pool)
    channel = "whatsapp_fallback_sms" if sms_pool else "whatsapp"
    Campaign.objects.filter(pk=campaign.pk).update(channel=channel, whatsapp_pool=pool, sms_pool=sms_pool, **fields)
    campaign.refresh_from_db()
    return campaign


_numbers = iter(range(10_000_000, 90_000_000))


def add_recipients(campaign: Campaign, number: int) -> list[str]:
    """So many pending messages as enrolling makes them; their phones."""
    drafts = [
        {
            "debtor": ObjectId(),
            "pool": campaign.whatsapp_pool_id,
            "channel": "whatsapp",
            "attachment": campaign.attachment_id,
            "row": row + 2,
            "name": f"Deudor {row}",
            "phone": f"+569{next(_numbers)}",
            "text": f"Hola {row}",
            "variant": 0,
            "status": "pending",
        }
        for row in range(number)
    ]
    claims.enroll(campaign.pk, drafts)
    return [draft["phone"] for draft in drafts]


def always_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard reads the campaigns and the session anew each time that it is asked."""
    monkeypatch.setitem(Guard._refresh.__kwdefaults__, "within", -1.0)
