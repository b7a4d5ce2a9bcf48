"""The pages of campaigns: list, editor, detail, acts, messages."""

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from bson import ObjectId
from django.test import Client
from django.utils import timezone
from django.utils.translation import override
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from campaigns import commands, watching
from campaigns.drafts import Draft, validate
from campaigns.models import Campaign
from domain.states import CampaignStatus, MessageStatus
from gateways.models import Pool
from lib.mongo import collection
from messaging import queries as messaging
from messaging.models import IncomingText, Message
from systemlog.models import SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db

URL = "https://gateway.example/send"
MISSING = "65f0c0ffee0123456789abcd"
ATTEMPT = {"attempt_id": "a", "gateway": ObjectId(MISSING), "epoch": 1, "started_at": datetime(2026, 11, 1)}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Sentences are compared in their source language, and no figure is another test's."""
    watching.forget()
    with override("en"):
        yield


@pytest.fixture
def pool() -> Pool:
    found = make_pool("Normal")
    make_line(found, URL, "Uno")
    return found


def make_draft(pool: Pool, *, name: str = "Noviembre", everybody: bool = True) -> Campaign:
    """A draft by SMS that is ready to start, but for an audience where nobody is asked for."""
    draft = Draft(name, "sms", "Hola {nombre}, debe {deuda}", sms_pool=pool.name, days="mon,tue,wed")
    commands.create(campaign := validate(draft), chosen=commands.ALL_DEBTORS if everybody else None)
    return campaign


def page(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query, follow=True)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def told(client: Client, path: str, **fields: Any) -> str:
    """What the page says after an act."""
    answer = client.post(path, fields)
    assert answer.status_code == 303, answer.content.decode()
    return page(client, answer["Location"])


def test_pages_ask_to_sign_in(client: Client) -> None:
    for path in ("/campaigns/", "/campaigns/new/", f"/campaigns/{MISSING}/", f"/campaigns/{MISSING}/export/"):
        assert client.get(path)["Location"] == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("path", ["", "edit/", "messages/", f"messages/{MISSING}/", "export/"])
def test_unknown_campaign_is_not_found(signed_in: Client, path: str) -> None:
    assert signed_in.get(f"/campaigns/{MISSING}/{path}").status_code == 404
    assert signed_in.get(f"/campaigns/nonsense/{path}").status_code == 404


def test_acts_want_a_post(signed_in: Client, pool: Pool) -> None:
    campaign = make_campaign(pool)
    for act in ("start", "pause", "resume", "cancel", "retry", "resolve", "schedule", "duplicate", "delete"):
        assert signed_in.get(f"/campaigns/{campaign.pk}/{act}/").status_code == 405
        assert signed_in.post(f"/campaigns/{MISSING}/{act}/").status_code == 404


# The list -------------------------------------------------------------------------------------------------------------
def test_list_says_what_to_do_when_there_is_none(signed_in: Client) -> None:
    text = page(signed_in, "/campaigns/")
    assert "No campaign yet" in text
    assert 'href="/campaigns/new/"' in text


def test_list_filters_by_state_and_by_the_beginning_of_the_name(signed_in: Client, pool: Pool) -> None:
    make_campaign(pool, "Ñuñoa Córdoba")
    make_campaign(pool, "Norte", status=CampaignStatus.PAUSED)
    everything = page(signed_in, "/campaigns/")
    assert "Ñuñoa Córdoba" in everything
    assert "Norte" in everything
    paused = page(signed_in, "/campaigns/", state="paused")
    assert "Ñuñoa" not in paused
    assert "Norte" in paused
    found = page(signed_in, "/campaigns/", q="nunoa cor")
    assert "Ñuñoa Córdoba" in found
    assert "Norte" not in found
    assert "No campaign fits this" in page(signed_in, "/campaigns/", q="sur")


def test_list_of_any_length_asks_the_same_number_of_questions(
    signed_in: Client, pool: Pool, django_assert_max_num_queries: DjangoAssertNumQueries, staff: User
) -> None:
    for _ in range(60):
        campaign = make_campaign(pool)
        Campaign.objects.filter(pk=campaign.pk).update(owner=staff)
    with django_assert_max_num_queries(10):  # three of them are the counts in the menu
        answer = signed_in.get("/campaigns/")
    assert len(answer.context["rows"]) == 50
    with django_assert_max_num_queries(10):
        second = signed_in.get("/campaigns/", {"mark": answer.context["page"].following})
    assert len(second.context["rows"]) == 10


def test_list_speaks_spanish_of_states(client: Client, staff: User, pool: Pool) -> None:
    client.force_login(staff)
    campaign = make_campaign(pool, status=CampaignStatus.PAUSED)
    add_messages(campaign, 1, status=MessageStatus.FAILED)
    assert "en pausa" in page(client, "/campaigns/")
    assert "fallido" in page(client, f"/campaigns/{campaign.pk}/")


# One campaign ---------------------------------------------------------------------------------------------------------
def test_detail_shows_counts_lines_problems_and_last_messages(signed_in: Client, pool: Pool) -> None:
    campaign = make_campaign(pool, "Cobranza <norte>")
    add_messages(campaign, 1200)
    add_messages(campaign, 3, status=MessageStatus.SENT)
    add_messages(campaign, 2, status=MessageStatus.FAILED)
    now = timezone.now().replace(tzinfo=None)
    collection(Message).update_many({"status": "sent"}, {"$set": {"sent_at": now}})
    collection(Message).update_many({"status": "failed"}, {"$set": {"failed_at": now, "reason": "not_on_whatsapp"}})
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert "Cobranza &lt;norte&gt;" in text
    assert "5 of 1,205 messages" in text
    assert "The number is not on WhatsApp" in text or "the number is not on WhatsApp" in text
    assert "no line yet" in text
    assert text.count('id="last-') == 5
    assert 'form="form-pause"' in text
    assert 'form="form-retry"' in text
    assert 'form="form-start"' not in text


def test_detail_of_a_draft_names_what_starting_will_do(signed_in: Client, pool: Pool) -> None:
    make_debtor("Ana")
    make_debtor("Eva", debt=None)
    text = page(signed_in, f"/campaigns/{make_draft(pool).pk}/")
    assert "1 message will be sent by 1 SMS line." in text
    assert "1 row lacks a value that the message needs, and is skipped." in text
    assert "Sending window: 08:00–20:00, Mon–Wed (America/Santiago)." in text


def test_acts_change_the_state_and_are_kept_in_the_log(signed_in: Client, pool: Pool) -> None:
    make_debtor()
    campaign = make_draft(pool)
    path = f"/campaigns/{campaign.pk}"
    assert "is no time" in told(signed_in, f"{path}/schedule/", at="mañana")
    assert "starts by itself" in told(signed_in, f"{path}/schedule/", at="2099-12-01T09:00")
    assert "is a draft again" in told(signed_in, f"{path}/unschedule/")
    assert "was started" in told(signed_in, f"{path}/start/")
    assert "can&#x27;t be started: it is running" in told(signed_in, f"{path}/start/")
    assert "Paused: revisar el texto" in told(signed_in, f"{path}/pause/", reason="revisar  el texto")
    assert "goes on" in told(signed_in, f"{path}/resume/")
    assert "has no failed messages" in told(signed_in, f"{path}/retry/", which="all")
    assert "was cancelled" in told(signed_in, f"{path}/cancel/")
    campaign.refresh_from_db()
    assert campaign.status == "cancelled"
    acts = list(SystemLog.objects.filter(kind="campaign").order_by("pk").values_list("source", flat=True))
    names = ("schedule", "unschedule", "start", "pause", "resume", "cancel")
    assert acts == [f"campaign.{name}" for name in names]


def test_start_without_an_audience_or_a_line_says_what_to_do_without_naming_a_command(
    signed_in: Client, pool: Pool
) -> None:
    path = f"/campaigns/{make_draft(pool, everybody=False).pk}/start/"
    text = told(signed_in, path)
    assert "has no audience. Choose who receives it." in text
    assert "manage.py" not in text
    Pool.objects.update(active=False)
    text = told(signed_in, path)
    assert "Switch it on, or choose another one." in text
    assert "manage.py" not in text


def test_failed_ones_are_sent_again_and_uncertain_ones_decided(signed_in: Client, pool: Pool) -> None:
    campaign = make_campaign(pool, status=CampaignStatus.COMPLETED)
    add_messages(campaign, 2, status=MessageStatus.FAILED)
    add_messages(campaign, 3, status=MessageStatus.UNCERTAIN)
    path = f"/campaigns/{campaign.pk}"
    text = page(signed_in, f"{path}/")
    assert "Of 3 messages nobody can tell" in text
    assert "Choose what becomes of the uncertain messages." in told(signed_in, f"{path}/resolve/")
    assert "3 uncertain messages are settled." in told(signed_in, f"{path}/resolve/", verdict="sent")
    assert "nothing was sent again" in told(signed_in, f"{path}/retry/")  # what names nothing is not all
    assert "2 failed messages are sent again." in told(signed_in, f"{path}/retry/", which="all")
    campaign.refresh_from_db()
    assert (campaign.status, campaign.retry_requested) == ("running", True)
    assert messaging.counts(campaign.pk)["sent"] == 3


def test_copy_is_a_draft_of_whoever_made_it_and_only_drafts_are_deleted(
    signed_in: Client, pool: Pool, staff: User
) -> None:
    campaign = make_campaign(pool, "Norte")
    assert "This is a copy." in told(signed_in, f"/campaigns/{campaign.pk}/duplicate/")
    copy = Campaign.objects.get(name="Norte (2)")
    assert (copy.status, copy.owner, copy.message, copy.enrolled_at) == ("draft", staff, campaign.message, None)
    assert "Only drafts can be deleted" in told(signed_in, f"/campaigns/{campaign.pk}/delete/")
    assert "The draft “Norte (2)” was deleted." in told(signed_in, f"/campaigns/{copy.pk}/delete/")
    assert list(Campaign.objects.values_list("name", flat=True)) == ["Norte"]


# Messages -------------------------------------------------------------------------------------------------------------
def test_messages_are_paged_in_their_order_and_filtered_by_state(signed_in: Client, pool: Pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 60)
    add_messages(campaign, 2, status=MessageStatus.FAILED)
    first = signed_in.get(f"/campaigns/{campaign.pk}/messages/")
    assert [message.row for message, _line, _reason in first.context["rows"]] == list(range(2, 52))
    rest = signed_in.get(f"/campaigns/{campaign.pk}/messages/", {"mark": first.context["page"].following})
    assert [message.row for message, _line, _reason in rest.context["rows"]] == [*range(52, 62), 2, 3]
    back = signed_in.get(f"/campaigns/{campaign.pk}/messages/", {"mark": rest.context["page"].previous})
    assert [row[0].pk for row in back.context["rows"]] == [row[0].pk for row in first.context["rows"]]
    failed = signed_in.get(f"/campaigns/{campaign.pk}/messages/", {"status": "failed"})
    assert len(failed.context["rows"]) == 2
    assert "No message is in this state" in page(signed_in, f"/campaigns/{campaign.pk}/messages/", status="read")


def test_replies_lead_to_the_person(signed_in: Client, pool: Pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 1, status=MessageStatus.SENT)
    message = Message.objects.get()
    collection(Message).update_one({"_id": message.pk}, {"$set": {"attempts": [ATTEMPT]}})
    now = timezone.now()
    IncomingText.objects.create(
        gateway=MISSING, provider_id="1", phone=message.phone, text="Ya pagué", at=now, received_at=now
    )
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert "Ya pagué" in text
    assert f'href="/messages/{message.phone[1:]}/"' in text


def test_message_is_a_page_and_a_panel(signed_in: Client, pool: Pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 1)
    message = Message.objects.get()
    path = f"/campaigns/{campaign.pk}/messages/{message.pk}/"
    assert "Hola 0" in page(signed_in, path)
    panel = signed_in.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "Hola 0" in panel
    assert "<html" not in panel
    assert "live-socket" not in panel
    assert signed_in.get(f"/campaigns/{make_campaign(pool).pk}/messages/{message.pk}/").status_code == 404


def test_export_is_a_workbook_of_every_message(signed_in: Client, pool: Pool) -> None:
    campaign = make_campaign(pool, "Año nuevo")
    add_messages(campaign, 3)
    answer = signed_in.get(f"/campaigns/{campaign.pk}/export/")
    assert 'filename="ano-nuevo-' in answer["Content-Disposition"]
    sheet = load_workbook(BytesIO(b"".join(answer))).worksheets[0]  # type: ignore[arg-type]
    assert sheet.max_row == 4
    assert SystemLog.objects.filter(source="campaign.export").exists()
