"""The isolation plugin: what a test writes is gone in the next, whoever wrote it."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django_mongodb_backend import transaction
from pymongo import UpdateOne

from domain.roles import Role
from tests.isolation import LISTENER, Baseline, WrongDatabaseError, require_test_database

pytestmark = pytest.mark.django_db

WRITE_IN_ANOTHER_PROCESS = """
import os, pymongo
database = pymongo.MongoClient(os.environ["MONGODB_URI"])[os.environ["NAME"]]
database["auth_group"].insert_one({"name": "worker's"})
"""


def write_in_another_process() -> None:
    environment = {**os.environ, "NAME": connection.settings_dict["NAME"]}
    subprocess.run([sys.executable, "-c", WRITE_IN_ANOTHER_PROCESS], env=environment, check=True)


def collection(name: str) -> Any:
    return connection.database[name]  # type: ignore[attr-defined]


def groups() -> list[str]:
    """Those that no migration made."""
    return sorted(Group.objects.exclude(name__in=list(Role)).values_list("name", flat=True))


def test_the_plugin_stands_in_the_place_of_pytest_djangos_fixture(request: pytest.FixtureRequest) -> None:
    assert isinstance(request.getfixturevalue("_django_db_helper"), Baseline) is True


@pytest.mark.parametrize("turn", [1, 2])
def test_rows_of_a_test_are_gone_in_the_next(turn: int) -> None:
    assert groups() == []
    Group.objects.create(name="only this test's")
    assert groups() == ["only this test's"]


@pytest.mark.parametrize("turn", [1, 2])
def test_writes_in_a_transaction_are_gone_in_the_next(turn: int) -> None:
    assert groups() == []
    with transaction.atomic():
        Group.objects.create(name="committed")
    assert groups() == ["committed"]


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda rows: rows.find_one_and_update({}, {"$set": {"n": 1}}, upsert=True), id="find"),
        pytest.param(lambda rows: rows.bulk_write([UpdateOne({}, {"$set": {"n": 1}}, upsert=True)]), id="bulk"),
        pytest.param(lambda rows: rows.database["source"].aggregate([{"$merge": "auth_group"}]), id="merge"),
        pytest.param(lambda rows: rows.database["source"].aggregate([{"$out": "auth_group"}]), id="out"),
    ],
)
def test_a_write_of_this_kind_is_noted(write: Any) -> None:
    LISTENER.written.clear()
    write(collection("auth_group"))
    assert ("auth_group" in {name for _, name in LISTENER.written}) is True


def test_what_the_migrations_stored_comes_back() -> None:
    before = sorted(Permission.objects.values_list("pk", flat=True))
    Permission.objects.all().delete()
    ContentType.objects.create(app_label="sample", model="other")
    assert (len(before) > 0, Permission.objects.count()) == (True, 0)


def test_what_the_migrations_stored_came_back() -> None:
    assert ContentType.objects.filter(app_label="sample").count() == 0
    assert Permission.objects.filter(codename="add_group").count() == 1


@pytest.mark.whole_database
@pytest.mark.parametrize("turn", [1, 2])
def test_rows_of_another_process_are_gone_in_the_next(turn: int) -> None:
    assert groups() == []
    write_in_another_process()
    assert groups() == ["worker's"]


@pytest.mark.parametrize("turn", [1, 2])
def test_rows_of_another_process_are_gone_with_a_clean_database(turn: int, clean_database: None) -> None:
    assert groups() == []
    write_in_another_process()
    assert groups() == ["worker's"]


def test_a_database_of_another_name_is_refused() -> None:
    with pytest.raises(WrongDatabaseError, match="'whatsmassive'"):
        require_test_database("whatsmassive")
