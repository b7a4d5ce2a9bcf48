"""Work on many debtors as intent: begun by a page, counted, confirmed by a person, then carried out page by page.

Nothing changes before somebody said yes to what was counted. The engine gives each piece a lease and a slice of time
(engine/debtors.py); small ones are counted at once, by the page itself.
"""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from bson import ObjectId
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from debtors.models import Debtor, DebtorAct, DebtorWork, WorkStatus
from desk.debtors import acts, selecting
from domain.clean_up import CleanRules
from domain.phones import shown_phone
from lib.mongo import collection, compare_and_set, from_now, run_tx, session
from live.events import CampaignChanged, DebtorChanged, DebtorWorkChanged
from live.publish import publish
from messaging import following

W = WorkStatus
MOST_CHOSEN = 5_000
AT_ONCE = 200
"""Debtors of one page: one transaction."""
SHOWN = 10
"""Debtors that a preview names."""
LEASE_SECONDS = 30
WORKING = [W.LOOKING.value, W.RUNNING.value]
DELETING = [DebtorAct.DELETE.value, DebtorAct.CLEAN.value]
FREE: list[dict[str, Any]] = [{"work_until": None}, {"$expr": {"$lte": ["$work_until", "$$NOW"]}}]


class LeaseLost(Exception):
    """Somebody else goes on with it, or it was stopped: nothing of the page was stored."""


# Intent ---------------------------------------------------------------------------------------------------------------
def begin(
    act: DebtorAct,
    user: User | None,
    *,
    chosen: Sequence[ObjectId] = (),
    filter: str = "",
    rules: CleanRules | None = None,
    owner: ObjectId | None = None,
) -> DebtorWork:
    """Have it counted what the act would change; a small one is counted already. Raises SelectionError."""
    if not chosen and rules is None:
        selecting.fit_of(filter, user)  # raises before anything is stored
    token = secrets.token_hex(16)
    work = DebtorWork.objects.create(
        act=act.value,
        user=user,
        chosen=list(dict.fromkeys(chosen)),
        filter="" if chosen else filter,
        rules=rules.as_json() if rules else {},
        owner=owner,
        language=get_language() or "",
        last=selecting.last_debtor(),
        created_at=timezone.now(),
        work_token=token,
        work_until=timezone.now() + timedelta(seconds=LEASE_SECONDS),
    )
    if 0 < len(work.chosen) <= AT_ONCE:
        with suppress(LeaseLost):
            step(work.pk, token)
    release(work.pk, token)
    work.refresh_from_db()
    return work


def confirm(work: DebtorWork) -> bool:
    """Somebody said yes to what was counted; False when it was not waiting for that."""
    begun: dict[str, Any] = {"status": W.RUNNING.value, "cursor": None, "looked": 0, "done": {}, "starts": 0}
    changed = compare_and_set(
        DebtorWork, work.pk, {"status": W.READY.value}, {**begun, "begun_at": timezone.now(), "stop_requested": False}
    )
    return _told(work, changed)


def stop(work: DebtorWork) -> bool:
    """End it after the page that is under way; what was changed stays. False when there is nothing to stop."""
    ended = {"status": W.STOPPED.value, "finished_at": timezone.now(), "stop_requested": True}
    return _told(work, compare_and_set(DebtorWork, work.pk, {"status__in": [*WORKING, W.READY.value]}, ended))


def go_on(work: DebtorWork) -> bool:
    """Go on with one that was stopped or failed while it ran, from where it was."""
    again = {"status": W.RUNNING.value, "finished_at": None, "stop_requested": False, "starts": 0}
    expected = {"status__in": [W.STOPPED.value, W.FAILED.value], "begun_at__isnull": False}
    return _told(work, compare_and_set(DebtorWork, work.pk, expected, again))


def _told(work: DebtorWork, changed: bool) -> bool:
    if changed:
        publish(DebtorWorkChanged(str(work.pk)))
    return changed


# Carrying it out ------------------------------------------------------------------------------------------------------
def waiting() -> list[ObjectId]:
    """The work that nobody carries on."""
    wanted = {"status": {"$in": WORKING}, "$or": FREE}
    return [row["_id"] for row in collection(DebtorWork).find(wanted, {"_id": 1}).sort("_id", 1).limit(10)]


def lease(work: ObjectId, seconds: float) -> str | None:
    """Take its lease; the token, or None when somebody else has it."""
    token = secrets.token_hex(16)
    taken = collection(DebtorWork).update_one(
        {"_id": work, "status": {"$in": WORKING}, "$or": FREE},
        [{"$set": {"work_token": token, "work_until": from_now(seconds)}}],
    )
    return token if taken.matched_count else None


def renew(work: ObjectId, token: str) -> bool:
    renewed = collection(DebtorWork).update_one(
        {"_id": work, "work_token": token}, [{"$set": {"work_until": from_now(LEASE_SECONDS)}}]
    )
    return bool(renewed.matched_count)


def release(work: ObjectId, token: str) -> None:
    collection(DebtorWork).update_one(
        {"_id": work, "work_token": token}, {"$set": {"work_token": "", "work_until": None}}
    )


def step(pk: ObjectId, token: str) -> bool:
    """Count or do the next page; True when there is more. The changes, the counts and the place are one step.

    Raises LeaseLost.
    """
    work = DebtorWork.objects.filter(pk=pk, work_token=token, status__in=WORKING).first()
    if work is None:
        raise LeaseLost
    running = work.status == W.RUNNING
    ids, after = selecting.page(work, limit=AT_ONCE)
    carry = acts.do if running else acts.look

    def once() -> acts.Page:
        found = carry(work, ids)
        name = "done" if running else "found"
        counts = {f"{name}.{what}": number for what, number in found.counts.items() if number}
        stored: dict[str, Any] = {"cursor": after or work.cursor, "starts": 0}
        if not running and len(work.sample) < SHOWN:
            stored["sample"] = [*work.sample, *_sample(found, SHOWN - len(work.sample))]
        if after is None:
            stored["status"] = W.DONE.value if running else W.READY.value
            if running:
                stored["finished_at"] = timezone.now()
        changed = collection(DebtorWork).update_one(
            {"_id": pk, "work_token": token, "status": work.status},
            {"$set": stored, "$inc": {"looked": len(ids), **counts}},
            session=session(),
        )
        if not changed.matched_count:
            raise LeaseLost
        return found

    found = run_tx(once)
    publish(DebtorWorkChanged(str(pk)))
    if running:
        if work.act in DELETING:
            following.follow([*found.debtors])
        for campaign in found.campaigns:
            publish(CampaignChanged(str(campaign)))
        for debtor in work.chosen[:AT_ONCE]:
            publish(DebtorChanged(str(debtor)))
    return after is not None


def _sample(found: acts.Page, most: int) -> list[dict[str, Any]]:
    keys = [*found.debtors][:most]
    fields = {"name": 1, "phone": 1}
    rows = {row["_id"]: row for row in collection(Debtor).find({"_id": {"$in": keys}}, fields, session=session())}
    return [
        {
            "pk": str(key),
            "name": rows[key]["name"],
            "phone": shown_phone(rows[key]["phone"]),
            "messages": found.debtors[key],
        }
        for key in keys
        if key in rows
    ]
