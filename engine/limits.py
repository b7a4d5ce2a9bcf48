"""How much a lane may send: a place is taken before each message starts, and given back when it surely was not sent.

What was used is on the Gateway and changes by compare-and-set: two holders of a lane, one of them late, can't both
take the last place. A worker that dies between taking and sending leaves its place taken, which is the careful side.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.conf import settings

from domain import limits
from domain.limits import Cap, Limit, Reserved, Spent, Want
from gateways.models import Gateway
from gateways.usage import limits_of, spent
from lib.mongo import collection, server_now
from live.events import GatewayChanged
from live.publish import publish
from messaging.claims import Claimed
from messaging.claims.steps import naive
from sessions_app import numbers

TRIES = 50
"""How often a change is tried while others change the same usage."""


def capped_until(gateway: Gateway, now: datetime) -> datetime | None:
    """Until when the gateway sends no campaign's messages; None when it may.

    Asked anew of what is set and used: a limit that was raised, or a place that was given back, frees the lane.
    """
    if gateway.capped_until is None or gateway.capped_until <= now:
        return None
    most = limits_of(gateway)
    usage = limits.current(spent(gateway.usage), most, now, _zone())
    found = limits.standing(usage, most, held=_limit(gateway.capped_by), now=now)
    return found.until if found is not None else None


class Places:
    """The places of one lane, for as long as its holder works."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._limits = {limit: most for limit, most in limits_of(gateway).items() if most}
        self._taken: dict[ObjectId, dict[Limit, Spent]] = {}
        self._cap = capped_until(gateway, server_now()) if gateway.capped_until is not None else None

    def full(self) -> bool:
        """Whether the lane takes nothing but replies and tests for now."""
        return self._cap is not None and self._cap > server_now()

    def take(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """The messages that may start, each with a place; those behind the first that meets a limit may not.

        Replies and tests always may, and are counted.
        """
        if not self._limits:
            return list(claimed)
        strangers = self._strangers(claimed)
        wants = [Want(first=c.phone in strangers, always=c.campaign is None) for c in claimed]

        def change(usage: dict[Limit, Spent], held: Limit | None, now: datetime) -> Reserved:
            return limits.reserve(usage, self._limits, wants, held=held, now=now, zone=_zone())

        reserved = self._store(change)
        go = list(claimed[: reserved.granted])
        for c, want in zip(go, wants, strict=False):
            amounts = want.amounts
            self._taken[c.id] = {
                limit: Spent(spent.until, amounts[limit]) for limit, spent in reserved.usage.items() if amounts[limit]
            }
        return go

    def give_back(self, messages: Iterable[ObjectId]) -> None:
        """These messages surely were not sent."""
        for message in messages:
            unspent = self._taken.pop(message, None)
            if unspent:
                self._store(partial(self._without, unspent))

    def _without(
        self, unspent: Mapping[Limit, Spent], usage: dict[Limit, Spent], held: Limit | None, now: datetime
    ) -> Reserved:
        left = limits.give_back(limits.current(usage, self._limits, now, _zone()), unspent)
        return Reserved(0, left, limits.standing(left, self._limits, held=held, now=now))

    def _strangers(self, claimed: Sequence[Claimed]) -> set[str]:
        if Limit.FIRST_CONTACTS not in self._limits:
            return set()
        phones = {c.phone for c in claimed}
        return {phone for phone in phones if not numbers.is_acquainted(self._gateway.pk, phone)}

    def _store(self, change: Callable[[dict[Limit, Spent], Limit | None, datetime], Reserved]) -> Reserved:
        """Change the usage as it is now."""
        gateways = collection(Gateway)
        for _ in range(TRIES):
            row = gateways.find_one({"_id": self._gateway.pk}, {"usage": 1, "capped_by": 1, "capped_until": 1})
            if row is None:
                return Reserved(0, {}, None)
            reserved = change(spent(row.get("usage")), _limit(row.get("capped_by")), server_now())
            cap = reserved.cap
            fields: dict[str, Any] = {
                "usage": _written(reserved.usage),
                "capped_until": naive(cap.until) if cap else None,
                "capped_by": cap.limit.value if cap else "",
            }
            if gateways.update_one({"_id": row["_id"], "usage": row.get("usage")}, {"$set": fields}).matched_count:
                self._told(cap, was=row.get("capped_until"))
                return reserved
        raise TimeoutError("the usage of the line changes too often")

    def _told(self, cap: Cap | None, *, was: datetime | None) -> None:
        self._cap = cap.until if cap is not None else None
        if (was is None) != (cap is None):
            publish(GatewayChanged(str(self._gateway.pk)))


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _limit(name: str | None) -> Limit | None:
    return next((limit for limit in Limit if limit.value == name), None)


def _written(usage: Mapping[Limit, Spent]) -> dict[str, Any]:
    return {limit.value: {"until": spent.until.isoformat(), "used": spent.used} for limit, spent in usage.items()}
