"""lib.mongo on a real MongoDB: conditional updates, transactions under conflict, bulk writes, outages."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, IntegrityError, connection, connections
from django.db.models import F, Q
from django_mongodb_backend import transaction
from pymongo import InsertOne, MongoClient, UpdateOne, monitoring
from pymongo.errors import BulkWriteError, OperationFailure, ServerSelectionTimeoutError

from lib import mongo
from lib.mongo import (
    Now,
    bulk_write,
    collection,
    compare_and_set,
    due,
    insert_many,
    is_unavailable,
    now_plus,
    retry_unavailable,
    run_tx,
    server_now,
    to_document,
    typed_values,
)
from tests.isolation import LISTENER
from tests.lib.sample import Person, Team
from tests.lib.scene import in_threads, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engines")]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_AHEAD = datetime(2100, 1, 1, tzinfo=UTC)


# Values and the clock ------------------------------------------------------------------------------------------------
def test_values_are_typed_as_django_stores_them() -> None:
    team = Team.objects.create(name="team")
    at = datetime(2026, 3, 9, 20, 30, tzinfo=UTC)
    typed = typed_values(
        Person, {"pk": str(team.pk), "age": 3, "debt": Decimal("1.50"), "team": team, "second_team_id": str(team.pk)}
    )
    assert typed == {
        "_id": team.pk,
        "age": Int64(3),
        "debt": Decimal128("1.50"),
        "team_id": team.pk,
        "second_team_id": team.pk,
    }
    assert [type(value) for value in typed.values()] == [ObjectId, Int64, Decimal128, ObjectId, ObjectId]
    assert typed_values(Person, {"seen_at": at, "extra": {"a": [1]}}) == {
        "seen_at": at.replace(tzinfo=None),
        "extra": {"a": [1]},
    }


def test_a_value_of_an_unknown_field_is_refused() -> None:
    with pytest.raises(FieldDoesNotExist):
        typed_values(Person, {"nickname": "x"})


def test_a_document_is_what_saving_the_instance_stores() -> None:
    saved = person(seen_at=LONG_AGO, debt=Decimal("10.25"), extra={"k": None})
    document = to_document(Person(**{each.attname: getattr(saved, each.attname) for each in Person._meta.fields}))
    assert document == collection(Person).find_one({"_id": saved.pk})
    assert to_document(Team(name="new")) == {"name": "new"}


def test_the_servers_time_is_aware_and_now() -> None:
    # MongoDB's times have milliseconds.
    before = datetime.now(UTC) - timedelta(milliseconds=2)
    assert before <= server_now() <= datetime.now(UTC)
    assert server_now().tzinfo is UTC


def test_due_finds_what_has_come_or_has_no_time_by_the_index() -> None:
    team = Team.objects.create(name="team")
    for name, at in (("past", LONG_AGO), ("ahead", FAR_AHEAD), ("none", None)):
        Person.objects.create(name=name, email=name, team=team, seen_at=at)
    found = collection(Person).find(due("seen_at")).sort("name", 1)
    assert [row["name"] for row in found] == ["none", "past"]
    plan = collection(Person).find(due("seen_at")).explain()["queryPlanner"]["winningPlan"]
    assert plan["inputStage"]["indexName"] == "person_seen_at"


# Compare and set -----------------------------------------------------------------------------------------------------
def test_compare_and_set_changes_what_is_as_expected() -> None:
    ana = person(age=1, seen_at=LONG_AGO)
    before = server_now()
    changes = {"age": F("age") + 1, "name": "$name", "seen_at": now_plus(30), "born_at": Now(), "debt": Decimal("2.5")}
    assert compare_and_set(Person, ana.pk, {"age": 1, "seen_at__lte": Now()}, changes) is True
    ana.refresh_from_db()
    assert (ana.age, ana.name, ana.debt) == (2, "$name", Decimal("2.50"))
    assert ana.seen_at is not None and ana.born_at is not None
    assert ana.seen_at - ana.born_at == timedelta(seconds=30)
    assert before <= ana.born_at <= server_now()


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param({"age": 2}, id="another value"),
        pytest.param({"age": 1, "name": "Bea"}, id="one of two"),
        pytest.param({"seen_at__lte": Now()}, id="not yet"),
        pytest.param({"born_at__lte": Now()}, id="never"),
        pytest.param(Q(age=5) | Q(born_at__isnull=False), id="neither"),
    ],
)
def test_compare_and_set_leaves_what_is_otherwise(expected: Any) -> None:
    ana = person(age=1, seen_at=FAR_AHEAD)
    assert compare_and_set(Person, ana.pk, expected, {"name": "changed"}) is False
    assert Person.objects.get().name == "Ana"


def test_compare_and_set_of_a_missing_document_is_lost() -> None:
    assert compare_and_set(Person, str(ObjectId()), {}, {"name": "x"}) is False


def test_compare_and_set_takes_a_condition_and_a_text_key() -> None:
    ana = person()
    free = Q(seen_at=None) | Q(seen_at__lte=Now())
    assert compare_and_set(Person, str(ana.pk), free, {"seen_at": now_plus(30)}) is True
    assert compare_and_set(Person, str(ana.pk), free, {"seen_at": now_plus(30)}) is False


def test_compare_and_set_is_won_by_one_of_many() -> None:
    ana = person(age=0)
    won = in_threads(8, lambda place: compare_and_set(Person, ana.pk, {"age": 0}, {"age": place + 1}))
    assert sorted(won) == [False] * 7 + [True]
    assert Person.objects.get().age == won.index(True) + 1


def test_compare_and_set_is_one_write_that_pymongo_may_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    ana = person()
    sent = commands_of(monkeypatch, lambda: compare_and_set(Person, ana.pk, {"age": 0}, {"age": 1}))
    updates = [command for command in sent if "update" in command]
    assert [(update["updates"][0].get("multi", False), "txnNumber" in update) for update in updates] == [(False, True)]


def test_compare_and_set_that_breaks_a_unique_index_raises() -> None:
    ana, other = person(), person(email="other@example.test", name="Bea")
    with pytest.raises(IntegrityError):
        compare_and_set(Person, ana.pk, {}, {"email": other.email})


def commands_of(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> list[Any]:
    """The commands that `work` sends to MongoDB, in order."""
    sent: list[Any] = []
    isolate = LISTENER.started

    def started(event: monitoring.CommandStartedEvent) -> None:
        isolate(event)
        sent.append(dict(event.command))

    with monkeypatch.context() as patch:
        patch.setattr(LISTENER, "started", started)
        work()
    return sent


# Bulk writes ---------------------------------------------------------------------------------------------------------
def test_bulk_write_sums_its_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mongo, "CHUNK", 3)
    keys = insert_many(Team, ({"name": f"team {n}"} for n in range(5)))
    operations = [UpdateOne({"_id": key}, {"$set": {"name": "team 0"}}) for key in keys]
    operations += [UpdateOne({"name": "new"}, {"$set": {"x": 1}}, upsert=True)]
    operations += [InsertOne({"name": "more"})]
    answers: list[mongo.BulkCounts] = []
    sent = commands_of(monkeypatch, lambda: answers.append(bulk_write(Team, operations, ordered=True)))
    (found,) = answers
    assert (found.matched, found.modified, found.inserted, found.deleted) == (5, 4, 1, 0)
    assert list(found.upserted_ids) == [5]
    assert [len(command["updates"]) for command in sent if "update" in command] == [3, 3]
    assert Team.objects.get(name="new").pk == found.upserted_ids[5]


def test_bulk_writes_are_undone_with_their_transaction() -> None:
    def work() -> None:
        keys = insert_many(Team, [{"name": "a"}, {"name": "b"}])
        bulk_write(Team, [UpdateOne({"_id": keys[0]}, {"$set": {"name": "c"}})])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_tx(work)
    assert Team.objects.count() == 0


def test_a_bulk_write_of_nothing_does_nothing() -> None:
    assert (bulk_write(Team, []), insert_many(Team, [])) == (mongo.BulkCounts(), [])


def test_a_duplicate_in_a_bulk_write_is_pymongos_own_error() -> None:
    ana = person()
    documents = [to_document(Person(name=n, email=e, team=ana.team)) for n, e in (("b", ana.email), ("c", "c@x"))]
    with pytest.raises(BulkWriteError):
        insert_many(Person, documents)
    assert sorted(Person.objects.values_list("name", flat=True)) == ["Ana", "c"]


# Outages -------------------------------------------------------------------------------------------------------------
def test_a_step_down_of_the_primary_is_waited_out() -> None:
    fill = [{"name": f"team {n}"} for n in range(3)]
    insert_many(Team, fill)
    connection.connection.admin.command("replSetStepDown", 1, secondaryCatchUpPeriodSecs=0, force=True)
    tries: list[int] = []

    def work() -> int:
        tries.append(1)
        return Team.objects.update(name="after")

    assert retry_unavailable(work, seconds=60) == 3
    assert Team.objects.filter(name="after").count() == 3


def away() -> None:
    """A real client to a port where nobody listens."""
    with MongoClient("mongodb://127.0.0.1:1/", serverSelectionTimeoutMS=20) as client:
        client.admin.command("ping")


def test_an_outage_is_repeated_until_it_ends() -> None:
    tries: list[int] = []

    def work() -> str:
        tries.append(1)
        if len(tries) == 2:
            try:
                away()
            except ServerSelectionTimeoutError as error:
                raise DatabaseError from error
        if len(tries) == 1:
            away()
        return "done"

    assert (retry_unavailable(work, seconds=20), len(tries)) == ("done", 3)


def test_an_outage_longer_than_the_patience_is_raised() -> None:
    start = time.monotonic()
    with pytest.raises(ServerSelectionTimeoutError):
        retry_unavailable(away, seconds=0.3)
    assert time.monotonic() - start >= 0.3


def test_an_error_that_is_no_outage_is_raised_at_once() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        collection(Team).update_one({}, {"$nonsense": 1})

    with pytest.raises(OperationFailure) as caught:
        retry_unavailable(work, seconds=20)
    assert (len(tries), is_unavailable(caught.value)) == (1, False)


def test_an_outage_within_a_transaction_is_left_to_the_transaction() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        away()

    with pytest.raises(ServerSelectionTimeoutError), transaction.atomic():
        retry_unavailable(work, seconds=20)
    assert (len(tries), connections["default"].session) == (1, None)  # type: ignore[attr-defined]
