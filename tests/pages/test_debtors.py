"""The debtors' pages: lists, one debtor, a file's way in, an import's report."""

import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from bson import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from debtors import carrying, listing, queries
from debtors.commands import import_file
from debtors.models import Debtor, Import, ImportRow, Upload
from domain.states import CampaignStatus
from engine import uploads as engine
from lib.mongo import collection
from messaging.models import IncomingText, Message
from systemlog.models import SystemLog
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx
from tests.factories.sending import make_campaign, make_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client: Client, staff: User) -> Client:
    """Ana's, in English: the words here are the source's."""
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


def act(client: Client, path: str, **values: str) -> str:
    """What the page says to which an act leads."""
    answer = client.post(path, values)
    assert answer.status_code == 303
    return read(client, answer["Location"])


PATHS = ["", "upload/", "imports/", f"upload/{ObjectId()}/", f"imports/{ObjectId()}/", f"{ObjectId()}/"]


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_for_who_is_signed_in(path: str) -> None:
    answer = Client().get(f"/debtors/{path}")
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next=/debtors/{path}")


@pytest.mark.parametrize("path", [*PATHS[3:], "no-id/", f"imports/{ObjectId()}/rejects/"])
def test_what_is_not_there_is_not_found(client: Client, path: str) -> None:
    assert client.get(f"/debtors/{path}").status_code == 404


@pytest.mark.parametrize("path", ["upload/{}/sheet/", "upload/{}/drop/", "imports/{}/stop/", "imports/{}/go-on/"])
def test_acts_on_what_is_not_there_are_not_found(client: Client, path: str) -> None:
    assert client.post(f"/debtors/{path.format(ObjectId())}").status_code == 404
    assert client.get(f"/debtors/{path.format(ObjectId())}").status_code == 405


# The list -------------------------------------------------------------------------------------------------------------


def test_list_without_debtors_says_how_to_begin(client: Client) -> None:
    assert "There are no debtors yet" in read(client, "/debtors/")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("maría", True), ("MARIA per", True), ("pérez mar", True), ("aria", False), ("maria gon", False),
        ("12.345", True), ("12345678-k", True), ("12345678k", True), ("2345", False),
        ("+56 9 8765", True), ("9 8765 4321", True), ("987654321", True), ("56987654321", True), ("654321", False),
        ("c-77", True), (".*", True), ("$", True),
    ],
)  # fmt: skip
def test_search_finds_beginnings(client: Client, typed: str, found: bool) -> None:
    make_debtor("María José Pérez", phone="+56987654321", rut="12345678-K", external_id="C-77")
    text = " ".join(client.get("/debtors/", {"q": typed}).content.decode().split())
    assert ("María José Pérez" in text) == found
    assert ("No debtor is like that" in text) != found


def test_row_shows_money_date_and_whose_it_is(client: Client, staff: User) -> None:
    make_debtor(phone="+56987654321", rut="1-9", debt=Decimal("1234567"), due_date=date(2026, 3, 5), owner=staff)
    text = read(client, "/debtors/")
    for word in ("$1.234.567", "05/03/2026", "Ana Rojas", "+56 9 8765 4321", "1-9", "1 debtor<"):
        assert word in text, word


def test_list_is_ordered_and_filtered(client: Client, staff: User) -> None:
    make_debtor("Úrsula", owner=staff)
    make_debtor("Álvaro")
    latest, by_name = read(client, "/debtors/"), read(client, "/debtors/?order=name")
    assert latest.index("Álvaro</a>") < latest.index("Úrsula</a>")
    assert by_name.index("Álvaro</a>") < by_name.index("Úrsula</a>")
    mine = read(client, f"/debtors/?owner={staff.pk}")
    assert ("Úrsula</a>" in mine, "Álvaro</a>" in mine) == (True, False)


def test_pages_follow_each_other(client: Client) -> None:
    for number in range(55):
        make_debtor(f"Deudor {number:02}")
    first = client.get("/debtors/?order=name")
    assert len(first.context["rows"]) == 50
    second = client.get("/debtors/", {"order": "name", "mark": first.context["page"].following})
    assert [row["debtor"].name for row in second.context["rows"]] == [f"Deudor {number}" for number in range(50, 55)]


def test_count_ends_at_a_thousand(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "COUNTED", 3)
    for _ in range(5):
        make_debtor()
    assert "More than 3 debtors" in read(client, "/debtors/")


def test_list_of_an_import_is_in_its_order(client: Client, tmp_path: Path) -> None:
    make_debtor("Otra")
    report = import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(3)]))
    text = read(client, f"/debtors/?import={report.import_id}")
    assert [f"Deudor {number}</a>" in text for number in range(3)] == [True] * 3
    assert "Otra</a>" not in text
    assert "From a.xlsx" in text


def test_pages_of_an_import_follow_each_other(client: Client, tmp_path: Path) -> None:
    report = import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(120)]))

    def names(mark: str) -> tuple[list[str], Any]:
        answer = client.get("/debtors/", {"import": str(report.import_id), "mark": mark})
        return [row["debtor"].name for row in answer.context["rows"]], answer.context["page"]

    wanted = [f"Deudor {number}" for number in range(120)]
    first, page = names("")
    assert (first, page.previous) == (wanted[:50], "")
    second, page = names(page.following)
    assert second == wanted[50:100]
    assert names(page.previous)[0] == wanted[:50]
    third, page = names(page.following)
    assert (third, page.following) == (wanted[100:], "")
    assert names("nonsense")[0] == wanted[:50]


def test_lists_ask_the_same_number_of_times_for_many(client: Client, staff: User, tmp_path: Path) -> None:
    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            read(client, path)
        return len(captured)

    make_debtor(owner=staff)
    few = asked("/debtors/")
    for _ in range(20):
        make_debtor(owner=staff)
    assert asked("/debtors/") == few
    import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(1)]))
    few = asked("/debtors/imports/")
    for _ in range(5):
        import_file(tmp_path / "a.xlsx")
    assert asked("/debtors/imports/") == few


def index_of(found: Any) -> list[tuple[str, str]]:
    """(stage, index) of the winning plan."""
    plan = json.loads(found.explain(verbosity="queryPlanner"))["queryPlanner"]["winningPlan"]
    plan = plan.get("queryPlan", plan)
    stages = []
    while plan:
        stages.append((plan["stage"], plan.get("indexName", "")))
        plan = plan.get("inputStage")
    return [stage for stage in stages if stage[0] in ("IXSCAN", "COLLSCAN", "SORT")]


def test_an_index_serves_every_list(tmp_path: Path) -> None:
    rows = [*debtor_rows(300), ("Malo", "12", 1, "", "")]
    brought_by = import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *rows])).import_id
    assert brought_by
    listed = queries.listed
    assert index_of(listed().order_by("-updated_at", "-pk")[:51]) == [("IXSCAN", "debtor_updated")]
    assert index_of(listed().order_by("folded_name", "pk")[:51]) == [("IXSCAN", "debtor_name")]
    assert index_of(Import.objects.order_by("-started_at", "-pk")[:51]) == [("IXSCAN", "import_started")]
    assert index_of(queries.refused_rows(brought_by)[:20]) == [("IXSCAN", "import_row_refused")]
    for place in ({"after": 0}, {"before": 200}):
        assert index_of(queries.brought_by(brought_by, **place)[:51]) == [("IXSCAN", "import_row_once")]
    plan = collection(Import).find(engine.unattached()).explain()["queryPlanner"]["winningPlan"]
    assert plan["inputStage"]["indexName"] == "import_attach"


def test_search_reads_only_the_words_that_begin_so() -> None:
    for number in range(300):
        make_debtor(f"Persona {number}")
    make_debtor("Marcela Díaz")
    words = {"words": {"$regex": "^marc"}}
    explained = collection(Debtor).find(words).hint("debtor_words").explain()["executionStats"]
    assert explained["totalKeysExamined"] <= 3
    assert explained["totalDocsExamined"] == 1


# One debtor -----------------------------------------------------------------------------------------------------------


def test_debtor_shows_facts_columns_files_and_texts(client: Client, tmp_path: Path) -> None:
    import_file(write_xlsx(tmp_path / "marzo.xlsx", [HEADERS, *debtor_rows(1)]))
    debtor = Debtor.objects.get()
    campaign = make_campaign(make_pool(), "Noviembre", status=CampaignStatus.RUNNING)
    now = timezone.now()
    sent = {
        "phone": debtor.phone,
        "campaign": campaign.pk,
        "debtor": debtor.pk,
        "channel": "sms",
        "status": "delivered",
    }
    Message.objects.create(**sent, text="Hola Deudor 0", created_at=now, updated_at=now)
    IncomingText.objects.create(
        gateway=ObjectId(), provider_id="1", phone=debtor.phone, text="Ya pagué", at=now, received_at=now
    )
    text = read(client, f"/debtors/{debtor.pk}/")
    for word in (
        "Deudor 0",
        "7000000-0",
        "$1.000",
        "ejecutivo0",
        "marzo.xlsx",
        "Hola Deudor 0",
        "Ya pagué",
        "Noviembre",
    ):
        assert word in text, word
    assert f"/messages/{debtor.phone.lstrip('+')}/" in text


# A file's way in ------------------------------------------------------------------------------------------------------


def send(client: Client, content: bytes, name: str = "marzo.xlsx", **values: str) -> Any:
    return client.post("/debtors/upload/", {"file": SimpleUploadedFile(name, content), "country": "cl", **values})


def looked_at() -> Upload:
    upload = Upload.objects.get()
    token = carrying.lease(carrying.LOOK, upload.pk)
    assert token
    carrying.look(upload.pk, token)
    upload.refresh_from_db()
    return upload


def sheet(tmp_path: Path, *rows: tuple[Any, ...], headers: tuple[str, ...] = HEADERS) -> bytes:
    return write_xlsx(tmp_path / "a.xlsx", [headers, *rows]).read_bytes()


def test_file_is_sent_checked_and_imported(client: Client, staff: User, tmp_path: Path) -> None:
    draft = make_campaign(make_pool(), "Noviembre", status=CampaignStatus.DRAFT)
    rows = [*debtor_rows(3), ("Malo", "12", 1, "", "")]
    answer = send(client, sheet(tmp_path, *rows), owner=str(staff.pk), campaign=str(draft.pk))
    upload = Upload.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/debtors/upload/{upload.pk}/")
    assert "A worker is reading the file" in read(client, answer["Location"])
    looked_at()
    page = read(client, answer["Location"])
    for word in ("Teléfono", "ejecutivo0", "4 rows below the header", "Noviembre", "Ana Rojas"):
        assert word in page, word
    chosen = {f"column-{index}": value for index, value in enumerate(("name", "phone", "debt", "rut", "keep"))}
    answer = client.post(answer["Location"], chosen)
    begun = Import.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/debtors/imports/{begun.pk}/")
    assert client.get(f"/debtors/upload/{upload.pk}/")["Location"] == f"/debtors/imports/{begun.pk}/"
    assert "It begins in a moment" in read(client, f"/debtors/imports/{begun.pk}/")
    token = carrying.lease(carrying.IMPORT, begun.pk)
    assert token
    carrying.run_import(begun.pk, token)
    page = read(client, f"/debtors/imports/{begun.pk}/")
    assert "Teléfono: 12 has too few digits." in page
    assert Debtor.objects.filter(owner=staff).count() == 3
    acts = list(
        SystemLog.objects.filter(act=True, source__startswith="debtors.")
        .order_by("pk")
        .values_list("source", flat=True)
    )
    assert acts == ["debtors.upload", "debtors.import"]
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(f"/debtors/imports/{begun.pk}/rejects/"))))
    assert [cell.value for cell in book.active[2]] == ["Malo", "12", 1, None, None, "Teléfono: 12 has too few digits."]


def test_file_without_a_file_name_of_ours_is_refused_with_words(client: Client, tmp_path: Path) -> None:
    send(client, b"%PDF-1.7 x", "informe.xlsx")
    upload = looked_at()
    page = read(client, f"/debtors/upload/{upload.pk}/")
    assert "“informe.xlsx” can&#x27;t be imported. The file is not a spreadsheet." in page or (
        "“informe.xlsx” can't be imported. The file is not a spreadsheet." in page
    )
    assert "Choose another file" in page


def test_column_of_the_phone_is_asked_for(client: Client, tmp_path: Path) -> None:
    send(client, sheet(tmp_path, ("Ana", "987654321"), headers=("Nombre", "Contacto")))
    path = f"/debtors/upload/{looked_at().pk}/"
    answer = client.post(path, {"column-0": "name", "column-1": "keep"})
    assert "No column is the phone. Say below which one it is." in answer.content.decode()
    answer = client.post(path, {"column-0": "phone", "column-1": "phone"})
    assert "Two columns are Phone. Choose one of them." in answer.content.decode()
    assert Import.objects.count() == 0
    assert client.post(path, {"column-0": "name", "column-1": "phone"}).status_code == 303


@pytest.mark.parametrize(
    ("content", "values", "sentence"),
    [
        (b"", {}, "The file is empty."),
        (b"x", {"country": "XX"}, "XX is no country."),
        (b"x" * 2_000_000, {}, "The file is too large: at most 1 MB are read."),
    ],
)
def test_form_says_what_is_wrong(
    client: Client, settings: Any, content: bytes, values: dict[str, str], sentence: str
) -> None:
    settings.UPLOAD_MAX_BYTES = 1024 * 1024
    answer = send(client, content, **values)
    assert (answer.status_code, sentence in answer.content.decode()) == (200, True)
    assert Upload.objects.count() == 0


def test_form_without_a_file_asks_for_one(client: Client) -> None:
    assert "Choose a file." in client.post("/debtors/upload/", {"country": "CL"}).content.decode()


def test_file_can_be_thrown_away(client: Client, tmp_path: Path) -> None:
    send(client, sheet(tmp_path, *debtor_rows(1)))
    upload = looked_at()
    assert "marzo.xlsx" in read(client, "/debtors/imports/")
    assert "was thrown away" in act(client, f"/debtors/upload/{upload.pk}/drop/")
    assert Upload.objects.count() == 0


def test_other_sheet_is_read_when_asked_for(client: Client, tmp_path: Path) -> None:
    send(client, write_xlsx(tmp_path / "a.xlsx", [], Buena=[HEADERS, *debtor_rows(1)]).read_bytes())
    upload = looked_at()
    page = read(client, f"/debtors/upload/{upload.pk}/")
    assert "The sheet Deudores is empty. Choose another one." in page
    client.post(f"/debtors/upload/{upload.pk}/sheet/", {"sheet": "Buena"})
    looked_at()
    assert "What each column is" in read(client, f"/debtors/upload/{upload.pk}/")
    assert "The file has no sheet Nada." in act(client, f"/debtors/upload/{upload.pk}/sheet/", sheet="Nada")


# Imports --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["waiting", "running", "done", "stopped", "failed"])
def test_every_state_of_an_import_has_a_page(client: Client, status: str, tmp_path: Path) -> None:
    report = import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(1)]))
    for upload in (None, ObjectId()):
        for error in ("", "gave_up", "damaged"):
            Import.objects.filter(pk=report.import_id).update(status=status, upload=upload, error=error)
            read(client, f"/debtors/imports/{report.import_id}/")
    read(client, "/debtors/imports/")


def test_stop_and_go_on_answer_when_there_is_nothing_to_do(client: Client, tmp_path: Path) -> None:
    report = import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(1)]))
    assert "there is nothing to stop" in act(client, f"/debtors/imports/{report.import_id}/stop/")
    assert "The file is no longer here" in act(client, f"/debtors/imports/{report.import_id}/go-on/")


def test_import_without_refused_rows_has_no_file_of_them(client: Client, tmp_path: Path) -> None:
    report = import_file(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(1)]))
    assert client.get(f"/debtors/imports/{report.import_id}/rejects/").status_code == 404
    assert ImportRow.objects.count() == 1
