"""Digests: each reply is found once, waits for its reader, and goes out in one message, whatever is killed when.

Replies are found by the keys of their texts, each looked at again for OVERLAP after it was new: a transaction that
stored a text may end after that of a later one, and never later than so. What is found twice is kept once. A digest,
its message, and the replies that it tells of are one transaction (docs/adr/0022-digests-told-once.md).
"""

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.utils import translation
from django.utils.translation import gettext as _
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from debtors.models import Debtor
from domain.digests import Reply, by_person, due_at
from domain.people import person_key
from domain.phones import shown_phone
from gateways.commands import SESSION_KIND
from gateways.models import Channel, Gateway
from lib.mongo import bulk_write, collection, from_now, run_tx, server_now, session, typed_values
from live.events import ConversationChanged, DigestChanged
from live.publish import publish
from messaging import claims
from messaging.claims.steps import naive
from messaging.models import Conversation, IncomingText, Kind, Message
from outreach import readers
from outreach.digest_text import digest_text, test_text
from outreach.errors import OutreachError
from outreach.models import Digest, DigestCursor, DigestItem, DigestReader
from outreach.queries import executives
from outreach.readers import Reader
from preferences.outreach import FULL
from preferences.queries import get
from sessions_app.queries import connected_gateways

OVERLAP = timedelta(minutes=5)
"""MongoDB ends a transaction after a minute."""
EVERY_SECONDS = 5.0
AT_ONCE = 1_000
CURSOR = "digests"


class _Overtaken(Exception):
    """Another engine has made this digest."""


# Finding --------------------------------------------------------------------------------------------------------------
def collect() -> int:
    """Find the replies that somebody is to be told of, every few seconds; returns how many were new."""
    if not get("digests.active"):
        _forget()
        return 0
    now = server_now()
    cursor = _turn(now)
    if cursor is None:
        return 0
    floor = max(cursor["since"], ObjectId.from_datetime(cursor["upto"].generation_time - OVERLAP))
    found, after = 0, None
    while texts := _texts(floor, after):
        after = texts[-1]["_id"]
        found += _keep([text for text in texts if text["at"] >= naive(cursor["since"].generation_time)], now)
    # Only when all of them are kept, and as of before they were read: what was under way then is looked for again.
    collection(DigestCursor).update_one({"name": CURSOR}, {"$max": {"upto": ObjectId.from_datetime(now)}})
    return found


def _turn(now: datetime) -> Mapping[str, Any] | None:
    """The cursor, when it is time to go on from it and nobody else does."""
    cursors = collection(DigestCursor)
    free = {"name": CURSOR, "$expr": {"$lte": ["$next_at", "$$NOW"]}}
    next_at = [{"$set": {"next_at": from_now(EVERY_SECONDS)}}]
    taken = cursors.find_one_and_update(free, next_at)
    if taken is None and cursors.find_one({"name": CURSOR}, {"_id": 1}) is None:
        start = ObjectId.from_datetime(now)
        begun = {"$setOnInsert": {"since": start, "upto": start, "next_at": None}}
        cursors.update_one({"name": CURSOR}, begun, upsert=True)
    return taken


def _forget() -> None:
    """Digests are off: what comes meanwhile is not told later, nor what waited."""
    if DigestCursor.objects.exists():
        waiting = {"told_at": None}
        collection(DigestItem).update_many(waiting, {"$set": {"told_at": naive(server_now())}})
        DigestCursor.objects.all().delete()


def _texts(floor: ObjectId, after: ObjectId | None) -> list[dict[str, Any]]:
    beyond = {"$gt": after} if after is not None else {"$gte": floor}
    return list(collection(IncomingText).find({"_id": beyond}, {"phone": 1, "at": 1}).sort("_id", 1).limit(AT_ONCE))


def _keep(texts: Sequence[Mapping[str, Any]], now: datetime) -> int:
    """Keep for whom these texts are, of those that nobody has found yet."""
    if not texts:
        return 0
    known = collection(DigestItem).distinct("text", {"text": {"$in": [text["_id"] for text in texts]}})
    fresh = [text for text in texts if text["_id"] not in set(known)]
    phones = {text["phone"] for text in fresh}
    staff = executives(phones)
    _name_conversations(staff)
    outside = phones - set(staff) - readers.own_phones(phones)
    told = readers.readers_of(outside)
    items = [
        {"text": text["_id"], "reader": reader, "debtor": debtor, "at": now}
        for text in fresh
        for reader, debtor in told.get(text["phone"], [])
        if not _answers_a_test(text["phone"])
    ]
    if not items:
        return 0
    keep = [
        UpdateOne(
            {"text": item["text"], "reader": item["reader"]},
            {"$setOnInsert": typed_values(DigestItem, {"debtor": item["debtor"], "at": item["at"], "told_at": None,
                                                       "digest": None})},
            upsert=True,
        )
        for item in items
    ]  # fmt: skip
    try:
        # All readers of a text or none: a text that has one is not looked at again.
        new = run_tx(lambda: len(bulk_write(DigestItem, keep).upserted_ids))
    except DuplicateKeyError:
        return 0  # another engine keeps the same ones
    for reader in {item["reader"] for item in items}:
        publish(DigestChanged(reader.lstrip("+")))
    return new


def _answers_a_test(phone: str) -> bool:
    """Whether what we wrote to the phone last was a test of a line: whoever answers that, tests too."""
    last = Message.objects.filter(phone=phone).order_by("-created_at").values_list("kind", flat=True).first()
    return last == Kind.TEST.value


def _name_conversations(staff: Mapping[str, str]) -> None:
    """What executives write, as an answer to a digest, is a conversation of their name."""
    for phone, name in staff.items():
        unnamed = {"key": person_key(phone), "name": "", "debtor": None}
        if collection(Conversation).update_one(unnamed, {"$set": {"name": name}}).modified_count:
            publish(ConversationChanged(person_key(phone)))


# Telling --------------------------------------------------------------------------------------------------------------
def tell() -> int:
    """Make the digests that are due; returns how many."""
    if not get("digests.active"):
        return 0
    now = server_now()
    return sum(_tell(phone, now) for phone in waiting_readers())


def waiting_readers() -> dict[str, int]:
    """For whom replies wait, and how many."""
    stages: list[dict[str, Any]] = [
        {"$match": {"told_at": None}},
        {"$group": {"_id": "$reader", "n": {"$sum": 1}}},
        {"$sort": {"_id": 1}},
    ]
    return {row["_id"]: int(row["n"]) for row in collection(DigestItem).aggregate(stages, hint="digest_item_waiting")}


def _tell(phone: str, now: datetime) -> bool:
    reader = readers.reader_of(phone)
    if reader is None:
        dropped = {"$set": {"told_at": naive(now)}}
        collection(DigestItem).update_many({"told_at": None, "reader": phone}, dropped)
        return False
    stored = DigestReader.objects.filter(phone=phone).first()
    last = stored.last_at if stored is not None else None
    if due_at(last, every=reader.every, window=readers.window(), now=now) > now:
        return False
    line = line_for(reader, known=stored.gateway if stored is not None else None)
    if line is None:
        return False
    try:
        return run_tx(lambda: _make(reader, line, last, now))
    except (_Overtaken, DuplicateKeyError):
        return False
    finally:
        publish(DigestChanged(phone.lstrip("+")))


def _make(reader: Reader, line: Gateway, last: datetime | None, now: datetime) -> bool:
    """The digest of all that waits for the reader, in a transaction."""
    _take_turn(reader, line, last, now)
    waiting = {"told_at": None, "reader": reader.phone}
    items = list(collection(DigestItem).find(waiting, session=session()).sort("_id", 1).limit(AT_ONCE))
    people = by_person(_replies(items))
    key = ObjectId()
    told = {"$set": {"told_at": naive(now), "digest": key if people else None}}
    changed = collection(DigestItem).update_many(
        {"_id": {"$in": [item["_id"] for item in items]}, **waiting}, told, session=session()
    )
    if changed.modified_count != len(items):
        raise _Overtaken
    if not people:
        return False  # the texts were deleted
    with translation.override(reader.language):
        text = digest_text(people, most=reader.most, full_phones=get("digests.phones") == FULL)
    _store(key, reader, line, text, people=len(people), texts=sum(each.texts for each in people), now=now)
    return True


def _take_turn(reader: Reader, line: Gateway, last: datetime | None, now: datetime) -> None:
    """Whoever else makes this reader's digest meets here. Raises _Overtaken and DuplicateKeyError."""
    mine = {"phone": reader.phone, "last_at": naive(last) if last is not None else None}
    changes = {"$set": {"last_at": naive(now), "gateway": line.pk}}
    collection(DigestReader).update_one(mine, changes, upsert=True, session=session())


def _replies(items: Sequence[Mapping[str, Any]]) -> list[Reply]:
    texts = {
        row["_id"]: row
        for row in collection(IncomingText).find({"_id": {"$in": [item["text"] for item in items]}}, session=session())
    }
    debtors = {item["debtor"] for item in items if item["debtor"]}
    names = {
        row["_id"]: row["name"]
        for row in collection(Debtor).find({"_id": {"$in": list(debtors)}}, {"name": 1}, session=session())
    }
    return [
        Reply(text["phone"], names.get(item["debtor"], ""), text["text"], text["media"], text["at"].replace(tzinfo=UTC))
        for item in items
        if (text := texts.get(item["text"])) is not None
    ]


def _store(
    key: ObjectId,
    reader: Reader,
    line: Gateway,
    text: str,
    *,
    people: int,
    texts: int,
    now: datetime,
    test: bool = False,
) -> None:
    claims.add_direct(
        kind=Kind.DIGEST, gateway=line.pk, pool=line.pool_id, channel=line.channel, phone=reader.phone, text=text,
        name=reader.name, id=key,
    )  # fmt: skip
    Digest.objects.create(
        pk=key, phone=reader.phone, name=reader.name, user=reader.user, gateway=line.pk, people=people, texts=texts,
        test=test, created_at=now,
    )  # fmt: skip


# Lines ----------------------------------------------------------------------------------------------------------------
def sending_lines() -> list[Gateway]:
    """The lines of sessions."""
    found = Gateway.objects.filter(active=True, pool__active=True, channel=Channel.WHATSAPP, kind=SESSION_KIND)
    return list(found.select_related("pool").order_by("name"))


def lines() -> list[Gateway]:
    """Those of them that may send digests, as the installation says."""
    pool = get("digests.pool")
    return [line for line in sending_lines() if not pool or line.pool.name == pool]


def line_for(reader: Reader, *, known: ObjectId | None = None) -> Gateway | None:
    """The line that sends to a reader now: the chosen one alone, else the one they know, else any that is connected."""
    allowed = lines()
    if reader.gateway is not None:
        allowed = [line for line in allowed if line.pk == reader.gateway]
    connected = connected_gateways([line.pk for line in allowed])
    there = [line for line in allowed if line.pk in connected]
    if not there:
        return None
    spread = there[zlib.crc32(reader.phone.encode()) % len(there)]
    return next((line for line in there if line.pk == known), spread)


def send_test(phone: str) -> ObjectId:
    """Send an executive a digest of nothing, to see whether it arrives; its key. Raises OutreachError."""
    reader = readers.reader_of(phone)
    if reader is None:
        raise OutreachError(_("Nobody with the phone %(phone)s gets digests.") % {"phone": shown_phone(phone)})
    line = line_for(reader)
    if line is None:
        raise OutreachError(_("No session that may send digests is connected now. Connect one, and try again."))
    with translation.override(reader.language):
        text = test_text(reader.name)
    key = ObjectId()
    run_tx(lambda: _store(key, reader, line, text, people=0, texts=0, now=server_now(), test=True))
    publish(DigestChanged(phone.lstrip("+")))
    return key
