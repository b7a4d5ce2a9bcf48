"""Reading messages and their counts."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from domain.costs import COST, PARTS, UNPRICED
from domain.states import MessageStatus
from lib.mongo import collection, session
from messaging.filters import MessageFilter, export_keys
from messaging.models import CLAIM_INDEX, RECIPIENT_INDEX, SENT_INDEX, Kind, Message, Tally

STATUSES = tuple(status.value for status in MessageStatus)


def counts(campaign: ObjectId) -> dict[str, int]:
    """How many messages of a campaign are in each state, by state; all states are there. One consistent reading."""
    group: dict[str, Any] = {"_id": None} | {status: {"$sum": f"${status}"} for status in STATUSES}
    pipeline: list[dict[str, Any]] = [{"$match": {"campaign": campaign}}, {"$group": group}]
    found = next(iter(collection(Tally).aggregate(pipeline, session=session())), {})
    return {status: int(found.get(status, 0)) for status in STATUSES}


def counts_by_campaign(campaigns: Sequence[ObjectId]) -> dict[ObjectId, dict[str, int]]:
    """The same for several campaigns at once, by campaign."""
    group: dict[str, Any] = {"_id": "$campaign"} | {status: {"$sum": f"${status}"} for status in STATUSES}
    pipeline: list[dict[str, Any]] = [{"$match": {"campaign": {"$in": list(campaigns)}}}, {"$group": group}]
    found = {row["_id"]: row for row in collection(Tally).aggregate(pipeline, session=session())}
    return {
        campaign: {status: int(found.get(campaign, {}).get(status, 0)) for status in STATUSES} for campaign in campaigns
    }


def counted(campaign: ObjectId) -> dict[str, int]:
    """The same by counting the messages themselves: slow, for checks of the tallies."""
    pipeline: list[dict[str, Any]] = [
        {"$match": {"campaign": campaign}},
        {"$group": {"_id": "$status", "n": {"$sum": 1}}},
    ]
    found = {row["_id"]: row["n"] for row in collection(Message).aggregate(pipeline)}
    return {status: int(found.get(status, 0)) for status in STATUSES}


def is_open(campaign: ObjectId) -> bool:
    """Whether the engine still has something to do for a campaign: to send, or to look at by itself."""
    working = [MessageStatus.PENDING.value, MessageStatus.CLAIMED.value, MessageStatus.SENDING.value]
    messages = collection(Message)
    if messages.find_one({"campaign": campaign, "status": {"$in": working}}, {"_id": 1}):
        return True
    doubt = {"campaign": campaign, "status": MessageStatus.UNCERTAIN.value, "due_at": {"$ne": None}}
    return messages.find_one(doubt, {"_id": 1}) is not None


_DUE = {"$expr": {"$lte": ["$due_at", "$$NOW"]}, "due_at": {"$ne": None}}


def has_work(*, pool: ObjectId, campaigns: Sequence[ObjectId | None], gateway: ObjectId, shared: bool) -> bool:
    """Whether a lane has a due message to send, or a doubt to look at."""
    return has_sendable(pool=pool, campaigns=campaigns, gateway=gateway, shared=shared) or has_doubt(
        pool=pool, campaigns=campaigns, gateway=gateway
    )


def has_sendable(*, pool: ObjectId, campaigns: Sequence[ObjectId | None], gateway: ObjectId, shared: bool) -> bool:
    """Whether a message is due that a lane may take: one that waits at it or, if `shared`, at nobody's."""
    lane: Any = {"$in": [None, gateway]} if shared else gateway
    base = {"pool": pool, "campaign": {"$in": list(campaigns)}, "status": MessageStatus.PENDING.value}
    return collection(Message).find_one({**base, "gateway": lane, **_DUE}, {"_id": 1}, hint=CLAIM_INDEX) is not None


def has_doubt(*, pool: ObjectId, campaigns: Sequence[ObjectId | None], gateway: ObjectId) -> bool:
    """Whether an uncertain message of a lane is due for a look."""
    base = {"pool": pool, "campaign": {"$in": list(campaigns)}, "status": MessageStatus.UNCERTAIN.value}
    return collection(Message).find_one({**base, "gateway": gateway, **_DUE}, {"_id": 1}, hint=CLAIM_INDEX) is not None


def waits_in(pool: ObjectId, campaign: ObjectId) -> bool:
    """Whether a message of a campaign still waits for a lane of this pool, now or later."""
    waiting = {"$in": [MessageStatus.PENDING.value, MessageStatus.CLAIMED.value]}
    found = collection(Message).find_one(
        {"pool": pool, "campaign": campaign, "status": waiting}, {"_id": 1}, hint=CLAIM_INDEX
    )
    return found is not None


@dataclass(frozen=True, slots=True)
class Problem:
    """Messages that failed, were skipped or are uncertain, grouped by their reason.

    `lines` are those that they went through last, the most frequent first; `last_at` is when the last one came to it.
    """

    status: str
    reason: str
    number: int
    example: str
    lines: tuple[ObjectId, ...] = ()
    last_at: datetime | None = None


def problems(campaign: ObjectId) -> list[Problem]:
    """What went wrong in a campaign, the most frequent first."""
    trouble = [MessageStatus.FAILED.value, MessageStatus.SKIPPED.value, MessageStatus.UNCERTAIN.value]
    rows = collection(Message).aggregate(
        [
            {"$match": {"campaign": campaign, "status": {"$in": trouble}}},
            {
                "$group": {
                    "_id": {"status": "$status", "reason": {"$ifNull": ["$reason", ""]}, "line": "$gateway"},
                    "n": {"$sum": 1},
                    "example": {"$first": "$detail"},
                    "last": {"$max": {"$ifNull": ["$failed_at", "$updated_at"]}},
                }
            },
            {"$sort": {"n": -1}},
            {
                "$group": {
                    "_id": {"status": "$_id.status", "reason": "$_id.reason"},
                    "n": {"$sum": "$n"},
                    "example": {"$first": "$example"},
                    "last": {"$max": "$last"},
                    "lines": {"$push": "$_id.line"},
                }
            },
            {"$sort": {"n": -1, "_id": 1}},
        ]
    )
    return [
        Problem(
            r["_id"]["status"],
            r["_id"]["reason"],
            r["n"],
            r["example"] or "",
            tuple(line for line in r["lines"] if line is not None),
            r["last"].replace(tzinfo=UTC) if r["last"] else None,
        )
        for r in rows
    ]


def failed(campaign: ObjectId, *, reasons: Sequence[str] = (), chosen: Sequence[ObjectId] = ()) -> int:
    """How many messages are failed: all, those that failed for these reasons, or those of these messages."""
    if not reasons and not chosen:
        return counts(campaign)[MessageStatus.FAILED]
    wanted: dict[str, Any] = {"campaign": campaign, "status": MessageStatus.FAILED.value}
    if reasons:
        wanted["reason"] = {"$in": list(reasons)}
    if chosen:
        wanted["_id"] = {"$in": list(chosen)}
    return collection(Message).count_documents(wanted)


def lanes(campaign: ObjectId) -> dict[tuple[str, ObjectId | None], dict[str, int]]:
    """How many messages of a campaign are in each state, by channel and the line that holds or sent them last.

    No line (None): those that wait for any. It reads every message.
    """
    rows = collection(Message).aggregate(
        [
            {"$match": {"campaign": campaign}},
            {
                "$group": {
                    "_id": {"channel": "$channel", "gateway": "$gateway", "status": "$status"},
                    "n": {"$sum": 1},
                }
            },
        ]
    )
    found: dict[tuple[str, ObjectId | None], dict[str, int]] = {}
    for row in rows:
        key = row["_id"]
        found.setdefault((key["channel"], key.get("gateway")), {})[key["status"]] = row["n"]
    return found


def undecided(campaign: ObjectId) -> int:
    """How many uncertain messages only a person can settle: the engine won't look at them again."""
    waiting = {"campaign": campaign, "status": MessageStatus.UNCERTAIN.value, "due_at": None}
    return collection(Message).count_documents(waiting)


EXPORTED = (
    *("row", "name", "phone", "channel", "status", "reason", "detail", "text", "variant", "gateway", "parts"),
    *(PARTS, UNPRICED, COST),
    *("sent_at", "delivered_at", "read_at", "failed_at"),
)


def export_rows(campaign: ObjectId, wanted: MessageFilter | None = None) -> Iterator[dict[str, Any]]:
    """Every message of a campaign, each once, in the order of the spreadsheet's rows; or those that `wanted` shows, in
    the order of its list, of which the first come at once however many they are.

    The fields EXPORTED as stored, and of the attempts their number (`tried`) and the last one (`last`).
    """
    fields: dict[str, Any] = dict.fromkeys(EXPORTED, 1)
    fields["tried"] = {"$size": {"$ifNull": ["$attempts", []]}}
    fields["last"] = {"$last": "$attempts"}
    if wanted is not None:
        for keys in export_keys(campaign, wanted):
            found = collection(Message).aggregate([{"$match": {"_id": {"$in": keys}}}, {"$project": fields}])
            rows = {row["_id"]: row for row in found}
            yield from (rows[key] for key in keys if key in rows)
        return
    # Read along an index of what never changes: a message that moves on meanwhile is neither missed nor met twice.
    # The index holds messages with a debtor only, which a campaign's all have, and is of use to no wider question.
    everyone = {"campaign": campaign, "debtor": {"$gte": ObjectId("0" * 24), "$lte": ObjectId("f" * 24)}}
    yield from collection(Message).aggregate(
        [{"$match": everyone}, {"$project": fields}, {"$sort": {"row": 1, "_id": 1}}],
        hint=RECIPIENT_INDEX,
        allowDiskUse=True,
    )


# What pages show of a campaign as it goes on --------------------------------------------------------------------------

LATELY_MINUTES = 5
MOST_LATELY = 2_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sent_lately(campaign: ObjectId) -> tuple[int, float]:
    """How many messages were sent lately, and how many seconds ago the first of them was, by MongoDB's clock.

    Those of the last LATELY_MINUTES, at most the MOST_LATELY latest: read from an index alone.
    """
    since = {"$dateSubtract": {"startDate": "$$NOW", "unit": "minute", "amount": LATELY_MINUTES}}
    pipeline: list[dict[str, Any]] = [
        {
            "$match": {
                "campaign": campaign,
                "sent_at": {"$gt": EPOCH.replace(tzinfo=None)},  # what the index holds
                "$expr": {"$gte": ["$sent_at", since]},
            }
        },
        {"$sort": {"campaign": -1, "sent_at": -1}},
        {"$limit": MOST_LATELY},
        {"$project": {"_id": 0, "sent_at": 1}},
        {"$group": {"_id": None, "number": {"$sum": 1}, "first": {"$min": "$sent_at"}}},
        {"$set": {"ago": {"$dateDiff": {"startDate": "$first", "endDate": "$$NOW", "unit": "millisecond"}}}},
    ]
    found = next(iter(collection(Message).aggregate(pipeline, hint=SENT_INDEX)), None)
    return (found["number"], max(0.0, found["ago"] / 1000)) if found else (0, 0.0)


def sent_lately_by_line(campaign: ObjectId) -> dict[ObjectId, int]:
    """How many of these each line sent, by line."""
    since = {"$dateSubtract": {"startDate": "$$NOW", "unit": "minute", "amount": LATELY_MINUTES}}
    found = collection(Message).aggregate(
        [
            {
                "$match": {
                    "campaign": campaign,
                    "sent_at": {"$gt": EPOCH.replace(tzinfo=None)},
                    "$expr": {"$gte": ["$sent_at", since]},
                }
            },
            {"$sort": {"campaign": -1, "sent_at": -1}},
            {"$limit": MOST_LATELY},
            {"$group": {"_id": "$gateway", "n": {"$sum": 1}, "first": {"$min": "$sent_at"}}},
        ],
        hint=SENT_INDEX,
    )
    return {row["_id"]: row["n"] for row in found if row["_id"] is not None}


def sent_span(campaign: ObjectId) -> tuple[datetime, datetime] | None:
    """When a campaign's first and last message were sent; None while none was."""
    messages = collection(Message)
    of_campaign = {"campaign": campaign, "sent_at": {"$gt": EPOCH.replace(tzinfo=None)}}
    ends = [
        messages.find_one(of_campaign, {"_id": 0, "sent_at": 1}, sort=[("campaign", way), ("sent_at", way)])
        for way in (1, -1)
    ]
    first, last = ends
    if first is None or last is None:
        return None
    return first["sent_at"].replace(tzinfo=UTC), last["sent_at"].replace(tzinfo=UTC)


def sent_by_slot(campaign: ObjectId, *, start: datetime, seconds: int) -> dict[int, int]:
    """How many messages were sent in each slot of so many seconds from `start`, by its number; from an index alone."""
    begin = start.astimezone(UTC).replace(tzinfo=None)
    passed = {"$dateDiff": {"startDate": begin, "endDate": "$sent_at", "unit": "second"}}
    found = collection(Message).aggregate(
        [
            {"$match": {"campaign": campaign, "sent_at": {"$gte": begin}}},
            {"$project": {"_id": 0, "sent_at": 1}},
            {"$group": {"_id": {"$floor": {"$divide": [passed, seconds]}}, "n": {"$sum": 1}}},
        ],
        hint=SENT_INDEX,
    )
    return {int(row["_id"]): row["n"] for row in found}


def last_messages(campaign: ObjectId, *, most: int = 20) -> list[Message]:
    """The messages that were sent or failed last, the latest first."""
    found = [
        row
        for field in ("sent_at", "failed_at")
        for row in Message.objects.filter(campaign=campaign, **{f"{field}__gt": EPOCH}).order_by(f"-{field}")[:most]
    ]
    by_key = {row.pk: row for row in found}
    return sorted(by_key.values(), key=lambda row: row.failed_at or row.sent_at or EPOCH, reverse=True)[:most]


def waiting_by_pool(pools: Sequence[ObjectId], *, most: int) -> dict[ObjectId, int]:
    """How many messages wait in each pool for a line to take them, counted up to `most` each, by one query."""
    if not pools:
        return {}
    first, *others = ([*_waiting(pool, most)] for pool in pools)
    name = Message._meta.db_table
    pipeline = [*first, *({"$unionWith": {"coll": name, "pipeline": other}} for other in others)]
    found = {row["_id"]: row["n"] for row in collection(Message).aggregate(pipeline)}
    return {pool: int(found.get(pool, 0)) for pool in pools}


def _waiting(pool: ObjectId, most: int) -> Iterator[dict[str, Any]]:
    # The claim index holds both fields, so counting reads no message; and it ends at `most`.
    yield {"$match": {"pool": pool, "status": MessageStatus.PENDING.value}}
    yield {"$limit": most}
    yield {"$group": {"_id": "$pool", "n": {"$sum": 1}}}


def counts_by_lane(gateway: ObjectId) -> dict[str, int]:
    """How many messages of campaigns a line has moved on in all, by the states that only a line moves them to."""
    moved = ("sent", "delivered", "read", "failed")
    group: dict[str, Any] = {"_id": None} | {status: {"$sum": f"${status}"} for status in moved}
    found = next(iter(collection(Tally).aggregate([{"$match": {"lane": str(gateway)}}, {"$group": group}])), {})
    return {status: int(found.get(status, 0)) for status in moved}


def held_by(*, pool: ObjectId, gateway: ObjectId) -> int:
    """How many messages of its pool a line has claimed or is sending."""
    held = {"pool": pool, "status": {"$in": [MessageStatus.CLAIMED.value, MessageStatus.SENDING.value]}}
    return int(collection(Message).count_documents({**held, "gateway": gateway}, hint=CLAIM_INDEX))


@dataclass(frozen=True, slots=True)
class AtLine:
    """What stands at a line of its pool: messages that were dealt to it, replies and tests that wait, and doubts."""

    dealt: int = 0
    direct: int = 0
    uncertain: int = 0


def at_lines(pools: Sequence[ObjectId]) -> dict[ObjectId, AtLine]:
    """What stands at the lines of these pools, by line; those at which nothing stands are left out."""
    standing = {
        "pool": {"$in": list(pools)},
        "status": {"$in": [MessageStatus.PENDING.value, MessageStatus.UNCERTAIN.value]},
        "gateway": {"$ne": None},
    }
    group = {"_id": {"gateway": "$gateway", "status": "$status", "direct": {"$eq": ["$campaign", None]}}}
    found: dict[ObjectId, Counter[str]] = defaultdict(Counter)
    pipeline: list[dict[str, Any]] = [{"$match": standing}, {"$group": {**group, "n": {"$sum": 1}}}]
    for row in collection(Message).aggregate(pipeline, hint=CLAIM_INDEX) if pools else ():
        key = row["_id"]
        name = "uncertain" if key["status"] == MessageStatus.UNCERTAIN else "direct" if key["direct"] else "dealt"
        found[key["gateway"]][name] += int(row["n"])
    return {gateway: AtLine(**counts) for gateway, counts in found.items()}


def tests_of(*, pools: Sequence[ObjectId], gateway: ObjectId, limit: int) -> list[Message]:
    """The latest tests that went by a line, newest first; `pools` are those that it may have been in."""
    own = {"pool": {"$in": list(pools)}, "status": {"$in": list(STATUSES)}, "campaign": None, "gateway": gateway}
    found = collection(Message).find({**own, "kind": Kind.TEST.value}, {"_id": 1}, hint=CLAIM_INDEX)
    ids = [row["_id"] for row in found.sort("_id", -1).limit(limit)]
    return list(Message.objects.filter(pk__in=ids).order_by("-pk"))
