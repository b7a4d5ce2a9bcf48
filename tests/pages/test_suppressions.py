"""The pages of opt-outs, by Django's client: the list and its filters, adding and lifting, files, replies to decide."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.roles import set_role
from debtors import suppression_files, suppressions
from debtors.models import Suppression, SuppressionFile, SuppressionSource
from debtors.suppressions import Entry
from domain.delivery import Incoming
from domain.people import person_key
from domain.roles import Role
from messaging import optouts, receipts
from messaging.models import Message, Review
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor, write_csv, write_xlsx
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db
LIST = "/suppressions/"


def read(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return " ".join(answer.content.decode().split())


def act(client: Client, path: str, **values: Any) -> str:
    """What the page says to which an act leads."""
    answer = client.post(path, values)
    assert answer.status_code == 303, answer.content.decode()
    return read(client, answer["Location"])


def out(*phones: str, source: SuppressionSource = SuppressionSource.PERSON, **fields: Any) -> None:
    optouts.suppress([Entry(phone, source, actor="ana", **fields) for phone in phones])


def wrote(phone: str, text: str) -> None:
    receipts.store(str(ObjectId()), [Incoming(str(ObjectId()), phone, text)])


def executive(client: Client) -> tuple[Client, User]:
    user = User.objects.create_user("eva", password="x" * 20)
    set_role(user, Role.EXECUTIVE)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client, user


# The list -------------------------------------------------------------------------------------------------------------
def test_the_list_is_searched_and_filtered(signed_in: Client) -> None:
    assert "Nobody has opted out" in read(signed_in, LIST)
    make_debtor("Rosa Díaz", phone="+56911111111", rut="11111111-1")
    wrote("+56911111111", "¡BAJA!")
    out("+56922222222", source=SuppressionSource.IMPORT, reason="Lista de marzo")
    for query in ("", "q=ros", "q=11.111.111-1", "q=9+1111", "source=reply"):
        assert "“¡BAJA!”" in read(signed_in, f"{LIST}?{query}"), query
    assert "Lista de marzo" not in read(signed_in, f"{LIST}?source=reply")
    assert "“¡BAJA!”" not in read(signed_in, f"{LIST}?source=import")
    Suppression.objects.filter(phone="+56922222222").update(at=timezone.now() - timedelta(days=10))
    today = timezone.localdate().isoformat()
    assert "Lista de marzo" not in read(signed_in, f"{LIST}?since={today}")
    assert "Lista de marzo" in read(signed_in, f"{LIST}?until={(timezone.localdate() - timedelta(days=5)).isoformat()}")
    assert "Nobody on the list is like that" in read(signed_in, f"{LIST}?q=zzz&since=2026-99-99&source=no")


def test_somebody_is_added_and_what_waits_for_them_is_skipped(signed_in: Client) -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 1)
    Message.objects.update(phone="+56987654321")
    said = act(signed_in, f"{LIST}add/", phone="9 8765 4321", reason="Llamó  y lo pidió", until="")
    assert "what waited for them is skipped" in said
    assert Message.objects.get().status == "skipped"
    found = Suppression.objects.get()
    assert (found.phone, found.reason, found.actor, found.source) == (
        "+56987654321",
        "Llamó  y lo pidió",
        "ana",
        "person",
    )
    assert "was on the list already" in act(signed_in, f"{LIST}add/", phone="987654321", reason="otra vez")
    assert SystemLog.objects.filter(source="suppression.add", actor="ana").count() == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [({"phone": "", "reason": "x"}, "Write the phone."), ({"phone": "22 345 6789", "reason": "x"}, "is a landline"),
     ({"phone": "987654321", "reason": ""}, "Write the reason"),
     ({"phone": "987654321", "reason": "x", "until": "2020-01-01"}, "That day is over")],
)  # fmt: skip
def test_what_is_wrong_is_said_at_the_field(signed_in: Client, values: dict[str, str], said: str) -> None:
    answer = signed_in.post(f"{LIST}add/", values)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Suppression.objects.exists()


def test_lifting_asks_for_a_reason_and_tells_it_afterwards(signed_in: Client) -> None:
    out("+56987654321", until=timezone.now() + timedelta(days=3))
    found = Suppression.objects.get()
    assert "Nothing was lifted: write the reason" in act(signed_in, f"{LIST}{found.pk}/lift/", reason="  ")
    assert "may write to" in act(signed_in, f"{LIST}{found.pk}/lift/", reason="Lo quiere de nuevo")
    assert "was not on the list any more" in act(signed_in, f"{LIST}{found.pk}/lift/", reason="x")
    assert "Lo quiere de nuevo" in read(signed_in, f"{LIST}?show=lifted")
    assert "Nobody on the list" not in read(signed_in, f"{LIST}?show=lifted")
    assert not suppressions.suppressed(["+56987654321"])
    assert SystemLog.objects.get(source="suppression.lift").data["phones"] == ["+56987654321"]


# From a conversation or a debtor's page -------------------------------------------------------------------------------
def test_an_executive_takes_out_people_of_theirs_and_nobody_else(client: Client) -> None:
    client, eva = executive(client)
    mine, other = make_debtor("Mía", owner=eva, rut="11111111-1"), make_debtor("Ajena")
    answer = client.post(
        f"{LIST}opt-out/", {"debtor": str(mine.pk), "next": f"/debtors/{mine.pk}/", "reason": "lo pidió"}
    )
    assert (answer.status_code, answer["Location"]) == (303, f"/debtors/{mine.pk}/")
    found = Suppression.objects.get()
    assert (found.phone, found.identity, found.actor, found.reason) == (mine.phone, "rut:11111111-1", "eva", "lo pidió")
    mine.refresh_from_db()
    assert mine.suppressed
    wrote(other.phone, "hola")
    for values in ({"debtor": str(other.pk)}, {"person": person_key(other.phone)}, {"person": "zz"}, {}):
        assert client.post(f"{LIST}opt-out/", values).status_code == 404
    assert client.get(LIST).status_code == client.get(f"{LIST}review/").status_code == 403
    assert client.post(f"{LIST}{found.pk}/lift/", {"reason": "x"}).status_code == 403


def test_a_person_is_taken_out_from_the_conversation(signed_in: Client) -> None:
    wrote("+56911111111", "no gracias")
    answer = signed_in.post(f"{LIST}opt-out/", {"person": "56911111111", "next": "https://evil.example/"})
    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert suppressions.suppressed(["+56911111111"])


def test_the_card_of_a_conversation_takes_out_whoever_it_is_with(client: Client) -> None:
    client, eva = executive(client)
    mine = make_debtor("Mía", owner=eva)  # nobody wrote yet
    for phone in (mine.phone, "lid:123"):
        if phone != mine.phone:
            wrote(phone, "hola")
            set_role(eva, Role.SUPERVISOR)
        key = person_key(phone)
        page = read(client, f"/messages/{key}/")
        assert f'name="person" value="{key}"' in page
        answer = client.post(f"{LIST}opt-out/", {"person": key, "next": f"/messages/{key}/"})
        assert (answer.status_code, answer["Location"]) == (303, f"/messages/{key}/")
        assert suppressions.suppressed([phone]) == {phone}
        page = read(client, f"/messages/{key}/")
        assert f'name="person" value="{key}"' not in page
        assert '<span class="badge state state-now">opted out</span>' in page


def test_a_debtors_page_takes_them_out_and_tells_it(client: Client) -> None:
    client, eva = executive(client)
    mine = make_debtor("Mía", owner=eva, rut="11111111-1")
    path = f"/debtors/{mine.pk}/"
    assert f'name="debtor" value="{mine.pk}"' in read(client, path)
    assert "lo pidió" in act(client, f"{LIST}opt-out/", debtor=str(mine.pk), next=path, reason="lo pidió")
    page = read(client, path)
    assert page.count("Added by hand") == page.count("lo pidió") == 2  # in the facts, and among the contacts
    assert 'popovertarget="opt-out">' not in page
    assert f"{LIST}?q=" not in page
    set_role(eva, Role.SUPERVISOR)
    assert f"{LIST}?q=%2B{mine.phone[1:]}" in read(client, path)
    assert "Mía" in read(client, f"{LIST}?q=%2B{mine.phone[1:]}")
    found = Suppression.objects.get()
    act(client, f"{LIST}{found.pk}/lift/", reason="se arrepintió")
    page = read(client, path)
    assert "Campaigns may write to them again" in page
    assert "se arrepintió" in page
    assert 'popovertarget="opt-out">' in page


# Replies that come near -----------------------------------------------------------------------------------------------
def test_a_reply_is_decided_and_taken_back(signed_in: Client) -> None:
    assert "No reply waits for a decision" in read(signed_in, f"{LIST}review/")
    wrote("+56911111111", "quiero darme de baja <b>ya</b>")
    wrote("+56922222222", "bajo")
    shown = read(signed_in, f"{LIST}review/")
    assert "quiero darme de baja &lt;b&gt;ya" in shown
    assert "2 replies to decide" in shown
    first, second = Review.objects.order_by("at", "pk")
    assert "opted out." in act(signed_in, f"{LIST}review/{first.pk}/", verdict="out")
    assert suppressions.suppressed([first.phone])
    assert "is not an opt-out" in act(signed_in, f"{LIST}review/{second.pk}/", verdict="not")
    assert "Nothing was done" in act(signed_in, f"{LIST}review/{second.pk}/", verdict="out")
    assert "Take it back" in read(signed_in, f"{LIST}review/?show=decided")
    assert "waits for a decision again" in act(signed_in, f"{LIST}review/{first.pk}/", verdict="undo")
    assert not suppressions.suppressed([first.phone])
    assert signed_in.post(f"{LIST}review/{first.pk}/", {"verdict": "perhaps"}).status_code == 400
    acts = SystemLog.objects.filter(kind="review").order_by("pk")
    assert [(each.source, each.data["rule"]) for each in acts] == [
        ("review.out", first.rule), ("review.not", "near:baja"), ("review.undo", first.rule),
    ]  # fmt: skip


# Files ----------------------------------------------------------------------------------------------------------------
ROWS = [
    ("Nombre", "Teléfono", "RUT", "Motivo", "Hasta"),
    ("Ana", "987654321", "", "Lo pidió", ""),
    ("Malo", "12", "", "", ""),
    ("Eva", "", "12.345.678-5", "", "31-12-2099"),
    ("Otra vez", "+56 9 8765 4321", "", "", ""),
    ("Mal rut", "", "?", "", ""),
    ("Fecha", "912345678", "", "", "pronto"),
    ("Ya", "911112222", "", "", ""),
]


def test_a_file_is_looked_at_before_it_counts(signed_in: Client, tmp_path: Path) -> None:
    out("+56911112222")
    content = write_xlsx(tmp_path / "lista.xlsx", ROWS).read_bytes()
    given = {"file": SimpleUploadedFile("lista.xlsx", content), "reason": "Ley 21.320", "country": "cl"}
    answer = signed_in.post(f"{LIST}import/", given)
    path = answer["Location"]
    shown = read(signed_in, path)
    assert Suppression.objects.count() == 1
    assert "Write no more to 2 people?" in shown
    assert "12 has too few digits" in shown
    assert "Hasta: pronto is not a date." in shown
    done = act(signed_in, path)
    assert "2 people were put onto the list." in done
    act(signed_in, path)  # a second click
    assert Suppression.objects.count() == 3
    ana = Suppression.objects.get(phone="+56987654321")
    assert (ana.reason, ana.source, ana.actor, ana.name) == ("Lo pidió", "import", "ana", "Ana")
    eva = Suppression.objects.get(phone="rut:12345678-5")
    assert (eva.reason, eva.until and timezone.localtime(eva.until).date().isoformat()) == ("Ley 21.320", "2100-01-01")
    rejects = b"".join(signed_in.get(f"{path}rejects/"))  # type: ignore[arg-type]  # a FileResponse
    again = signed_in.post(
        f"{LIST}import/", {"file": SimpleUploadedFile("r.xlsx", rejects), "reason": "x", "country": "CL"}
    )
    kept = SuppressionFile.objects.get(pk=again["Location"].rstrip("/").rpartition("/")[2])
    with suppression_files.opened(kept) as people:
        assert [row.cells[0] for row in people.rows()] == ["Malo", "Mal rut", "Fecha"]


def test_a_bare_list_of_phones_will_do_and_others_say_what_is_missing(signed_in: Client) -> None:
    def sent(content: str) -> str:
        given = {"file": SimpleUploadedFile("a.csv", content.encode()), "reason": "x", "country": "CL"}
        return read(signed_in, signed_in.post(f"{LIST}import/", given)["Location"])

    assert "Write no more to 2 people?" in sent("987654321\n987654322\n")
    assert "No column has phones or RUTs" in sent("Nombre\nAna\n")
    assert "The file puts nobody onto the list" in sent("Teléfono\n12\n")


def test_a_form_without_a_file_says_so(signed_in: Client) -> None:
    answer = signed_in.post(f"{LIST}import/", {"country": "XX"})
    assert answer.status_code == 422
    said = answer.content.decode()
    assert "Choose a file." in said
    assert "Write the reason" in said
    assert "XX is no country" in said


def test_what_is_shown_is_exported_and_can_be_imported_again(signed_in: Client, tmp_path: Path) -> None:
    out("+56911111111", name="=cmd()", reason="Lo pidió", until=timezone.now() + timedelta(days=2))
    out("", identity="rut:12345678-5", source=SuppressionSource.IMPORT)
    answer: Any = signed_in.get(f"{LIST}export/")
    content = b"".join(answer.streaming_content)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row[0], row[1], row[2]) for row in rows[1:]] == [("", "12345678-5", ""), ("+56911111111", "", "'=cmd()")]
    out_of = b"".join(signed_in.get(f"{LIST}export/?source=import").streaming_content)  # type: ignore[attr-defined]
    assert len(out_of.decode().strip().splitlines()) == 2
    before = list(Suppression.objects.order_by("phone").values_list("phone", "until", "reason"))
    Suppression.objects.all().delete()
    path = tmp_path / "again.csv"
    path.write_bytes(content)
    call_command("suppressions", "import", str(path))
    after = list(Suppression.objects.order_by("phone").values_list("phone", "until", "reason"))
    assert [(phone, reason) for phone, _until, reason in after] == [(phone, reason) for phone, _until, reason in before]
    assert after[0][1] is not None
    assert timezone.localdate(after[0][1] - timedelta(seconds=1)) == timezone.localdate() + timedelta(days=2)


def test_in_spanish(signed_in: Client) -> None:
    signed_in.cookies["django_language"] = "es"
    wrote("+56911111111", "BAJA")
    wrote("+56922222222", "no me escriban más")
    shown = read(signed_in, LIST)
    assert "<h1>Bajas</h1>" in shown
    assert "1 respuesta por decidir" in shown
    assert "Es una baja" in read(signed_in, f"{LIST}review/")


# The command ----------------------------------------------------------------------------------------------------------
def test_the_command_adds_exports_and_lifts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("suppressions", "add", "987654321", "--reason", "pidió", "--until", "2099-01-01")
    call_command("suppressions", "add", "987654321")
    assert "ya estaba en la lista" in capsys.readouterr().out
    source = write_csv(tmp_path / "a.csv", [("Teléfono",), ("987654322",), ("12",)])
    call_command("suppressions", "import", str(source), "--dry-run")
    assert Suppression.objects.count() == 1
    call_command("suppressions", "import", str(source), "--rejects", str(tmp_path / "no.xlsx"))
    assert (tmp_path / "no.xlsx").exists()
    call_command("suppressions", "export", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").count("+569") == 2
    call_command("suppressions", "lift", "987654321", "--reason", "error")
    assert not suppressions.suppressed(["+56987654321"])
    for wrong in (["lift", "987654321", "--reason", "x"], ["add", "12"], ["add", "987654321", "--until", "2026-99-99"],
                  ["import", str(tmp_path / "none.csv")]):  # fmt: skip
        with pytest.raises(CommandError):
            call_command("suppressions", *wrong)


def test_a_campaign_says_why_it_skipped_somebody(signed_in: Client) -> None:
    pool = make_pool()
    make_line(pool, "http://127.0.0.1:1/")
    campaign = make_campaign(pool)
    add_messages(campaign, 1)
    out(Message.objects.get().phone)
    assert "on the suppression list" in read(signed_in, f"/campaigns/{campaign.pk}/messages/")
