"""The figures of days and slots: counted once with what they count, compared with yesterday until the same time."""

import importlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from django.apps import apps
from django.db import connection
from django.utils import timezone
from pymongo.collection import Collection
from pytest_django import Settings

from domain.day import SLOT, begins, day_of
from domain.delivery import Incoming, Receipt, ReceiptState
from domain.states import MessageStatus
from lib.mongo import collection, run_tx
from messaging import flow, receipts
from messaging.claims.steps import count
from messaging.flow import FIGURES, Compared
from messaging.models import SLOT_INDEX, Conversation, DayTally, SlotTally
from tests.factories.sending import send
from tests.lib.scene import in_threads

pytestmark = pytest.mark.django_db
SANTIAGO = ZoneInfo("America/Santiago")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=SANTIAGO)
NOTHING = dict.fromkeys(FIGURES, 0)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    flow.forget()


def today() -> dict[str, int]:
    return {name: found.today for name, found in flow.compared(timezone.now()).items()}


def by_slots() -> dict[str, int]:
    now = timezone.now()
    found = flow.slots(now - timedelta(hours=1), now + SLOT)
    return {name: sum(slot[name] for slot in found.values()) for name in FIGURES}


def add(moment: datetime, lane: str = "a", **figures: int) -> None:
    run_tx(lambda: flow.add({(lane, moment): figures}))


# Counting -------------------------------------------------------------------------------------------------------------
def test_each_milestone_counts_once_in_its_day_and_its_slot() -> None:
    holder, attempts = send(4)
    assert today() == by_slots() == NOTHING | {"sent": 4}
    states = [ReceiptState.READ, ReceiptState.DELIVERED, ReceiptState.FAILED]
    told = [Receipt(state, attempt_id=attempt) for state, attempt in zip(states, attempts, strict=False)]
    for _ in range(2):
        receipts.store(str(holder.gateway), told)
        receipts.apply_due()
    assert today() == by_slots() == {"sent": 4, "delivered": 2, "read": 1, "failed": 1, "wrote": 0}
    receipts.store(str(holder.gateway), [Receipt(ReceiptState.READ, attempt_id=attempts[1])])
    receipts.apply_due()
    assert today() == by_slots() == {"sent": 4, "delivered": 2, "read": 2, "failed": 1, "wrote": 0}
    assert {tally.lane for tally in SlotTally.objects.all()} == {str(holder.gateway)}


def test_transaction_that_fails_counts_nothing() -> None:
    def work() -> None:
        count(ObjectId(), {(None, MessageStatus.SENDING, MessageStatus.SENT, None): 3})
        raise RuntimeError("after the counting")

    with pytest.raises(RuntimeError):
        run_tx(work)
    assert today() == by_slots() == NOTHING


def test_lanes_that_begin_a_slot_together_all_count() -> None:
    lane = str(ObjectId())

    def work(worker: int) -> None:
        for slot in range(12):
            run_tx(lambda: flow.add({(lane, NOON + SLOT * slot): {"sent": 1}}), attempts=60)  # noqa: B023

    in_threads(4, work)
    found = flow.slots(NOON, NOON + SLOT * 12)
    assert [found[NOON.astimezone(UTC) + SLOT * place]["sent"] for place in range(12)] == [4] * 12
    assert (SlotTally.objects.count(), DayTally.objects.get().sent) == (12, 48)


# People who write -----------------------------------------------------------------------------------------------------
def wrote(number: int, phone: int, *, at: datetime, line: ObjectId | None = None) -> None:
    text = Incoming(str(number), f"+5691111{phone:04}", "hola", at=at)
    receipts.store(str(line or ObjectId("65f0c0ffee0123456789abcd")), [text])


def test_people_who_write_count_once_a_day_whatever_line_they_write_to() -> None:
    now = timezone.now()
    receipts.store(str(ObjectId()), [Incoming(str(n), f"+5691111{n // 2:04}", "hola", at=now) for n in range(6)])
    wrote(10, 0, at=now, line=ObjectId())
    wrote(0, 0, at=now)
    wrote(11, 3, at=now, line=ObjectId())
    assert today()["wrote"] == 4
    yesterday = begins(day_of(now, SANTIAGO), SANTIAGO) - timedelta(hours=12)
    for _ in range(2):  # told again
        wrote(12, 0, at=yesterday)  # late, and of another day
        wrote(13, 5, at=yesterday - timedelta(minutes=1))
        wrote(14, 5, at=yesterday)
    flow.forget()
    found = flow.compared(now)["wrote"]
    assert (found.today, found.yesterday) == (4, 2)
    assert SlotTally.objects.filter(at__lte=yesterday).count() in (1, 2)


def test_those_who_wrote_before_the_update_are_counted_by_it() -> None:
    now = timezone.now()
    yesterday = begins(day_of(now, SANTIAGO), SANTIAGO) - timedelta(hours=12)
    for number, at in enumerate([now, now, yesterday, yesterday - timedelta(days=5)]):
        wrote(number, number // 2, at=at)
    DayTally.objects.all().delete()
    migration = importlib.import_module("messaging.migrations.0007_slots")
    for _ in range(2):
        migration.fill(apps, SimpleNamespace(connection=connection))
    found = flow.compared(now)["wrote"]
    assert (found.today, found.yesterday) == (1, 1)


def test_person_whose_clock_is_ahead_wrote_now() -> None:
    now = timezone.now()
    wrote(1, 1, at=now + timedelta(days=3))
    wrote(2, 1, at=now + timedelta(days=4))
    assert today()["wrote"] == 1


def test_person_who_writes_to_two_lines_at_once_counts_once() -> None:
    now = timezone.now()
    lines = [ObjectId() for _ in range(4)]
    in_threads(4, lambda place: wrote(place, 1, at=now, line=lines[place]))
    assert today()["wrote"] == 1
    assert Conversation.objects.get().unread == 4


# Reading --------------------------------------------------------------------------------------------------------------
def test_today_is_compared_with_yesterday_until_the_same_time() -> None:
    add(NOON - timedelta(hours=1), sent=30, failed=2)
    add(NOON - timedelta(days=1, hours=2), sent=10)
    add(NOON - timedelta(days=1, hours=2), "b", sent=8)
    add(NOON - timedelta(days=1) + timedelta(seconds=5), sent=10)
    add(NOON - timedelta(days=1) + timedelta(hours=3), sent=100, read=1)
    add(begins(date(2026, 11, 24), SANTIAGO) - SLOT, sent=1)
    add(begins(date(2026, 11, 23), SANTIAGO) - SLOT, sent=1_000)
    found = flow.compared(NOON)
    assert found["sent"] == Compared(today=30, yesterday=129, by_now=18)
    assert found["failed"] == Compared(today=2, yesterday=0, by_now=0)
    assert found["read"] == Compared(today=0, yesterday=1, by_now=0)
    assert flow.compared(NOON + SLOT / 2)["sent"].by_now == 23
    assert flow.compared(NOON + SLOT)["sent"].by_now == 28


def test_day_that_had_no_slots_yet_is_compared_as_a_whole_only() -> None:
    DayTally.objects.create(day="2026-11-23", lane="a", sent=500)
    add(NOON - timedelta(days=1), sent=20)
    found = flow.compared(NOON)
    assert found["sent"] == Compared(today=0, yesterday=520, by_now=None)
    assert found["read"] == Compared(today=0, yesterday=0, by_now=0)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 4, 4), 25), (date(2026, 9, 6), 23)], ids=["clocks go back", "clocks go forward"]
)
def test_every_slot_of_a_day_that_clocks_change_is_of_that_day(day: date, hours: int) -> None:
    start = begins(day, SANTIAGO)
    for place in range(hours * 12):
        add(start + SLOT * place, sent=1)
    after = begins(day + timedelta(days=1), SANTIAGO)
    assert flow.compared(after)["sent"] == Compared(today=0, yesterday=hours * 12, by_now=0)
    late = flow.compared(after + timedelta(hours=23, minutes=55))["sent"]
    assert late.by_now is not None
    assert 0 < hours * 12 - late.by_now <= 13  # of an hour that clocks show twice, the first one


def test_another_zone_has_days_of_its_own(settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Kathmandu"  # 5:45 ahead of UTC
    add(datetime(2026, 11, 23, 18, 14, tzinfo=UTC), sent=1)
    add(datetime(2026, 11, 23, 18, 15, tzinfo=UTC), sent=2)
    found = flow.compared(datetime(2026, 11, 23, 19, 0, tzinfo=UTC))["sent"]
    assert (found.today, found.yesterday) == (2, 1)


def test_slots_of_a_span_are_all_there_and_the_latest_two_beside_them() -> None:
    now = NOON + timedelta(seconds=100)
    add(NOON - timedelta(hours=24), sent=1)
    add(NOON - SLOT, sent=2, delivered=1)
    add(NOON, sent=3)
    add(NOON, "b", sent=4)
    start, past = flow.past_slots(now, span=timedelta(hours=24))
    assert (start, len(past)) == (NOON - timedelta(hours=24), 288)
    assert ([slot["sent"] for slot in past[:2]], past[-1]["sent"], past[-1]["delivered"]) == ([1, 0], 2, 1)
    assert [(at, slot["sent"]) for at, slot in flow.latest_slots(now).items()] == [(NOON - SLOT, 2), (NOON, 7)]
    assert [slot["sent"] for slot in flow.latest_slots(NOON + timedelta(days=9)).values()] == [0, 0]


def test_slots_are_forgotten_and_days_are_kept() -> None:
    kept = collection(SlotTally).index_information()[SLOT_INDEX]
    assert (kept["key"], kept["expireAfterSeconds"]) == ([("at", 1)], 8 * 24 * 3600)
    assert not any("expireAfterSeconds" in index for index in collection(DayTally).index_information().values())


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda: flow.compared(NOON), SLOT_INDEX),
        (lambda: flow.compared(NOON), "day_tally_day_lane"),
        (lambda: flow.past_slots(NOON, span=timedelta(hours=24)), SLOT_INDEX),
        (lambda: wrote(1, 1, at=NOON), "incoming_phone"),
    ],
)
def test_figures_are_read_along_an_index(
    ask: Callable[[], object], index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = plans(ask, monkeypatch)
    assert any(index in plan for plan in found), found
    assert not any("COLLSCAN" in plan for plan in found)


def plans(ask: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How MongoDB answers what is asked by this."""
    asked: list[dict[str, Any]] = []

    def aggregate(self: Collection[Any], pipeline: Any, hint: Any = None, **rest: Any) -> Any:
        asked.append({"aggregate": self.name, "pipeline": pipeline, "cursor": {}} | ({"hint": hint} if hint else {}))
        return plain_aggregate(self, pipeline, **({"hint": hint} if hint else {}), **rest)

    def find(self: Collection[Any], condition: Any = None, *rest: Any, **more: Any) -> Any:
        asked.append({"find": self.name, "filter": condition or {}})
        return plain_find(self, condition, *rest, **more)

    plain_aggregate, plain_find = Collection.aggregate, Collection.find
    monkeypatch.setattr(Collection, "aggregate", aggregate)
    monkeypatch.setattr(Collection, "find", find)
    ask()
    monkeypatch.undo()
    database: Any = connection
    return [str(database.database.command("explain", command, verbosity="queryPlanner")) for command in asked]
