"""Conversations: each stored together with the text that it tells of, once for each text, however often it is told.

Whether the text is an opt-out is decided and stored in the same transaction (messaging/optouts.py)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from bson import ObjectId
from django.utils import timezone
from pymongo import UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from debtors import suppressions
from debtors.models import Debtor
from domain.day import begins, day_of
from domain.people import person_key
from lib.mongo import bulk_write, chunks, collection, run_tx, session
from live.events import ConversationChanged, SuppressionChanged
from live.publish import publish
from messaging import flow, optouts
from messaging.claims.steps import naive
from messaging.following import Theirs, whose, words_of
from messaging.models import Conversation, Direction, IncomingText

PREVIEW = 200
_DUPLICATE = 11000
_ATTEMPTS = 5


def store_texts(texts: Sequence[dict[str, Any]]) -> None:
    """Keep texts of people, as IncomingText stores them, and bring their conversations up to date with the new ones.

    Both in one transaction: a text that is reported again counts nothing. Raises what MongoDB raises.
    """
    for chunk in chunks(texts):
        _store(chunk)


def _store(texts: Sequence[dict[str, Any]]) -> None:
    phones = {text["phone"] for text in texts}
    keep = [
        UpdateOne(
            {"gateway": text["gateway"], "provider_id": text["provider_id"]},
            {"$setOnInsert": {name: text[name] for name in ("phone", "text", "media", "at", "received_at")}},
            upsert=True,
        )
        for text in texts
    ]

    def work() -> list[dict[str, Any]]:
        stored = bulk_write(IncomingText, keep)
        new = [{**texts[place], "_id": stored.upserted_ids[place]} for place in sorted(stored.upserted_ids)]
        by_person: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for text in new:
            if text["phone"]:
                by_person[text["phone"]].append(text)
        # In the transaction: what changes the debtors meanwhile is followed after it (messaging.following).
        known = whose(phones) if by_person else {}
        out = suppressions.suppressed(by_person) if by_person else set()
        received = [_received(phone, found, known.get(phone), phone in out) for phone, found in by_person.items()]
        bulk_write(Conversation, received)
        _count_people(by_person, keys=list(stored.upserted_ids.values()))
        # Last: what was judged is stored in the transaction of the text, or the text is not stored.
        optouts.keep(optouts.judged(new))
        return new

    for left in reversed(range(_ATTEMPTS)):
        try:
            new = run_tx(work)
            break
        except BulkWriteError as error:
            # Another process stored the same one in between: the next transaction finds it.
            if not left or any(e.get("code") != _DUPLICATE for e in error.details.get("writeErrors", [])):
                raise
    _answered(texts)
    for phone in {text["phone"] for text in new if text["phone"]}:
        publish(ConversationChanged(person_key(phone)))
    if optouts.judged(new):
        publish(SuppressionChanged(""))


def _answered(texts: Sequence[Mapping[str, Any]]) -> None:
    """Say of debtors when they last wrote. Of texts that are told again too: whoever died before this tells them again.

    Outside of the transaction, which an import that writes the same debtors would hold up.
    """
    last: dict[str, datetime] = {}
    for text in texts:
        if text["phone"]:
            last[text["phone"]] = max(_time(text), last.get(text["phone"], _time(text)))
    bulk_write(Debtor, [UpdateMany({"phone": phone}, {"$max": {"answered_at": at}}) for phone, at in last.items()])


def _count_people(texts: Mapping[str, Sequence[dict[str, Any]]], *, keys: Sequence[Any]) -> None:
    """Count each person once for each day of these new texts by phone (`keys` are theirs) on which none was there yet.

    Two transactions that store texts of the same person change the same conversation: the second one runs again.
    """
    if not texts:
        return
    zone = timezone.get_default_timezone()

    def day(text: Mapping[str, Any]) -> date:
        return day_of(_time(text).replace(tzinfo=UTC), zone)

    since = min(begins(day(text), zone) for found in texts.values() for text in found)
    earlier = collection(IncomingText).find(
        {"phone": {"$in": list(texts)}, "at": {"$gte": naive(since)}, "_id": {"$nin": list(keys)}},
        {"phone": 1, "at": 1, "received_at": 1},
        session=session(),
    )
    seen = {(text["phone"], day(text)) for text in earlier}
    people: Counter[tuple[str, datetime]] = Counter()
    for phone, found in texts.items():
        for text in sorted(found, key=_time):
            if (phone, day(text)) not in seen:
                seen.add((phone, day(text)))
                people[str(text["gateway"]), _time(text).replace(tzinfo=UTC)] += 1
    flow.add({place: {flow.WROTE: number} for place, number in people.items()})


def _received(phone: str, texts: Sequence[dict[str, Any]], theirs: Theirs | None, out: bool) -> UpdateOne:
    """A person's new texts. One that comes late, or whose time lies ahead of ours, does not stand before later ones."""
    last = max(texts, key=_time)
    fields = _last(Direction.IN, last["text"], _time(last), media=last["media"], gateway=last["gateway"])
    latest_in = _later("$last_in_at", _time(last))
    fields |= {
        "gateway": {"$cond": [latest_in, last["gateway"], "$gateway"]},
        "last_in_at": {"$cond": [latest_in, _time(last), "$last_in_at"]},
        "unread": {"$add": [{"$ifNull": ["$unread", 0]}, len(texts)]},
        "is_unread": True,
        "archived": False,
    }
    return _upsert(phone, fields, theirs, out)


def note_reply(*, phone: str, text: str, gateway: ObjectId, at: datetime) -> None:
    """Somebody answered a person by that line at that moment; joins the transaction that stores the reply."""
    fields = _last(Direction.OUT, text, naive(at), gateway=gateway)
    fields |= {"unread": {"$ifNull": ["$unread", 0]}, "is_unread": {"$ifNull": ["$is_unread", False]}}
    out = bool(suppressions.suppressed([phone]))
    bulk_write(Conversation, [_upsert(phone, fields, whose([phone]).get(phone), out)])


def _time(text: Mapping[str, Any]) -> datetime:
    """When a text was written, as stored; the far side's clock may be ahead of ours."""
    return min(text["at"], text["received_at"])


def _later(field: str, at: datetime) -> dict[str, Any]:
    return {"$gte": [at, field]}  # no time at all is before any other


def _last(direction: Direction, text: str, at: datetime, *, gateway: ObjectId, media: str = "") -> dict[str, Any]:
    newer = _later("$last_at", at)
    values = {
        "last_text": {"$literal": text[:PREVIEW]},
        "last_media": {"$literal": media},
        "last_direction": direction.value,
        "last_at": at,
        "last_gateway": gateway,
    }
    return {field: {"$cond": [newer, value, f"${field}"]} for field, value in values.items()}


def _upsert(phone: str, fields: dict[str, Any], theirs: Theirs | None, out: bool) -> UpdateOne:
    who: dict[str, Any] = {"phone": {"$literal": phone}, "opted_out": out}
    if theirs is None:
        who |= {"name": {"$ifNull": ["$name", ""]}, "debtor": {"$ifNull": ["$debtor", None]}}
        who |= {"owners": [], "debtors": {"$ifNull": ["$debtors", []]}}
        who |= {"words": {"$ifNull": ["$words", {"$literal": words_of(phone)}]}}
    else:
        who |= {name: {"$literal": value} for name, value in theirs.stored().items()}
    empty = ("gateway", "last_in_at", "assigned", "answering", "answering_until")
    nothing: dict[str, Any] = {field: {"$ifNull": [f"${field}", None]} for field in empty}
    nothing["archived"] = {"$ifNull": ["$archived", False]}
    return UpdateOne({"key": person_key(phone)}, [{"$set": {**nothing, **who, **fields}}], upsert=True)
