"""Who a campaign is for: pages of it, texts for it, and the check of both."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from campaigns import audience, drafts
from campaigns.audience import Recipient, Texts, read_page
from campaigns.commands import ALL_DEBTORS, Audience, create
from campaigns.models import AudienceCheck, AudienceKind, Campaign
from debtors.commands import import_file
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx
from tests.factories.sending import make_pool

pytestmark = pytest.mark.django_db


def imported(path: Path, rows: Sequence[Sequence[Any]], **options: Any) -> ObjectId:
    """The import of a workbook with these rows, the header among them."""
    report = import_file(write_xlsx(path / f"{ObjectId()}.xlsx", rows), country="CL", **options)
    assert report.import_id is not None
    return report.import_id


def campaign_for(
    *imports: ObjectId, message: str = "Hola {nombre}", everybody: bool = False, **fields: Any
) -> Campaign:
    pool = make_pool()
    draft = drafts.Draft(name=f"campaña {ObjectId()}", channel="sms", message=message, sms_pool=pool.name, **fields)
    campaign = drafts.validate(draft)
    create(campaign, chosen=ALL_DEBTORS if everybody else Audience(AudienceKind.IMPORTS, imports))
    return campaign


def whole(campaign: Campaign, *, limit: int) -> list[Recipient]:
    """The audience, read in pages of so many rows."""
    found: list[Recipient] = []
    cursor: audience.Cursor | None = {}
    while cursor is not None:
        page = read_page(campaign, cursor, limit=limit)
        assert len(page.recipients) <= limit
        found += page.recipients
        cursor = page.cursor
    return found


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_read_page_of_imports_gives_each_debtor_once_by_its_first_row(tmp_path: Path, limit: int) -> None:
    rows = debtor_rows(10)
    first = imported(tmp_path, [HEADERS, *rows[:7]])
    second = imported(tmp_path, [HEADERS, *rows[4:]])
    found = whole(campaign_for(first, second), limit=limit)
    assert [(r.index, r.row, r.debtor.name) for r in found] == [
        *((i, i + 2, f"Deudor {i}") for i in range(7)),
        # Rows 2 to 4 of the second file are the last three of the first one.
        *((i, i - 2, f"Deudor {i}") for i in range(7, 10)),
    ]


def test_read_page_of_a_file_imported_again_holds_its_unchanged_rows(tmp_path: Path) -> None:
    imported(tmp_path, [HEADERS, *debtor_rows(5)])
    again = imported(tmp_path, [HEADERS, *debtor_rows(5)])
    assert [r.row for r in whole(campaign_for(again), limit=2)] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_read_page_of_all_debtors_gives_each_once_without_a_row(limit: int) -> None:
    names = [make_debtor(f"Deudor {i}").name for i in range(5)]
    found = whole(campaign_for(everybody=True), limit=limit)
    assert [(r.index, r.row, r.debtor.name) for r in found] == [(i, None, name) for i, name in enumerate(names)]


def test_texts_write_money_as_the_campaigns_country_does() -> None:
    make_debtor("María Pérez", debt=Decimal("1234567.80"))
    campaign = campaign_for(everybody=True, message="{nombre}: {deuda} {ejecutivo|nuestro equipo}", country="es")
    [recipient] = whole(campaign, limit=10)
    texts = Texts(campaign)
    assert texts.text(texts.values(recipient.debtor), index=0, draw=0.5) == (
        0,
        "María Pérez: 1.234.567,80 € nuestro equipo",
    )


@pytest.mark.parametrize("placeholder", ["saldo_final", "Saldo Final", "deuda", "debt"])
def test_texts_find_a_column_by_the_header_that_the_import_was_told(tmp_path: Path, placeholder: str) -> None:
    rows = [("Nombre", "Teléfono", "Saldo Final"), ("Ana", "987654321", 5000)]
    source = imported(tmp_path, rows, mapping={"Saldo Final": "debt"})
    campaign = campaign_for(source, message=f"Debe {{{placeholder}}}")
    [recipient] = whole(campaign, limit=10)
    texts = Texts(campaign)
    assert texts.text(texts.values(recipient.debtor), index=0, draw=0.0) == (0, "Debe $5.000")


def test_check_lists_rows_with_a_missing_value_by_their_numbers(tmp_path: Path) -> None:
    rows = [list(row) for row in debtor_rows(4)]
    rows[1][2], rows[3][4], rows[3][2] = None, "", None
    campaign = campaign_for(imported(tmp_path, [HEADERS, *rows]), message="{nombre} {deuda} {ejecutivo}")
    kept = AudienceCheck.objects.get(campaign=campaign.pk)
    assert (kept.rows, kept.incomplete, kept.version) == (4, 2, audience.version(campaign))
    assert kept.listed == [
        {"row": 3, "name": "Deudor 1", "missing": ["deuda"]},
        {"row": 5, "name": "Deudor 3", "missing": ["deuda", "ejecutivo"]},
    ]


def test_check_looks_at_the_texts_that_rotation_uses(tmp_path: Path) -> None:
    rows = [list(row) for row in debtor_rows(2)]
    rows[0][2] = None
    source = imported(tmp_path, [HEADERS, *rows])
    alone = campaign_for(source, message="Hola")
    turns = campaign_for(source, message="Hola", variants=["Debe {deuda}"])
    found = {check.campaign: check.incomplete for check in AudienceCheck.objects.all()}
    assert found == {alone.pk: 0, turns.pk: 1}


def test_check_is_kept_for_its_version_of_texts_and_audience_only(tmp_path: Path) -> None:
    campaign = campaign_for(imported(tmp_path, [HEADERS, *debtor_rows(3)]))
    kept = AudienceCheck.objects.get(campaign=campaign.pk)
    assert audience.check(campaign, Texts(campaign)).pk == kept.pk
    campaign.message = "Hola {ejecutivo}"
    assert audience.check(campaign, Texts(campaign)).pk is None
    campaign.message = "Hola {nombre}"
    campaign.audience_imports = [*campaign.audience_imports, imported(tmp_path, [HEADERS, *debtor_rows(4)])]
    again = audience.check(campaign, Texts(campaign))
    assert (again.pk, again.rows) == (None, 4)


def test_check_of_all_debtors_is_made_anew_and_kept_once() -> None:
    make_debtor()
    campaign = campaign_for(everybody=True)
    make_debtor()
    audience.keep(audience.check(campaign, Texts(campaign)))
    assert list(AudienceCheck.objects.filter(campaign=campaign.pk).values_list("rows", flat=True)) == [2]
