"""Debtors that are one person: found by phone and by RUT, compared value by value, and made one in a single step.

A merge is one transaction (ADR 21): its messages are at most one a campaign, its rows one an import, so nothing of it
can be half done, and who was killed in the middle has done nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from django.db import IntegrityError
from django.utils import timezone
from pymongo.errors import DuplicateKeyError, ExecutionTimeout

from accounts.models import User
from campaigns.models import ChosenDebtors
from debtors import suppressions
from debtors.edit_form import DebtorValues
from debtors.models import Debtor, DebtorMerge, DebtorNote, ImportRow
from desk.debtors.acts import all_campaigns
from desk.debtors.changing import ChangedMeanwhile, SamePerson, after, describe, fields_of, settle
from domain.people import person_key
from domain.states import MessageStatus
from lib.mongo import collection, compare_and_set, run_tx, session
from live.events import ConversationChanged, DebtorChanged
from live.publish import publish
from messaging import claims
from messaging.claims.steps import naive
from messaging.models import Conversation
from systemlog.audit import record

CORE = ("name", "phone", "rut", "external_id", "debt", "due_date", "owner")
GROUPS = 50
"""Of the page."""
LONGEST_LOOK = 8_000
"""Milliseconds for reading the whole index of phones or of RUTs: a million take about one second."""
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Same:
    """Debtors with one phone, or one RUT. `number` of them; `debtors` are the first."""

    value: str
    number: int
    debtors: Sequence[Debtor]

    @property
    def other_ruts(self) -> bool:
        """Whether they say that they are several people: a family may share a phone."""
        return len({each.rut for each in self.debtors if each.rut}) > 1

    @property
    def pairs(self) -> list[tuple[Debtor, Debtor]]:
        first, *others = self.debtors
        return [(first, each) for each in others]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of such groups in the order of the value; `following` is where the next one begins. `number` are all of
    them; None where it would take too long to tell."""

    groups: Sequence[Same]
    number: int | None
    following: str = ""


def duplicates(by: str, *, behind: str = "") -> Found:
    """The debtors that share a phone, or a RUT."""
    index = {"phone": "debtor_phone", "rut": "debtor_rut"}[by]
    stages: list[dict[str, Any]] = [
        {"$match": {by: {"$gt": ""}}},
        {"$group": {"_id": f"${by}", "n": {"$sum": 1}}},
        {"$match": {"n": {"$gt": 1}}},
        {
            "$facet": {
                "number": [{"$count": "n"}],
                "page": [{"$match": {"_id": {"$gt": behind}}}, {"$sort": {"_id": 1}}, {"$limit": GROUPS + 1}],
            }
        },
    ]
    try:
        (found,) = collection(Debtor).aggregate(stages, hint=index, maxTimeMS=LONGEST_LOOK, allowDiskUse=True)
    except ExecutionTimeout:
        return Found([], None)
    rows = found["page"][:GROUPS]
    values = [row["_id"] for row in rows]
    by_value: dict[str, list[Debtor]] = {value: [] for value in values}
    shown = Debtor.objects.filter(**{f"{by}__in": values}).defer("metadata", "words").select_related("owner")
    for debtor in shown.order_by("pk")[: GROUPS * 10]:
        by_value[getattr(debtor, by)].append(debtor)
    groups = [Same(row["_id"], row["n"], by_value[row["_id"]]) for row in rows if len(by_value[row["_id"]]) > 1]
    number = found["number"][0]["n"] if found["number"] else 0
    return Found(groups, number, values[-1] if len(found["page"]) > GROUPS else "")


def like(debtor: Debtor) -> list[Debtor]:
    """Other debtors that may be the same person."""
    same = Debtor.objects.filter(phone=debtor.phone).exclude(pk=debtor.pk)[:5]
    found = {each.pk: each for each in same}
    if debtor.rut:
        found |= {each.pk: each for each in Debtor.objects.filter(rut=debtor.rut).exclude(pk=debtor.pk)[:5]}
    return list(found.values())


# Comparing ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Choice:
    """One value of two debtors: `chosen` is `a` or `b`."""

    name: str
    label: str
    a: str
    b: str
    chosen: str

    @property
    def differs(self) -> bool:
        return self.a != self.b


def choices(a: Debtor, b: Debtor, labels: Mapping[str, Any], given: Mapping[str, str]) -> list[Choice]:
    """The values of both; without a choice the one that is there, and of two that are there the later one's."""
    left, right = describe(a), describe(b)
    usual = "a" if a.updated_at >= b.updated_at else "b"
    keys = dict.fromkeys([*CORE, *left, *right])
    made = []
    for name in keys:
        ours, theirs = left.get(name, ""), right.get(name, "")
        chosen = given.get(f"choose-{name}", "")
        if chosen not in ("a", "b"):
            chosen = usual if ours and theirs else "a" if ours else "b" if theirs else "a"
        made.append(Choice(name, str(labels.get(name, name)), ours, theirs, chosen))
    return made


def values_of(a: Debtor, b: Debtor, chosen: Sequence[Choice]) -> DebtorValues:
    """What the one debtor will be."""
    of = {each.name: a if each.chosen == "a" else b for each in chosen}
    metadata = {
        each.name[1:-1]: of[each.name].metadata.get(each.name[1:-1], "") for each in chosen if each.name[0] == "{"
    }
    phone = of["phone"]
    return DebtorValues(
        name=of["name"].name,
        phone=phone.phone,
        phone_raw=phone.phone_raw,
        country=phone.country,
        debt=of["debt"].debt,
        rut=of["rut"].rut,
        external_id=of["external_id"].external_id,
        due_date=of["due_date"].due_date,
        owner=getattr(of["owner"], "owner_id", None),
        metadata={key: text for key, text in metadata.items() if text},
    )


@dataclass(frozen=True, slots=True)
class Moves:
    """What goes over with a debtor."""

    messages: int
    rows: int
    both: int
    """Campaigns that have a message for each of the two."""


def moves(*, kept: Debtor, gone: Debtor) -> Moves:
    every = all_campaigns()
    rows = claims.messages_of(every, [kept.pk, gone.pk], list(MessageStatus), fields={"campaign": 1, "debtor": 1})
    ours = {row["campaign"] for row in rows if row["debtor"] == kept.pk}
    theirs = {row["campaign"] for row in rows if row["debtor"] == gone.pk}
    return Moves(len(theirs - ours), ImportRow.objects.filter(debtor=gone.pk).count(), len(theirs & ours))


# Merging --------------------------------------------------------------------------------------------------------------
def merge(
    *, kept: Debtor, gone: Debtor, values: DebtorValues, seen: tuple[datetime, datetime], user: User
) -> tuple[int, int]:
    """Make `gone` part of `kept`, which gets the values; (messages that went over, messages that wait no more).

    Raises ChangedMeanwhile when one of the two is not as it was `seen` any more (kept's updated_at, gone's), and
    SamePerson when a third debtor has these values' identity.
    """
    lost, was = dict(describe(gone)), dict(describe(kept))
    result = (0, 0)

    def store() -> None:
        nonlocal result
        deleted = collection(Debtor).delete_one({"_id": gone.pk, "updated_at": naive(seen[1])}, session=session())
        if not deleted.deleted_count:
            raise ChangedMeanwhile
        fields = {**fields_of(values), "updated_at": after(seen[0])}
        if not compare_and_set(Debtor, kept.pk, {"updated_at": seen[0]}, fields):
            raise ChangedMeanwhile
        suppressions.pass_on(fields, identities=[kept.identity, gone.identity], phones=[kept.phone, gone.phone])
        every = all_campaigns()
        result = claims.hand_over(every, gone=gone.pk, kept=kept.pk)
        claims.readdress(every, {kept.pk: values.phone})
        collection(ImportRow).update_many({"debtor_id": gone.pk}, {"$set": {"debtor_id": kept.pk}}, session=session())
        DebtorNote.objects.filter(debtor=gone.pk).update(debtor=kept.pk)
        keys = [person_key(phone) for phone in {kept.phone, gone.phone, values.phone}]
        Conversation.objects.filter(key__in=keys, debtor=gone.pk).update(debtor=kept.pk)
        _choose_instead(gone.pk, kept.pk)
        DebtorMerge.objects.filter(kept=gone.pk).update(kept=kept.pk)
        DebtorMerge.objects.create(gone=gone.pk, kept=kept.pk, at=timezone.now())

    for left in reversed(range(_ATTEMPTS)):
        try:
            run_tx(store)
            break
        except IntegrityError as error:
            raise SamePerson(Debtor.objects.filter(identity=fields_of(values)["identity"]).first()) from error
        except DuplicateKeyError:
            # A campaign that is being prepared got the kept one at this moment: now it has both.
            if not left:
                raise
    phones = {gone.phone, kept.phone}
    settle([kept.pk, gone.pk], phone=values.phone)
    kept.refresh_from_db()
    moved, skipped = result
    data = {"gone": str(gone.pk), "values": lost, "before": was, "messages": moved, "skipped": skipped}
    record(user, "debtor.merge", kind="debtor", id=kept.pk, name=str(kept), data=data)
    for phone in phones | {kept.phone}:
        publish(ConversationChanged(person_key(phone)))
    publish(DebtorChanged(str(kept.pk)))
    return result


def _choose_instead(gone: ObjectId, kept: ObjectId) -> None:
    """Where the one was chosen for a campaign the other is, once, in its place."""
    both = {"$in": [kept, "$debtors"]}
    others = {"$filter": {"input": "$debtors", "cond": {"$ne": ["$$this", gone]}}}
    instead = {"$map": {"input": "$debtors", "in": {"$cond": [{"$eq": ["$$this", gone]}, kept, "$$this"]}}}
    collection(ChosenDebtors).update_many(
        {"debtors": gone}, [{"$set": {"debtors": {"$cond": [both, others, instead]}}}], session=session()
    )


def merged_into(pk: ObjectId) -> ObjectId | None:
    """The debtor that this one became part of."""
    found = DebtorMerge.objects.filter(gone=pk).values_list("kept", flat=True).first()
    return ObjectId(found) if found else None


def parts_of(pk: ObjectId) -> list[ObjectId]:
    """Its id and those of the debtors that became part of it."""
    return [pk, *DebtorMerge.objects.filter(kept=pk).values_list("gone", flat=True)]
