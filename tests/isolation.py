"""Pytest plugin: every database test begins with the database as the migrations left it.

Django's way is to empty every collection and to send post_migrate again, 0.1 s a test. Here a PyMongo listener notes
which collections the test wrote, and only these are emptied. It sees every thread of this process, and nothing of other
processes: a test that starts workers takes the mark `whole_database` (or the fixture `clean_database`), by which every
collection is emptied before and after.

Only databases whose names start with `test_` are ever emptied, and a test that wrote to another one fails.

Load it by `pytest_plugins` in tests/conftest.py, after pytest-django, whose fixture it takes the place of.
"""

from collections.abc import Generator, Mapping
from typing import Any

import pytest
from pymongo import monitoring
from pymongo.database import Database

Document = Mapping[str, Any]

WRITES = frozenset({"insert", "update", "delete", "findAndModify"})
SERVER_DATABASES = frozenset({"admin", "config", "local"})


class WrongDatabaseError(Exception):
    """A test wrote to a database that is not a test database; the message says which."""


class WriteListener(monitoring.CommandListener):
    """Notes (database, collection) of every write that this process sends, in transactions or not."""

    def __init__(self) -> None:
        self.written: set[tuple[str, str]] = set()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        command = event.command
        if event.command_name in WRITES:
            self.written.add((event.database_name, str(command[event.command_name])))
        elif event.command_name == "bulkWrite":  # MongoClient.bulk_write names its collections "database.collection"
            for namespace in command["nsInfo"]:
                database, _, collection = str(namespace["ns"]).partition(".")
                self.written.add((database, collection))
        elif event.command_name == "aggregate" and command["pipeline"]:
            self.written.update(output_of(event.database_name, command["pipeline"][-1]))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def output_of(database: str, stage: Document) -> Generator[tuple[str, str]]:
    """The collection that an aggregation's last stage writes to, if it does."""
    target = stage.get("$out")
    if "$merge" in stage:
        merge = stage["$merge"]
        target = merge["into"] if isinstance(merge, Mapping) else merge
    if isinstance(target, Mapping):
        yield str(target["db"]), str(target["coll"])
    elif target is not None:
        yield database, str(target)


LISTENER = WriteListener()
# PyMongo hands registered listeners to clients made afterwards, and Django makes its client at its first query.
monitoring.register(LISTENER)


def require_test_database(name: str) -> None:
    if not name.startswith("test_"):
        raise WrongDatabaseError(
            f"A test wrote to the database {name!r}. Tests may write only to databases whose names start with test_: "
            "use the django_db mark and Django's connection."
        )


class Baseline:
    """What the migrations left in the test database, and the way back to it."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        require_test_database(database.name)
        self.database = database
        self.documents = {name: list(database[name].find()) for name in self.collections()}

    def collections(self) -> list[str]:
        names = self.database.list_collection_names(filter={"type": "collection"})
        return [name for name in names if not name.startswith("system.")]

    def restore(self, database: Database[dict[str, Any]], collection: str) -> None:
        """Empty the collection; in Django's own database, put back what the migrations stored in it."""
        database[collection].delete_many({})
        if database.name == self.database.name and (documents := self.documents.get(collection)):
            database[collection].insert_many(documents)

    def restore_all(self) -> None:
        for collection in self.collections():
            self.restore(self.database, collection)
        self.forget()

    def restore_written(self) -> None:
        written = sorted(LISTENER.written)
        LISTENER.written.clear()
        for name, collection in written:
            if name not in SERVER_DATABASES:
                require_test_database(name)
                self.restore(self.database.client[name], collection)
        self.forget()

    @staticmethod
    def forget() -> None:
        from django.contrib.contenttypes.models import ContentType

        ContentType.objects.clear_cache()
        LISTENER.written.clear()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "whole_database: other processes write during this test, so every collection is emptied before and after it.",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("whole_database"):
            item.add_marker(pytest.mark.django_db)


@pytest.fixture(scope="session")
def database_baseline(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Baseline:
    from django.db import connection

    with django_db_blocker.unblock():
        database: Database[dict[str, Any]] = connection.database  # type: ignore[attr-defined]
        if LISTENER not in database.client.options.event_listeners:
            raise pytest.UsageError("A MongoClient was made before tests/isolation.py was loaded: load it first.")
        baseline = Baseline(database)
        if request.config.getvalue("reuse_db"):
            # What a killed run left behind is not a baseline. The migrations themselves fill these three only.
            kept = ("django_migrations", "django_content_type", "auth_permission")
            baseline.documents = {name: baseline.documents.get(name, []) for name in kept}
            baseline.restore_all()
    LISTENER.written.clear()
    return baseline


@pytest.fixture
def _django_db_helper(
    request: pytest.FixtureRequest, database_baseline: Baseline, django_db_blocker: Any
) -> Generator[Baseline]:
    """In the place of pytest-django's fixture of the same name, which `db` and the django_db mark ask for.

    They ask before any other fixture of the test, so that this one ends after those that stop worker processes.
    """
    whole = request.node.get_closest_marker("whole_database") or "clean_database" in request.fixturenames
    with django_db_blocker.unblock():
        if whole:
            database_baseline.restore_all()
        LISTENER.written.clear()
        yield database_baseline
        database_baseline.restore_written()
        if whole:
            database_baseline.restore_all()


@pytest.fixture
def clean_database(db: None) -> None:
    """The mark `whole_database` as a fixture, for fixtures that start worker processes: ask for it first in them."""
