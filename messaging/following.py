"""Conversations know whose debtors they are with, and go on knowing it when debtors change.

Who may read a conversation depends on it, so it is never left to chance: a text is stored with what is known of its
sender, read in the same transaction, and every change of a debtor is followed twice. The first cursor along their
`updated_at` goes up to now, the second one stays behind by more than a transaction can take: it meets what was not
committed yet when the first one passed, and what a text being stored did not know yet. What was deleted has no
`updated_at`: conversations are looked through, round and round, for debtors who are gone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from debtors.models import Debtor
from domain.finding import search_words
from domain.folding import fold
from domain.people import can_be_written_to, person_key
from lib.mongo import bulk_write, collection, compare_and_set, run_tx, server_now, session
from live.events import ConversationChanged
from live.publish import publish
from messaging.models import Conversation, Followed

PAGE = 1_000
"""Debtors that are followed at once."""
ROUND = 500
"""Conversations that are looked through at once for debtors who are gone."""
MOST_KEPT = 500
"""Debtors with one phone that a conversation keeps: a number that stands for none is in many rows of some files."""
AT_ONCE, SURELY, GONE = "at once", "surely", "gone"
LIMITS = {AT_ONCE: timedelta(seconds=5), SURELY: timedelta(seconds=-90)}
"""How far each cursor goes, from now: clocks differ by a little, and a transaction ends within 60 s."""
FIRST, NONE = datetime(1970, 1, 1, tzinfo=UTC), ObjectId("0" * 24)
DEBTORS_INDEX = "debtor_updated"
MOST_WORDS = 300
"""Words by which a conversation is found, of all who have its phone."""
_STORED = ("name", "debtor", "debtors", "owners", "words")


@dataclass(frozen=True, slots=True)
class Theirs:
    """The debtors with a phone: the one that was changed last, all of them, whose they are, and by which words any of
    them is found."""

    name: str
    debtor: ObjectId | None
    debtors: Collection[ObjectId]
    owners: Collection[ObjectId]
    words: Collection[str]

    def stored(self) -> dict[str, Any]:
        """As their conversation has it."""
        lists = {"debtors": list(self.debtors), "owners": list(self.owners), "words": list(self.words)}
        return {"name": self.name, "debtor": self.debtor, **lists}


def words_of(phone: str) -> list[str]:
    """What somebody is found by of whom only this is known: a number, or what else a sender is called."""
    if can_be_written_to(phone):
        return search_words(name="", rut="", external_id="", phone=phone)
    return [word for word in fold(phone).split("_") if word]


def _nobody(phone: str) -> Theirs:
    return Theirs("", None, (), (), words_of(phone))


def whose(phones: Iterable[str]) -> dict[str, Theirs]:
    """Who has these phones, where anybody does; joins the transaction."""
    fields = dict.fromkeys(("phone", "name", "owner_id", "updated_at", "words"), 1)
    rows = collection(Debtor).find({"phone": {"$in": list(phones)}}, fields, session=session())
    by_phone: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_phone[row["phone"]].append(row)
    return {phone: _theirs(found) for phone, found in by_phone.items()}


def _theirs(rows: list[dict[str, Any]]) -> Theirs:
    last = max(rows, key=lambda row: (row["updated_at"], row["_id"]))
    return Theirs(
        last["name"],
        last["_id"],
        sorted(row["_id"] for row in rows)[:MOST_KEPT],
        sorted({row["owner_id"] for row in rows if row["owner_id"] is not None}),
        list(dict.fromkeys(word for row in rows for word in row["words"]))[:MOST_WORDS],
    )


def follow(debtors: Collection[ObjectId], phones: Iterable[str] = ()) -> int:
    """Bring the conversations with these debtors up to date, and those with these phones; returns how many were not.

    Harmless to repeat, and for debtors that are gone. Nothing else of a conversation is touched.
    """
    keys = [person_key(phone) for phone in phones]
    wanted = {"$or": [{"key": {"$in": keys}}, {"debtors": {"$in": list(debtors)}}]}
    conversations = collection(Conversation)
    if conversations.find_one(wanted, {"_id": 1}) is None:
        return 0  # nobody wrote yet, as most debtors of a file

    def work() -> list[str]:
        fields = {"key": 1, "phone": 1, **dict.fromkeys(_STORED, 1)}
        found = list(conversations.find(wanted, fields, session=session()))
        known = whose({row["phone"] for row in found})
        behind = []
        for row in found:
            stored = known.get(row["phone"], _nobody(row["phone"])).stored()
            if stored != {name: row.get(name) for name in _STORED}:
                behind.append((row["key"], UpdateOne({"_id": row["_id"]}, {"$set": stored})))
        bulk_write(Conversation, [update for _key, update in behind])
        return [key for key, _update in behind]

    changed = run_tx(work)
    for key in changed:
        publish(ConversationChanged(key))
    return len(changed)


def follow_opt_outs(phones: Iterable[str], *, out: Collection[str]) -> None:
    """Say of the conversations with these phones whether the suppression list has them; `out` are those that it has."""
    keys = {person_key(phone): phone in out for phone in phones}
    there = collection(Conversation).find({"key": {"$in": list(keys)}}, {"key": 1, "opted_out": 1})
    behind = [row["key"] for row in there if row.get("opted_out", False) != keys[row["key"]]]
    bulk_write(Conversation, [UpdateOne({"key": key}, {"$set": {"opted_out": keys[key]}}) for key in behind])
    for key in behind:
        publish(ConversationChanged(key))


def follow_changes(name: str) -> int:
    """Follow the next changes of debtors behind a cursor; returns how many there were. Harmless if two run at once."""
    cursor = _cursor(name)
    # The bound is the place of the last one, which is there again: a filter by both fields would be two searches.
    place = [("updated_at", cursor.at), ("_id", cursor.last)]
    until = {"updated_at": {"$lte": server_now() + LIMITS[name]}}
    order = [("updated_at", 1), ("_id", 1)]
    rows = collection(Debtor).find(until, {"phone": 1, "updated_at": 1}).min(place).hint(DEBTORS_INDEX).sort(order)
    seen = (cursor.last, cursor.at.replace(tzinfo=None))
    found = [row for row in rows.limit(PAGE + 1) if (row["_id"], row["updated_at"]) != seen][:PAGE]
    if not found:
        return 0
    follow([row["_id"] for row in found], {row["phone"] for row in found})
    before = {"at": cursor.at, "last": cursor.last}
    after = {"at": found[-1]["updated_at"].replace(tzinfo=UTC), "last": found[-1]["_id"]}
    compare_and_set(Followed, cursor.pk, before, after)
    return len(found)


def follow_gone() -> int:
    """Look through the next conversations for debtors who are gone; returns how many conversations were behind.

    Whoever deletes debtors may have them followed at once.
    """
    cursor = _cursor(GONE)
    after = {"_id": {"$gt": cursor.last}}
    rows = list(collection(Conversation).find(after, {"debtors": 1}).sort("_id", 1).limit(ROUND))
    last = rows[-1]["_id"] if len(rows) == ROUND else NONE
    if last != cursor.last:
        compare_and_set(Followed, cursor.pk, {"last": cursor.last}, {"last": last})
    known = {key for row in rows for key in row.get("debtors", ())}
    there = collection(Debtor).find({"_id": {"$in": list(known)}}, {"_id": 1}) if known else ()
    gone = known - {row["_id"] for row in there}
    return follow(gone) if gone else 0


def _cursor(name: str) -> Followed:
    return Followed.objects.get_or_create(name=name, defaults={"at": FIRST, "last": NONE})[0]
