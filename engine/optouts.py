"""What follows from the suppression list: messages that wait are skipped, and a person may get one confirmation.

Entries are marked when they are written (`due_at`), and looked at here once a second. Each is looked at a second time a
minute later, for what a transaction stored that had begun before the entry was there: an import, or enrolling.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from debtors import suppressions
from debtors.models import Suppression, SuppressionSource
from debtors.suppressions import Entry
from domain.people import can_be_written_to, is_hidden
from domain.whatsapp_ids import digits_of, lid_of
from gateways.models import Gateway
from lib.mongo import collection, run_tx, server_now
from messaging import claims, conversations, optouts
from messaging.claims.steps import naive
from messaging.models import Kind
from preferences import queries as preferences
from sessions_app.models import Number

logger = logging.getLogger(__name__)

SPAN_SECONDS = 0.7
BATCH = 500
AGAIN = timedelta(seconds=60)
HIDDEN_AGAIN = timedelta(hours=1)
"""How often at least a hidden number is asked for that nobody knows yet."""
CONFIRMED_WITHIN = timedelta(hours=12)
"""An older opt-out is not confirmed any more: it came late, or the database was away for long."""


def carry_out_due() -> int:
    """Do what follows from entries that changed, for at most SPAN_SECONDS; returns how many were looked at."""
    suppressions.end_expired()
    ends_at = time.monotonic() + SPAN_SECONDS
    total = 0
    while time.monotonic() < ends_at:
        looked_at = _carry_out()
        total += looked_at
        if looked_at < BATCH:
            break
    return total


def _carry_out() -> int:
    due = {"due_at": {"$ne": None}, "$expr": {"$lte": ["$due_at", "$$NOW"]}}
    rows = list(collection(Suppression).find(due).sort("due_at", 1).limit(BATCH))
    if not rows:
        return 0
    optouts.carry_out([row["phone"] for row in rows])
    known = _named([row for row in rows if row["active"] and is_hidden(row["phone"])])
    for row in rows:
        if row["active"] and row["source"] == SuppressionSource.REPLY.value and row["confirmation"] is not None:
            _confirm(row)
    now = naive(server_now())
    # One that changed meanwhile has another time, and is looked at again.
    collection(Suppression).bulk_write(
        [
            UpdateOne(
                {"_id": row["_id"], "due_at": row["due_at"]},
                {"$set": {"due_at": _next(row, now, known)}, "$inc": {"looks": 1}},
            )
            for row in rows
        ],
        ordered=False,
    )
    return len(rows)


def _next(row: Mapping[str, Any], now: datetime, known: set[str]) -> datetime | None:
    if row["active"] and is_hidden(row["phone"]) and row["phone"] not in known:
        waited: timedelta = now - row["at"]
        return now + min(max(waited, timedelta(seconds=1)), HIDDEN_AGAIN)
    return now + AGAIN if row["looks"] == 0 else None


# A number that WhatsApp hides -----------------------------------------------------------------------------------------
def learned(lid: str) -> None:
    """It is known now whose id that is: look at once whether they are on the list by it."""
    hidden = {"phone": f"lid:{digits_of(lid)}", "active": True}
    collection(Suppression).update_one(hidden, {"$set": {"due_at": naive(server_now())}})


def _named(hidden: Sequence[Mapping[str, Any]]) -> set[str]:
    """Put the phones of hidden people onto the list, as far as WhatsApp has told them by now; who these are."""
    if not hidden:
        return set()
    lids = {lid_of(row["phone"].removeprefix("lid:")): row for row in hidden}
    numbers = collection(Number).find({"lid": {"$in": list(lids)}}, {"phone": 1, "lid": 1})
    known = {number["phone"]: lids[number["lid"]] for number in numbers}
    if known:
        optouts.suppress([replace(_entry(row), phone=phone) for phone, row in known.items()])
    return {row["phone"] for row in known.values()}


def _entry(row: Mapping[str, Any]) -> Entry:
    """An entry as it was written."""
    return Entry(
        row["phone"],
        SuppressionSource(row["source"]),
        reason=row["reason"],
        actor=row["actor"],
        until=row["until"].replace(tzinfo=UTC) if row["until"] else None,
        wrote_at=row["at"].replace(tzinfo=UTC),
        text=row["text"],
        said=row["said"],
        gateway=row["gateway"],
        rule=row["rule"],
        rule_version=row["rule_version"],
    )


# The confirmation -----------------------------------------------------------------------------------------------------
def _confirm(row: Mapping[str, Any]) -> None:
    """Tell the person, by the line they wrote to, that nothing more comes: once, where the settings ask for it.

    The message's id was chosen with the entry, so that a second one can't be made.
    """
    late = naive(server_now()) - row["at"] > CONFIRMED_WITHIN
    text = str(preferences.get("contact.confirmation")) if preferences.get("contact.confirm") else ""
    line = Gateway.objects.filter(pk=row["gateway"], active=True).first() if text and row["gateway"] else None
    if late or line is None or not can_be_written_to(row["phone"]):
        return

    def work() -> None:
        claims.add_direct(
            kind=Kind.REPLY,
            gateway=line.pk,
            pool=line.pool_id,
            channel=line.channel,
            phone=row["phone"],
            text=text,
            name=row["name"],
            id=row["confirmation"],
        )
        conversations.note_reply(phone=row["phone"], text=text, gateway=line.pk, at=server_now())

    with suppress(DuplicateKeyError):  # it was made before
        run_tx(work)
