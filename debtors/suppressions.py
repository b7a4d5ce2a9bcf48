"""The suppression list: whom no campaign writes to. Everything that puts somebody onto it, or takes them off, is here.

What it says is decided by the phone alone, and in one place: `suppressed`. What follows from an entry elsewhere (the
messages that wait, what lists show of a debtor) is marked in it (`due_at`) in the same write, and carried out by the
engine, so that nothing of it is lost with a process. See docs/adr/0020-opt-outs-are-asked-for-at-the-start.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from debtors.models import Debtor, Suppression, SuppressionSource
from domain.finding import search_words
from domain.rows import MAX_NAME
from lib.mongo import bulk_write, chunks, collection, run_tx, session
from live.events import SuppressionChanged
from live.publish import publish

MOST_SAID = 300
MOST_REASON = 300
DUPLICATE = 11000
ATTEMPTS = 5
OF_A_PERSON = ("rut:", "id:")
"""How the identities begin that say more than a phone does."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody who is not to be written to: by `phone`, by `identity` (domain.rows.identity_of), or by both.

    `wrote_at` and what stands below it are of the text that is the cause.
    """

    phone: str
    source: SuppressionSource
    identity: str = ""
    name: str = ""
    reason: str = ""
    actor: str = ""
    until: datetime | None = None
    wrote_at: datetime | None = None
    text: ObjectId | None = None
    said: str = ""
    gateway: ObjectId | None = None
    rule: str = ""
    rule_version: int = 0
    confirm: bool = True
    """Whether a reply is confirmed to whoever wrote it; to another phone of theirs nothing is written."""


# What it says ---------------------------------------------------------------------------------------------------------
def suppressed(phones: Iterable[str]) -> set[str]:
    """Which of these phones no campaign may write to now; asked before each start. Joins the transaction it is in."""
    return {row["phone"] for row in _in_force({"phone": {"$in": list(phones)}}, {"phone": 1, "_id": 0})}


def people_suppressed(identities: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The entry in force of each of these people, whichever their phone: the latest one, as it is stored."""
    wanted = [each for each in identities if each.startswith(OF_A_PERSON)]
    found = list(_in_force({"identity": {"$in": wanted}}, None)) if wanted else []
    return {row["identity"]: row for row in sorted(found, key=lambda row: row["at"])}


def standing(*, phone: str, identity: str) -> bool:
    """Whether a debtor may not be written to, as Debtor.suppressed says it, by these values of theirs."""
    return bool(suppressed([phone]) or people_suppressed([identity]))


def entry_of(*, phone: str, identity: str) -> Suppression | None:
    """The entry by which a debtor may not be written to, the one of the phone before others of theirs."""
    rows = list(_in_force({"phone": phone}, {"_id": 1}))
    key = rows[0]["_id"] if rows else people_suppressed([identity]).get(identity, {}).get("_id")
    return Suppression.objects.filter(pk=key).first() if key else None


def _in_force(condition: Mapping[str, Any], fields: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
    now = _now()
    standing = {"active": True, "$or": [{"until": None}, {"until": {"$gt": now}}]}
    return collection(Suppression).find({**condition, **standing}, fields, session=session())


# Putting onto it ------------------------------------------------------------------------------------------------------
def add(entries: Sequence[Entry]) -> int:
    """Put people onto the list; how many were not on it. Who is on it already stays as they are, or stays longer.

    Joins the transaction it is in. A text that is older than the lifting of an entry does not bring it back.
    """
    return sum(_written(chunk) for chunk in chunks(_whole(entries)))


def _written(entries: Sequence[Entry]) -> int:
    phones = [each.phone for each in entries]

    def work() -> int:
        before = len(suppressed(phones))
        now = _now()
        bulk_write(Suppression, [_operation(each, now) for each in entries])
        return len(suppressed(phones)) - before

    for left in reversed(range(ATTEMPTS)):
        try:
            return run_tx(work)
        except BulkWriteError as error:
            # Somebody else put one of them onto it in between: the next transaction finds it. One that this is a part
            # of is its owner's to repeat.
            clash = any(each.get("code") == DUPLICATE for each in error.details.get("writeErrors", ()))
            if not (left and clash) or session() is not None:
                raise
    raise AssertionError("the last attempt returns or raises")


def _operation(entry: Entry, now: datetime) -> UpdateOne:
    fresh: dict[str, Any] = {"$ne": ["$active", True]}
    if entry.wrote_at is not None:
        fresh = {"$and": [fresh, {"$gt": [naive(entry.wrote_at), {"$ifNull": ["$lifted_at", None]}]}]}
    until = naive(entry.until) if entry.until is not None else None
    # In force already: it ends no earlier than either of the two says.
    longer: dict[str, Any] = {"$and": ["$until", {"$or": [until is None, {"$gt": [until, "$until"]}]}]}
    new: dict[str, Any] = {
        "active": True,
        "source": entry.source.value,
        "reason": entry.reason[:MOST_REASON],
        "actor": entry.actor[:150],
        "at": now,
        "text": entry.text,
        "said": entry.said[:MOST_SAID],
        "gateway": entry.gateway,
        "rule": entry.rule,
        "rule_version": entry.rule_version,
        "lifted_at": None,
        "lifted_by": "",
        "lift_reason": "",
        "due_at": now,
        "looks": 0,
        "confirmation": ObjectId() if entry.confirm and entry.source is SuppressionSource.REPLY else None,
    }
    words = search_words(name=entry.name, rut=entry.identity.partition(":")[2], external_id="", phone=_digits(entry))
    fields: dict[str, Any] = {name: {"$cond": [fresh, {"$literal": value}, f"${name}"]} for name, value in new.items()}
    fields["until"] = {"$cond": [{"$or": [fresh, longer]}, until, "$until"]}
    # Who it is may become known later; what is known is not forgotten.
    for name, value in (("identity", entry.identity), ("name", entry.name[:MAX_NAME])):
        fields[name] = {"$literal": value} if value else {"$ifNull": [f"${name}", ""]}
    known = bool(entry.name or entry.identity)
    fields["words"] = {"$literal": words} if known else {"$ifNull": ["$words", {"$literal": words}]}
    return UpdateOne({"phone": entry.phone}, [{"$set": fields}], upsert=True)


def _digits(entry: Entry) -> str:
    digits = entry.phone.removeprefix("lid:").removeprefix("+")
    return digits if digits.isdecimal() else ""


def _whole(entries: Sequence[Entry]) -> list[Entry]:
    """Each phone once, with who it is, as far as debtors tell: of several people with a phone none is named by it."""
    by_phone: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    fields = {"phone": 1, "identity": 1, "name": 1}
    wanted = {"$or": [{"phone": {"$in": [e.phone for e in entries if e.phone]}},
                      {"identity": {"$in": [e.identity for e in entries if e.identity]}}]}  # fmt: skip
    phones: dict[str, str] = {}
    for row in collection(Debtor).find(wanted, fields, session=session()) if entries else ():
        by_phone.setdefault(row["phone"], set()).add(row["identity"])
        names[row["phone"]] = names[row["identity"]] = row["name"]
        phones[row["identity"]] = row["phone"]
    found: dict[str, Entry] = {}
    for each in entries:
        own = by_phone.get(each.phone, set())
        only = next(iter(own)) if len(own) == 1 else ""
        identity = each.identity or (only if only.startswith(OF_A_PERSON) else "")
        name = each.name or names.get(each.identity) or (names.get(each.phone, "") if len(own) == 1 else "")
        known = phones.get(identity, "") if identity else ""
        for phone in dict.fromkeys(one for one in (each.phone, known) if one):
            found.setdefault(phone, replace(each, phone=phone, identity=identity, name=name))
        if not each.phone and not known:
            found.setdefault(identity, replace(each, phone=identity, identity=identity, name=name))
    return list(found.values())


def follow(debtors: Iterable[Mapping[str, Any]]) -> None:
    """Put the present phones of people onto the list who are on it by another one. Joins the transaction it is in.

    `debtors` have identity, phone and name, as stored: those that an import or an edit gave a phone.
    """
    people = {row["identity"]: row for row in debtors if row["identity"].startswith(OF_A_PERSON)}
    known = people_suppressed(people)
    there = suppressed(people[identity]["phone"] for identity in known)
    add([_again(row, people[identity]) for identity, row in known.items() if people[identity]["phone"] not in there])


def pass_on(debtor: Mapping[str, Any], *, identities: Iterable[str], phones: Iterable[str] = ()) -> None:
    """Who was known by these identities, or had these phones, is `debtor` (identity, phone and name) from now on.

    If they are on the list they go on being on it, by what they are now. Joins the transaction it is in.
    """
    by_identity = people_suppressed([*identities, debtor["identity"]])
    by_phone = list(_in_force({"phone": {"$in": list(phones)}}, None))
    rows = sorted([*by_identity.values(), *by_phone], key=lambda row: row["at"])
    own = debtor["phone"] in suppressed([debtor["phone"]])
    renamed = bool(by_identity) and debtor["identity"] not in by_identity
    if rows and (renamed or not own):
        add([_again(rows[-1], debtor)])


def _again(row: Mapping[str, Any], debtor: Mapping[str, Any]) -> Entry:
    """An entry as it is stored, for what its person is known by now."""
    return Entry(
        debtor["phone"],
        SuppressionSource(row["source"]),
        identity=debtor["identity"] if debtor["identity"].startswith(OF_A_PERSON) else "",
        name=debtor["name"],
        reason=row["reason"],
        actor=row["actor"],
        until=row["until"].replace(tzinfo=UTC) if row["until"] else None,
        text=row["text"],
        said=row["said"],
        gateway=row["gateway"],
        rule=row["rule"],
        rule_version=row["rule_version"],
        confirm=False,
    )


# Taking off it --------------------------------------------------------------------------------------------------------
def lift(keys: Iterable[ObjectId], *, actor: str, reason: str) -> list[str]:
    """Let these people be written to again, whichever phone of theirs is on the list; their phones.

    What was skipped meanwhile stays skipped.
    """

    def work() -> list[str]:
        rows = list(_in_force({"_id": {"$in": list(keys)}}, {"phone": 1, "identity": 1}))
        people = [row["identity"] for row in rows if row["identity"]]
        same = list(_in_force({"identity": {"$in": people}}, {"phone": 1})) if people else []
        phones = sorted({row["phone"] for row in (*rows, *same)})
        _end({"phone": {"$in": phones}}, actor=actor, reason=reason)
        return phones

    phones = run_tx(work)
    if phones:
        mark(phones)
        publish(SuppressionChanged(""))
    return phones


def end_expired() -> int:
    """Lift those whose time is over; how many."""
    over = {"until": {"$lte": _now()}, "active": True}
    phones = [row["phone"] for row in collection(Suppression).find(over, {"phone": 1}).limit(500)]
    if phones:
        _end({"phone": {"$in": phones}, **over}, actor="", reason="")
        publish(SuppressionChanged(""))
    return len(phones)


def _end(which: Mapping[str, Any], *, actor: str, reason: str) -> None:
    now = _now()
    ended = {
        "active": False,
        "lifted_at": now,
        "lifted_by": actor[:150],
        "lift_reason": reason[:MOST_REASON],
        "due_at": now,
        "looks": 0,
        "confirmation": None,
    }
    collection(Suppression).update_many({**which, "active": True}, {"$set": ended}, session=session())


# What debtors show of it ----------------------------------------------------------------------------------------------
def mark(phones: Iterable[str]) -> None:
    """Say of the debtors with these phones what the list says now: what lists filter by. The engine does it again."""
    phones = list(phones)
    out = suppressed(phones)
    for is_out, those in ((True, list(out)), (False, [each for each in phones if each not in out])):
        if those:
            wanted = {"phone": {"$in": those}, "suppressed": {"$ne": is_out}}
            collection(Debtor).update_many(wanted, {"$set": {"suppressed": is_out}})


def _now() -> datetime:
    return naive(datetime.now(UTC))


def naive(moment: datetime) -> datetime:
    """A UTC time as MongoDB stores it."""
    moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
