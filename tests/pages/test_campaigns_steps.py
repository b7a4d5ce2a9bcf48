"""Writing a draft step by step: storing as one types, leaving and going on, two people on one draft."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import override

from accounts.models import User
from campaigns import commands
from campaigns.models import Campaign, ChosenDebtors
from debtors.commands import import_file
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
        self.sent |= {**fields, "base": answer.context["base"]}
        self.context = answer.context
        return answer.content.decode()

    def go(self, **fields: Any) -> Any:
        return self.client.post(self.address, {**self.sent, **fields})


@pytest.fixture
def signed_in(client: Client, staff: User) -> Client:
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def other(staff: User) -> Client:
    """Another person's browser."""
    client = Client()
    client.force_login(User.objects.create_user("luis", first_name="Luis", last_name="Soto"))
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
    assert campaign.name.startswith("Campaign of 20")
    assert (campaign.pk, campaign.owner, campaign.status) == (new.context["campaign"].pk, staff, "draft")
    assert 'id="look-count">1<' in text
    assert "lacks the message" in text
    page.store(name="Noviembre")
    assert Campaign.objects.get().name == "Noviembre"
    acts = list(SystemLog.objects.filter(kind="campaign").values_list("source", flat=True))
    assert acts == ["campaign.create"]


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
    Campaign.objects.all().delete()
    assert "Somebody deleted this draft meanwhile." in page.store(message="Chao")
    assert not Campaign.objects.exists()
    assert signed_in.get(page.path).status_code == 404
