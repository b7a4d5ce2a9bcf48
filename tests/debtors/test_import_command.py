"""manage.py import_debtors, as it is run: its report, its errors, its exit, and being killed."""

import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection

from campaigns.models import AudienceKind, Campaign
from debtors.models import Debtor, Import, ImportRow
from domain.states import CampaignStatus
from tests.factories.debtors import HEADERS, debtor_rows, write_csv, write_xlsx
from tests.factories.sending import make_campaign, make_pool

pytestmark = pytest.mark.django_db


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command("import_debtors", *map(str, arguments), stdout=out)
    return out.getvalue()


def report(*arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json"))
    return found


def test_the_report_counts_and_lists_the_refused_rows(tmp_path: Path) -> None:
    rows = [HEADERS, *debtor_rows(3), *(("Malo", f"{i}", 1, "", "") for i in range(20, 45))]
    lines = run(write_xlsx(tmp_path / "a.xlsx", rows)).splitlines()
    assert lines[0] == "a.xlsx (Deudores): 28 rows."
    assert [line.split(": ")[1] for line in lines[1:6]] == ["3", "0", "0", "0", "25"]
    assert lines[6] == "Row 5: Teléfono: 20 has too few digits."
    assert len([line for line in lines if line.startswith("Row ")]) == 20
    assert lines[-2:] == [
        "... and 5 rows more.",
        "All of them, with their cells: import_debtors with --rejects OUT.xlsx, or --json.",
    ]


def test_the_json_has_everything(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(2), ("Malo", "x", 1, "", ""), *debtor_rows(1)])
    found = report(path)
    assert found == {
        "import": str(Import.objects.get().pk),
        "file": "a.xlsx",
        "sheet": "Deudores",
        "rows": 4,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "duplicate": 1,
        "rejected": 1,
        "dry_run": False,
        "columns": [{"key": "ejecutivo", "header": "Ejecutivo"}],
        "mapping": {"name": "Nombre", "phone": "Teléfono", "debt": "Deuda", "rut": "RUT"},
        "warnings": [],
        "rejects": [
            {"row": 4, "outcome": "rejected", "code": "not_a_phone", "reason": "Teléfono: x is not a phone number."},
            {"row": 5, "outcome": "duplicate", "code": "same_rut", "reason": "It has the RUT of row 2 (7000000-0)."},
        ],
        "notes": [],
    }


def test_every_option_reaches_the_import(tmp_path: Path) -> None:
    get_user_model().objects.create_user("luisa")
    path = write_xlsx(tmp_path / "a.xlsx", [("x",)], sheet="Uno", Dos=[("Quién", "Número 2"), ("Ana", "55 1234 5678")])
    options = ("--sheet", "Dos", "--map", "Quién=name", "--map", "Número 2=phone", "--country", "MX")
    found = report(path, *options, "--owner", "luisa")
    assert (found["sheet"], found["created"]) == ("Dos", 1)
    debtor = Debtor.objects.get()
    assert (debtor.name, debtor.phone, debtor.owner.username) == ("Ana", "+525512345678", "luisa")


def test_a_dry_run_says_so_and_stores_nothing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [HEADERS, *debtor_rows(2)])
    assert "Dry run: nothing was stored." in run(path, "--dry-run").splitlines()
    assert report(path, "--dry-run")["import"] is None
    assert (Import.objects.count(), Debtor.objects.count()) == (0, 0)


def test_the_rejects_are_written_where_there_are_any(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(1), ("Malo", "x", 1, "", "")])
    out = tmp_path / "rejects.xlsx"
    assert run(path, "--rejects", out).splitlines()[-1] == (
        f"The refused rows, with the reasons, are in {out}: correct and import it."
    )
    assert [cell.value for cell in openpyxl.load_workbook(out).active["A"]] == ["Nombre", "Malo"]
    good = write_xlsx(tmp_path / "b.xlsx", [HEADERS, *debtor_rows(1)])
    none = tmp_path / "none.xlsx"
    assert report(good, "--rejects", none)["notes"] == [f"No row was refused, so {none} was not written."]
    assert not none.exists()


def test_rejects_that_cannot_be_written_are_told_and_the_import_stays(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(1), ("Malo", "x", 1, "", "")])
    taken = tmp_path / "r.xlsx"
    taken.mkdir()
    with pytest.raises(CommandError, match=r"^The import is done, but .*/r\.xlsx can't be written: Is a directory"):
        run(path, "--rejects", taken)
    assert Debtor.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.xlsx", "The file of refused rows can't be the file that is imported: give it another name."),
        ("r.txt", "The file of refused rows is an Excel workbook: give it a name that ends in .xlsx."),
        ("nowhere/r.xlsx", "can't be written: choose a folder that exists and that you may write to."),
    ],
)
def test_rejects_that_could_never_be_written_are_refused_before_the_import(
    tmp_path: Path, name: str, sentence: str
) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(1), ("Malo", "x", 1, "", "")])
    before = path.read_bytes()
    with pytest.raises(CommandError) as refused:
        run(path, "--rejects", tmp_path / name)
    assert str(refused.value).endswith(sentence)
    assert (path.read_bytes(), Debtor.objects.count()) == (before, 0)


def test_rejected_rows_are_told_before_duplicates(tmp_path: Path) -> None:
    [row] = debtor_rows(1)
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *[row] * 30, ("Malo", "x", 1, "", "")])
    told = [line for line in run(path).splitlines() if line.startswith("Row ")]
    assert told[0].startswith("Row 32:")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "The file is not a spreadsheet. Save it as .xlsx or .csv and import that."),
        (("--map", "Fono"), '--map takes HEADER=field, as in --map "Phone 2=phone"; this is something else: Fono.'),
        (("--map", "Fono=fax"), "--map knows no field fax. The fields are: name, phone, debt, rut, external_id, "
                                "due_date, ignore, keep."),
        (("--owner", "nadie"), "There is no user nadie."),
        (("--country", "Chile"), "CHILE is no country. Give its two letters (ISO 3166), such as CL."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(CommandError) as caught:
        run(path, *arguments)
    assert str(caught.value) == sentence
    assert Import.objects.count() == 0


def test_an_unknown_campaign_is_told_before_anything_is_imported(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(1)])
    with pytest.raises(CommandError):
        run(path, "--campaign", "nada")
    assert Debtor.objects.count() == 0


def test_the_campaign_gets_the_valid_rows(tmp_path: Path) -> None:
    campaign = make_campaign(make_pool(), "marzo", status=CampaignStatus.DRAFT)
    Campaign.objects.filter(pk=campaign.pk).update(audience=AudienceKind.NONE)
    found = report(
        write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(3), ("Malo", "x", 1, "", "")]), "--campaign", "marzo"
    )
    campaign.refresh_from_db()
    assert [str(key) for key in campaign.audience_imports] == [found["import"]]
    assert found["notes"][0] == "“marzo” has 3 recipients now."


def test_a_campaign_that_cannot_take_them_is_told_and_the_import_stays(tmp_path: Path) -> None:
    make_campaign(make_pool(), "todos", status=CampaignStatus.DRAFT)
    with pytest.raises(CommandError, match=r"The debtors were imported, but the campaign did not get them: .*todos"):
        run(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(3)]), "--campaign", "todos")
    assert Debtor.objects.count() == 3


# As a process --------------------------------------------------------------------------------------------------------
def start(path: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "MONGODB_NAME": str(connection.settings_dict["NAME"]), **variables}
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_debtors", str(path), "--json", *arguments],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_rows(process: subprocess.Popen[str], least: int) -> None:
    until = time.monotonic() + 60
    while ImportRow.objects.count() < least:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.whole_database
@pytest.mark.parametrize(("end", "error"), [(signal.SIGKILL, ""), (signal.SIGTERM, "interrupted")])
def test_an_import_killed_midway_leaves_whole_batches_and_completes_when_run_again(
    tmp_path: Path, end: signal.Signals, error: str
) -> None:
    total = 30_000
    path = write_csv(tmp_path / "a.csv", [HEADERS, *debtor_rows(total)])
    process = start(path)
    wait_for_rows(process, 4_000)
    process.send_signal(end)
    process.communicate(timeout=60)
    assert process.returncode != 0
    killed = Import.objects.get()
    stored = Debtor.objects.count()
    assert 4_000 <= stored < total
    assert (killed.rows, killed.created, ImportRow.objects.count()) == (stored, stored, stored)
    assert killed.error == error

    again = start(path)
    out, errors = again.communicate(timeout=120)
    assert (again.returncode, errors) == (0, "")
    found = json.loads(out)
    assert (found["rows"], found["created"], found["unchanged"]) == (total, total - stored, stored)
    assert Debtor.objects.count() == total
    killed.refresh_from_db()
    assert (killed.status, killed.error) == ("failed", "interrupted")


@pytest.mark.whole_database
def test_the_command_ends_with_1_where_the_file_cannot_be_used_and_0_where_rows_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [HEADERS, ("Malo", "x", "", "", "")])
    process = start(path)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors, json.loads(out)["rejected"]) == (0, "", 1)
    process = start(tmp_path / "nada.csv")
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert len(errors.splitlines()) == 1


def test_without_mongodb_it_says_so(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [HEADERS, *debtor_rows(1)])
    process = start(path, MONGODB_URI="mongodb://127.0.0.1:1/?replicaSet=rs0")
    _out, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(errors.splitlines()) == 1
    assert "MongoDB" in errors
