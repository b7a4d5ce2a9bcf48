"""The live parts of the pages of pools and lines."""

from typing import Any

from gateways import call_list, calls, describe, queries, tried
from gateways.models import Gateway, Pool
from gateways.queries import LineRow
from gateways.shown import (
    WAITING_MOST,
    cost_values,
    line_values,
    picture_values,
    pool_cost_values,
    pool_values,
    waiting_values,
)
from lib.converters import object_id
from lib.paging import keyset_page
from live.fragments import SUPERVISORS, Fragment, register
from messaging import queries as messaging
from preferences import queries as preferences

TESTS = 5


def _pool(key: str) -> dict[str, Any] | None:
    pool = Pool.objects.filter(pk=object_id(key)).first()
    return None if pool is None else pool_values(queries.overviews([pool])[0])


def _picture(key: str) -> dict[str, Any] | None:
    pool = Pool.objects.filter(pk=object_id(key)).first()
    return None if pool is None else picture_values(queries.overviews([pool])[0])


def _waiting(key: str) -> dict[str, Any] | None:
    pool = Pool.objects.filter(pk=object_id(key)).first()
    if pool is None:
        return None
    return waiting_values(pool, messaging.waiting_by_pool([pool.pk], most=WAITING_MOST)[pool.pk])


def _line(key: str) -> dict[str, Any] | None:
    rows = queries.line_rows(Gateway.objects.filter(pk=object_id(key)))
    return line_values(rows[0]) if rows else None


def _line_state(key: str) -> dict[str, Any] | None:
    """A line's state in full: what the far side said, and how many messages went by it."""
    gateway = Gateway.objects.select_related("pool").filter(pk=object_id(key)).first()
    if gateway is None:
        return None
    _reason, detail = describe.line_reason(gateway)
    counts = messaging.counts_by_lane(gateway.pk)
    return {
        **line_values(LineRow(gateway, None)),
        "detail": queries.masker(gateway)(detail),
        "unheard": describe.poll_reason(gateway),
        "sent": sum(counts[status] for status in ("sent", "delivered", "read")),
        "delivered": counts["delivered"] + counts["read"],
        "failed": counts["failed"],
    }


def _line_cost(key: str) -> dict[str, Any] | None:
    gateway = Gateway.objects.filter(pk=object_id(key)).first()
    return None if gateway is None else cost_values(gateway)


def _pool_cost(key: str) -> dict[str, Any] | None:
    pool = Pool.objects.filter(pk=object_id(key)).first()
    return None if pool is None else pool_cost_values(queries.overviews([pool])[0])


def _line_tests(key: str) -> dict[str, Any] | None:
    """A line's latest tests with their attempts, the line's secrets taken out."""
    gateway = Gateway.objects.filter(pk=object_id(key)).first()
    if gateway is None:
        return None
    mask = queries.masker(gateway)
    pools = list(Pool.everything.filter(channel=gateway.channel).values_list("pk", flat=True))
    tests = messaging.tests_of(pools=pools, gateway=gateway.pk, limit=TESTS)
    kept = calls.of_attempts(attempt.attempt_id for message in tests for attempt in message.attempts or [])
    rows = [
        (
            message,
            [
                {
                    "attempt": attempt,
                    "reason": tried.attempt_reason(attempt.code),
                    "detail": mask(attempt.detail),
                    "exchange": tried.shown(kept[attempt.attempt_id]) if attempt.attempt_id in kept else None,
                }
                for attempt in reversed(message.attempts or [])
            ],
        )
        for message in tests
    ]
    return {"gateway": gateway, "rows": rows, "days": int(preferences.get("log.calls_days"))}


def _calls(key: str) -> dict[str, Any] | None:
    """The latest calls of a line that fit a filter."""
    asked = call_list.Asked.of_key(key)
    if asked is None:
        return None
    page = keyset_page(call_list.calls_of(asked), by="-at", size=call_list.PAGE)
    return {"asked": asked, "rows": [tried.row(each) for each in page.rows]}


def _of_pool(key: str) -> tuple[str, ...]:
    return (f"pool.{key}", "gateway")


def _of_line(key: str) -> tuple[str, ...]:
    return (f"gateway.{key}",)


register(Fragment("pool-card", "gateways/_pool_card.html", _of_pool, _pool, SUPERVISORS))
register(Fragment("pool-figures", "gateways/_pool_figures.html", _of_pool, _pool, SUPERVISORS))
register(Fragment("pool-picture", "gateways/_pool_picture.html", _of_pool, _picture, SUPERVISORS))
register(
    Fragment(
        "pool-waiting", "gateways/_pool_waiting.html", lambda key: (f"pool.{key}", "campaign"), _waiting, SUPERVISORS
    )
)
register(Fragment("line-row", "gateways/_line_row.html", _of_line, _line, SUPERVISORS))
register(
    Fragment(
        "line-state", "gateways/_line_state.html", lambda key: (f"gateway.{key}", "campaign"), _line_state, SUPERVISORS
    )
)
register(
    Fragment("line-cost", "gateways/_cost.html", lambda key: (f"gateway.{key}", "campaign"), _line_cost, SUPERVISORS)
)
register(
    Fragment("pool-cost", "gateways/_cost.html", lambda key: (*_of_pool(key), "campaign"), _pool_cost, SUPERVISORS)
)
register(
    Fragment(
        "line-tests",
        "gateways/_line_tests.html",
        lambda key: (f"gateway.{key}", f"call.{key}", "message"),
        _line_tests,
        SUPERVISORS,
    )
)
register(
    Fragment(
        "line-calls",
        "gateways/_calls_live.html",
        lambda key: (f"call.{call_list.line_of_key(key)}",),
        _calls,
        SUPERVISORS,
    )
)
