"""The workbook of a campaign's messages, as a spreadsheet program reads it back."""

from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from django.core.management import CommandError, call_command
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from campaigns import export, queries
from campaigns.export import write_workbook
from campaigns.models import Campaign
from domain.states import MessageStatus
from lib.mongo import collection
from messaging import claims
from messaging.models import Message
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db

ZONE = ZoneInfo("America/Santiago")
TITLES = [
    *("Row", "Name", "Phone", "Channel", "Status", "Reason", "Detail", "Text", "Variant", "Line", "Attempts"),
    *("Attempt id", "Provider's id", "SMS parts", "Price a part", "Currency", "Cost"),
    *("Sent at (America/Santiago)", "Delivered at (America/Santiago)"),
    *("Read at (America/Santiago)", "Failed at (America/Santiago)"),
]


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(make_pool("Cobranza"), "Noviembre")


def draft(campaign: Campaign, **fields: Any) -> dict[str, Any]:
    given = {"debtor": ObjectId(), "pool": campaign.sms_pool_id, "channel": "sms", "row": 2, "name": "Ana"}
    return {**given, "phone": "+56987654321", "text": "Hola", "variant": 0, "status": "pending", **fields}


def export_to(out: Path, name: str = "Noviembre") -> str:
    printed = StringIO()
    call_command("export_campaign", name, str(out), stdout=printed)
    return printed.getvalue()


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def table(path: Path) -> list[list[Any]]:
    return list(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())


def test_export_tells_everything_of_each_message_in_the_files_order(campaign: Campaign, tmp_path: Path) -> None:
    assert campaign.sms_pool is not None
    line = make_line(campaign.sms_pool, "https://gateway.example/send", "Línea 1")
    claims.enroll(
        campaign.pk,
        [
            draft(campaign, row=4, name="Beto", status="skipped", reason="missing_value", detail="{deuda}", text=""),
            draft(campaign, row=3, name="Ana", variant=1),
        ],
    )
    at = datetime(2026, 11, 2, 12, 30, 5, 999000)
    last = {"attempt_id": "b" * 32, "gateway": line.pk, "epoch": 1, "started_at": at, "provider_id": "P-7"}
    collection(Message).update_one(
        {"row": 3},
        {
            "$set": {
                "status": "delivered",
                "gateway": line.pk,
                "attempts": [{**last, "attempt_id": "a" * 32, "provider_id": None}, last],
                "sent_at": at,
                "delivered_at": at,
            }
        },
    )
    out = tmp_path / "salida.xlsx"
    assert export_to(out) == f"2 messages were written to {out}.\n"
    then = datetime(2026, 11, 2, 9, 30, 5)
    assert table(out) == [
        TITLES,
        [
            *(3.0, "Ana", "+56987654321", "SMS", "delivered", "", "", "Hola", 1.0, "Línea 1", 2.0, "b" * 32, "P-7"),
            *("", "", "", "", then, then, "", ""),
        ],
        [
            *(4.0, "Beto", "+56987654321", "SMS", "skipped", "a value that the message needs is missing in its row"),
            *("{deuda}", "", 0.0, "", 0.0, "", "", "", "", "", "", "", "", "", ""),
        ],
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x.example")', "{=1}", "#REF!"])
def test_export_of_what_looks_like_a_formula_stays_text(campaign: Campaign, tmp_path: Path, name: str) -> None:
    claims.enroll(campaign.pk, [draft(campaign, name=name, text=name)])
    export_to(tmp_path / "salida.xlsx")
    sheet = load_workbook(tmp_path / "salida.xlsx").worksheets[0]
    for cell in (sheet["B2"], sheet["H2"], sheet["C2"]):
        assert cell.data_type in ("s", "inlineStr")
    assert [sheet["B2"].value, sheet["H2"].value] == [name, name]


def test_export_leaves_out_characters_that_xml_cannot_hold(campaign: Campaign, tmp_path: Path) -> None:
    claims.enroll(campaign.pk, [draft(campaign, name="A\x00n\x0ba", text="á\n😀 <&>")])
    export_to(tmp_path / "salida.xlsx")
    [_, row] = table(tmp_path / "salida.xlsx")
    assert (row[1], row[7]) == ("Ana", "á\n😀 <&>")


def test_export_of_a_campaign_without_messages_has_its_titles(campaign: Campaign, tmp_path: Path) -> None:
    out = tmp_path / "salida.XLSX"
    assert export_to(out) == f"0 messages were written to {out}.\n"
    assert table(out) == [TITLES]


def test_export_rows_meets_each_message_once_while_they_move(campaign: Campaign) -> None:
    add_messages(campaign, 500)
    seen: list[int] = []
    for row in queries.export_rows(campaign):
        seen.append(row["row"])
        if len(seen) in (1, 150):
            collection(Message).update_many({}, {"$set": {"status": "sent" if len(seen) == 1 else "claimed"}})
    assert seen == list(range(2, 502))


def test_export_rows_reads_no_other_campaigns_messages(campaign: Campaign) -> None:
    add_messages(campaign, 10)
    add_messages(make_campaign(make_pool()), 200)
    database = collection(Message).database
    database.command("profile", 2)
    try:
        assert len(list(queries.export_rows(campaign))) == 10
    finally:
        database.command("profile", 0)
    [found] = database["system.profile"].find({"ns": collection(Message).full_name, "op": "command"})
    database.drop_collection("system.profile")
    assert (found["keysExamined"], found["docsExamined"]) == (10, 10)


def test_export_continues_on_a_new_sheet_when_one_is_full(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "SHEET_ROWS", 3)
    add_messages(campaign, 6)
    export_to(tmp_path / "salida.xlsx")
    book = CalamineWorkbook.from_path(tmp_path / "salida.xlsx")
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    assert [[row[0] for row in sheet] for sheet in sheets] == [["Row", 2.0, 3.0, 4.0], ["Row", 5.0, 6.0, 7.0]]


def test_export_replaces_an_existing_file_only_when_it_is_complete(campaign: Campaign, tmp_path: Path) -> None:
    out = tmp_path / "salida.xlsx"
    out.write_text("yesterday's")

    def rows() -> Iterator[dict[str, Any]]:
        yield from queries.export_rows(campaign)
        raise KeyboardInterrupt

    add_messages(campaign, 3, status=MessageStatus.SENT)
    with pytest.raises(KeyboardInterrupt):
        write_workbook(out, rows(), zone=ZONE)
    assert out.read_text() == "yesterday's"
    assert files(tmp_path) == ["salida.xlsx"]
    assert write_workbook(out, queries.export_rows(campaign), zone=ZONE) == 3
    assert len(table(out)) == 4
    assert files(tmp_path) == ["salida.xlsx"]


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("export_campaign", *arguments, stdout=StringIO())
    return str(caught.value)


def test_export_to_where_it_cannot_be_written_says_so_before_it_reads(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_messages(campaign, 1)
    monkeypatch.setattr(queries, "export_rows", lambda _campaign: pytest.fail("read"))
    missing = tmp_path / "no" / "salida.xlsx"
    assert refused("Noviembre", str(missing)) == f"“{missing}” can't be written: No such file or directory."
    monkeypatch.undo()
    folder = tmp_path / "carpeta.xlsx"
    folder.mkdir()
    assert refused("Noviembre", str(folder)) == f"“{folder}” can't be written: Is a directory."
    assert files(tmp_path) == ["carpeta.xlsx"]


def test_export_under_another_ending_or_of_no_campaign_is_refused(campaign: Campaign, tmp_path: Path) -> None:
    assert refused("Noviembre", str(tmp_path / "salida.csv")) == (
        "The export is an Excel workbook: give it a name that ends in .xlsx."
    )
    assert refused("x", "x.xlsx") == ("There is no campaign called “x”. The latest ones are: Noviembre.")
    assert files(tmp_path) == []
