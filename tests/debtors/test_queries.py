"""What campaigns read of debtors, page by page, and the indexes that serve it."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from debtors import queries
from debtors.commands import import_file
from debtors.models import Debtor, Import, ImportRow
from debtors.queries import DebtorValues
from lib.mongo import collection
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx

pytestmark = pytest.mark.django_db


def import_of(path: Path, rows: list[tuple[Any, ...]], headers: tuple[str, ...] = HEADERS) -> ObjectId:
    report = import_file(write_xlsx(path / "a.xlsx", [headers, *rows]))
    assert report.import_id is not None
    return report.import_id


def test_audience_rows_are_the_valid_rows_unchanged_ones_too(tmp_path: Path) -> None:
    rows: list[tuple[Any, ...]] = [*debtor_rows(2), ("Malo", "x"), ("Otra vez", *debtor_rows(1)[0][1:])]
    import_of(tmp_path, rows)
    again = import_of(tmp_path, [*rows, ("Nueva", "912345678")])
    people = {debtor.name: debtor.pk for debtor in Debtor.objects.all()}
    expected = [(2, people["Deudor 0"]), (3, people["Deudor 1"]), (6, people["Nueva"])]
    assert queries.audience_rows(again, after_number=0, limit=10) == expected
    assert queries.audience_rows(str(again), after_number=2, limit=1) == expected[1:2]
    assert queries.audience_rows(again, after_number=6, limit=10) == []
    assert queries.count_audience(again) == 3


def test_audience_rows_leave_out_a_debtor_that_was_erased(tmp_path: Path) -> None:
    key = import_of(tmp_path, debtor_rows(2))
    Debtor.objects.get(name="Deudor 0").delete()
    assert [number for number, _debtor in queries.audience_rows(key)] == [3]


def test_debtors_by_id_are_plain_values() -> None:
    full = make_debtor(
        "Ana", phone="+56987654321", rut="1-9", external_id="X1", debt=Decimal("1.5"), due_date=date(2026, 3, 5),
        metadata={"ejecutivo": "Luis"},
    )  # fmt: skip
    bare = make_debtor("", phone="+56987654322", debt=None)
    assert queries.debtors_by_id([full.pk, bare.pk, ObjectId()]) == {
        full.pk: DebtorValues(full.pk, "Ana", "+56987654321", "CL", Decimal("1.5"), "1-9", "X1", date(2026, 3, 5),
                              {"ejecutivo": "Luis"}),
        bare.pk: DebtorValues(bare.pk, "", "+56987654322", "CL", None, "", "", None, {}),
    }  # fmt: skip


def test_all_debtors_come_page_by_page() -> None:
    keys = sorted(make_debtor().pk for _ in range(5))
    first = queries.all_debtors(limit=3)
    assert [values.id for values in first] == keys[:3]
    assert [values.id for values in queries.all_debtors(after_id=first[-1].id, limit=3)] == keys[3:]


def test_columns_and_aliases_are_those_of_the_imports(tmp_path: Path) -> None:
    one = import_of(tmp_path, [("987654321", "a", 5)], headers=("Fono", "Tramo", "Saldo total"))
    two = import_of(tmp_path, [("987654321", "b", "a")], headers=("Celular", "Ejecutivo Asignado", "Tramo"))
    assert queries.metadata_columns([one]) == ["tramo"]
    assert queries.metadata_columns(None) == ["tramo", "ejecutivo_asignado"]
    assert queries.field_aliases([one]) == {"fono": "phone", "saldo_total": "debt"}
    assert queries.field_aliases([one, two]) == {"fono": "phone", "saldo_total": "debt", "celular": "phone"}


def plan_of(model: type[Any], condition: dict[str, Any], sort: str) -> list[tuple[str, str]]:
    """(stage, index) of the winning plan, from the last stage to the first."""
    stage = collection(model).find(condition).sort(sort, 1).limit(100).explain()["queryPlanner"]["winningPlan"]
    found = []
    while stage:
        found.append((stage["stage"], stage.get("indexName", "")))
        stage = stage.get("inputStage")
    return found


def test_an_index_gives_the_audience_in_order(tmp_path: Path) -> None:
    key = import_of(tmp_path, debtor_rows(50))
    plan = plan_of(ImportRow, queries.audience_filter(key, 10), "number")
    assert plan == [("LIMIT", ""), ("FETCH", ""), ("IXSCAN", "import_row_once")]


def test_an_index_gives_all_debtors_in_order() -> None:
    make_debtor()
    plan = plan_of(Debtor, {"_id": {"$gt": ObjectId("0" * 24)}}, "_id")
    assert [stage for stage, _index in plan] == ["LIMIT", "FETCH", "IXSCAN"]
    assert plan[-1][1] == "_id_"


@pytest.mark.parametrize(
    ("model", "condition"),
    [
        (Debtor, {"identity": {"$in": ["rut:1-9", "rut:2-7"]}}),
        (Debtor, {"identity": "rut:1-9"}),
        (Debtor, {"phone": "+56987654321"}),
        (Debtor, {"owner_id": ObjectId()}),
        (ImportRow, {"debtor_id": ObjectId()}),
        (ImportRow, {"import_id": ObjectId(), "number": {"$gte": 1, "$lte": 9}}),
        (Import, {"status": "running"}),
    ],
)
def test_an_index_serves_every_lookup(model: type[Any], condition: dict[str, Any]) -> None:
    stage = collection(model).find(condition).explain()["queryPlanner"]["winningPlan"]
    stages = []
    while stage:
        stages.append(stage["stage"])
        stage = stage.get("inputStage")
    assert stages == ["FETCH", "IXSCAN"]
