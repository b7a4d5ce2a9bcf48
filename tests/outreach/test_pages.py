"""The pages of contacts, digests and checks, by role and in both languages."""

from pathlib import Path

import pytest
from bson import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from gateways.models import Gateway, Pool
from messaging.models import Message
from outreach import book_files, commands
from outreach.models import BookImport, BookRow, CheckedNumber, Contact, Digest, DigestSetting, NumberCheck
from preferences.queries import get
from sessions_app.models import Session
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor, write_xlsx
from tests.outreach.conftest import EVA, RUT, switch_on
from tests.pages.conftest import signed_in, staff

__all__ = ["signed_in", "staff"]
pytestmark = pytest.mark.django_db


def read(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return " ".join(answer.content.decode().split())


def act(client: Client, path: str, **values: object) -> str:
    """What the page says to which an act leads."""
    answer = client.post(path, values)
    assert answer.status_code == 303, answer.content.decode()[-3000:]
    return read(client, answer["Location"])


def wrong(client: Client, path: str, **values: object) -> str:
    answer = client.post(path, values)
    assert answer.status_code == 422
    return " ".join(answer.content.decode().split())


@pytest.fixture
def executive(eva: User) -> Client:
    client = Client()
    client.force_login(eva)
    return client


# Contacts -------------------------------------------------------------------------------------------------------------
def test_contact_is_added_found_changed_deleted_and_put_back(signed_in: Client, eva: User) -> None:
    assert "The book is empty" in read(signed_in, "/contacts/")
    written = {"rut": "11.111.111-1", "name": " Eva  Soto", "phone": "9 8888 0001", "digests": "on"}
    assert "is in the book" in act(signed_in, "/contacts/new/", **written)
    contact = Contact.objects.get()
    assert (contact.rut, contact.name, contact.phone, contact.digests) == (RUT, "Eva Soto", EVA, True)
    assert "is in the book already" in wrong(signed_in, "/contacts/new/", **written)
    assert "is a landline" in wrong(signed_in, "/contacts/new/", rut="2-7", name="A", phone="223456789")
    assert "is not an identity number" in wrong(signed_in, "/contacts/new/", rut="hola", name="A", phone="988880009")
    for search in ("11111", "sot", "98888"):
        assert "Eva Soto" in read(signed_in, f"/contacts/?q={search}")
    assert "No contact is like that" in read(signed_in, "/contacts/?q=zzz")
    path = f"/contacts/{contact.pk}/"
    assert "Saved." in act(signed_in, path, rut=RUT, name="Eva S.", phone=EVA)
    contact.refresh_from_db()
    assert (contact.name, contact.digests) == ("Eva S.", False)
    assert "Undo" in act(signed_in, f"{path}delete/")
    assert not Contact.objects.exists()
    token = commands.delete_contact(contact)
    assert "in the book again" in act(signed_in, "/contacts/put-back/", token=token)
    assert "in the book already" in act(signed_in, "/contacts/put-back/", token=token)
    assert "too late" in act(signed_in, "/contacts/put-back/", token="x")
    assert Contact.objects.get().name == "Eva S."
    acts = list(SystemLog.objects.filter(act=True, kind="contact").order_by("pk").values_list("source", flat=True))
    assert acts == ["contact.add", "contact.change", "contact.delete", "contact.put_back"]
    assert SystemLog.objects.get(source="contact.change").data["changes"]["name"] == ["Eva Soto", "Eva S."]


def test_two_people_who_change_one_contact_undo_nothing_of_each_other(signed_in: Client) -> None:
    contact = commands.add_contact(rut=RUT, name="Eva", phone=EVA)
    commands.change_contact(Contact.objects.get(), rut=RUT, name="Otra", phone=EVA, digests=True)
    with pytest.raises(commands.OutreachError, match="meanwhile"):
        commands.change_contact(contact, rut=RUT, name="Mía", phone=EVA, digests=True)
    assert Contact.objects.get().name == "Otra"


def book(tmp_path: Path) -> SimpleUploadedFile:
    headers = ("RUT", "Nombre", "Ejecutivo", "Fono ejecutivo")
    rows = [
        ("1-9", "Ana", "Eva Soto", "988880001"),
        ("2-7", "Luis", "Raúl", "988880002"),
        ("3-5", "Pía", "Raúl", "12"),
        ("1-9", "Ana", "Otra", "988880003"),
        ("4-3", "Leo", "Raúl", "988880002"),
    ]
    path = write_xlsx(tmp_path / "libreta.xlsx", [headers, *rows])
    return SimpleUploadedFile("libreta.xlsx", path.read_bytes())


def test_file_is_previewed_taken_once_and_its_refused_rows_come_back(signed_in: Client, tmp_path: Path) -> None:
    commands.add_contact(rut="2-7", name="Antes", phone="988880009")
    commands.add_contact(rut="4-3", name="Raúl", phone="988880002")
    page = act(signed_in, "/contacts/import/", file=book(tmp_path))
    assert "Import (1 new, 1 changed)" in page
    assert "12 has too few digits" in page
    assert "It has the RUT of row 2" in page
    assert Contact.objects.count() == 2, "nothing is imported yet"
    kept = BookImport.objects.get()
    path = f"/contacts/import/{kept.pk}/"
    assert "Choose three different columns" in wrong(signed_in, path, rut="0", name="0", phone="3")
    assert "Import (1 new, 2 changed)" in act(signed_in, path, rut="0", name="1", phone="3")
    assert BookRow.objects.get(number=2).name == "Ana", "read again by another column"
    act(signed_in, path, rut="0", name="2", phone="3")
    assert "2 contacts are in the book or changed" in act(signed_in, f"{path}take/")
    assert {(each.rut, each.name) for each in Contact.objects.all()} == {
        ("1-9", "Eva Soto"),
        ("2-7", "Raúl"),
        ("4-3", "Raúl"),
    }
    assert book_files.counts(kept) == {"created": 1, "updated": 1, "unchanged": 1, "duplicate": 1, "rejected": 1}
    act(signed_in, f"{path}take/")
    assert Contact.objects.count() == 3
    assert signed_in.get(f"{path}rejects/")["Content-Disposition"].endswith('filename="rejected-libreta.xlsx"')
    answer = signed_in.get("/contacts/export/?q=eva")
    assert "1-9,Eva Soto,+56988880001" in b"".join(answer.streaming_content).decode()  # type: ignore[arg-type]
    text = SimpleUploadedFile("x.csv", b"a\x00b\n")
    assert "NUL bytes" in wrong(signed_in, "/contacts/import/", file=text)


def test_killed_import_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx(tmp_path / "l.xlsx", [("RUT", "Ejecutivo", "Fono"), ("1-9", "Eva", "988880001")])
    kept = book_files.keep(path, file_name="l.xlsx", user=None, country="CL")
    real = book_files.bulk_write
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):

        def dies(model: type, operations: list[object]) -> object:
            real(model, operations)
            if model is BookRow:
                raise KeyboardInterrupt
            return None

        patch.setattr(book_files, "bulk_write", dies)
        book_files.take(kept)
    assert not Contact.objects.exists()
    assert book_files.take(kept)["created"] == 1
    assert Contact.objects.count() == 1


def test_executive_sees_their_own_entries_and_changes_nothing(executive: Client, eva: User) -> None:
    assert "under your phone" in read(executive, "/contacts/") or "con su teléfono" in read(executive, "/contacts/")
    mine = commands.add_contact(rut=RUT, name="Eva Soto", phone=EVA)
    commands.add_contact(rut="2-7", name="Raúl", phone="988880002")
    hers, others = make_debtor("De Eva", rut=RUT, owner=eva), make_debtor("De otro", rut="9-9")
    commands.add_contact(rut="9-9", name="Eva Soto", phone=EVA)
    page = read(executive, "/contacts/")
    assert "Eva Soto" in page
    assert "Raúl" not in page
    assert (str(hers.pk) in page, str(others.pk) in page) == (True, False)
    told = b"".join(executive.get("/contacts/export/").streaming_content).decode()  # type: ignore[arg-type]
    assert "Raúl" not in told
    for path in ("/contacts/new/", f"/contacts/{mine.pk}/", "/contacts/import/", "/checks/", "/settings/digests/"):
        read(executive, path, 403)


# Digests --------------------------------------------------------------------------------------------------------------
def test_executive_chooses_digests_and_sends_a_test(executive: Client, eva: User, session: Session) -> None:
    executive.cookies["django_language"] = "en"
    page = read(executive, "/digests/")
    assert "Digests are switched off" in page
    values = {"active": "on", "every": "60", "most": "", "gateway": str(session.gateway)}
    assert "Saved." in act(executive, "/digests/mine/", **values)
    chosen = DigestSetting.objects.get()
    assert (chosen.user_id, chosen.every, chosen.most, chosen.gateway) == (eva.pk, 60, None, session.gateway)
    assert "Nothing was changed" in act(executive, "/digests/mine/", **values)
    profile = read(executive, "/accounts/profile/")
    assert 'name="every" value="60"' in profile
    assert "no phone of yours is known" not in profile
    assert executive.post("/digests/mine/", {**values, "from": "profile"})["Location"] == "/accounts/profile/"
    User.objects.filter(pk=eva.pk).update(phone="")
    assert "no phone of yours is known" in read(executive, "/accounts/profile/")
    User.objects.filter(pk=eva.pk).update(phone=EVA)
    assert "field-wrong" in wrong(executive, "/digests/mine/", active="on", every="5")
    assert "A test is on its way to +56 9 8888 0001" in act(executive, "/digests/test/")
    [message] = Message.objects.all()
    assert (message.kind, message.phone, message.gateway) == ("digest", EVA, session.gateway)
    assert Digest.objects.get().test
    Digest.objects.create(
        pk=ObjectId(), phone="+56900000000", name="De otro", gateway=ObjectId(), created_at=message.created_at
    )
    assert "De otro" not in read(executive, "/digests/")
    Session.objects.update(status="offline")
    assert "No session that may send digests" in act(executive, "/digests/test/")


def test_settings_are_checked_and_stored(signed_in: Client, pool: Pool, session: Session) -> None:
    values = {"active": "on", "every": "60", "most": "3", "hours": "09:00-18:00", "days": "mon-fri", "pool": "Avisos",
              "phones": "full", "contacts": "on", "revision": "0"}  # fmt: skip
    assert "no sending window" in wrong(signed_in, "/settings/digests/", **{**values, "hours": "x"})
    assert "Select a valid choice" in wrong(signed_in, "/settings/digests/", **{**values, "pool": "Nada"})
    assert "from 30 to" in wrong(signed_in, "/settings/digests/", **{**values, "every": "1"})
    assert "Saved." in act(signed_in, "/settings/digests/", **values)
    assert (get("digests.every"), get("digests.pool"), get("digests.hours")) == (60, "Avisos", "09:00-18:00")
    late = signed_in.post("/settings/digests/", {**values, "every": "90"})
    assert late.status_code == 409
    assert "meanwhile" in late.content.decode()
    assert "09:00-18:00" in read(signed_in, "/settings/digests/")
    assert "Saved." in act(signed_in, "/settings/checks/", per_hour="30", revision="0")
    assert get("checks.per_hour") == 30


# Checks ---------------------------------------------------------------------------------------------------------------
def test_check_is_made_stopped_exported_and_deleted(signed_in: Client, pool: Pool, session: Session) -> None:
    assert "No number was checked yet" in read(signed_in, "/checks/")
    values = {
        "name": "marzo",
        "source": "pasted",
        "numbers": "=1+1\n9 6111 0001",
        "pool_id": str(pool.pk),
        "per_hour": "20",
    }
    assert "Paste the numbers here" in wrong(signed_in, "/checks/new/", **{**values, "numbers": ""})
    assert "Choose a file" in wrong(signed_in, "/checks/new/", **{**values, "source": "file"})
    assert "from 1 to 20" in wrong(signed_in, "/checks/new/", **{**values, "per_hour": "21"})
    page = act(signed_in, "/checks/new/", **values)
    assert "marzo" in page
    assert "1 session, at most 20 an hour" in page
    assert "“=1+1” is not a phone number." in page
    check = NumberCheck.objects.get()
    path = f"/checks/{check.pk}/"
    assert "Somebody stopped it" in act(signed_in, f"{path}stop/")
    assert "changed meanwhile" in act(signed_in, f"{path}stop/")
    assert "Stop" in act(signed_in, f"{path}go-on/")
    assert "=1+1" not in read(signed_in, f"{path}?status=waiting")
    told = b"".join(signed_in.get(f"{path}export/").streaming_content).decode()  # type: ignore[arg-type]
    assert "\r\n'=1+1,,,no phone,,," in told
    assert "\r\n9 6111 0001,+56961110001,,waiting" in told
    Gateway.objects.update(active=False)
    assert "nobody asks until one is" in read(signed_in, path)
    assert "was deleted" in act(signed_in, f"{path}delete/")
    assert not CheckedNumber.objects.exists()
    assert signed_in.post(f"{path}nothing/").status_code == 404


@pytest.mark.parametrize("language", ["es", "en"])
def test_pages_speak_both_languages(language: str, signed_in: Client, eva: User, pool: Pool, session: Session) -> None:
    switch_on()
    commands.add_contact(rut=RUT, name="Eva Soto", phone=EVA)
    signed_in.cookies["django_language"] = language
    words = {
        "/contacts/": ("Contactos", "Contacts"),
        "/digests/": ("Por avisar", "Waiting to be told"),
        "/checks/": ("Nueva verificación", "New check"),
        "/checks/new/": ("Quién pregunta, y con qué lentitud", "Who asks, and how slowly"),
        "/settings/digests/": ("Segundos entre dos resúmenes", "Seconds between two digests"),
    }
    for path, (spanish, english) in words.items():
        page = read(signed_in, path)
        assert (spanish in page, english in page) == (language == "es", language == "en"), path
