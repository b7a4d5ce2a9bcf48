"""Pools, lines, campaigns and messages, ready for the engine, written to the database as the product writes them."""

import itertools
from typing import Any

from bson import ObjectId
from django.utils import timezone

from campaigns.models import AudienceKind, Campaign
from domain.delivery import Sent
from domain.outcome import after_send
from domain.sms_text import measure
from domain.states import CampaignStatus, MessageStatus
from gateways.kinds import kind_named
from gateways.models import Channel, Gateway, Pool, Strategy
from messaging import claims
from messaging.claims import Answered

_numbers = itertools.count(1)


def make_pool(name: str = "", *, strategy: Strategy = Strategy.COMPETITIVE, **fields: Any) -> Pool:
    name = name or f"pool {next(_numbers)}"
    return Pool.objects.create(name=name, channel=Channel.SMS, strategy=strategy, **fields)


def make_line(
    pool: Pool, url: str = "", name: str = "", *, active: bool = True, kind_name: str = "http_generic", **fields: Any
) -> Gateway:
    """A line, a generic HTTP one that posts to `url` unless it is of another kind; `fields` are those of its kind."""
    kind = kind_named(kind_name)
    given = {"url": url, "method": "POST", "body": BODY, **fields} if kind_name == "http_generic" else fields
    config, secrets = kind.split(kind.clean(given))
    return Gateway.objects.create(
        name=name or f"line {next(_numbers)}",
        kind=kind.name,
        channel=Channel.SMS,
        pool=pool,
        active=active,
        config=config,
        secrets=secrets,
    )


BODY = '{"to": "{phone}", "text": "{message}", "id": "{id}", "callback": "{callback_url}"}'


def make_campaign(pool: Pool, name: str = "", *, status: CampaignStatus = CampaignStatus.RUNNING) -> Campaign:
    """A campaign whose audience counts as enrolled; its messages come from `add_messages`."""
    now = timezone.now()
    return Campaign.objects.create(
        name=name or f"campaign {next(_numbers)}",
        channel="sms",
        status=status.value,
        message="Hola {nombre}",
        sms_pool=pool,
        audience=AudienceKind.ALL,
        window_days=list(range(7)),
        timezone="America/Santiago",
        country="CL",
        started_at=now,
        enrolled_at=now,
    )


def add_messages(
    campaign: Campaign, number: int, *, status: MessageStatus = MessageStatus.PENDING, text: str = ""
) -> list[ObjectId]:
    """So many recipients, each with a phone of its own, and all with the text if there is one; their debtors' ids."""
    first = next(_numbers) * 1_000_000
    drafts = [
        {
            "debtor": ObjectId(),
            "pool": campaign.sms_pool_id,
            "channel": "sms",
            "row": row + 2,
            "name": f"Deudor {row}",
            "phone": f"+569{(first + row) % 100_000_000:08d}",
            "text": text or f"Hola {row}",
            "parts": measure(text).parts,
            "variant": 0,
            "status": status.value,
        }
        for row in range(number)
    ]
    for start in range(0, number, 1000):
        claims.enroll(campaign.pk, drafts[start : start + 1000])
    return [draft["debtor"] for draft in drafts]


def send(number: int, line: Gateway | None = None) -> tuple[claims.Holder, list[str]]:
    """So many messages of a campaign, sent by a line; its holder and the attempts' ids."""
    line = line or make_line(make_pool(), "http://127.0.0.1:1/")
    pool = line.pool
    campaign = make_campaign(pool)
    add_messages(campaign, number)
    holder = claims.Holder(line.pk, "token", 1)
    claimed = claims.claim(holder, pool=pool.pk, campaign=campaign.pk, limit=number, shared=True)
    started = claims.start(holder, claims.new_attempts(claimed, epoch=1))
    answers = [Sent(outbound.attempt_id, f"theirs-{place}") for place, (outbound, _) in enumerate(started)]
    claims.settle(
        holder,
        [
            Answered(outbound, of, said, after_send(said, can_reconcile=False))
            for (outbound, of), said in zip(started, answers, strict=True)
        ],
    )
    return holder, [outbound.attempt_id for outbound, _ in started]
