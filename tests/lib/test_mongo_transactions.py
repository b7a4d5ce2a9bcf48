"""run_tx under real conflicts, lost sessions and lost answers."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection
from django_mongodb_backend import transaction
from pymongo import UpdateOne
from pymongo.errors import AutoReconnect, OperationFailure

from lib.mongo import bulk_write, collection, insert_many, is_transient, run_tx, session
from tests.lib.sample import Person, Team
from tests.lib.scene import in_threads, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engines")]


def increment(pk: Any) -> None:
    """Read, wait and write: two of these at once always conflict."""
    row = collection(Person).find_one({"_id": pk}, session=session())
    assert row is not None
    time.sleep(0.005)
    collection(Person).update_one({"_id": pk}, {"$set": {"age": row["age"] + 1}}, session=session())


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(increment, id="raw"),
        pytest.param(lambda pk: Person.objects.filter(pk=pk).update(age=Person.objects.get(pk=pk).age + 1), id="orm"),
        pytest.param(
            lambda pk: bulk_write(
                Person, [UpdateOne({"_id": pk}, {"$inc": {"age": 1}}), UpdateOne({"_id": 0}, {"$set": {"x": 1}})]
            ),
            id="bulk",
        ),
    ],
)
def test_conflicting_transactions_all_count_once(write: Callable[[Any], Any]) -> None:
    ana = person(age=0)

    def count(_: int) -> None:
        for _again in range(5):
            run_tx(lambda: write(ana.pk), attempts=60)

    in_threads(4, count)
    assert Person.objects.get().age == 20


def test_a_transaction_returns_its_value_and_is_over() -> None:
    assert run_tx(lambda: session() is not None and Team.objects.create(name="t").name) == "t"
    assert (session(), Team.objects.count()) == (None, 1)


def test_an_error_undoes_the_transaction_and_is_raised_once() -> None:
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        insert_many(Team, [{"name": "raw"}])
        Team.objects.create(name="orm")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_tx(work)
    assert (Team.objects.count(), len(runs), session()) == (0, 1, None)


def test_a_database_error_that_is_no_conflict_is_raised_once() -> None:
    ana = person()
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        Person.objects.create(name="again", email=ana.email, team=ana.team)

    with pytest.raises(IntegrityError):
        run_tx(work)
    assert len(runs) == 1


def test_attempts_run_out_with_the_conflict_itself() -> None:
    ana = person()
    runs: list[int] = []
    with transaction.atomic():
        Person.objects.filter(pk=ana.pk).update(age=1)

        def work() -> None:
            runs.append(1)
            collection(Person).update_one({"_id": ana.pk}, {"$inc": {"age": 1}}, session=session())

        with ThreadPoolExecutor(1) as pool, pytest.raises(OperationFailure) as caught:
            pool.submit(run_tx, work, attempts=3).result()
    assert (len(runs), is_transient(caught.value)) == (3, True)


def test_an_inner_transaction_joins_the_outer_one() -> None:
    seen: list[bool] = []

    def inner() -> None:
        Team.objects.create(name="inner")
        seen.append(session() is outer_session[0])

    def outer() -> None:
        outer_session.append(session())
        run_tx(inner)
        raise ZeroDivisionError

    outer_session: list[Any] = []
    with pytest.raises(ZeroDivisionError):
        run_tx(outer)
    assert (seen, Team.objects.count()) == ([True], 0)


def test_a_conflict_in_an_inner_transaction_is_retried_by_the_outer_one() -> None:
    ana = person(age=0)
    runs: list[int] = []

    def outer() -> None:
        runs.append(1)
        read = Person.objects.get(pk=ana.pk).age
        if len(runs) == 1:
            with ThreadPoolExecutor(1) as pool:  # somebody else writes between our read and our write
                pool.submit(lambda: Person.objects.filter(pk=ana.pk).update(age=10)).result()
        run_tx(lambda: Person.objects.filter(pk=ana.pk).update(age=read + 1))

    run_tx(outer)
    assert (len(runs), Person.objects.get().age) == (2, 11)


def test_a_transaction_that_the_server_dropped_runs_again() -> None:
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        Team.objects.create(name=f"run {len(runs)}")
        if len(runs) == 1:
            current = session()
            assert current is not None
            connection.connection.admin.command("killSessions", [current.session_id])

    run_tx(work)
    assert [team.name for team in Team.objects.all()] == ["run 2"]


def test_a_commit_nobody_knows_the_outcome_of_is_never_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.mongodb.base.COMMIT_SECONDS", 0.1)
    runs: list[int] = []

    def lost() -> None:
        error = AutoReconnect("connection closed")
        error._add_error_label("UnknownTransactionCommitResult")
        raise error

    def work() -> None:
        runs.append(1)
        monkeypatch.setattr(session(), "commit_transaction", lost)

    with pytest.raises(DatabaseError):
        run_tx(work)
    assert (len(runs), session()) == (1, None)


def test_what_waits_for_the_commit_runs_once_after_it() -> None:
    ana = person(age=0)
    calls: list[int] = []
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        transaction.on_commit(lambda: calls.append(Person.objects.get().age))
        Person.objects.filter(pk=ana.pk).update(age=len(runs))
        if len(runs) == 1:
            current = session()
            assert current is not None
            connection.connection.admin.command("killSessions", [current.session_id])

    run_tx(work)
    assert (len(runs), calls) == (2, [2])


def test_an_error_after_the_commit_does_not_run_the_transaction_again() -> None:
    runs: list[int] = []

    def after() -> None:
        error = OperationFailure("conflict of somebody else")
        error._add_error_label("TransientTransactionError")
        raise error

    def work() -> None:
        runs.append(1)
        Team.objects.create(name="kept")
        transaction.on_commit(after)

    with pytest.raises(OperationFailure):
        run_tx(work)
    assert (len(runs), Team.objects.count(), session()) == (1, 1, None)
