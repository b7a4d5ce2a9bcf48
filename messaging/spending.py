"""What SMS cost, as it was counted together with them: by campaign, by line of one, by line in a time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bson import ObjectId
from django.utils import timezone

from domain.costs import COST, PARTS, UNPRICED, Spent, spent_of, total
from domain.day import day_of
from domain.states import MessageStatus
from lib.mongo import collection, session
from messaging.models import CLAIM_INDEX, DayTally, Message, Tally

M = MessageStatus
_FIELDS = dict.fromkeys((PARTS, UNPRICED, COST), 1)
NOTHING = Spent()
_LEFT = (M.PENDING, M.CLAIMED, M.SENDING)


def by_campaign(campaigns: Sequence[ObjectId]) -> dict[ObjectId, Spent]:
    """What each of these campaigns spent, by one query."""
    rows = collection(Tally).find({"campaign": {"$in": list(campaigns)}}, {**_FIELDS, "campaign": 1}, session=session())
    return _totals(((row["campaign"], row) for row in rows), campaigns)


def of_campaign(campaign: ObjectId) -> dict[ObjectId | None, Spent]:
    """What a campaign spent, by line; those that spent nothing are left out."""
    rows = collection(Tally).find({"campaign": campaign, PARTS: {"$gt": 0}}, {**_FIELDS, "lane": 1}, session=session())
    return {ObjectId(row["lane"]) if row["lane"] else None: spent_of(row) for row in rows}


def of_message(message: Message) -> Spent:
    """What one message cost, all its attempts together."""
    return spent_of({PARTS: message.paid_parts, UNPRICED: message.unpriced_parts, COST: message.cost})


@dataclass(frozen=True, slots=True)
class Lately:
    """What was spent today and this month, in this installation's time zone."""

    today: Spent = NOTHING
    month: Spent = NOTHING


def lately(lanes: Iterable[ObjectId]) -> dict[ObjectId, Lately]:
    """What each of these lines spent lately: with tests and replies, which belong to no campaign."""
    wanted = {str(lane): lane for lane in lanes}
    if not wanted:
        return {}
    today = day_of(timezone.now(), timezone.get_default_timezone())
    rows = list(collection(DayTally).aggregate(_of_days(today.replace(day=1), today, list(wanted)), session=session()))
    month = _totals(((wanted[row["lane"]], row) for row in rows), wanted.values())
    this_day = _totals(((wanted[row["lane"]], row) for row in rows if row["day"] == today.isoformat()), wanted.values())
    return {lane: Lately(this_day[lane], month[lane]) for lane in wanted.values()}


def _of_days(first: date, last: date, lanes: Sequence[str]) -> list[dict[str, Any]]:
    days = {"$gte": first.isoformat(), "$lte": last.isoformat()}
    return [
        {"$match": {"day": days, "lane": {"$in": list(lanes)}, PARTS: {"$gt": 0}}},
        {"$project": {**_FIELDS, "day": 1, "lane": 1}},
    ]


def _totals(rows: Iterable[tuple[ObjectId, Mapping[str, Any]]], keys: Iterable[ObjectId]) -> dict[ObjectId, Spent]:
    found: dict[ObjectId, list[Spent]] = defaultdict(list)
    for key, row in rows:
        found[key].append(spent_of(row))
    return {key: total(found[key]) for key in keys}


def parts_left(campaign: ObjectId, pool: ObjectId) -> int:
    """The parts of a campaign's SMS that are still to be sent through their pool. It reads each of them."""
    left = {"pool": pool, "status": {"$in": [status.value for status in _LEFT]}, "campaign": campaign}
    group: dict[str, Any] = {"_id": None, "parts": {"$sum": "$parts"}}
    rows = collection(Message).aggregate([{"$match": left}, {"$group": group}], hint=CLAIM_INDEX, session=session())
    return int(next(iter(rows), {}).get("parts", 0))
