"""Writing a draft step by step: storing as one types, leaving and going on, two people on one draft."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.utils.translation import override

from accounts.models import User
from accounts.roles import set_role
from campaigns import audience_look, commands, wording
from campaigns.errors import CampaignError
from campaigns.models import Campaign, ChosenDebtors
from debtors.commands import import_file
from domain.roles import Role
from gateways.models import Channel, Pool
from systemlog.models import SystemLog
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx
from tests.factories.sending import make_line, make_pool

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 20 + b"IEND\xaeB`\x82"
URL = "https://gateway.example/send"
MISSING = "65f0c0ffee0123456789abcd"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def pool() -> Pool:
    found = make_pool("Normal")
    make_line(found, URL, "Uno")
    return found


class Page:
    """A page of a step that somebody has open: what it shows, and what it sends."""

    def __init__(self, client: Client, pk: Any, step: str, *, fresh: bool = False) -> None:
        self.client, self.path = client, f"/campaigns/{pk}/edit/{step}/"
        answer = client.get(self.path + ("?new=1" if fresh else ""))
        assert answer.status_code == 200, answer.content.decode()
        self.context = answer.context
        self.text = answer.content.decode()
        self.address = self.context["address"]
        form = self.context["form"]
        self.sent: dict[str, Any] = {name: form.given.getlist(name) for name in form.given}
        self.sent |= {"base": self.context["base"], "page": self.context["page_word"]}

    def store(self, **fields: Any) -> str:
        """What the page gets when it stores as one types; it then remembers what was stored."""
        answer = self.client.post(self.address, {**self.sent, **fields, "auto": "1"})
        assert answer.status_code == 200, answer.content.decode()
        self.header = answer.headers.get("X-Draft", "")
        self.sent |= {**fields, "base": answer.context["base"]}
        self.context = answer.context
        return answer.content.decode()

    def go(self, **fields: Any) -> Any:
        return self.client.post(self.address, {**self.sent, **fields})


@pytest.fixture
def other(staff: User) -> Client:
    """Another person's browser."""
    client = Client()
    luis = User.objects.create_user("luis", first_name="Luis", last_name="Soto")
    set_role(luis, Role.SUPERVISOR)
    client.force_login(luis)
    client.cookies["django_language"] = "en"
    return client


def begun(client: Client, **fields: Any) -> Campaign:
    """A draft of which the first step is stored."""
    page = Page(client, ObjectId(), "audience", fresh=True)
    page.store(**{"name": "Noviembre", "audience": "all", **fields})
    return Campaign.objects.latest("pk")


def test_new_draft_is_stored_with_its_first_change_and_not_before(signed_in: Client, staff: User) -> None:
    make_debtor("Ana")
    new = signed_in.get("/campaigns/new/")
    assert not Campaign.objects.exists()
    page = Page(signed_in, new.context["campaign"].pk, "audience", fresh=True)
    text = page.store(audience="all")
    campaign = Campaign.objects.get()
    assert re.fullmatch(r"Campaign of \d\d/\d\d/\d{4}", campaign.name)
    assert (campaign.pk, campaign.owner, campaign.status) == (new.context["campaign"].pk, staff, "draft")
    assert 'id="look-count">1<' in text
    assert "lacks the message" in text
    page.store(name="Noviembre")
    assert page.header == "stored"
    assert Campaign.objects.get().name == "Noviembre"
    acts = list(SystemLog.objects.filter(kind="campaign").values_list("source", flat=True))
    assert acts == ["campaign.create"]
    # Of one that somebody deleted, the page that began it makes no other with the next letter.
    Campaign.objects.all().delete()
    assert "Somebody deleted this draft meanwhile." in page.store(name="Diciembre")
    picked = {"add": str(make_debtor().pk), "page": page.sent["page"], "base": page.sent["base"]}
    told = signed_in.post(page.context["pick_address"], picked).content.decode()
    assert "Somebody deleted this draft meanwhile." in told
    assert not Campaign.objects.exists()


def test_page_that_is_not_signed_in_any_more_is_not_told_that_it_is_stored(signed_in: Client) -> None:
    campaign = begun(signed_in)
    page = Page(signed_in, campaign.pk, "message")
    signed_in.logout()
    answer = signed_in.post(page.address, {**page.sent, "message": "Hola", "auto": "1"}, follow=True)
    assert answer.status_code == 200  # the page to sign in
    assert "X-Draft" not in answer.headers
    assert 'id="save-state"' not in answer.content.decode()


def test_draft_is_left_and_gone_on_with_where_it_was(signed_in: Client, other: Client) -> None:
    campaign = begun(signed_in)
    assert Page(signed_in, campaign.pk, "audience").go(on="message")["Location"].endswith("/edit/message/")
    assert Page(signed_in, campaign.pk, "message").go(message="Hola {", go="leave")["Location"] == "/campaigns/"
    assert other.get(f"/campaigns/{campaign.pk}/edit/")["Location"].endswith("/edit/message/")
    page = Page(other, campaign.pk, "message")
    assert "opens a placeholder that is not closed" in page.text
    assert "Hola {" in page.text
    assert "lacks a correction" in page.text
    refused = page.go(on="channel")
    assert refused.status_code == 422
    assert page.go(go="channel")["Location"].endswith("/edit/channel/")
    page = Page(other, campaign.pk, "message")
    assert page.go(message="Hola {nombre}", on="channel").status_code == 303
    assert Campaign.objects.get().message == "Hola {nombre}"


@pytest.mark.parametrize(
    ("step", "fields", "field", "sentence"),
    [
        ("audience", {"name": ""}, "name", "Give the campaign a name"),
        ("audience", {"audience": "filter", "debt_from": "mucho"}, "debt_from", "Write an amount"),
        ("audience", {"audience": "filter", "due_from": "2026-12-02", "due_to": "2026-12-01"}, "due_to", "exchange"),
        ("audience", {"audience": "filter", "country": "QQ"}, "country", "a country in two letters"),
        ("audience", {"audience": "range", "range_from": "9", "range_to": "2"}, "range_to", "exchange"),
        ("channel", {"channel": "whatsapp", "min_sessions": "0"}, "min_sessions", "a number from 1 to 1000"),
        ("channel", {"channel": "sms", "sms_pool": MISSING}, "sms_pool", "Select a valid choice"),
        ("pacing", {"window_start": "08:00", "window_end": ""}, "window_start", "Give both times"),
        ("pacing", {"timezone": "Mars/Olympus"}, "timezone", "is no time zone"),
        ("pacing", {"country": "QQ"}, "country", "is no country"),
    ],
)
def test_value_that_cannot_be_used_is_told_at_its_field_kept_and_keeps_nobody_from_leaving(
    signed_in: Client, pool: Pool, step: str, fields: dict[str, str], field: str, sentence: str
) -> None:
    campaign = begun(signed_in)
    page = Page(signed_in, campaign.pk, step)
    text = page.store(**fields)
    assert sentence in " ".join(page.context["form"].errors[field])
    assert f'id="error-{field}"' in text
    assert Page(signed_in, campaign.pk, step).go(go="review")["Location"].endswith("/edit/review/")
    again = Page(signed_in, campaign.pk, step)
    assert sentence in " ".join(again.context["form"].errors[field])
    for name, value in fields.items():
        assert again.sent[name] == [value]
    assert step in again.context["missing"]
    campaign.refresh_from_db()
    assert campaign.window.start is not None
    assert commands.lacks.lacks(campaign)


def test_of_two_people_on_one_step_none_undoes_the_other(signed_in: Client, other: Client) -> None:
    campaign = begun(signed_in)
    mine, theirs = Page(signed_in, campaign.pk, "message"), Page(other, campaign.pk, "message")
    mine.store(message="Hola {nombre}")
    mine.store(message="Hola {nombre}, buenas")
    told = theirs.store(message="Chao")
    assert "Ana Rojas changed this step meanwhile." in told
    assert "Hola {nombre}, buenas" in told
    assert "Chao" in told
    assert Campaign.objects.get().message == "Hola {nombre}, buenas"
    theirs.sent["base"] = mine.sent["base"] + "x"
    full = theirs.go(message="Chao", on="channel")
    assert full.status_code == 422
    assert "Save mine in its place" in full.content.decode()
    kept = theirs.go(message="Chao", keep=full.context["conflict"]["keep"])
    assert kept.status_code == 303
    assert Campaign.objects.get().message == "Chao"


def test_two_people_on_different_steps_both_get_theirs(signed_in: Client, other: Client, pool: Pool) -> None:
    campaign = begun(signed_in)
    mine, theirs = Page(signed_in, campaign.pk, "message"), Page(other, campaign.pk, "channel")
    mine.store(message="Hola")
    theirs.store(channel="sms", sms_pool=str(pool.pk))
    mine.store(message="Hola a todos")
    stored = Campaign.objects.get()
    assert (stored.message, stored.channel, stored.sms_pool, stored.revision) == ("Hola a todos", "sms", pool, 3)
    assert stored.edits["channel"]["by"] == "Luis Soto"


def test_page_is_told_that_the_draft_was_started_or_deleted(signed_in: Client, other: Client, pool: Pool) -> None:
    make_debtor()
    campaign = begun(signed_in)
    page, channel = Page(signed_in, campaign.pk, "message"), Page(signed_in, campaign.pk, "channel")
    page.store(message="Hola")
    channel.store(channel="sms", sms_pool=str(pool.pk))
    commands.start("Noviembre")
    assert "somebody started it meanwhile" in page.store(message="Chao")
    assert Campaign.objects.get().message == "Hola"
    assert signed_in.get(page.path)["Location"] == f"/campaigns/{campaign.pk}/"
    assert page.header == ""
    Campaign.objects.all().delete()
    assert "Somebody deleted this draft meanwhile." in page.store(message="Chao")
    assert not Campaign.objects.exists()
    assert signed_in.get(page.path).status_code == 404


# The audience ---------------------------------------------------------------------------------------------------------
def imported(path: Path, rows: list[Any], name: str = "cartera.xlsx") -> ObjectId:
    report = import_file(write_xlsx(path / name, [HEADERS, *rows]), country="CL")
    assert report.import_id is not None
    return report.import_id


def test_link_of_an_import_begins_a_draft_with_that_file_and_its_name(signed_in: Client, tmp_path: Path) -> None:
    source = imported(tmp_path, debtor_rows(3))
    answer = signed_in.get("/campaigns/new/", {"import": str(source)})
    form = answer.context["form"]
    assert form.ticked == [str(source)]
    assert re.fullmatch(r"cartera \d\d/\d\d/\d{4}", form["name"].value())
    assert 'id="look-count">3<' in answer.content.decode()


def test_audience_counts_and_says_who_lacks_a_value(signed_in: Client, tmp_path: Path) -> None:
    rows = [*debtor_rows(3), ("Sin Deuda", "980009999", None, "7999999-9", "eva")]
    source = imported(tmp_path, rows)
    campaign = begun(signed_in, audience="imports", chosen_imports=[str(source)])
    Page(signed_in, campaign.pk, "message").store(message="Hola {nombre}, debe {deuda}")
    page = Page(signed_in, campaign.pk, "audience")
    assert 'id="look-count">4<' in page.text
    assert "1 lacks a value that the message needs, and is skipped." in page.text
    assert "Deudor 0" in page.text
    assert 'id="look-count">3<' in page.store(audience="range", range_import=str(source), range_from="3", range_to="5")
    assert 'id="look-count">1<' in page.store(audience="filter", debt_from="3.000")
    assert 'id="look-count">2<' in page.store(debt_from="", test_key=["ejecutivo", "debt"], test_op=["is", "has"],
                                              test_values=["EJECUTIVO0; ejecutivo1", ""])  # fmt: skip
    assert "lacks a correction" in page.store(debt_to="mucho")
    page.store(debt_to="")
    assert "Choose the column" in page.store(test_key=[""], test_op=["is"], test_values=["x"])
    stored = Campaign.objects.get()
    assert stored.audience_spec["range"]["from"] == "3"
    assert stored.audience_imports == [source]


def test_debtors_are_picked_one_by_one_by_two_people(signed_in: Client, other: Client) -> None:
    ana, eva, leo = make_debtor("Ana"), make_debtor("Eva"), make_debtor("Leo")
    new = Page(signed_in, ObjectId(), "audience", fresh=True)
    address = new.context["pick_address"]
    assert "Leo" in signed_in.get(f"{address}&q=le").content.decode()
    mine = {"page": new.sent["page"], "base": new.sent["base"]}
    text = signed_in.post(address, {"add": str(ana.pk), **mine}).content.decode()
    assert 'id="base"' in text
    assert "1 of at most 5,000 chosen" in text
    assert 'id="look-count">1<' in text
    campaign = Campaign.objects.get()
    path = f"/campaigns/{campaign.pk}/edit/pick/"
    other.post(path, {"add": [str(eva.pk), str(leo.pk), MISSING], "page": "x"})
    text = signed_in.post(path, {"remove": str(leo.pk), "page": new.sent["page"], "q": "le"}).content.decode()
    assert "2 of at most 5,000 chosen" in text
    assert ChosenDebtors.objects.get().debtors == [ana.pk, eva.pk]
    campaign.refresh_from_db()
    assert (campaign.audience, campaign.audience_spec["selection"]["number"]) == ("selection", 2)
    signed_in.post(f"/campaigns/{campaign.pk}/duplicate/")
    signed_in.post(path, {"clear": "1"})
    assert sorted(len(each.debtors) for each in ChosenDebtors.objects.all()) == [0, 2]
    assert signed_in.get(f"/campaigns/{ObjectId()}/edit/pick/").status_code == 404


def test_picking_does_not_let_a_page_undo_what_it_never_showed(signed_in: Client, other: Client) -> None:
    ana = make_debtor("Ana")
    campaign = begun(signed_in, audience="selection")
    mine, theirs = Page(signed_in, campaign.pk, "audience"), Page(other, campaign.pk, "audience")
    theirs.store(name="Cobranza norte")
    address = mine.context["pick_address"]
    sent = {"add": str(ana.pk), "page": mine.sent["page"], "base": mine.sent["base"]}
    text = signed_in.post(address, sent).content.decode()
    assert "1 of at most 5,000 chosen" in text
    assert 'id="base"' not in text
    assert "Luis Soto" not in Campaign.objects.get().edits["audience"]["by"]
    assert "changed this step meanwhile" in mine.store(debt_from="1")
    assert Campaign.objects.get().name == "Cobranza norte"
    assert ChosenDebtors.objects.get().debtors == [ana.pk]


def test_condition_on_a_column_that_is_gone_stays_and_one_without_a_column_is_told(signed_in: Client) -> None:
    campaign = begun(signed_in)
    page = Page(signed_in, campaign.pk, "audience")
    page.store(audience="filter", test_key=["tramo"], test_op=["is"], test_values=["x" * 201])
    text = Page(signed_in, campaign.pk, "audience").text
    assert '<option value="tramo" selected>tramo</option>' in text
    assert "That is too long for a filter: shorten it." in text
    assert "Choose the column" in page.store(test_key=[""], test_op=["lacks"], test_values=[""], debt_from="1")
    blank, told = [""] * 20, ["nombre"]
    text = page.store(test_key=[*blank, *told], test_op=["is"] * 21, test_values=[*blank, "\x00"])
    assert "Write what to look for." in text
    assert Page(signed_in, campaign.pk, "audience").text


def test_debtors_ticked_in_their_list_begin_a_campaign(signed_in: Client) -> None:
    keys = [make_debtor().pk for _ in range(3)]
    answer = signed_in.post("/campaigns/new/", {"debtors": ",".join(map(str, keys[:2]))})
    campaign = Campaign.objects.get()
    assert answer["Location"] == f"/campaigns/{campaign.pk}/edit/audience/"
    assert ChosenDebtors.objects.get().debtors == keys[:2]
    many = ",".join(str(ObjectId()) for _ in range(10))
    assert signed_in.post("/campaigns/new/", {"debtors": many}).status_code == 303


# The message ----------------------------------------------------------------------------------------------------------
def test_message_is_shown_as_its_rows_read_with_variants_in_turn(signed_in: Client) -> None:
    make_debtor("Ana Díaz")
    make_debtor("Eva", debt=None)
    make_debtor("<b>Leo</b>")
    campaign = begun(signed_in)
    page = Page(signed_in, campaign.pk, "message")
    assert 'data-insert="{nombre}"' in page.text
    text = page.store(message="Hola *{nombre}*, debe {deuda}", variant=["_Otra_ {nombre}", " "], rotation="round_robin")
    assert '<span class="b value">Ana Díaz</span>' in text
    assert '<span class="value">$125.000</span>' in text
    assert "as an SMS: 1 SMS part, " in " ".join(text.replace("as an SMS: ", "as an SMS:").replace(
        "as an SMS:", "as an SMS: ").split())  # fmt: skip
    preview = f"/campaigns/{campaign.pk}/edit/preview/"
    assert "It has no value for deuda, and is skipped." in signed_in.get(preview, {"at": "1"}).content.decode()
    third = signed_in.get(preview, {"at": "2"}).content.decode()
    assert "&lt;b&gt;Leo&lt;/b&gt;" in third
    assert "3 of the first 3" in third
    stored = Campaign.objects.get()
    assert (stored.variants, stored.rotation) == (["_Otra_ {nombre}"], "round_robin")
    text = page.store(message="Hola {nombr}", variant=["Hola {"])
    assert "Did you mean {nombre}?" in text or "opens a placeholder" in text
    assert "opens a placeholder that is not closed" in text
    assert "Did you mean {nombre}?" in page.store(message="Hola {nombr}", variant=[])


def test_sms_tells_its_parts_and_what_makes_it_long(signed_in: Client, pool: Pool) -> None:
    make_debtor("Ana")
    campaign = begun(signed_in)
    Page(signed_in, campaign.pk, "channel").store(channel="sms", sms_pool=str(pool.pk))
    text = Page(signed_in, campaign.pk, "message").store(message="Señora {nombre}, “cuota” ✓ *vencida* " + "x" * 60)
    assert "2 SMS parts" in text
    assert "UCS-2" in text
    assert "Because of “ ” ✓ a part holds 67" in text
    assert "*vencida*" in text


def test_attachment_is_stored_at_once_shown_and_dropped(signed_in: Client) -> None:
    make_debtor()
    campaign = begun(signed_in)
    page = Page(signed_in, campaign.pk, "message")
    path = f"/campaigns/{campaign.pk}/edit/attachment/"

    def send(**fields: Any) -> str:
        answer = signed_in.post(path, {"base": page.sent["base"], "page": page.sent["page"], **fields})
        page.sent["base"] = answer.context["base"]
        return answer.content.decode()

    assert "its content is no JPEG" in send(attachment=SimpleUploadedFile("a.png", b"no image"))
    assert "aviso.png" in send(attachment=SimpleUploadedFile("aviso.png", PNG))
    page.store(message="Hola")
    stored = Campaign.objects.get()
    assert stored.attachment is not None
    shown = signed_in.get(f"/campaigns/attachment/{stored.attachment_id}/")
    assert (shown["Content-Type"], shown.content) == ("image/png", PNG)
    assert "aviso.png" not in send()
    assert Campaign.objects.get().attachment is None
    assert signed_in.post(f"/campaigns/{ObjectId()}/edit/attachment/").status_code == 404


# The channel, the review ----------------------------------------------------------------------------------------------
def test_channel_says_what_is_missing_and_where_to_get_it(signed_in: Client, pool: Pool) -> None:
    campaign = begun(signed_in)
    page = Page(signed_in, campaign.pk, "channel")
    assert 'href="/pools/new/"' in page.text  # there is no WhatsApp pool
    assert "1 of 1 line can send" in page.text
    Pool.objects.create(name="Ventas", channel=Channel.WHATSAPP)
    page = Page(signed_in, campaign.pk, "channel")
    ventas = Pool.objects.get(name="Ventas")
    text = page.store(channel="whatsapp", whatsapp_pool=str(ventas.pk), sms_pool=str(pool.pk))
    assert "It has no session to send through." in text
    assert 'href="/sessions/new/"' in text
    stored = Campaign.objects.get()
    assert (stored.whatsapp_pool, stored.sms_pool) == (ventas, None)


def test_review_names_each_lack_with_a_link_and_then_what_starting_does(signed_in: Client, pool: Pool) -> None:
    make_debtor("Ana")
    make_debtor("Eva", debt=None)
    campaign = begun(signed_in, audience="")
    path = f"/campaigns/{campaign.pk}/edit/review/"
    text = signed_in.get(path).content.decode()
    assert "It can&#x27;t start yet" in text or "It can't start yet" in text
    for sentence in ("Choose who receives it.", "The message is empty.", "Choose the channel by which it is sent."):
        assert sentence in text
    assert f'href="/campaigns/{campaign.pk}/edit/channel/"' in text
    refused = signed_in.post(f"/campaigns/{campaign.pk}/start/")
    assert "The message is empty." in signed_in.get(refused["Location"]).content.decode()
    Page(signed_in, campaign.pk, "audience").store(audience="all")
    Page(signed_in, campaign.pk, "message").store(message="Hola {nombre}, debe {deuda}")
    Page(signed_in, campaign.pk, "channel").store(channel="sms", sms_pool=str(pool.pk))
    text = signed_in.get(path).content.decode()
    assert "It can start once nothing is missing." not in text
    assert "1 message will be sent by 1 SMS line" in text
    campaign.refresh_from_db()
    seen = campaign.revision
    Page(signed_in, campaign.pk, "message").store(message="Hola {nombre}")
    assert f'name="revision" value="{seen}"' in text
    late = signed_in.post(f"/campaigns/{campaign.pk}/start/", {"revision": seen})
    assert "Look at it again, then start it." in signed_in.get(late["Location"]).content.decode()
    assert signed_in.post(f"/campaigns/{campaign.pk}/start/", {"revision": seen + 1}).status_code == 303
    campaign.refresh_from_db()
    assert campaign.status == "running"


def test_start_of_more_than_are_looked_at_says_how_many_of_the_first_lack_a_value(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        make_debtor(f"Eva {number}", debt=None if number < 2 else 1)
    campaign = begun(signed_in)
    Page(signed_in, campaign.pk, "message").store(message="Hola {nombre}, debe {deuda}")
    campaign.refresh_from_db()
    assert not any("Of the first" in sentence for sentence in wording.start_sentences(campaign))
    monkeypatch.setattr(audience_look, "LOOKED_AT", 2)
    assert any(
        "Of the first 2, 2 lack a value that the message needs" in sentence
        for sentence in wording.start_sentences(campaign)
    )


@pytest.mark.parametrize("step", ["audience", "message", "channel", "pacing", "review"])
def test_steps_speak_spanish(client: Client, staff: User, step: str) -> None:
    client.force_login(staff)
    client.cookies["django_language"] = "es"
    make_debtor("Ana")
    campaign = begun(client)
    with override("es"):
        text = client.get(f"/campaigns/{campaign.pk}/edit/{step}/").content.decode()
    assert "Revisión" in text
    assert "falta el mensaje" in text
    assert "Save and go on" not in text


def test_empty_draft_is_listed_described_and_refused_by_commands(signed_in: Client, pool: Pool) -> None:
    campaign = begun(signed_in, audience="")
    Campaign.objects.filter(pk=campaign.pk).update(channel="")
    out = StringIO()
    call_command("campaign", "status", "Noviembre", stdout=out)
    assert "draft" in out.getvalue()
    assert "lacks the audience, the message, the channel" in signed_in.get("/campaigns/").content.decode()
    assert signed_in.get(f"/campaigns/{campaign.pk}/").status_code == 200
    assert "Noviembre" not in signed_in.get("/campaigns/?mine=1&state=running").content.decode()
    assert "Noviembre" in signed_in.get("/campaigns/?mine=1").content.decode()
    with pytest.raises(CampaignError, match="Choose the channel by which"):
        commands.start("Noviembre")
