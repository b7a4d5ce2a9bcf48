"""Who answered a campaign: the people it has written to whose texts came in after its start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from bson import ObjectId

from lib.mongo import collection
from messaging.claims.steps import naive
from messaging.models import IncomingText, Message

BY_PHONE = "incoming_phone"
AT_ONCE = 50_000
"""Phones asked about in one query: far below what a request of 16 MB holds."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """A person who answered, with how many texts; `text` is the last one, `media` the kind of file with it.

    `row` is the recipient's in the spreadsheet; `line` is the gateway that the last text came to.
    """

    name: str
    phone: str
    row: int | None
    texts: int
    text: str
    media: str
    line: ObjectId
    first_at: datetime
    last_at: datetime


def count(campaign: ObjectId, *, since: datetime) -> int:
    """How many people answered."""
    return sum(1 for _ in _people(campaign, whole_second(since)))


def who(campaign: ObjectId, *, since: datetime) -> list[ObjectId]:
    """The messages of those who answered, in the order of their keys."""
    return sorted(row["_id"] for row in _people(campaign, whole_second(since)))


def replies(campaign: ObjectId, *, since: datetime) -> list[Reply]:
    """Everybody who answered, who did so last first."""
    since = whole_second(since)
    people = {row["phone"]: row for row in _people(campaign, since)}
    found = []
    for phones in _chunks(list(people)):
        last = {"text": "$text", "media": "$media", "gateway": "$gateway"}
        texts = collection(IncomingText).aggregate(
            [
                {"$match": {"phone": {"$in": phones}, "at": {"$gte": naive(since)}}},
                {"$sort": {"phone": 1, "at": 1}},
                {
                    "$group": {
                        "_id": "$phone",
                        "texts": {"$sum": 1},
                        "first": {"$first": "$at"},
                        "at": {"$last": "$at"},
                        "last": {"$last": last},
                    }
                },
            ],
            hint=BY_PHONE,
            allowDiskUse=True,
        )
        found += [_reply(people[row["_id"]], row) for row in texts]
    return sorted(found, key=lambda reply: reply.last_at, reverse=True)


def whole_second(moment: datetime) -> datetime:
    """Its second's beginning: WhatsApp tells times by the second, so an answer seems older than it is."""
    return moment.replace(microsecond=0)


def _reply(person: dict[str, Any], row: dict[str, Any]) -> Reply:
    last = row["last"]
    return Reply(
        name=person.get("name", ""),
        phone=row["_id"],
        row=person.get("row"),
        texts=row["texts"],
        text=last["text"],
        media=last.get("media", ""),
        line=last["gateway"],
        first_at=row["first"].replace(tzinfo=UTC),
        last_at=row["at"].replace(tzinfo=UTC),
    )


def _people(campaign: ObjectId, since: datetime) -> Iterator[dict[str, Any]]:
    """The recipients who answered, each phone once. One whom nothing was tried to is no recipient yet."""
    # Both fields are in the index, so that no text is read.
    written: list[dict[str, Any]] = [
        {"$match": {"phone": {"$gte": ""}, "at": {"$gte": naive(since)}}},
        {"$group": {"_id": "$phone"}},
    ]
    phones = [row["_id"] for row in collection(IncomingText).aggregate(written, hint=BY_PHONE)]
    seen: set[str] = set()
    for chunk in _chunks(phones):
        recipients = {"campaign": campaign, "phone": {"$in": chunk}, "attempts.0": {"$exists": True}}
        for row in collection(Message).find(recipients, {"phone": 1, "name": 1, "row": 1}):
            if row["phone"] not in seen:
                seen.add(row["phone"])
                yield row


def _chunks(items: Sequence[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, AT_ONCE)):
        yield chunk
