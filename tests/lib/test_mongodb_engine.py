"""Every mend of lib.mongodb, beside what the stock engine does wrong in the same scene.

A case of the `stock` alias that fails says that upstream has the mend by now, and ours can go
(docs/adr/0004-engine-subclass.md). Which index a query uses is asked of the server.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import DatabaseError, IntegrityError, NotSupportedError, connections, models
from django.db import transaction as django_transaction
from django.db.models import F, Value
from django.db.models.functions import Lower, TruncDate
from django.utils import timezone
from django_mongodb_backend import transaction
from pymongo.errors import OperationFailure, PyMongoError

from accounts.models import User
from tests.lib.sample import Nullable, Person, Team

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engines")]

ENGINES = ("stock", "default")


def fill(alias: str, people: int = 20) -> list[Person]:
    teams = Team.objects.using(alias).bulk_create([Team(name=f"team {n}") for n in range(people)])
    return Person.objects.using(alias).bulk_create(
        [
            Person(name=f"name {n:02}", email=f"{n}@example.test", team=teams[n], second_team=teams[-n], age=n % 3)
            for n in range(people)
        ]
    )


def indexes(queryset: models.QuerySet[Any]) -> list[str]:
    """The names of the indexes that the winning plan reads; COLLSCAN for a scan of everything."""
    found: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if node.get("stage") == "COLLSCAN":
                found.append("COLLSCAN")
            elif "indexName" in node:
                found.append(node["indexName"])
            for key, value in node.items():
                if key != "rejectedPlans":
                    walk(value)

    walk(json.loads(queryset.explain(verbosity="queryPlanner")))
    return found


@contextmanager
def profiled(alias: str) -> Iterator[list[dict[str, Any]]]:
    """What the server noted about the operations within: planSummary, docsExamined."""
    database = connections[alias].get_database()
    notes: list[dict[str, Any]] = []
    database.command("profile", 2)
    try:
        yield notes
    finally:
        database.command("profile", 0)
        notes.extend(database["system.profile"].find({"ns": {"$not": {"$regex": "profile"}}}).sort("ts", 1))
        database["system.profile"].drop()


# 1. Sorting uses indexes ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("alias", "used"), [("stock", ["COLLSCAN"]), ("default", ["person_name"])])
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda rows: rows.order_by("name")[:5], id="instances"),
        pytest.param(lambda rows: rows.order_by("-name").values_list("email", flat=True)[:5], id="values"),
        pytest.param(lambda rows: rows.annotate(low=Lower("email")).order_by("name")[:5], id="annotated"),
    ],
)
def test_a_sorted_query_reads_the_index_of_its_order(alias: str, used: list[str], ask: Any) -> None:
    fill(alias)
    assert indexes(ask(Person.objects.using(alias))) == used


@pytest.mark.parametrize(("alias", "examined"), [("stock", 7), ("default", 2)])
def test_a_filtered_page_examines_only_its_own_rows(alias: str, examined: int) -> None:
    fill(alias)
    page = Person.objects.using(alias).filter(age=1).order_by("name")[:2]
    with profiled(alias) as notes:
        names = [person.name for person in page]
    assert (names, notes[0]["docsExamined"]) == (["name 01", "name 04"], examined)


# 2. Joining comes after sorting and slicing --------------------------------------------------------------------------
@pytest.mark.parametrize(("alias", "only_the_page"), [("stock", False), ("default", True)])
def test_select_related_joins_only_the_page(alias: str, only_the_page: bool) -> None:
    fill(alias)
    page = Person.objects.using(alias).select_related("team").order_by("name")[1:3]
    with profiled(alias) as notes:
        rows = [(person.name, person.team.name) for person in page]
    assert rows == [("name 01", "team 1"), ("name 02", "team 2")]
    # At most three people, one of them skipped, and their two teams; else all twenty of both.
    assert (notes[0]["docsExamined"] <= 5) is only_the_page


def test_a_join_that_multiplies_rows_is_cut_after_it() -> None:
    group = Group.objects.create(name="all")
    group.permissions.set(Permission.objects.all()[:4])
    assert len(Group.objects.order_by("name").values_list("name", "permissions__codename")[:3]) == 3


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda rows: rows.filter(team__name__gte="team 5").order_by("name")[:3], id="filter on a join"),
        pytest.param(lambda rows: rows.order_by("team__name")[2:5], id="order of a join"),
        pytest.param(lambda rows: rows.order_by(F("born_at").desc(nulls_last=True), "name")[:3], id="nulls last"),
        pytest.param(lambda rows: rows.order_by(Lower("name").desc())[:3], id="order of an expression"),
        pytest.param(lambda rows: rows.values("age").annotate(n=models.Count("pk")).order_by("-age"), id="groups"),
        pytest.param(lambda rows: rows.values_list("age").distinct().order_by("age")[:2], id="distinct"),
        pytest.param(lambda rows: rows.exclude(second_team__name="team 3").order_by("-name")[:4], id="exclude"),
        pytest.param(lambda rows: rows.filter(second_team=None).order_by("name"), id="null key"),
        pytest.param(lambda rows: rows.select_related("second_team").order_by("age", "-name")[3:9], id="two orders"),
        pytest.param(lambda rows: rows.annotate(up=F("age") + 1).filter(up__gt=2).order_by("name")[:3], id="sum"),
        pytest.param(lambda rows: rows.filter(age=0).union(rows.filter(age=1)).order_by("name")[:4], id="union"),
        pytest.param(lambda rows: rows.annotate(t=F("team__name")).order_by("name")[:3].values("t"), id="joined value"),
    ],
)
def test_rows_and_their_order_are_those_of_the_stock_engine(ask: Any) -> None:
    def rows(alias: str) -> list[Any]:
        people = ask(Person.objects.using(alias))
        return [person.email if isinstance(person, Person) else person for person in people]

    for alias in ENGINES:
        fill(alias)
    assert rows("default") == rows("stock")


# 3. Unique indexes serve lookups -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("alias", "used"), [("stock", ["COLLSCAN"]), ("default", ["sample_person_email_dd10cdc2_uniq"])]
)
def test_a_unique_field_is_looked_up_in_its_index(alias: str, used: list[str]) -> None:
    fill(alias)
    assert indexes(Person.objects.using(alias).filter(email="3@example.test")) == used


@pytest.mark.parametrize(
    "queryset",
    [
        pytest.param(lambda: User.objects.filter(username="ana"), id="accounts_user_username"),
        pytest.param(lambda: Session.objects.filter(session_key="k"), id="django_session_session_key"),
        pytest.param(lambda: Group.objects.filter(name="g"), id="auth_group_name"),
    ],
)
def test_login_and_sessions_are_looked_up_in_their_indexes(queryset: Any, request: pytest.FixtureRequest) -> None:
    (used,) = indexes(queryset())
    assert used.startswith(request.node.callspec.id) is True


def test_the_first_field_of_a_unique_pair_is_looked_up_in_the_pairs_index() -> None:
    people = fill("default")
    team = people[0].team_id
    assert "person_team_name" in indexes(Person.objects.filter(team=team).order_by("name"))


VALUES = {
    "string": ("a", "b"),
    "key": (ObjectId("0" * 24), ObjectId("f" * 24)),
    "whole": (-(2**63), 2**40),
    "small": (-5, 0),
    "real": (float("-inf"), 0.5),
    "decimal": (Decimal("-1.50"), Decimal("2.25")),
    "moment": (datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, tzinfo=UTC)),
    "day": (date(1, 1, 1), date(9999, 12, 31)),
    "flag": (False, True),
    "binary": (b"", b"\xff"),
}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("alias", ENGINES)
def test_a_nullable_unique_field_takes_many_nulls_and_each_value_once(alias: str, name: str) -> None:
    rows = Nullable.objects.using(alias)
    low, high = VALUES[name]
    for value in (None, None, low, high):
        rows.create(**{"uuid": None, name: value})
    for value in (low, high):
        with pytest.raises(IntegrityError):
            rows.create(**{"uuid": None, name: value})
    plans = [indexes(rows.filter(**{name: value})) for value in (low, high)]
    if alias == "stock":
        assert plans == [["COLLSCAN"], ["COLLSCAN"]]
    else:
        assert [used.startswith(f"sample_nullable_{name}_") for (used,) in plans] == [True, True]


def test_a_unique_index_goes_and_comes_back_with_its_field() -> None:
    connection: Any = connections["default"]
    unique = Person._meta.get_field("email")
    plain = models.CharField(max_length=50)
    plain.set_attributes_from_name("email")
    plain.model = Person
    names: list[bool] = []
    for old, new in ((unique, plain), (plain, unique)):
        with connection.schema_editor() as editor:
            editor.alter_field(Person, old, new)
        indexes_now = connection.get_collection("sample_person").index_information()
        names.append("sample_person_email_dd10cdc2_uniq" in indexes_now)
    assert names == [False, True]


# 13. New fields whose default reads as an expression -----------------------------------------------------------------
@pytest.mark.parametrize(("alias", "stored"), [("stock", [DatabaseError, "name 00"]), ("default", [{}, "$name"])])
def test_a_new_field_has_its_default_as_it_is(alias: str, stored: list[Any]) -> None:
    fill(alias, people=1)
    connection: Any = connections[alias]
    found: list[Any] = []
    for name, field in (
        ("config", models.JSONField(default=dict)),
        ("motto", models.CharField(max_length=20, default="$name")),
    ):
        field.set_attributes_from_name(name)
        field.model = Person
        try:
            with connection.schema_editor() as editor:
                editor.add_field(Person, field)
        except (DatabaseError, PyMongoError):
            found.append(DatabaseError)
            continue
        [document] = connection.get_collection("sample_person").find({}, {name: 1})
        found.append(document[name])
    assert found == stored


# 4. Prefetching forward keys -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("alias", "plan"), [("stock", "COLLSCAN"), ("default", "IXSCAN { _id: 1 }")])
def test_prefetching_a_foreign_key_reads_the_key_index(alias: str, plan: str) -> None:
    fill(alias)
    with profiled(alias) as notes:
        people = list(Person.objects.using(alias).order_by("name").prefetch_related("team", "second_team")[:3])
    assert [person.team.name for person in people] == ["team 0", "team 1", "team 2"]
    assert [note["planSummary"] for note in notes[1:]] == [plan, plan]


# 5. Sliced subqueries ------------------------------------------------------------------------------------------------
def test_a_sliced_queryset_in_a_filter_matches_everything_on_stock() -> None:
    fill("stock")
    people = Person.objects.using("stock")
    assert people.filter(pk__in=people.order_by("name")[:2]).count() == 20


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: Person.objects.filter(pk__in=Person.objects.all()[:2]).count(), id="count"),
        pytest.param(lambda: Person.objects.filter(pk__in=Person.objects.all()[:2]).delete(), id="delete"),
        pytest.param(lambda: Person.objects.filter(team__in=Team.objects.all()[:2]).count(), id="relation"),
        pytest.param(lambda: Person.objects.exclude(name__in=Person.objects.values("name")[1:]).count(), id="exclude"),
        pytest.param(lambda: Person.objects.filter(pk__in=Person.objects.all()[:2]).update(age=1), id="update"),
    ],
)
def test_a_sliced_queryset_in_a_filter_is_refused(ask: Any) -> None:
    fill("default", 3)
    with pytest.raises(NotSupportedError, match="Pass list"):
        ask()
    assert Person.objects.filter(pk__in=Person.objects.filter(name="name 01")).count() == 1


# 6. Distinct on fields -----------------------------------------------------------------------------------------------
def test_distinct_on_a_field_is_ignored_on_stock() -> None:
    fill("stock")
    assert len(Person.objects.using("stock").order_by("age").distinct("age")) == 20


def test_distinct_on_a_field_is_refused() -> None:
    with pytest.raises(NotSupportedError, match="distinct on fields"):
        list(Person.objects.order_by("age").distinct("age"))
    with pytest.raises(NotSupportedError, match="distinct on fields"):
        Person.objects.distinct("age").count()


# 7. Case-insensitive equality ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("alias", "found"), [("stock", 20), ("default", 0)])
def test_iexact_takes_its_value_as_text(alias: str, found: int) -> None:
    fill(alias)
    assert Person.objects.using(alias).filter(name__iexact=".*").count() == found


def test_iexact_finds_any_case_and_any_sign() -> None:
    team = Team.objects.create(name="Año (2.0) $100%_*")
    assert [found.pk for found in Team.objects.filter(name__iexact="aÑO (2.0) $100%_*")] == [team.pk]


@pytest.mark.parametrize("other", [F("email"), Value(".*")])
def test_iexact_against_an_expression_runs_it_as_a_pattern_on_stock_and_is_refused(other: Any) -> None:
    for alias in ENGINES:
        fill(alias, 2)
        Person.objects.using(alias).update(email=F("name"))
        Person.objects.using(alias).filter(name="name 00").update(email=".*")
    assert Person.objects.using("stock").filter(name__iexact=other).count() == 2
    with pytest.raises(NotSupportedError, match="Lower"):
        Person.objects.filter(name__iexact=other).count()


# 8. Values are values, never operators or columns --------------------------------------------------------------------
@pytest.mark.parametrize(("alias", "found"), [("stock", 2), ("default", 1)])
def test_a_dict_as_a_filter_value_is_compared_not_run(alias: str, found: int) -> None:
    people = fill(alias, 2)
    people[0].extra = {"tag": {"$ne": None}}
    people[1].extra = {"tag": "other"}
    for person in people:
        person.save()
    assert Person.objects.using(alias).filter(extra__tag={"$ne": None}).count() == found


@pytest.mark.parametrize(("alias", "found"), [("stock", 20), ("default", 0)])
@pytest.mark.parametrize("lookup", [{"low": "$name"}, {"low__in": ["$name"]}, {"low__range": ("$name", "$name")}])
def test_a_text_that_looks_like_a_column_is_compared_as_text(alias: str, found: int, lookup: dict[str, Any]) -> None:
    fill(alias)
    assert Person.objects.using(alias).annotate(low=Lower("name")).filter(**lookup).count() == found


def test_computed_columns_are_still_compared_with_values_and_columns() -> None:
    fill("default")
    people = Person.objects.annotate(low=Lower("name"), up=F("age") + 1)
    assert people.filter(low__in=["name 01", "name 02"]).count() == 2
    assert people.filter(low__startswith="name 1").count() == 10
    assert people.filter(up__range=(2, 3)).count() == 13
    assert people.filter(up__gt=F("age")).count() == 20
    assert people.filter(low__in=[F("name"), "x"]).count() == 20


# 9. Django's own atomic ----------------------------------------------------------------------------------------------
def test_djangos_own_atomic_undoes_nothing_so_the_packages_own_must_be_used() -> None:
    for atomic, kept in ((django_transaction.atomic, 1), (transaction.atomic, 0)):
        Team.objects.all().delete()
        with pytest.raises(ZeroDivisionError), atomic():
            Team.objects.create(name="half done")
            raise ZeroDivisionError
        assert Team.objects.count() == kept


# 10. A failed commit -------------------------------------------------------------------------------------------------
def create_and_lose_the_session(alias: str) -> None:
    connection: Any = connections[alias]
    with transaction.atomic(alias):
        Team.objects.using(alias).create(name="lost")
        connection.connection.admin.command("killSessions", [connection.session.session_id])


@pytest.mark.parametrize(("alias", "raised", "kept"), [("stock", OperationFailure, 1), ("default", DatabaseError, 0)])
def test_the_transaction_after_a_failed_commit_is_one(alias: str, raised: type[Exception], kept: int) -> None:
    connection: Any = connections[alias]
    Team.objects.using(alias).create(name="there before")
    with pytest.raises(raised):
        create_and_lose_the_session(alias)
    try:
        with pytest.raises(ZeroDivisionError), transaction.atomic(alias):
            connection.get_collection("sample_team").insert_one({"name": "undone"}, session=connection.session)
            raise ZeroDivisionError
    except PyMongoError:
        pass
    finally:
        if connection.session:
            connection._end_session()
    assert Team.objects.using(alias).filter(name="undone").count() == kept


def test_a_commit_whose_answer_is_lost_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    connection: Any = connections["default"]
    answers = ["lost", "lost"]
    ran = []
    with transaction.atomic():
        Team.objects.create(name="committed once")
        transaction.on_commit(lambda: ran.append("after commit"))
        send = connection.session.commit_transaction

        def commit() -> None:
            send()
            if answers:
                answers.pop()
                error = PyMongoError("connection closed")
                error._add_error_label("UnknownTransactionCommitResult")
                raise error

        monkeypatch.setattr(connection.session, "commit_transaction", commit)
    assert (Team.objects.count(), ran, connection.session) == (1, ["after commit"], None)


@pytest.mark.parametrize(("alias", "ran"), [("stock", []), ("default", ["after commit"])])
def test_an_error_caught_around_djangos_atomic_leaves_what_waits_for_the_commit(alias: str, ran: list[str]) -> None:
    calls: list[str] = []
    with transaction.atomic(alias):
        transaction.on_commit(lambda: calls.append("after commit"), using=alias)
        with suppress(ZeroDivisionError), django_transaction.atomic(using=alias):
            raise ZeroDivisionError
        Team.objects.using(alias).create(name="committed")
    assert (calls, Team.objects.using(alias).count()) == (ran, 1)


# 11. Tests without a database ----------------------------------------------------------------------------------------
def test_a_blocked_connection_reaches_the_database_on_stock_and_is_refused(django_db_blocker: Any) -> None:
    fill("stock", 2)
    with django_db_blocker.block():
        assert connections["stock"].get_collection("sample_person").count_documents({}) == 2
        with pytest.raises(RuntimeError, match="Database access not allowed"):
            Person.objects.count()
        with pytest.raises(RuntimeError, match="Database access not allowed"):
            connections["default"].get_database()


# 12. Dates in a zone -------------------------------------------------------------------------------------------------
def born_on_the_day(alias: str) -> list[str]:
    people = Person.objects.using(alias).filter(born_at__date=date(2026, 3, 9)).order_by("name")
    return [person.name for person in people]


def test_a_date_of_a_datetime_is_the_local_one() -> None:
    for alias in ENGINES:
        first, second, *_ = fill(alias)
        # 9 March, 23:30 in Santiago and in UTC.
        first.born_at = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
        second.born_at = datetime(2026, 3, 9, 23, 30, tzinfo=UTC)
        first.save()
        second.save()
    with timezone.override(ZoneInfo("America/Santiago")):
        assert born_on_the_day("default") == ["name 00", "name 01"]
        days = Person.objects.filter(born_at__isnull=False).annotate(day=TruncDate("born_at")).order_by("name")
        assert [person.day for person in days] == [date(2026, 3, 9), date(2026, 3, 9)]
        with pytest.raises(NotSupportedError, match="isn't supported"):
            born_on_the_day("stock")
    with timezone.override(UTC):
        assert [born_on_the_day(alias) for alias in ENGINES] == [["name 01"], ["name 01"]]


# 14. Migrations that were interrupted ---------------------------------------------------------------------------------
@pytest.mark.parametrize(("alias", "refuses"), [("stock", True), ("default", False)])
def test_a_step_of_a_migration_can_be_done_again(alias: str, refuses: bool) -> None:
    connection: Any = connections[alias]
    index = next(one for one in Person._meta.indexes if one.name == "person_seen_at")
    with connection.schema_editor() as editor:
        for step in (lambda: editor.create_model(Person), lambda: editor.remove_index(Person, index)):
            if not refuses:
                step()
                step()
                continue
            with pytest.raises((DatabaseError, PyMongoError)):
                step()
                step()
        if "person_seen_at" not in connection.get_collection(Person._meta.db_table).index_information():
            editor.add_index(Person, index)
