"""The demo's spreadsheet: as many people as it says, once each, and faults that an import has to tell."""

from pathlib import Path

import pytest
from django.core.management import call_command

from debtors.models import Debtor, Import
from demo import sheet

EXPECTED = 40


@pytest.mark.django_db
def test_sheet_is_imported_with_its_faults_told(tmp_path: Path) -> None:
    made = sheet.write(tmp_path / "cartera.xlsx", EXPECTED)
    call_command("import_debtors", str(made.path), "--json")
    found = Import.objects.get()
    assert (found.created, found.duplicate, found.rejected) == (EXPECTED, sheet.DUPLICATES, sheet.BAD_PHONES)
    assert Debtor.objects.filter(phone=f"+{sheet.phone_of(7)}").count() == 1
    assert Debtor.objects.exclude(rut="").count() == EXPECTED


def test_sheet_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = (sheet.write(tmp_path / name, 10).path for name in ("a.xlsx", "b.xlsx"))
    assert first.stat().st_size == second.stat().st_size
