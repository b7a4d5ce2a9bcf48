"""What the pages' live parts show of pools and lines: views ask for many at once, fragments for one."""

from collections.abc import Iterable
from typing import Any

from bson import ObjectId
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from domain.costs import price_of, total
from gateways import describe, pictures
from gateways.models import Gateway, Pool
from gateways.queries import LineRow, PoolOverview
from lib import amounts
from messaging import queries as messaging
from messaging import spending
from messaging.flow import sent_today_by
from messaging.queries import AtLine
from messaging.spending import Lately
from sessions_app.describe import cause_sentence

WAITING_MOST = 1_000
LINES_IN_CARD = 12


def pool_values(overview: PoolOverview) -> dict[str, Any]:
    """What a pool's card shows."""
    pool, now = overview.pool, timezone.now()
    return {
        "pool": pool,
        "lines": [
            (row, line_address(row), describe.slow_sentence(row.gateway, now)) for row in overview.lines[:LINES_IN_CARD]
        ],
        "more": max(0, len(overview.lines) - LINES_IN_CARD),
        "total": len(overview.lines),
        "ready": overview.ready,
        "strategy": str(pool.get_strategy_display()).partition(":")[0],
        "pace": describe.pace_sentence(pool),
        "throttle": describe.throttle_sentence(pool),
        "rests": describe.rests_sentence(pool),
    }


def picture_values(overview: PoolOverview) -> dict[str, Any]:
    """What a pool's page shows of who gets what, and how fast."""
    pool = overview.pool
    today = sent_today_by([row.gateway.pk for row in overview.lines])
    return {
        "pool": pool,
        "picture": pictures.who_gets_what(pool.strategy, pool.channel, overview.lines, today=today),
        "pace": pictures.pace(pool, lines=overview.ready),
        "today": sum(today.values()),
    }


def waiting_values(pool: Pool, number: int) -> dict[str, Any]:
    """What is said of the messages that wait; `capped` when they are at least so many."""
    return {"pool": pool, "waiting": number, "capped": number >= WAITING_MOST}


def line_values(row: LineRow, *, today: int | None = None) -> dict[str, Any]:
    """What a line's row shows; `today` is how many it has sent, where that is known already."""
    gateway = row.gateway
    reason, _detail = describe.line_reason(gateway)
    if row.session:
        reason = cause_sentence(row.session.session)
    now = timezone.now()
    rests = gateway.active and gateway.next_send_at is not None and gateway.next_send_at > now and bool(reason)
    return {
        "row": row,
        "gateway": gateway,
        "address": line_address(row),
        "reason": reason,
        "slow": describe.slow_sentence(gateway, now) if gateway.active else "",
        "today": sent_today_by([gateway.pk]).get(gateway.pk, 0) if today is None else today,
        "rests_until": gateway.next_send_at if rests else None,
    }


def cost_values(gateway: Gateway) -> dict[str, Any]:
    """What a line's page shows of costs: the price of a part, and what was spent lately."""
    return {
        "gateway": gateway,
        "price": amounts.price(price_of(gateway.price, gateway.currency)),
        "spent": _lately([spending.lately([gateway.pk])[gateway.pk]]),
    }


def pool_cost_values(overview: PoolOverview) -> dict[str, Any]:
    """The same of an SMS pool: the prices that its active lines have, and what all its lines spent lately."""
    lines = [row.gateway for row in overview.lines]
    found = [price_of(line.price, line.currency) for line in lines if line.active]
    prices = sorted({price for price in found if price is not None}, key=lambda each: (each.currency, each.millionths))
    return {
        "pool": overview.pool,
        "price": ", ".join(map(amounts.price, prices)),
        "unpriced": found.count(None) if prices else 0,
        "spent": _lately(spending.lately([line.pk for line in lines]).values()),
    }


def _lately(found: Iterable[Lately]) -> list[tuple[Any, int, str]]:
    """Today and this month of several lines together: (when, parts, what they cost), costs never as zero where they are
    not known."""
    each = list(found)
    spans = ((_("Today"), [one.today for one in each]), (_("This month"), [one.month for one in each]))
    return [(label, total(spent).parts, amounts.spent(total(spent))) for label, spent in spans]


def standing(gateway: Gateway) -> AtLine:
    """What stands at a line: what will become of it is told before it is moved or deleted."""
    return messaging.at_lines([gateway.pool_id]).get(gateway.pk, AtLine())


def line_address(row: LineRow) -> str:
    """The page of a line, which for a WhatsApp session is the session's."""
    if row.session:
        return address_of("desk:session", row.session.session.pk)
    return address_of("gateways:line", row.gateway.pk)


def address_of(view: str, pk: ObjectId) -> str:
    """A page that another part of the product may have; empty where there is none."""
    try:
        return reverse(view, args=[pk])
    except NoReverseMatch:
        return ""
