"""The list of debtors: filters and their chips, filters under names, columns, exports, campaigns; whose they are."""

import csv
import io
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
from bson import ObjectId
from django.test import Client
from django.utils import timezone

from accounts import lists
from accounts.models import ListChoice, SavedFilter, User
from accounts.roles import set_role
from campaigns.models import Campaign, ChosenDebtors
from debtors import listing
from debtors.models import Debtor, Import
from desk.debtors import asked, pages, taking
from domain.roles import Role
from domain.states import CampaignStatus
from messaging.models import Message
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_campaign, make_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def eva(db: None) -> User:
    """An executive."""
    user = User.objects.create_user("eva", first_name="Eva")
    set_role(user, Role.EXECUTIVE)
    return user


@pytest.fixture
def evas(eva: User) -> Client:
    client = Client()
    client.force_login(eva)
    client.cookies["django_language"] = "en"
    return client


def found(client: Client, **query: Any) -> list[str]:
    """The names that the list shows, sorted."""
    answer = client.get("/debtors/", query)
    assert answer.status_code == 200
    return sorted(row["debtor"].name for row in answer.context["rows"])


def text(client: Client, **query: Any) -> str:
    return " ".join(client.get("/debtors/", query).content.decode().split())


def written(debtor: Debtor, campaign: Campaign, status: str) -> None:
    now = timezone.now()
    Message.objects.create(
        campaign=campaign.pk, debtor=debtor.pk, channel="sms", status=status, phone=debtor.phone, created_at=now,
        updated_at=now,
    )  # fmt: skip


def brought(name: str, owner: User | None = None, **columns: str) -> Import:
    """An import as far as lists read of it: the columns that it brought."""
    now = timezone.now()
    return Import.objects.create(
        file_name=name, sha256="0" * 64, country="CL", owner=owner, status="done", started_at=now, heartbeat_at=now,
        columns=[{"key": key, "header": header} for key, header in columns.items()],
    )  # fmt: skip


# Filters --------------------------------------------------------------------------------------------------------------
def test_list_is_filtered_by_everything_that_is_known_of_a_debtor(signed_in: Client, staff: User) -> None:
    campaign = make_campaign(make_pool(), "Noviembre", status=CampaignStatus.RUNNING)
    brought("marzo.xlsx", tramo="Tramo")
    ana = make_debtor("Ana", owner=staff, answered_at=timezone.now(), metadata={"tramo": "Norte"}, debt=Decimal(500))
    berta = make_debtor("Berta", suppressed=True, country="PE", metadata={"tramo": "Sur"})
    written(ana, campaign, "failed")
    written(berta, campaign, "read")
    for query, names in (
        ({"owner": staff.pk}, ["Ana"]),
        ({"owner": "nobody"}, ["Berta"]),
        ({"campaign": campaign.pk}, ["Ana", "Berta"]),
        ({"campaign": campaign.pk, "state": "failed"}, ["Ana"]),
        ({"campaign": campaign.pk, "q": "ber"}, ["Berta"]),
        ({"answered": "yes"}, ["Ana"]),
        ({"answered": "no"}, ["Berta"]),
        ({"suppressed": "yes"}, ["Berta"]),
        ({"suppressed": "no", "country": "pe"}, []),
        ({"debt_to": "1.000"}, ["Ana"]),
        ({"key": "tramo", "value": "norte"}, ["Ana"]),
        ({"key": "tramo", "value": "norte; sur"}, ["Ana", "Berta"]),
        ({"state": "failed", "answered": "who knows"}, ["Ana", "Berta"]),
    ):
        assert found(signed_in, **query) == names, query
    page = text(signed_in, campaign=campaign.pk, state="failed", debt_to="1.000", key="tramo", value="Norte")
    for words in ("In Noviembre", "Its message is failed", "Debt up to $1.000", "Tramo: Norte", "Remove all"):
        assert words in page, words


def test_chip_takes_its_own_part_away(signed_in: Client) -> None:
    query = {"q": "ana", "country": "cl", "key": ["a", "b"], "value": ["1", "2"], "mark": "x"}
    answer = signed_in.get("/debtors/", query)
    without = {chip.words: chip.without for chip in answer.context["asked"].chips}
    assert without == {
        "“ana”": "country=cl&key=a&key=b&value=1&value=2",
        "Phone of CL": "q=ana&key=a&key=b&value=1&value=2",
        "a: 1": "q=ana&country=cl&key=b&value=2",
        "b: 2": "q=ana&country=cl&key=a&value=1",
    }
    assert asked._without(signed_in.get("/debtors/?q=ana").context["asked"].query, "q", "") == "show=all"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"debt_from": "mucho"}, "Write an amount, like 150.000."),
        ({"debt_from": "9", "debt_to": "5"}, "This is before where it begins: exchange the two."),
        ({"due_from": "mañana"}, "Write a day, like 2026-12-01."),
        ({"country": "XX"}, "Write a country in two letters, like CL or ES."),
        ({"q": "a b c d e f g"}, "That is too much for one filter: take some away."),
        ({"campaign": str(ObjectId())}, "There is no such campaign any more."),
        ({"import": "nonsense"}, "There is no such file any more."),
        ({"owner": str(ObjectId())}, "There is no such executive any more."),
    ],
)
def test_filter_that_cant_be_used_shows_nobody_and_says_why(
    signed_in: Client, query: dict[str, str], sentence: str
) -> None:
    make_debtor("Ana")
    assert found(signed_in, **query) == []
    assert sentence in text(signed_in, **query)
    answer = signed_in.get("/debtors/export/", query)
    assert (answer.status_code, answer["Location"]) == (303, "/debtors/")


def test_part_that_htmx_asks_for_has_an_address_without_what_is_empty(signed_in: Client) -> None:
    make_debtor("Ana")
    query = {"q": "ana", "owner": "", "debt_from": "", "key": "", "value": "", "order": "name"}
    answer = signed_in.get("/debtors/", query, headers={"HX-Request": "true"})
    assert answer["HX-Push-Url"] == "/debtors/?q=ana&order=name"


# Whose they are -------------------------------------------------------------------------------------------------------
def test_page_that_a_quick_look_did_not_fill_has_a_patient_one_fill_it(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        make_debtor(f"Ana {number}", country="PE" if number < 2 else "CL", debt=Decimal(1000 - number))
    for name, value in {"GATHERED": 1, "STEP": 2, "QUICK": 0.0}.items():
        monkeypatch.setattr(listing, name, value)
    monkeypatch.setattr(pages, "QUICK", 0.0)
    query = {"country": "pe", "debt_from": "1", "order": "latest"}
    assert found(signed_in, **query) == []
    looking = text(signed_in, **query)
    assert "Looking further" in looking
    assert "patient=1" in looking
    assert found(signed_in, **query, patient="1") == ["Ana 0", "Ana 1"]
    patient = signed_in.get("/debtors/", {**query, "patient": "1"}, headers={"HX-Request": "true"})
    assert "HX-Push-Url" not in patient
    assert "patient" not in patient.content.decode()


def test_executive_sees_and_exports_their_own_and_what_they_filter_by_is_theirs(
    evas: Client, eva: User, staff: User
) -> None:
    make_debtor("Ana", owner=eva)
    other = make_debtor("Berta", owner=staff)
    make_debtor("Camila")
    campaign = make_campaign(make_pool(), "De otra", status=CampaignStatus.RUNNING)
    mine = make_campaign(campaign.sms_pool, "Mía", status=CampaignStatus.RUNNING)
    Campaign.objects.filter(pk=mine.pk).update(owner=eva)
    brought("ajeno.xlsx", owner=staff)
    written(other, mine, "sent")
    assert found(evas) == ["Ana"]
    assert found(evas, owner=staff.pk) == found(evas, owner="nobody") == ["Ana"]
    assert found(evas, campaign=mine.pk) == found(evas, q="berta") == []
    page = text(evas, show="all")
    assert ("1 debtor<" in page, "Mía" in page) == (True, True)
    for word in ("De otra", "ajeno.xlsx", "Berta", "New campaign", "Import a file", "Nobody&#x27;s", "data-pick"):
        assert word not in page, word
    assert "There is no such campaign any more." in text(evas, campaign=campaign.pk)
    rows = list(csv.reader(io.StringIO(b"".join(evas.get("/debtors/export/?as=csv")).decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["Name", "Ana"]
    assert evas.post("/debtors/campaign/", {"filter": ""}).status_code == 403


# Filters under names --------------------------------------------------------------------------------------------------
def save(client: Client, name: str, query: str, **values: str) -> Any:
    return client.post("/accounts/lists/debtors/filters/", {"name": name, "query": query, **values})


def act(client: Client, saved: SavedFilter, what: str, **values: str) -> int:
    return client.post(f"/accounts/lists/filters/{saved.pk}/{what}/", values).status_code


def test_filter_is_saved_renamed_opened_with_and_deleted(signed_in: Client, staff: User) -> None:
    make_debtor("Ana")
    answer = save(signed_in, "  Las  Anas ", "q=ana&mark=x")
    assert (answer.status_code, answer["Location"]) == (303, "/debtors/?q=ana&mark=x")
    saved = SavedFilter.objects.get()
    assert (saved.name, saved.query, saved.owner, saved.shared) == ("Las Anas", "q=ana", staff, False)
    save(signed_in, "Las Anas", "q=an")
    assert SavedFilter.objects.get().query == "q=an"
    save(signed_in, "Otras", "q=b")
    assert act(signed_in, saved, "rename", name="Otras") == 303
    assert "There is another filter with this name" in text(signed_in, q="an")
    assert act(signed_in, saved, "rename", name="Mis Anas") == 303
    assert "Mis Anas</summary>" in text(signed_in, q="an")
    assert act(signed_in, saved, "open") == 303
    assert signed_in.get("/debtors/")["Location"] == "?q=an"
    assert signed_in.get("/debtors/?show=all").status_code == 200
    assert act(signed_in, saved, "open-not") == 303
    assert signed_in.get("/debtors/").status_code == 200
    act(signed_in, saved, "open")
    assert act(signed_in, saved, "delete") == 303
    assert signed_in.get("/debtors/").status_code == 200
    acts = SystemLog.objects.filter(act=True, source__startswith="filter.").order_by("pk")
    assert [each.source for each in acts] == ["filter.save"] * 3 + ["filter.rename", "filter.delete"]


def test_filter_is_shared_by_supervisors_and_otherwise_ones_own(
    signed_in: Client, evas: Client, eva: User, staff: User
) -> None:
    make_debtor("Ana", owner=eva)
    save(evas, "De Eva", "q=ana", shared="1")
    own = SavedFilter.objects.get()
    assert own.shared is False
    assert (act(evas, own, "share"), act(signed_in, own, "delete")) == (403, 404)
    save(signed_in, "De todos", "q=an", shared="1")
    saved = SavedFilter.objects.get(name="De todos")
    assert "De todos" in text(evas, show="all")
    assert (act(evas, saved, "delete"), act(evas, saved, "rename", name="x")) == (403, 403)
    assert act(evas, saved, "open") == 303
    assert evas.get("/debtors/")["Location"] == "?q=an"
    assert act(signed_in, saved, "unshare") == 303
    assert evas.get("/debtors/").status_code == 200
    assert ("De todos" in text(evas, show="all"), act(evas, saved, "open")) == (False, 404)


def test_filter_needs_a_name_and_there_may_be_so_many(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MOST_FILTERS", 1)
    save(signed_in, " ", "q=a")
    assert "Give the filter a name, of at most 80 letters." in text(signed_in, show="all")
    save(signed_in, "a", "q=a")
    save(signed_in, "b", "q=b")
    assert "You have 1 filters already: delete one first." in text(signed_in, show="all")
    assert SavedFilter.objects.count() == 1
    assert signed_in.post("/accounts/lists/nothing/filters/", {"name": "a"}).status_code == 404
    assert signed_in.post(f"/accounts/lists/filters/{ObjectId()}/delete/").status_code == 404


# Columns, exports -----------------------------------------------------------------------------------------------------
def test_columns_are_chosen_and_exported_in_their_order(signed_in: Client, evas: Client) -> None:
    brought("marzo.xlsx", tramo="Tramo <de> mora")
    danger = '=HYPERLINK("x");=1+1'
    make_debtor(danger, phone="+56987654321", metadata={"tramo": "@31-60"}, debt=Decimal("1234.50"))
    make_debtor("Otra")
    wanted = ["m:tramo", "debt", "phone", "no such column"]
    answer = signed_in.post("/accounts/lists/debtors/columns/", {"column": wanted, "query": "q=hyper"})
    assert answer["Location"] == "/debtors/?q=hyper"
    page = signed_in.get("/debtors/?q=hyper")
    assert [column.title for column in page.context["columns"]] == ["Tramo <de> mora", "Debt", "Phone"]
    assert [cell.value for cell in page.context["rows"][0]["cells"]] == ["@31-60", "$1.234", "+56987654321"]
    rows = list(csv.reader(io.StringIO(b"".join(signed_in.get("/debtors/export/?q=hyper&as=csv")).decode("utf-8-sig"))))
    assert rows == [
        ["Name", "Tramo <de> mora", "Debt", "Phone"],
        ["'" + danger, "'@31-60", "1234.50", "+56987654321"],
    ]
    answer = signed_in.get("/debtors/export/?q=hyper")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer))).active
    assert [cell.value for cell in sheet[2]] == [danger, "@31-60", 1234.5, "+56987654321"]
    assert [cell.data_type for cell in sheet[2]] == ["s", "s", "n", "s"]
    assert sheet.max_row == 2
    exported = SystemLog.objects.filter(source="debtors.export").order_by("pk")
    assert [each.data for each in exported] == [
        {"filter": "q=hyper", "format": "csv"},
        {"filter": "q=hyper", "format": "xlsx"},
    ]
    assert "Tramo" not in evas.get("/debtors/?show=all").context["columns"]
    signed_in.post("/accounts/lists/debtors/columns/", {"column": wanted, "usual": "1"})
    assert ListChoice.objects.get().columns == []


def test_more_than_a_workbook_holds_come_as_a_csv(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "WORKBOOK_ROWS", 2)
    for name in ("Ana", "Berta", "Camila"):
        make_debtor(name)
    answer = signed_in.get("/debtors/export/")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert len(b"".join(answer).decode().splitlines()) == 4


# A campaign of them ---------------------------------------------------------------------------------------------------
def drafted(client: Client, **query: Any) -> Campaign:
    answer = client.post("/debtors/campaign/", {"filter": urlencode(query)})
    campaign = Campaign.objects.get(status="draft")
    assert answer["Location"] == f"/campaigns/{campaign.pk}/edit/audience/"
    assert client.get(answer["Location"]).status_code == 200
    Campaign.objects.filter(pk=campaign.pk).update(status="cancelled")
    return campaign


def test_campaign_is_drafted_with_the_lists_filter(signed_in: Client, staff: User) -> None:
    make_debtor("Ana", owner=staff)
    file = brought("marzo.xlsx")
    drafted_by = drafted(signed_in, q="ana", debt_from="1.000", key="tramo", value="norte; sur")
    assert (drafted_by.audience, drafted_by.owner) == ("filter", staff)
    assert drafted_by.audience_spec["filter"] == {
        "text": "ana", "debt_from": "1.000", "written_in": "CL",
        "tests": [{"key": "tramo", "op": "is", "values": "norte; sur"}],
    }  # fmt: skip
    of_file = drafted(signed_in, **{"import": file.pk})
    assert (of_file.audience, of_file.audience_imports) == ("imports", [file.pk])
    assert drafted(signed_in).audience == "all"


def test_campaign_of_what_no_campaign_asks_for_has_them_one_by_one(
    signed_in: Client, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [make_debtor(f"Ana {place}", owner=staff).pk for place in range(3)]
    make_debtor("Berta")
    campaign = drafted(signed_in, owner=staff.pk)
    assert campaign.audience == "selection"
    assert sorted(ChosenDebtors.objects.get(campaign=campaign.pk).debtors) == keys
    monkeypatch.setattr(ChosenDebtors, "MOST", 2)
    answer = signed_in.post("/debtors/campaign/", {"filter": f"owner={staff.pk}"})
    assert answer["Location"] == f"/debtors/?owner={staff.pk}"
    assert "more than the 2 debtors" in text(signed_in, owner=staff.pk)
