"""Pages by the place of the last row: whole, in order, and never an error for a mark that is of something else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId

from lib.paging import Page, _write, keyset_page
from systemlog.models import SystemLog

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
SIZE = 3


@pytest.fixture
def rows() -> list[SystemLog]:
    """Ten entries, of which several are of the same moment."""
    made = [
        SystemLog(at=NOON + timedelta(seconds=number // 4), level="info", source=f"s{number}", message="m")
        for number in range(10)
    ]
    SystemLog.objects.bulk_create(made)
    return list(SystemLog.objects.order_by("-at", "-pk"))


def _page(mark: str = "", by: str = "-at") -> Page[SystemLog]:
    return keyset_page(SystemLog.objects.all(), by=by, mark=mark, size=SIZE)


def test_all_rows_are_met_once_forwards_and_backwards_where_values_are_the_same(rows: list[SystemLog]) -> None:
    page = _page()
    assert page.previous == ""
    met, last = list(page.rows), page
    while last.following:
        last = _page(last.following)
        met += last.rows
    assert met == rows
    back = list(last.rows)
    while last.previous:
        last = _page(last.previous)
        back = [*last.rows, *back]
    assert back == rows


def test_mark_behind_which_nothing_is_left_gives_the_first_page(rows: list[SystemLog]) -> None:
    mark = _page().following
    SystemLog.objects.exclude(pk__in=[row.pk for row in rows[:2]]).delete()
    page = _page(mark)
    assert (page.rows, page.alone) == (rows[:2], True)


@pytest.mark.parametrize("by", ["-at", "at", "source", "-pk", "pk", "act"])
@pytest.mark.parametrize(
    "value",
    ["text", 7, 2**70, True, NOON, NOON.replace(year=1), ObjectId("6" * 24)],
    ids=lambda value: repr(value)[:12],
)
def test_mark_of_another_order_is_no_error(rows: list[SystemLog], by: str, value: Any) -> None:
    class Row:
        pk = ObjectId("6" * 24)
        found = value

    mark = _write(Row, "found", backwards=False)  # type: ignore[arg-type]
    assert len(_page(mark, by=by).rows) <= SIZE


@pytest.mark.parametrize("mark", ["nonsense", "W10", "e30", "bnVsbA", "ñ", "=" * 9])
def test_mark_that_can_not_be_read_gives_the_first_page(rows: list[SystemLog], mark: str) -> None:
    assert _page(mark).rows == rows[:SIZE]
