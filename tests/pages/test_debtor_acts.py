"""The pages of acts on debtors: one debtor's page, its edit, a merge, work on many, a file's columns remembered."""

import io
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import set_role
from debtors import carrying
from debtors.models import Debtor, DebtorNote, DebtorWork, Import, Upload
from desk.debtors.fragments import LINKED, may_see
from desk.debtors.history import history
from domain.people import person_key
from domain.roles import Role
from messaging import claims
from messaging.models import IncomingText, Kind, Message
from systemlog.audit import record
from tests.factories.debtors import HEADERS, make_debtor, write_xlsx
from tests.factories.sending import make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db

PHONE = "+56987654321"


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


def post(client: Client, path: str, **values: Any) -> str:
    """What the page says after it."""
    answer = client.post(path, values)
    if answer.status_code == 303:
        return read(client, answer["Location"])
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.content.decode().split())


@pytest.fixture
def executive() -> User:
    user = User.objects.create_user("eva")
    set_role(user, Role.EXECUTIVE)
    return user


@pytest.fixture
def hers(executive: User) -> Client:
    client = Client()
    client.force_login(executive)
    client.cookies["django_language"] = "en"
    return client


# One debtor -----------------------------------------------------------------------------------------------------------
def add(debtor: Debtor, text: str) -> Message:
    campaign = make_campaign(make_pool())
    draft = {
        "debtor": debtor.pk, "pool": campaign.sms_pool_id, "channel": "sms", "row": 2, "name": "", "text": text,
        "phone": debtor.phone, "variant": 0, "status": "pending",
    }  # fmt: skip
    claims.enroll(campaign.pk, [draft])
    return Message.objects.get(campaign=campaign.pk)


def test_page_tells_all_contacts_and_no_other_debtors(signed_in: Client, staff: User) -> None:
    debtor, family = make_debtor("Ana", phone=PHONE), make_debtor("Beto", phone=PHONE, rut="1-9")
    line = make_line(make_pool(), "https://gateway.example/send")
    add(debtor, "Debe 1.000")
    add(family, "Debe 2.000")
    Message.objects.filter(text="Debe 1.000").update(phone="+56987650000")  # as it was before the phone was corrected
    claims.add_direct(kind=Kind.REPLY, gateway=line.pk, pool=line.pool_id, channel="sms", phone=PHONE, text="Con gusto")
    now = timezone.now()
    IncomingText.objects.create(gateway=line.pk, provider_id="1", phone=PHONE, text="Ya pagué", at=now, received_at=now)
    record(staff, "debtor.change", kind="debtor", id=debtor.pk, data={"name": ["An", "Ana"]})
    assert "Llamar a las 5" in post(signed_in, f"/debtors/{debtor.pk}/note/", text="Llamar a las 5")
    page = read(signed_in, f"/debtors/{debtor.pk}/")
    for word in ("Debe 1.000", "to +56 9 8765 0000", "Con gusto", "Ya pagué", "changed the debtor", "<del>An</del>"):
        assert word in page, word
    assert "Debe 2.000" not in page
    assert "Beto has the same phone." in page
    assert f"/messages/{person_key(PHONE)}/" in page


def test_contacts_are_paged_and_each_is_told_once() -> None:
    debtor = make_debtor(phone=PHONE)
    for number in range(7):
        add(debtor, f"mensaje {number}")
    told, mark, pages = [], "", 0
    while not pages or mark:
        found = history(debtor, mark=mark, size=3)
        told += [entry.text for _at, entries in found.days for entry in entries]
        mark, pages = found.older, pages + 1
    assert sorted(told) == [f"mensaje {number}" for number in range(7)]
    assert pages > 1


def test_executive_sees_and_notes_their_own_alone(hers: Client, executive: User) -> None:
    own, other = make_debtor("Suya", owner=executive), make_debtor("Ajena")
    page = read(hers, f"/debtors/{own.pk}/")
    assert "Suya" in page
    assert "/edit/" not in page
    assert "/batch/" not in page
    assert "Llamar" in post(hers, f"/debtors/{own.pk}/note/", text="Llamar")
    assert hers.get(f"/debtors/{other.pk}/").status_code == 404
    assert hers.post(f"/debtors/{other.pk}/note/", {"text": "x"}).status_code == 404
    assert DebtorNote.objects.count() == 1
    assert hers.get(f"/debtors/{own.pk}/edit/").status_code == 403
    assert hers.post("/debtors/batch/", {"act": "delete", "pk": str(own.pk)}).status_code == 403
    assert [may_see(executive, key) for key in (str(own.pk), str(other.pk), f"{own.pk}{LINKED}")] == [
        True,
        False,
        False,
    ]


# Editing --------------------------------------------------------------------------------------------------------------
def form_of(client: Client, debtor: Debtor) -> dict[str, Any]:
    """What the form holds, as a browser would send it."""
    context = client.get(f"/debtors/{debtor.pk}/edit/").context
    form = context["form"]
    rows = form.rows
    return {
        **{name: form.initial[name] or "" for name in form.fields},
        "key": [key for key, _text in rows],
        "value": [text for _key, text in rows],
        "seen": context["seen"],
    }


def test_edit_is_read_as_the_debtors_country_writes(signed_in: Client, staff: User) -> None:
    debtor = make_debtor("Ana", phone=PHONE, debt=Decimal("1234.5678"), metadata={"producto": "Hipotecario", "x": "y"})
    given = form_of(signed_in, debtor)
    changes = {
        "name": "Ana María", "due_date": "25/03/2026", "owner": str(staff.pk), "rut": "12.345.678-5",
        "key": ["producto", "x", "Nota Interna"], "value": ["Automotriz", "", "ojo"],
    }  # fmt: skip
    assert "was changed" in post(signed_in, f"/debtors/{debtor.pk}/edit/", **{**given, **changes})
    found = Debtor.objects.get()
    # The debt is shown rounded, and is not what was changed.
    assert (found.name, found.debt, found.due_date) == ("Ana María", Decimal("1234.5678"), date(2026, 3, 25))
    assert (found.rut, found.identity, found.owner) == ("12345678-5", "rut:12345678-5", staff)
    assert found.metadata == {"producto": "Automotriz", "nota_interna": "ojo"}
    assert "maria" in found.words


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phone": "12"}, "Phone: 12 has too few digits."),
        ({"phone": "223456789"}, "is a landline"),
        ({"debt": "mucho"}, "Debt: mucho is not an amount."),
        ({"due_date": "31/02/2026"}, "is not a date. Write it like 25-03-2026."),
        ({"rut": "no"}, "RUT: no is not an identity number."),
        ({"key": ["a", "A"], "value": ["1", "2"]}, "Two columns are called “A”."),
        ({"key": ["Deuda"], "value": ["1"]}, "is a field above"),
        ({"key": [""], "value": ["1"]}, "needs the name of its column"),
    ],
)
def test_edit_says_what_is_wrong_and_keeps_what_was_typed(
    signed_in: Client, changes: dict[str, Any], sentence: str
) -> None:
    debtor = make_debtor("Ana", phone=PHONE)
    page = post(signed_in, f"/debtors/{debtor.pk}/edit/", **{**form_of(signed_in, debtor), "name": "Otra", **changes})
    assert sentence in page
    assert 'value="Otra"' in page
    assert Debtor.objects.get().name == "Ana"


def test_who_edits_what_somebody_changed_sees_it_and_may_go_on(signed_in: Client) -> None:
    debtor = make_debtor("Ana", phone=PHONE)
    given = form_of(signed_in, debtor)
    post(signed_in, f"/debtors/{debtor.pk}/edit/", **{**given, "name": "Primera"})
    page = post(signed_in, f"/debtors/{debtor.pk}/edit/", **{**given, "name": "Segunda"})
    assert "Somebody changed this debtor meanwhile" in page
    assert "<dd>Primera</dd>" in page
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    post(signed_in, f"/debtors/{debtor.pk}/edit/", **{**given, "name": "Segunda", "seen": seen[1]})
    assert Debtor.objects.get().name == "Segunda"


def test_edit_to_another_persons_values_leads_to_the_merge(signed_in: Client) -> None:
    other, debtor = make_debtor("Otra", rut="1-9"), make_debtor("Ana", phone=PHONE)
    page = post(signed_in, f"/debtors/{debtor.pk}/edit/", **{**form_of(signed_in, debtor), "rut": "1-9"})
    assert f"/debtors/{debtor.pk}/merge/{other.pk}/" in page


# Duplicates -----------------------------------------------------------------------------------------------------------
def test_duplicates_are_listed_compared_and_made_one(signed_in: Client) -> None:
    a = make_debtor("Ana", phone=PHONE, debt=None)
    b = make_debtor("Ana P.", phone=PHONE, rut="1-9", metadata={"nota": "x"})
    make_debtor("Sola")
    page = read(signed_in, "/debtors/duplicates/")
    assert "1 phone of several debtors" in page
    assert f"/debtors/{a.pk}/merge/{b.pk}/" in page
    assert "No debtors look like one person" in read(signed_in, "/debtors/duplicates/?by=rut")
    path = f"/debtors/{a.pk}/merge/{b.pk}/"
    context = signed_in.get(path).context
    # Of what only one of them has that one is proposed.
    assert {each.name: each.chosen for each in context["choices"] if each.differs} == {
        "name": "b", "rut": "b", "debt": "b", "{nota}": "b"
    }  # fmt: skip
    seen = {"seen-a": a.updated_at.isoformat(), "seen-b": b.updated_at.isoformat(), "sure": "yes"}
    page = post(signed_in, path, **seen, **{"choose-name": "a"})
    assert "“Ana” is one debtor now." in page
    kept = Debtor.objects.get(phone=PHONE)
    assert (kept.pk, kept.name, kept.identity, kept.metadata) == (a.pk, "Ana", "rut:1-9", {"nota": "x"})
    # The address of the other one leads here.
    assert signed_in.get(f"/debtors/{b.pk}/")["Location"] == f"/debtors/{a.pk}/"


# Work on many ---------------------------------------------------------------------------------------------------------
def test_work_is_counted_asked_about_and_begun(signed_in: Client, staff: User) -> None:
    debtor = make_debtor("Ana")
    add(debtor, "Hola")
    page = post(signed_in, "/debtors/batch/", act="release", pk=[str(debtor.pk)])
    assert "1 message is skipped of 1 debtor" in page
    assert "Yes, do it" in page
    work = DebtorWork.objects.get()
    page = post(signed_in, f"/debtors/work/{work.pk}/confirm/")
    assert "Stop" in page
    assert "it is not waiting for that any more" in post(signed_in, f"/debtors/work/{work.pk}/confirm/")
    page = post(signed_in, f"/debtors/work/{work.pk}/stop/")
    assert "Somebody stopped it" in page
    assert "Take out of what waits" in read(signed_in, "/debtors/work/")
    assert "took the debtor out of what waits" in read(signed_in, f"/debtors/{debtor.pk}/")


def test_giving_asks_to_whom_first(signed_in: Client, staff: User) -> None:
    debtor = make_debtor()
    page = post(signed_in, "/debtors/batch/", act="owner", pk=[str(debtor.pk)])
    assert "on the next page you see of how many" in page
    assert "1 debtor is given" in post(
        signed_in, "/debtors/batch/", act="owner", pk=[str(debtor.pk)], owner=str(staff.pk)
    )
    assert Debtor.objects.get().owner is None


def test_batch_without_anybody_or_by_an_unknown_filter_does_nothing(signed_in: Client) -> None:
    make_debtor()
    assert "Choose at least one debtor." in post(signed_in, "/debtors/batch/", act="delete")
    assert "choose the debtors one by one" in post(signed_in, "/debtors/batch/", act="delete", filter="?other=1")
    assert signed_in.post("/debtors/batch/", {"act": "clean"}).status_code == 404
    assert DebtorWork.objects.count() == 0


def test_clean_up_checks_its_rules(signed_in: Client) -> None:
    assert "greater than or equal to 1" in post(signed_in, "/debtors/work/", days="0")
    assert "It is being counted" in post(signed_in, "/debtors/work/", days="90", without_name="on")


# A file's columns -----------------------------------------------------------------------------------------------------
def sent(client: Client, content: bytes, name: str = "marzo.xlsx") -> Upload:
    file = SimpleUploadedFile(name, content)
    assert client.post("/debtors/upload/", {"file": file, "country": "CL", "owner": ""}).status_code == 303
    upload = Upload.objects.latest("created_at")
    token = carrying.lease(carrying.LOOK, upload.pk)
    assert token
    carrying.look(upload.pk, token)
    return upload


def imported(client: Client, upload: Upload, chosen: dict[str, str]) -> Import:
    assert client.post(f"/debtors/upload/{upload.pk}/", chosen).status_code == 303
    begun = Import.objects.get(upload=upload.pk)
    token = carrying.lease(carrying.IMPORT, begun.pk)
    assert token
    carrying.run_import(begun.pk, token)
    begun.refresh_from_db()
    return begun


def test_preview_says_of_the_first_rows_what_the_import_does(signed_in: Client) -> None:
    lines = ("nombre;telefono;rut", "Ana;987654321;1-9", "Eva;987654322;1-9", "Leo;12;", "Sol; y mar;987654323;2-7")
    upload = sent(signed_in, "\n".join(lines).encode(), "marzo.csv")
    text = read(signed_in, f"/debtors/upload/{upload.pk}/")
    for word in (
        "2 would be refused",
        "1 repeats an earlier row",
        "The row has 4 cells and the header 3",
        "12 has too",
    ):
        assert word in text, word
    begun = imported(signed_in, upload, {"column-0": "name", "column-1": "phone", "column-2": "rut"})
    assert (begun.created, begun.rejected, begun.duplicate) == (1, 2, 1)


def test_columns_are_remembered_and_rows_shown_as_they_will_be_read(signed_in: Client, tmp_path: Path) -> None:
    headers = ("Persona", "Contacto", "Cuota", "Vence")
    rows = [("Ana", 987654321, 1234.5, date(2026, 3, 5)), ("Malo", "12", "x", "")]
    first = sent(signed_in, write_xlsx(tmp_path / "a.xlsx", [headers, *rows]).read_bytes())
    path = f"/debtors/upload/{first.pk}/"
    assert "No column is the phone." in read(signed_in, path)
    chosen = {"column-0": "name", "column-1": "phone", "column-2": "debt", "column-3": "due_date"}
    part = post(signed_in, f"{path}understood/", **chosen)
    for word in ("+56 9 8765 4321", "Contacto: 12 has too few digits.", "1 would be refused", "05/03/2026"):
        assert word in part, word
    assert "Two columns are Phone" in post(signed_in, f"{path}understood/", **{**chosen, "column-0": "phone"})
    imported(signed_in, first, chosen)
    # The same columns in another order and spelling.
    again = [("VENCE", "contacto", "Persona", "cuota"), ("", "987654322", "Eva", "5")]
    second = sent(signed_in, write_xlsx(tmp_path / "b.xlsx", again).read_bytes(), "abril.xlsx")
    page = signed_in.get(f"/debtors/upload/{second.pk}/")
    form = page.context["form"]
    assert [form.fields[f"column-{i}"].initial for i in range(4)] == ["due_date", "phone", "name", "debt"]
    assert "chose them for “marzo.xlsx”" in " ".join(page.content.decode().split())


def test_corrected_file_of_refused_rows_is_imported(signed_in: Client, tmp_path: Path) -> None:
    upload = sent(signed_in, write_xlsx(tmp_path / "a.xlsx", [HEADERS, ("Malo", "12", 1, "", "")]).read_bytes())
    chosen = {f"column-{i}": field for i, field in enumerate(("name", "phone", "debt", "rut", "keep"))}
    begun = imported(signed_in, upload, chosen)
    book = openpyxl.load_workbook(io.BytesIO(b"".join(signed_in.get(f"/debtors/imports/{begun.pk}/rejects/"))))
    assert book.active is not None
    book.active["B2"] = "987654321"
    corrected = io.BytesIO()
    book.save(corrected)
    second = sent(signed_in, corrected.getvalue(), "corregido.xlsx")
    form = signed_in.get(f"/debtors/upload/{second.pk}/").context["form"]
    proposed = {name: field.initial for name, field in form.fields.items()}
    assert proposed == {**chosen, "column-5": "ignore"}
    done = imported(signed_in, second, proposed)
    assert (done.created, done.rejected, [column["key"] for column in done.columns]) == (1, 0, ["ejecutivo"])
    assert Debtor.objects.get().metadata == {"ejecutivo": ""}
