"""The one way that a message changes state: a compare-and-set, stored together with its count."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.utils import timezone
from pymongo import UpdateOne

from domain.costs import Charge, increments
from domain.delivery import Outbound, Reconciled
from domain.milestones import milestones
from domain.outcome import Outcome
from domain.states import MessageStatus, check_message
from lib.mongo import collection, run_tx, session
from messaging import flow
from messaging.models import Message, Tally

S = MessageStatus
TIME_OF = {S.SENT: "sent_at", S.DELIVERED: "delivered_at", S.READ: "read_at", S.FAILED: "failed_at"}


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lane: the gateway, the lease's token, and its epoch."""

    gateway: ObjectId
    token: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that a lane holds."""

    id: ObjectId
    campaign: ObjectId | None
    phone: str
    text: str
    checks: int = 0
    attachment: ObjectId | None = None
    parts: int | None = None
    """Of an SMS."""


def claimed_of(row: Mapping[str, Any]) -> Claimed:
    """A message as it is stored, as its lane sees it."""
    return Claimed(
        row["_id"],
        row.get("campaign"),
        row["phone"],
        row["text"],
        row.get("checks", 0),
        row.get("attachment"),
        parts=row.get("parts"),
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """An attempt, what the far side said of it, and what that makes of the message.

    `sms_pool` is where a message goes on whose outcome says `by_sms`, `plain` whether without accents. `ask_after` are
    the seconds after which a far side that accepted it is asked what became of it; 0 where it tells that by itself.
    """

    outbound: Outbound
    campaign: ObjectId | None
    answer: Reconciled
    outcome: Outcome
    sms_pool: ObjectId | None = None
    plain: bool = False
    ask_after: float = 0.0


@dataclass(slots=True)
class Change:
    """One message's step from `origin` to `target`: `where` adds conditions, `update` adds what is stored with it.

    `charge` is what it costs that the far side takes it on by this step, None where it does not.
    """

    message: ObjectId
    campaign: ObjectId | None
    origin: S
    target: S
    where: dict[str, Any] = field(default_factory=dict)
    update: dict[str, dict[str, Any]] = field(default_factory=dict)
    charge: Charge | None = None

    def operation(self) -> UpdateOne:
        update: dict[str, dict[str, Any]] = {key: dict(value) for key, value in self.update.items()}
        update.setdefault("$set", {})["status"] = self.target.value
        update.setdefault("$currentDate", {})["updated_at"] = True
        if self.target in TIME_OF:
            update["$currentDate"][TIME_OF[self.target]] = True
        if self.charge is not None:
            update["$inc"] = {**update.get("$inc", {}), **increments(self.charge)}
        return UpdateOne({"_id": self.message, "status": self.origin.value, **self.where}, update)


Move = tuple[ObjectId | None, S | None, S, Charge | None]
"""Campaign, origin, target, and what each message costs by it; the origin None stands for a new message."""


def count(lane: ObjectId | None, moves: Mapping[Move, int]) -> None:
    """Add so many messages of each move to the lane's tallies."""
    steps: dict[ObjectId, Counter[str]] = defaultdict(Counter)
    now: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    for (campaign, origin, target, charge), number in moves.items():
        if not number:
            continue
        now.update(dict.fromkeys(milestones(origin, target), number))
        costs = increments(charge, number) if charge is not None else {}
        spent.update(costs)
        if campaign is None:
            continue
        steps[campaign][target.value] += number
        steps[campaign].update(costs)
        if origin is not None:
            steps[campaign][origin.value] -= number
    for campaign, sums in steps.items():
        changes = {name: number for name, number in sums.items() if number}
        if changes:
            collection(Tally).update_one(
                {"campaign": campaign, "lane": str(lane or "")},
                {"$inc": changes},
                upsert=True,
                session=session(),
            )
    flow.add({(str(lane or ""), timezone.now()): now}, spent=spent)


def apply(lane: ObjectId | None, changes: Sequence[Change]) -> int:
    """Store the changes whose conditions still hold, with their counts; returns how many did."""
    if not changes:
        return 0
    # What the same step of as many parts at the same price is counted by: by how many of its updates took hold.
    groups: dict[Move, list[UpdateOne]] = defaultdict(list)
    for change in changes:
        check_message(change.origin, change.target)
        groups[change.campaign, change.origin, change.target, change.charge].append(change.operation())

    def work() -> int:
        moves = {
            key: collection(Message).bulk_write(operations, ordered=False, session=session()).modified_count
            for key, operations in groups.items()
        }
        count(lane, moves)
        return sum(moves.values())

    return run_tx(work)


def move_many(
    lane: ObjectId | None,
    *,
    ids: Sequence[ObjectId],
    campaign: ObjectId | None,
    origin: S,
    target: S,
    where: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    charge: Charge | None = None,
) -> int:
    """The same step for many messages of one campaign, each at the same charge; returns how many it was."""
    check_message(origin, target)
    if not ids:
        return 0

    update: dict[str, Any] = {
        "$set": {"status": target.value, **(changes or {})},
        "$currentDate": {"updated_at": True},
    }
    if charge is not None:
        update["$inc"] = increments(charge)

    def work() -> int:
        moved = (
            collection(Message)
            .update_many(
                {"_id": {"$in": list(ids)}, "status": origin.value, **(where or {})}, update, session=session()
            )
            .modified_count
        )
        count(lane, {(campaign, origin, target, charge): moved})
        return moved

    return run_tx(work)


def naive(moment: datetime) -> datetime:
    """A UTC time as MongoDB stores it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def due_in(after: float | None, now: datetime) -> datetime | None:
    return None if after is None else now + timedelta(seconds=after)
