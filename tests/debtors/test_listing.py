"""Lists of debtors under any combination of filters: whole, in order, forwards and backwards, along indexes."""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from django.utils import timezone

from accounts.models import User
from accounts.roles import EVERYTHING, Scope
from debtors import listing, queries
from debtors.commands import import_file
from debtors.listing import Listing, Wanted
from debtors.models import Debtor, Import
from domain.audiences import ColumnTest, Filter, Op
from lib.mongo import collection
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx

pytestmark = pytest.mark.django_db
NAMES = ("Ana Díaz", "Ana Muñoz", "Berta Díaz", "Camila Soto")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("eva")


@pytest.fixture
def people(staff: User) -> list[Debtor]:
    """24 debtors, of whom each filter finds some; those that an order does not tell apart stand beside each other."""
    begin = timezone.now()
    for place in range(24):
        debtor = make_debtor(
            NAMES[place % 4], debt=Decimal(1000 * (place % 5)), due_date=date(2026, 1, 1 + place % 3),
            country="PE" if place % 6 == 0 else "CL", owner=staff if place % 2 else None,
            metadata={"tramo": ("norte", "Sur")[place % 2]}, suppressed=place % 7 == 0,
            answered_at=begin + timedelta(seconds=place // 2) if place % 3 == 0 else None,
        )  # fmt: skip
        Debtor.objects.filter(pk=debtor.pk).update(updated_at=begin - timedelta(seconds=(place * 7) % 5))
    return list(Debtor.objects.all())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes everything that is looked at together so small that a few debtors are many."""

    def make(gathered: int) -> None:
        for name, value in {"GATHERED": gathered, "WINDOW": 4, "STEP": 4, "WALKED": 8, "BATCH": 3}.items():
            monkeypatch.setattr(listing, name, value)

    return make


WANTED = {
    "all": (Wanted(), lambda d: True),
    "word": (Wanted(Filter(text="ana")), lambda d: d.name.startswith("Ana")),
    "words": (Wanted(Filter(text="díaz ana")), lambda d: d.name == "Ana Díaz"),
    "nobody's": (Wanted(nobodys=True), lambda d: d.owner_id is None),
    "debt": (Wanted(Filter(debt_from=Decimal(2000))), lambda d: d.debt >= 2000),
    "due and country": (
        Wanted(Filter(due_to=date(2026, 1, 2), country="CL")),
        lambda d: d.due_date <= date(2026, 1, 2) and d.country == "CL",
    ),
    "answered": (Wanted(answered=True), lambda d: d.answered_at is not None),
    "not answered, opted out": (
        Wanted(answered=False, suppressed=True),
        lambda d: d.answered_at is None and d.suppressed,
    ),
    "not opted out": (Wanted(suppressed=False), lambda d: not d.suppressed),
    "a column": (
        Wanted(Filter(tests=(ColumnTest("tramo", Op.IS, ("NORTE", "x")),))),
        lambda d: d.metadata["tramo"] == "norte",
    ),
    "a column of another case": (
        Wanted(Filter(text="d", tests=(ColumnTest("tramo", Op.IS, ("sur",)),))),
        lambda d: d.metadata["tramo"] == "Sur" and "Díaz" in d.name,
    ),
    "none": (Wanted(Filter(text="ana", country="AR")), lambda d: False),
}
KEYS: dict[str, Callable[[Debtor], Any]] = {
    "latest": lambda d: d.updated_at,
    "name": lambda d: d.folded_name,
    "answered": lambda d: d.answered_at,
    "debt": lambda d: d.debt,
    "due": lambda d: d.due_date,
}


def through(found: Listing, *, size: int) -> list[ObjectId]:
    """All pages forwards, and then back again: what both give is the same."""
    there: list[ObjectId] = []
    page = found.page(size=size)
    for _ in range(50):
        there += page.keys
        if not page.following:
            break
        page = found.page(page.following, size=size)
    back: list[ObjectId] = list(page.keys)
    for _ in range(50):
        if not page.previous:
            break
        page = found.page(page.previous, size=size)
        back = [*page.keys, *back]
    assert back == there, (found.order, found.condition)
    return there


@pytest.mark.parametrize("gathered", [100, 0])
def test_every_filter_in_every_order_gives_exactly_those_that_fit(
    people: list[Debtor], staff: User, small: Callable[[int], None], gathered: int
) -> None:
    small(gathered)
    for name, (wanted, fits) in WANTED.items():
        for scope in (EVERYTHING, Scope(ObjectId(staff.pk))):
            for order in wanted.orders:
                found = Listing(wanted, scope=scope, order=order)
                chosen = [each for each in people if fits(each) and scope.covers(each.owner_id)]  # type: ignore[attr-defined]
                up = listing.ORDERS[order].direction == 1
                by = KEYS[order]
                expected = [each.pk for each in sorted(chosen, key=lambda d: (by(d), d.pk), reverse=not up)]
                about = (name, order, scope, gathered)
                assert through(found, size=5) == expected, about
                assert sorted(itertools.chain.from_iterable(found.every())) == sorted(expected), about
                page = found.page(size=30)
                if not page.more:
                    assert page.number == len(expected), about


def test_members_are_listed_in_their_own_order_whatever_else_is_asked(
    tmp_path: Path, small: Callable[[int], None]
) -> None:
    small(0)
    done = import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(20), ("Mala", "12", 1, "", "")]))
    make_debtor("Deudor de otra parte")
    rows = queries.RowsOf(Import.objects.get(pk=done.import_id))
    everybody = list(Debtor.objects.filter(name__startswith="Deudor ").exclude(name__endswith="parte").order_by("pk"))
    everybody.sort(key=lambda d: int(d.name.split()[1]))
    found = Listing(Wanted(), scope=EVERYTHING, members=[rows])
    assert through(found, size=6) == [each.pk for each in everybody]
    assert (found.in_own_order, found.page().number) == (True, 20)
    rich = Listing(Wanted(Filter(debt_from=Decimal(9000))), scope=EVERYTHING, members=[rows])
    assert through(rich, size=3) == [each.pk for each in everybody if each.debt and each.debt >= 9000]
    assert list(itertools.chain.from_iterable(rich.every())) == through(rich, size=3)


def test_members_are_asked_of_the_few_that_a_word_finds(tmp_path: Path) -> None:
    done = import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(20)]))
    make_debtor("Deudor 19 de otra parte")
    rows = queries.RowsOf(Import.objects.get(pk=done.import_id))
    found = Listing(Wanted(Filter(text="deudor 19")), scope=EVERYTHING, members=[rows])
    assert (found.in_own_order, [*found.page().keys]) == (False, [Debtor.objects.get(name="Deudor 19").pk])


def test_window_that_ends_says_where_to_look_further(people: list[Debtor], small: Callable[[int], None]) -> None:
    small(0)
    found = Listing(Wanted(Filter(text="camila", country="PE")), scope=EVERYTHING).page(size=5)
    assert (list(found.keys), bool(found.onward), found.previous) == ([], True, "")


MARKS = [
    "x", "bnVsbA", "W10", "é",
    listing._write("a", ObjectId(), backwards=False),
    listing._write(datetime(2026, 1, 1, tzinfo=UTC), None, backwards=False),
    listing._write(Decimal128("NaN"), ObjectId(), backwards=True),
    listing._write(2**70, None, backwards=False),
]  # fmt: skip


def test_mark_of_another_list_gives_the_first_page(people: list[Debtor]) -> None:
    first = Listing(Wanted(), scope=EVERYTHING).page()
    rich = Wanted(Filter(debt_from=Decimal(0)))
    assert [Listing(Wanted(), scope=EVERYTHING).page(mark) for mark in MARKS] == [first] * len(MARKS)
    assert Listing(rich, scope=EVERYTHING).page(MARKS[6]) == Listing(rich, scope=EVERYTHING).page()


# Along indexes --------------------------------------------------------------------------------------------------------
ALONE = {
    "debtor_words": Wanted(Filter(text="camila")),
    "debtor_owner": Wanted(nobodys=True),
    "debtor_suppressed": Wanted(suppressed=True),
    "debtor_answered": Wanted(answered=True),
    "debtor_debt": Wanted(Filter(debt_from=Decimal(3000))),
    "debtor_due": Wanted(Filter(due_from=date(2026, 1, 3))),
    "debtor_country": Wanted(Filter(country="PE")),
    "debtor_metadata": Wanted(Filter(tests=(ColumnTest("tramo", Op.IS, ("sur",)),))),
}


@pytest.mark.parametrize("index", ALONE)
def test_each_filter_has_an_index_that_reads_those_that_fit_alone(people: list[Debtor], index: str) -> None:
    [condition] = Listing(ALONE[index], scope=EVERYTHING)._conditions
    assert condition.index == index
    read = collection(Debtor).find(condition.asked).hint(index).explain()["executionStats"]
    assert read["nReturned"] == read["totalDocsExamined"] > 0
    assert read["totalKeysExamined"] <= read["nReturned"] + 6  # of each spelling of a value one more is looked at


@pytest.mark.parametrize("order", ["latest", "name"])
def test_walk_reads_an_index_in_its_order_and_no_more_than_a_step(
    people: list[Debtor], order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "STEP", 4)
    by = listing.ORDERS[order]
    sort = [(by.field, by.direction), ("_id", by.direction)]
    stages = listing._step_stages(by.field, [], [{"country": "AR"}], sort=sort, limit=51)
    asked = {"aggregate": Debtor._meta.db_table, "pipeline": stages, "hint": by.index, "cursor": {}}
    explained = collection(Debtor).database.command("explain", asked, verbosity="executionStats")
    read = explained["stages"][0]["$cursor"]
    assert "'stage': 'SORT'," not in str(read["queryPlanner"]["winningPlan"])
    assert read["executionStats"]["totalDocsExamined"] == 4 < len(people)
