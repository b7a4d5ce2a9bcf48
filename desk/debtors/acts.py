"""What each act on many debtors changes, a page of them at a time: counted first, then done, by the same questions.

`look` and `do` are called within a transaction that also stores how far the work is, so that a page is counted or done
exactly once.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from bson import ObjectId

from campaigns.models import Campaign
from debtors.intake.load import stored_now
from debtors.models import Debtor, DebtorAct, DebtorMerge, DebtorNote, DebtorWork, ImportRow
from domain.clean_up import CleanRules
from domain.states import CampaignStatus, MessageStatus
from lib.mongo import collection, session
from messaging import claims
from messaging.models import IncomingText, Message
from sessions_app import numbers
from sessions_app.models import Number

M = MessageStatus
OPEN = [CampaignStatus.RUNNING.value, CampaignStatus.PAUSED.value]
"""The campaigns whose messages still go out."""
WAITING = [M.PENDING, M.CLAIMED]
UNFINISHED = [M.PENDING, M.CLAIMED, M.SENDING, M.UNCERTAIN]


@dataclass(slots=True)
class Page:
    """What a page of debtors came to: numbers by what they are of, and what changes of each debtor."""

    counts: Counter[str] = field(default_factory=Counter)
    debtors: dict[ObjectId, int] = field(default_factory=dict)
    campaigns: set[ObjectId] = field(default_factory=set)


def open_campaigns() -> list[ObjectId]:
    return list(Campaign.objects.filter(status__in=OPEN).values_list("pk", flat=True))


def all_campaigns() -> list[ObjectId]:
    return list(Campaign.objects.values_list("pk", flat=True))


def look(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    """What `do` would change now."""
    return _LOOKS[DebtorAct(work.act)](work, ids)


def do(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    """Change it. Harmless to repeat."""
    return _DOES[DebtorAct(work.act)](work, ids)


def _page(messages: Sequence[Mapping[str, Any]]) -> Page:
    by_debtor = Counter(row["debtor"] for row in messages)
    counts = Counter(debtors=len(by_debtor), messages=len(messages))
    return Page(counts, dict(by_debtor), {row["campaign"] for row in messages})


_FIELDS = {"campaign": 1, "debtor": 1}


# Release --------------------------------------------------------------------------------------------------------------
def _look_release(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    return _page(claims.messages_of(open_campaigns(), ids, WAITING, fields=_FIELDS))


def _release(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    found = _look_release(work, ids)
    skipped = claims.skip_debtors([*found.campaigns], [*found.debtors], reason="released")
    return Page(Counter(debtors=len(found.debtors), messages=sum(skipped.values())), found.debtors, set(skipped))


# Reset ----------------------------------------------------------------------------------------------------------------
def _look_reset(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    failed = claims.messages_of(open_campaigns(), ids, [M.FAILED], fields=_FIELDS)
    phones = _values(ids, "phone")
    known = _phones(Number, phones.values())
    page = _page(failed)
    page.debtors = {key: page.debtors.get(key, 0) for key in ids if key in page.debtors or phones.get(key) in known}
    page.counts.update(numbers=len(known))
    page.counts["debtors"] = len(page.debtors)
    return page


def _reset(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    found = _look_reset(work, ids)
    numbers.forget(_values([*found.debtors], "phone").values())
    failed = claims.messages_of([*found.campaigns], ids, [M.FAILED], fields=_FIELDS)
    groups: dict[ObjectId, list[ObjectId]] = defaultdict(list)
    for row in failed:
        groups[row["campaign"]].append(row["_id"])
    # What failed after somebody said yes is not sent a third time by itself.
    before = work.begun_at or work.created_at
    sent = sum(
        claims.requeue_failed(campaign, limit=len(keys), before=before, messages=keys)
        for campaign, keys in groups.items()
    )
    # Together with them: no completed campaign is ever left with messages that wait.
    Campaign.objects.filter(pk__in=list(groups), status=CampaignStatus.COMPLETED.value).update(
        status=CampaignStatus.RUNNING.value, completed_at=None, archived=False
    )
    found.counts["messages"] = sent
    return found


# Give to an executive -------------------------------------------------------------------------------------------------
def _look_owner(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    wanted = {"_id": {"$in": list(ids)}, "owner_id": {"$ne": work.owner}}
    rows = [row["_id"] for row in collection(Debtor).find(wanted, {"_id": 1}, session=session())]
    return Page(Counter(debtors=len(rows)), dict.fromkeys(rows, 0))


def _give(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    found = _look_owner(work, ids)
    collection(Debtor).update_many(
        {"_id": {"$in": [*found.debtors]}},
        {"$set": {"owner_id": work.owner, "updated_at": stored_now()}},
        session=session(),
    )
    return found


# Delete, and clean up -------------------------------------------------------------------------------------------------
def _look_delete(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    there = _values(ids, "phone")
    waits = {row["debtor"] for row in claims.messages_of(open_campaigns(), there, UNFINISHED, fields=_FIELDS)}
    goes = [key for key in there if key not in waits]
    return Page(Counter(debtors=len(goes), left=len(waits)), dict.fromkeys(goes, 0))


def _look_clean(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    rules = CleanRules.of_json(work.rules)
    fields = {"name": 1, "phone": 1, "debt": 1, "owner_id": 1, "created_at": 1}
    rows = {}
    for row in collection(Debtor).find({"_id": {"$in": list(ids)}}, fields, session=session()):
        debt = row["debt"].to_decimal() if row["debt"] is not None else None
        came = row["created_at"].replace(tzinfo=UTC)
        if rules.fits(name=row["name"], debt=debt, owner=row["owner_id"], created_at=came, now=work.created_at):
            rows[row["_id"]] = row["phone"]
    met = {row["debtor"] for row in claims.messages_of(all_campaigns(), rows, list(M), fields=_FIELDS)}
    spoken = _phones(Message, rows.values()) | _phones(IncomingText, rows.values())
    goes = [key for key, phone in rows.items() if key not in met and phone not in spoken]
    return Page(Counter(debtors=len(goes)), dict.fromkeys(goes, 0))


def _delete(work: DebtorWork, ids: Sequence[ObjectId]) -> Page:
    found = look(work, ids)
    gone = {"$in": [*found.debtors]}
    collection(Debtor).delete_many({"_id": gone}, session=session())
    collection(ImportRow).update_many({"debtor_id": gone}, {"$set": {"debtor_id": None}}, session=session())
    collection(DebtorNote).delete_many({"debtor": gone}, session=session())
    collection(DebtorMerge).delete_many({"kept": gone}, session=session())
    return found


def _values(ids: Sequence[ObjectId], name: str) -> dict[ObjectId, Any]:
    """{id: value} of those that are there, in their order."""
    rows = collection(Debtor).find({"_id": {"$in": list(ids)}}, {name: 1}, session=session())
    return {row["_id"]: row[name] for row in rows.sort("_id", 1)}


def _phones(model: Any, phones: Any) -> set[str]:
    """Which of these phones the collection knows."""
    stages: list[dict[str, Any]] = [{"$match": {"phone": {"$in": sorted(set(phones))}}}, {"$group": {"_id": "$phone"}}]
    return {row["_id"] for row in collection(model).aggregate(stages, session=session())}


_LOOKS = {
    DebtorAct.RELEASE: _look_release,
    DebtorAct.RESET: _look_reset,
    DebtorAct.OWNER: _look_owner,
    DebtorAct.DELETE: _look_delete,
    DebtorAct.CLEAN: _look_clean,
}
_DOES = {
    DebtorAct.RELEASE: _release,
    DebtorAct.RESET: _reset,
    DebtorAct.OWNER: _give,
    DebtorAct.DELETE: _delete,
    DebtorAct.CLEAN: _delete,
}
