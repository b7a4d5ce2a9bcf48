"""Importing files into MongoDB: what is created, updated, left alone and refused."""

import os
import socket
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from bson import ObjectId
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone
from pymongo.errors import AutoReconnect

from debtors import commands
from debtors.commands import ImportRefused, ImportReport, fail_interrupted_imports, find_owner, import_file
from debtors.intake import load
from debtors.intake.cells import from_stored, to_stored
from debtors.models import Debtor, Import, ImportRow
from domain.cells import Cell, CellProblem
from domain.states import ImportStatus
from lib.mongo import collection, to_document
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_csv, write_xlsx

pytestmark = pytest.mark.django_db


def counts(report: ImportReport) -> dict[str, int]:
    return dict(report.counts)


def import_rows(path: Path, *rows: tuple[Any, ...], headers: tuple[str, ...] = HEADERS, **options: Any) -> ImportReport:
    return import_file(write_xlsx(path / "a.xlsx", [headers, *rows]), **options)


def test_import_makes_debtors_of_rows(tmp_path: Path) -> None:
    report = import_rows(
        tmp_path,
        ("Ana Soto", "+56 9 8765 4321", 125000.5, "12.345.678-5", "Luis"),
        ("Pedro Paz", 987654322, None, None, None),
    )
    assert counts(report) == {"created": 2}
    ana, pedro = Debtor.objects.order_by("identity")
    assert (ana.identity, ana.name, ana.phone, ana.phone_raw, ana.country, ana.debt, ana.rut, ana.metadata) == (
        "rut:12345678-5",
        "Ana Soto",
        "+56987654321",
        "+56 9 8765 4321",
        "CL",
        Decimal("125000.5"),
        "12345678-5",
        {"ejecutivo": "Luis"},
    )
    assert (pedro.identity, pedro.debt, pedro.rut, pedro.metadata) == ("tel:+56987654322", None, "", {"ejecutivo": ""})


def test_import_keeps_what_it_read_and_each_row(tmp_path: Path) -> None:
    report = import_rows(tmp_path, *debtor_rows(2), ("Sin fono", "", 1, "", ""))
    stored = Import.objects.get()
    assert (stored.pk, stored.status, stored.error, stored.rows) == (report.import_id, "done", "", 3)
    assert (stored.created, stored.updated, stored.unchanged, stored.duplicate, stored.rejected) == (2, 0, 0, 0, 1)
    assert (stored.file_name, stored.sheet, stored.country, len(stored.sha256)) == ("a.xlsx", "Deudores", "CL", 64)
    assert stored.headers == list(HEADERS)
    assert stored.columns == [{"key": "ejecutivo", "header": "Ejecutivo"}]
    assert stored.mapping == {"name": "Nombre", "phone": "Teléfono", "debt": "Deuda", "rut": "RUT"}
    assert stored.started_at <= stored.heartbeat_at <= stored.finished_at
    rows = list(ImportRow.objects.order_by("number").values_list("number", "outcome", "code", "debtor__name"))
    assert rows == [
        (2, "created", "", "Deudor 0"),
        (3, "created", "", "Deudor 1"),
        (4, "rejected", "no_phone", None),
    ]
    assert ImportRow.objects.get(number=4).values == ["Sin fono", "", 1.0, "", ""]


def test_documents_are_stored_as_django_stores_them(tmp_path: Path) -> None:
    owner = get_user_model().objects.create_user("luisa")
    import_rows(
        tmp_path,
        ("Ana", "987654321", 99999999999999.5, "1-9", date(2026, 3, 5), "x"),
        ("", "", "", "", "", ""),
        ("Eva", "", "", "", "", ""),
        headers=("Nombre", "Fono", "Deuda", "RUT", "Vencimiento", "Nota"),
        owner=owner,
    )
    for model in (Debtor, ImportRow, Import):
        for stored in collection(model).find():
            written = to_document(model.objects.get(pk=stored["_id"]))
            assert {key: (type(value), value) for key, value in stored.items()} == {
                key: (type(value), value) for key, value in written.items()
            }


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(20)])
    import_file(path)
    before = list(collection(Debtor).find())
    report = import_file(path)
    assert counts(report) == {"unchanged": 20}
    assert list(collection(Debtor).find()) == before
    assert ImportRow.objects.filter(source=report.import_id, outcome="unchanged").count() == 20


def test_another_way_of_writing_the_same_changes_nothing(tmp_path: Path) -> None:
    headers = ("Nombre", "Fono", "Deuda", "RUT", "Vencimiento")
    import_rows(tmp_path, ("Ana", "987654321", 1500.5, "12345678-5", date(2026, 3, 5)), headers=headers)
    report = import_rows(
        tmp_path, (" Ana ", "+56 9 8765 4321", "$ 1.500,50", "12.345.678-5", "05/03/2026"), headers=headers
    )
    assert counts(report) == {"unchanged": 1}
    assert Debtor.objects.get().phone_raw == "987654321"


def test_an_equal_amount_stored_otherwise_is_no_change(tmp_path: Path) -> None:
    make_debtor("Ana", phone="+56987654321", debt=Decimal("1500.5000"))
    report = import_rows(tmp_path, ("Ana", "987654321", 1500.5), headers=("Nombre", "Fono", "Deuda"))
    assert counts(report) == {"unchanged": 1}


def test_updating_merges_the_columns_of_the_file(tmp_path: Path) -> None:
    import_rows(
        tmp_path,
        ("Ana", "987654321", 1000, "1-9", date(2026, 3, 5), "Luis", "A"),
        headers=("Nombre", "Fono", "Deuda", "RUT", "Vencimiento", "Ejecutivo", "Tramo"),
    )
    created = Debtor.objects.get()
    report = import_rows(
        tmp_path, ("", "912345678", 2000, "1-9", ""), headers=("Nombre", "Fono", "Monto", "RUT", "Ejecutivo")
    )
    assert counts(report) == {"updated": 1}
    debtor = Debtor.objects.get()
    assert (debtor.pk, debtor.name, debtor.phone, debtor.phone_raw, debtor.debt, debtor.due_date) == (
        created.pk,
        "Ana",
        "+56912345678",
        "912345678",
        Decimal(2000),
        date(2026, 3, 5),
    )
    assert debtor.metadata == {"ejecutivo": "", "tramo": "A"}
    assert debtor.created_at == created.created_at
    assert debtor.updated_at > created.updated_at


def test_an_empty_cell_clears_a_debt_and_a_date_but_never_who_it_is(tmp_path: Path) -> None:
    headers = ("Nombre", "Fono", "Deuda", "RUT", "ID externo", "Vencimiento")
    import_rows(tmp_path, ("Ana", "987654321", 1000, "1-9", "X1", date(2026, 3, 5)), headers=headers)
    import_rows(tmp_path, ("", "987654321", None, "", "X1", None), headers=headers)
    debtor = Debtor.objects.get()
    assert (debtor.name, debtor.rut, debtor.external_id) == ("Ana", "1-9", "X1")
    assert (debtor.debt, debtor.due_date) == (None, None)


def test_the_owner_is_set_where_one_is_given(tmp_path: Path) -> None:
    get_user_model().objects.create_user("luisa")
    import_rows(tmp_path, *debtor_rows(1))
    assert counts(import_rows(tmp_path, *debtor_rows(1), owner=find_owner("luisa"))) == {"updated": 1}
    assert counts(import_rows(tmp_path, *debtor_rows(1))) == {"unchanged": 1}
    assert Debtor.objects.get().owner.username == "luisa"


def test_an_unknown_owner_is_told() -> None:
    with pytest.raises(ImportRefused, match=r"There is no user nadie\."):
        find_owner("nadie")


def test_the_first_of_a_debtors_rows_counts(tmp_path: Path) -> None:
    headers = ("Nombre", "Fono", "RUT", "ID externo")
    report = import_rows(
        tmp_path,
        ("Ana", "987654321", "1-9", ""),
        ("Ana otra", "987654321", "1-9", ""),
        ("Ana otra", "912345678", "1-9", ""),
        ("Eva", "987654323", "", "X1"),
        ("Eva", "987654324", "", "X1"),
        ("Luz", "987654325", "", ""),
        ("Luz", "+56987654325", "", ""),
        headers=headers,
    )
    assert counts(report) == {"created": 3, "duplicate": 4}
    assert [(each.number, each.code, each.reason) for each in report.rejects] == [
        (3, "same_rut", "It has the RUT of row 2 (1-9)."),
        (4, "same_rut_other_phone", "It has the RUT of row 2 (1-9), with another phone: +56912345678."),
        (6, "same_external_id_other_phone",
         "It has the external id of row 5 (X1), with another phone: +56987654324."),
        (8, "same_phone", "It has the phone of row 7 (+56987654325)."),
    ]  # fmt: skip
    assert sorted(Debtor.objects.values_list("name", flat=True)) == ["Ana", "Eva", "Luz"]


def test_duplicates_are_found_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "BATCH_ROWS", 3)
    report = import_rows(tmp_path, *debtor_rows(10), *debtor_rows(2))
    assert counts(report) == {"created": 10, "duplicate": 2}
    assert [each.params["row"] for each in report.rejects] == [2, 3]


def test_every_refused_row_has_its_number_and_reason(tmp_path: Path) -> None:
    report = import_rows(
        tmp_path,
        ("Ana", "987654321", 1, "1-9", ""),
        ("Eva", "no tiene", 1, "2-7", ""),
        (),
        ("Luz", "22 345 6789", 1, "3-5", ""),
        ("Paz", "987654324", "mucho", "4-3", ""),
        ("Sol", "987654325", 1, "S/I", ""),
        ("Mar", "987654326", 1, "5-1", "#N/A"),
    )
    assert counts(report) == {"created": 1, "rejected": 5}
    assert [(each.number, each.code, each.reason) for each in report.rejects] == [
        (3, "not_a_phone", "Teléfono: no tiene is not a phone number."),
        (5, "landline", "Teléfono: 22 345 6789 is a landline, and those get no messages."),
        (6, "bad_debt", "Deuda: mucho is not an amount."),
        (7, "bad_rut", "RUT: S/I is not an identity number."),
        (8, "cell_error", "Ejecutivo: the cell has the error #N/A."),
    ]


def test_formulas_without_a_value_refuse_their_row(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Fono", "Deuda"])
    book.active.append(["987654321", "=1+1"])
    book.active.append(["987654322", 5])
    book.save(tmp_path / "a.xlsx")
    report = import_file(tmp_path / "a.xlsx")
    assert counts(report) == {"rejected": 1, "created": 1}
    assert (report.rejects[0].number, report.rejects[0].code) == (2, "cell_formula")


def test_titles_above_the_header_are_skipped_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    report = import_file(write_xlsx(tmp_path / "a.xlsx", [("Cartera marzo",), (), ("Fono",), ("x",), ("987654321",)]))
    assert counts(report) == {"rejected": 1, "created": 1}
    assert report.rejects[0].number == 4


def test_csv_and_xlsx_make_the_same_debtors(tmp_path: Path) -> None:
    rows = [HEADERS, *debtor_rows(30)]
    import_file(write_xlsx(tmp_path / "a.xlsx", rows))
    report = import_file(write_csv(tmp_path / "a.csv", rows, delimiter=";", encoding="cp1252"))
    assert counts(report) == {"unchanged": 30}
    assert Import.objects.get(pk=report.import_id).sheet == ""


def test_a_csv_row_whose_cells_moved_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Fono,Deuda,Nota\n987654321,1,234,x\n987654322,1234,x\n")
    report = import_file(path)
    assert [(each.number, each.code) for each in report.rejects] == [(2, "extra_cells")]
    assert counts(report) == {"rejected": 1, "created": 1}


def test_the_mapping_overrides_the_headers(tmp_path: Path) -> None:
    report = import_rows(
        tmp_path,
        ("7", "123", "987654321", "secreto"),
        headers=("ID", "Fono", "Contacto", "Nota"),
        mapping={"id": "external_id", "Contacto": "phone", "Nota": "ignore"},
    )
    debtor = Debtor.objects.get()
    assert (debtor.identity, debtor.phone, debtor.metadata) == ("id:7", "+56987654321", {"fono": "123"})
    assert report.mapping == {"external_id": "ID", "phone": "Contacto"}


def test_the_country_decides_phones_money_and_dates(tmp_path: Path) -> None:
    headers = ("Name", "Phone", "Debt", "Due date")
    import_rows(tmp_path, ("Ana", "55 1234 5678", "1,234.5", "05/03/2026"), headers=headers, country="mx")
    import_rows(tmp_path, ("Bob", "(305) 555-1234", "1,234", "03/05/2026"), headers=headers, country="US")
    ana, bob = Debtor.objects.order_by("name")
    assert (ana.phone, ana.country, ana.debt, ana.due_date) == (
        "+525512345678", "MX", Decimal("1234.5"), date(2026, 3, 5))  # fmt: skip
    assert (bob.phone, bob.country, bob.debt, bob.due_date) == ("+13055551234", "US", Decimal(1234), date(2026, 3, 5))


def test_warnings_tell_what_was_not_read_as_one_may_think(tmp_path: Path) -> None:
    report = import_rows(
        tmp_path,
        ("987654321", "987654322", "x", "", "y", "z"),
        ("987654323", "", "x", "", "", ""),
        headers=("Fono", "Celular", "", "", "Nota", "nota"),
    )
    assert report.warnings == [
        "Celular could be the phone too, which is taken from Fono: it is kept as another column. To choose otherwise: "
        '--map "Celular=phone".',
        "Several columns are called nota: this one's placeholder is {nota_2}.",
        "Column C has no header, so it was not read.",
    ]


def test_a_dry_run_tells_the_same_and_stores_nothing(tmp_path: Path) -> None:
    rows = [HEADERS, *debtor_rows(5)]
    import_file(write_xlsx(tmp_path / "a.xlsx", rows))
    changed = [*rows[:-1], ("Otro", *rows[-1][1:]), ("Nuevo", "912345678", 1, "", ""), ("Malo", "x", 1, "", "")]
    before = {model: list(collection(model).find()) for model in (Debtor, Import, ImportRow)}
    dry = import_file(write_xlsx(tmp_path / "b.xlsx", changed), dry_run=True)
    assert {model: list(collection(model).find()) for model in (Debtor, Import, ImportRow)} == before
    report = import_file(tmp_path / "b.xlsx")
    assert counts(dry) == counts(report) == {"unchanged": 4, "updated": 1, "created": 1, "rejected": 1}
    assert (dry.import_id, dry.dry_run) == (None, True)


def test_progress_is_told_after_each_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "BATCH_ROWS", 4)
    told: list[tuple[int, int]] = []
    import_rows(tmp_path, *debtor_rows(10), progress=lambda done, total: told.append((done, total)))
    assert told == [(5, 11), (9, 11), (11, 11)]


# Refused files -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rows", "options", "code", "sentence"),
    [
        ([("Nombre", "Correo"), ("Ana", "a@b.cl")], {}, "no_phone_column",
         "No column is recognised as the phone. The headers found are: Nombre, Correo. Say which one it is with "
         '--map "HEADER=phone".'),
        ([("Fono",)], {}, "no_rows", "Below its header the sheet has no rows."),
        ([], {}, "empty_sheet", "The sheet Deudores is empty. Choose another one with --sheet."),
        ([("Fono",), ("1",)], {"sheet": "Marzo"}, "no_such_sheet",
         "The file has no sheet Marzo. It has: Deudores."),
        ([("Fono",), ("1",)], {"mapping": {"Celular": "phone"}}, "unknown_header",
         "--map names the header Celular, which the file does not have. It has: Fono."),
        ([("Fono",), ("1",)], {"country": "XX"}, "unknown_country",
         "XX is no country. Give its two letters (ISO 3166), such as CL."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_what_to_do(
    tmp_path: Path, rows: list[tuple[str, ...]], options: dict[str, Any], code: str, sentence: str
) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", rows)
    with pytest.raises(ImportRefused) as caught:
        import_file(path, **options)
    assert (caught.value.code, str(caught.value)) == (code, sentence)
    assert Import.objects.count() == 0


def test_every_reason_a_file_is_refused_for_has_its_sentence() -> None:
    from debtors.intake.reasons import FILE_ERRORS, file_error

    others = ("path", "error", "format", "columns", "row", "cells", "encoding", "line", "header", "field", "fields")
    params = {**dict.fromkeys((*others, "sheet", "text", "country", "owner"), "x"), "limit": 1, "size": 2}
    lists = {"headers": ["a", "b"], "sheets": ["a"], "lines": [1, 2]}
    for code in FILE_ERRORS:
        assert "%" not in file_error(code, {**params, **lists})
    assert file_error("zip_bomb", {"limit": 2 * 1024**3}).count("2048 MB") == 1
    assert file_error("empty_sheet", {"sheet": ""}) == "The file has no rows."


# Together, interrupted, and without MongoDB --------------------------------------------------------------------------
def test_two_imports_at_once_make_each_debtor_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "BATCH_ROWS", 50)
    paths = [write_xlsx(tmp_path / f"{i}.xlsx", [HEADERS, *debtor_rows(600)]) for i in range(3)]
    reports: list[ImportReport] = []
    errors: list[BaseException] = []

    def run(path: Path) -> None:
        try:
            reports.append(import_file(path))
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(report.counts["created"] for report in reports) == 600
    assert sum(report.counts["unchanged"] for report in reports) == 1200
    assert Debtor.objects.count() == 600
    assert ImportRow.objects.count() == 1800


def test_an_import_that_is_stopped_is_failed_and_the_same_file_completes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "BATCH_ROWS", 10)
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(45)])

    def stop(done: int, _total: int) -> None:
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(path, progress=stop)
    stopped = Import.objects.get()
    assert (stopped.status, stopped.error, stopped.rows, stopped.created) == ("failed", "interrupted", 20, 20)
    assert (Debtor.objects.count(), ImportRow.objects.count()) == (20, 20)
    assert counts(import_file(path)) == {"unchanged": 20, "created": 25}


def test_an_import_that_breaks_down_is_failed(tmp_path: Path) -> None:
    def fail(_done: int, _total: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        import_rows(tmp_path, *debtor_rows(1), progress=fail)
    assert Import.objects.values_list("status", "error").get() == ("failed", "unexpected")


def make_import(**fields: Any) -> ObjectId:
    now = timezone.now()
    values = {"host": socket.gethostname(), "pid": os.getpid(), "started_at": now, "heartbeat_at": now}
    made = Import.objects.create(file_name="a.xlsx", sha256="0" * 64, country="CL", **{**values, **fields})
    return ObjectId(made.pk)


def test_imports_whose_process_is_gone_are_failed_at_the_next_one(tmp_path: Path) -> None:
    gone = make_import(pid=2**22 + 1)
    silent = make_import(host="elsewhere", heartbeat_at=datetime.now(UTC) - timedelta(minutes=11))
    alive = [make_import(), make_import(pid=1), make_import(host="elsewhere", pid=2**22 + 1)]
    done = make_import(pid=2**22 + 1, status=ImportStatus.DONE)
    import_rows(tmp_path, *debtor_rows(1))
    states = dict(Import.objects.values_list("pk", "status"))
    assert [states[key] for key in (gone, silent, *alive, done)] == ["failed"] * 2 + ["running"] * 3 + ["done"]
    assert Import.objects.get(pk=gone).error == "interrupted"
    assert fail_interrupted_imports() == 0


def test_a_batch_whose_answer_was_lost_is_not_stored_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_tx = load.run_tx
    answers = iter([True, False, False])

    def lose_the_first_answer(store: Any) -> None:
        run_tx(store)
        if next(answers):
            raise AutoReconnect("the answer was lost")

    monkeypatch.setattr(load, "run_tx", lose_the_first_answer)
    monkeypatch.setattr(commands, "BATCH_ROWS", 5)
    report = import_rows(tmp_path, *debtor_rows(10))
    assert counts(report) == {"created": 10}
    assert Import.objects.get().created == 10
    assert ImportRow.objects.count() == 10


def test_a_batch_is_tried_again_when_mongodb_was_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_tx = load.run_tx
    answers = iter([True, True, False])

    def be_away_twice(store: Any) -> None:
        if next(answers):
            raise AutoReconnect("away")
        run_tx(store)

    monkeypatch.setattr(load, "run_tx", be_away_twice)
    assert counts(import_rows(tmp_path, *debtor_rows(3))) == {"created": 3}


# The file of rejects -------------------------------------------------------------------------------------------------
def test_the_file_of_rejects_has_all_columns_and_the_reason(tmp_path: Path) -> None:
    headers = ("Nombre", "Fono", "Deuda", "Vencimiento", "Nota")
    report = import_rows(
        tmp_path,
        ("Ana", "987654321", 123.456, date(2026, 3, 5), "a"),
        ("=Eva()", "12", 123.456, date(2026, 3, 5), "+x"),
        ("Ana", 987654321, 5, "", "#N/A"),
        headers=headers,
    )
    commands.write_rejects(report, tmp_path / "rejects.xlsx")
    page = openpyxl.load_workbook(tmp_path / "rejects.xlsx").active
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    assert rows == [
        [*headers, "Reason for rejection"],
        ["=Eva()", "12", 123.456, datetime(2026, 3, 5), "+x", "Fono: 12 has too few digits."],
        ["Ana", 987654321, 5, None, "#N/A", "Nota: the cell has the error #N/A."],
    ]
    assert page["A2"].data_type == "s"


def test_the_corrected_file_of_rejects_imports_as_the_first_one_would_have(tmp_path: Path) -> None:
    headers = ("Nombre", "Fono", "Deuda", "Vencimiento", "Nota")
    report = import_rows(tmp_path, ("Eva", "12", 123.456, date(2026, 3, 5), "x"), headers=headers)
    commands.write_rejects(report, tmp_path / "rejects.xlsx")
    assert counts(import_file(tmp_path / "rejects.xlsx")) == {"rejected": 1}
    book = openpyxl.load_workbook(tmp_path / "rejects.xlsx")
    book.active["B2"] = "987654321"
    book.save(tmp_path / "rejects.xlsx")
    assert counts(import_file(tmp_path / "rejects.xlsx")) == {"created": 1}
    debtor = Debtor.objects.get()
    assert (debtor.name, debtor.debt, debtor.due_date, debtor.metadata) == (
        "Eva", Decimal("123.456"), date(2026, 3, 5), {"nota": "x"})  # fmt: skip


def test_a_cell_with_a_problem_is_refused_again_until_it_is_corrected(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Fono", "Deuda"])
    book.active.append(["987654321", "=1+1"])
    book.save(tmp_path / "a.xlsx")
    commands.write_rejects(import_file(tmp_path / "a.xlsx"), tmp_path / "rejects.xlsx")
    report = import_file(tmp_path / "rejects.xlsx")
    assert [(each.number, each.code) for each in report.rejects] == [(2, "cell_error")]


def test_stored_cells_come_back_as_they_were() -> None:
    cells: list[Cell] = [
        "a", 1.5, 2, True, None, date(2026, 3, 5), datetime(2026, 3, 5, 1, 2), datetime(2026, 3, 5).time(),
        timedelta(hours=36), CellProblem("cell_error", "#N/A"),
    ]  # fmt: skip
    assert from_stored(to_stored(cells)) == cells
    assert to_stored(["x" * 6000]) == ["x" * 5000]
