"""A campaign's page and its messages: how far they came, why others failed, filters, the export, the archive."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from bson import ObjectId
from django.test import Client
from django.utils import timezone
from django.utils.translation import override
from openpyxl import load_workbook

from accounts.models import User
from campaigns import export, watching
from campaigns.models import Campaign
from domain.folding import fold
from domain.states import CampaignStatus, MessageStatus
from gateways.models import Channel, Gateway, LaneHealth, Pool
from lib.mongo import collection
from live.fragments import fragment_named
from messaging.models import IncomingText, Message
from systemlog.models import SystemLog
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db

URL = "https://gateway.example/send"
M, C = MessageStatus, CampaignStatus


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    watching.forget()
    with override("en"):
        yield


@pytest.fixture
def line() -> Gateway:
    return make_line(make_pool("Normal"), URL, "Uno")


@pytest.fixture
def campaign(line: Gateway) -> Campaign:
    return make_campaign(line.pool, "Noviembre", status=C.COMPLETED)


def add(campaign: Campaign, number: int, status: M, **fields: Any) -> list[ObjectId]:
    """So many messages in a state, with more about them; their keys."""
    which = {"debtor": {"$in": add_messages(campaign, number, status=status)}}
    now = timezone.now().replace(tzinfo=None)
    times = {M.SENT: {"sent_at": now}, M.DELIVERED: {"sent_at": now, "delivered_at": now}, M.FAILED: {"failed_at": now}}
    if "name" in fields:
        fields["folded_name"] = fold(fields["name"])
    changes = {**times.get(status, {}), **fields}
    if changes:
        collection(Message).update_many(which, {"$set": changes})
    return [row["_id"] for row in collection(Message).find(which, {"_id": 1}).sort("_id", 1)]


def page(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, answer
    return " ".join(answer.content.decode().split())


def told(client: Client, path: str, **fields: Any) -> str:
    answer = client.post(path, fields)
    assert answer.status_code == 303, answer.content.decode()
    return page(client, answer["Location"])


def listed(client: Client, campaign: Campaign, **query: str) -> list[ObjectId]:
    """The messages of the page that a filter gives, in its order."""
    watching.forget()
    answer = client.get(f"/campaigns/{campaign.pk}/messages/", query)
    assert answer.status_code == 200
    return [message.pk for message, _line, _reason in answer.context["rows"]]


# The page -------------------------------------------------------------------------------------------------------------
def test_funnel_counts_what_came_as_far_and_leaves_reading_out_of_sms(signed_in: Client, campaign: Campaign) -> None:
    add(campaign, 5, M.SENT)
    add(campaign, 3, M.DELIVERED)
    add(campaign, 2, M.FAILED, reason="timeout")
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    funnel = text[text.index('class="funnel"') :]
    funnel = funnel[: funnel.index("</table>")]
    assert '<td class="end"><b>8</b></td> <td class="end soft small">80 %' in funnel
    assert '<b>3</b></td> <td class="end soft small">30 % <span title="of the step before">(38 %)</span>' in funnel
    assert "step-read" not in funnel
    assert "step-replied" in funnel


def test_funnel_of_whatsapp_with_sms_tells_the_channels_apart(signed_in: Client, campaign: Campaign) -> None:
    whatsapp = Pool.objects.create(name="Ventas", channel=Channel.WHATSAPP)
    Campaign.objects.update(channel="whatsapp_fallback_sms", whatsapp_pool=whatsapp)
    add(campaign, 4, M.READ, channel="whatsapp")
    add(campaign, 2, M.SENT)
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert text.count('class="funnel"') == 2
    assert text.count("step-read") == 1
    assert "not reported" in text  # no SMS was reported as delivered
    assert "0 people answered" in text


def test_causes_say_how_many_by_which_lines_and_what_to_do(
    signed_in: Client, campaign: Campaign, line: Gateway
) -> None:
    add(campaign, 3, M.FAILED, reason="timeout", gateway=line.pk)
    add(campaign, 2, M.FAILED, reason="not_on_whatsapp")
    add(campaign, 1, M.UNCERTAIN, reason="disconnected", due_at=None)
    add(campaign, 1, M.SKIPPED, reason="missing_value", detail="{deuda}")
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert "The gateway did not answer in time" in text
    assert "See whether the line answers, by a test on its page; then retry." in text
    assert "Uno · last:" in text
    # What is asked about is one cause's own element: rows that change places never put another in its stead.
    assert '<li id="cause-failed-timeout"' in text
    button = 'id="retry-failed-timeout" form="form-retry" name="reason" value="timeout" '
    assert button + 'data-says="3 messages are sent again, each as a new attempt: ' in text
    assert "Retry anyway" in text  # only where it hardly helps
    assert "(for example: {deuda})" in text
    assert f'href="/campaigns/{campaign.pk}/messages/?status=failed&amp;reason=not_on_whatsapp"' in text
    # The button above offers those that may end better.
    assert 'id="do-retry" form="form-retry" name="worth" value="timeout"' in text
    assert '<span class="count state-now">3</span>' in text


def test_causes_can_not_be_retried_after_the_end_for_good(signed_in: Client, campaign: Campaign) -> None:
    add(campaign, 3, M.FAILED, reason="timeout")
    Campaign.objects.update(status="cancelled")
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert 'name="reason" value=' not in text
    assert 'id="do-retry"' not in text
    assert 'id="do-archive"' in text


def test_lines_say_how_they_are_until_when_and_what_they_sent(
    signed_in: Client, campaign: Campaign, line: Gateway
) -> None:
    Campaign.objects.update(status="running")
    rest = timezone.now() + timedelta(seconds=90)
    other = make_line(line.pool, URL, "Dos")
    Gateway.objects.filter(pk=line.pk).update(health=LaneHealth.DOWN, health_reason="connect: x", next_send_at=rest)
    Gateway.objects.filter(pk=other.pk).update(capped_until=rest, capped_by="per_day")
    add(campaign, 3, M.SENT, gateway=line.pk)
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert f'<a href="/lines/{line.pk}/">Uno</a>' in text
    assert "The gateway took no connection" in text
    assert "It has sent what it may in a day" in text
    assert text.count('<time class="countdown"') == 2
    # What hinders it is said above, with the page where it is solved.
    assert f'<a class="btn btn-sm" href="/lines/{line.pk}/">See the line</a>' in text


def test_paused_without_sessions_leads_to_them(signed_in: Client, campaign: Campaign) -> None:
    whatsapp = Pool.objects.create(name="Ventas", channel=Channel.WHATSAPP)
    Campaign.objects.update(channel="whatsapp", whatsapp_pool=whatsapp, status="paused", pause_reason="sin sesiones")
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert "Paused: sin sesiones" in text
    assert "0 of its 0 sessions are connected, and it needs 1." in text
    assert '<a class="btn btn-sm" href="/sessions/">See the sessions</a>' in text


def test_time_left_is_the_plans_until_something_was_sent(signed_in: Client, campaign: Campaign, line: Gateway) -> None:
    Campaign.objects.update(status="running")
    Pool.objects.filter(pk=line.pool_id).update(delay_seconds=30)
    add(campaign, 10, M.PENDING)
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert "About 5 min of sending are left, at its pool&#x27;s pace until" in text
    assert 'class="pace' not in text


def test_chart_shows_the_campaigns_life_with_words_for_it(signed_in: Client, campaign: Campaign) -> None:
    start = timezone.now().replace(second=0, microsecond=0) - timedelta(hours=5)
    for hours, number in ((0, 2), (3, 7)):
        moment = (start + timedelta(hours=hours)).replace(tzinfo=None)
        collection(Message).update_many({"_id": {"$in": add(campaign, number, M.SENT)}}, {"$set": {"sent_at": moment}})
    chart = watching.chart(campaign.pk)
    assert chart is not None
    assert (chart.size, sum(number for _moment, number in chart.slots), chart.most[1]) == (300, 9, 7)
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert 'aria-label="Sent per 5 minutes; most at' in text
    assert text.count('width="8"') == len(chart.slots)


def test_page_of_a_campaign_without_messages_is_short(signed_in: Client, campaign: Campaign) -> None:
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert "Nobody received a message: its audience was empty." in text
    assert 'aria-label="How far they came" hidden' in text
    assert 'aria-label="What went wrong" hidden' in text


def test_every_state_has_its_page_and_can_be_copied_in_both_languages(
    client: Client, staff: User, campaign: Campaign
) -> None:
    client.force_login(staff)
    add(campaign, 2, M.FAILED, reason="timeout")
    for number, status in enumerate(CampaignStatus, start=2):
        archived = status in (C.COMPLETED, C.CANCELLED)
        Campaign.objects.filter(pk=campaign.pk).update(status=status.value, archived=archived)
        for language, more in (("es", "Más"), ("en", "More")):
            client.cookies["django_language"] = language
            assert more in page(client, f"/campaigns/{campaign.pk}/")
        assert client.post(f"/campaigns/{campaign.pk}/duplicate/").status_code == 303
        copy = Campaign.objects.get(name=f"Noviembre ({number})")
        assert (copy.status, copy.archived, copy.retry_wanted) == ("draft", False, [])
    client.cookies["django_language"] = "es"
    assert "Comienzo del nombre o del teléfono" in page(client, f"/campaigns/{campaign.pk}/messages/")


# Sending again --------------------------------------------------------------------------------------------------------
def test_retry_by_cause_and_of_all_that_are_worth_it(signed_in: Client, campaign: Campaign) -> None:
    add(campaign, 3, M.FAILED, reason="timeout")
    add(campaign, 2, M.FAILED, reason="http_422")
    add(campaign, 4, M.FAILED, reason="")
    path = f"/campaigns/{campaign.pk}/retry/"
    assert "3 failed messages are sent again." in told(signed_in, path, reason="timeout")
    assert "4 failed messages are sent again." in told(signed_in, path, reason="-")
    assert "7 failed messages are sent again." in told(signed_in, path, worth="timeout,-,dns")
    assert "has no messages that failed for this reason any more" in told(signed_in, path, reason="dns")
    campaign.refresh_from_db()
    assert [sorted(request.reasons) for request in campaign.retry_wanted] == [["timeout"], [""], ["", "timeout"]]
    kept = SystemLog.objects.filter(source="campaign.retry").order_by("pk")
    assert kept[0].data == {"number": 3, "reasons": ["timeout"], "ticked": 0}


def test_retry_of_what_another_person_sent_again_meanwhile_sends_nothing_else(
    signed_in: Client, campaign: Campaign
) -> None:
    timeouts = add(campaign, 2, M.FAILED, reason="timeout")
    add(campaign, 3, M.FAILED, reason="not_on_whatsapp")
    add(campaign, 4, M.FAILED, reason="dns")
    path = f"/campaigns/{campaign.pk}/retry/"
    collection(Message).update_many({"_id": {"$in": timeouts}}, {"$set": {"status": "pending"}})
    for shown in ("timeout", "not_on_whatsapp", ""):
        assert "nothing was sent again" in told(signed_in, path, worth=shown)
    assert "4 failed messages are sent again." in told(signed_in, path, worth="timeout,dns")
    campaign.refresh_from_db()
    assert [request.reasons for request in campaign.retry_wanted] == [["dns"]]


def test_boxes_of_the_list_count_with_the_button_of_the_ticked_ones_alone(
    signed_in: Client, campaign: Campaign
) -> None:
    keys = add(campaign, 5, M.FAILED, reason="timeout")
    path = f"/campaigns/{campaign.pk}/retry/"
    answer = signed_in.post(path, {"message": [str(keys[0])], "reason": "timeout"})
    assert "5 failed messages are sent again." in page(signed_in, answer["Location"])
    campaign.refresh_from_db()
    assert [(request.reasons, request.messages) for request in campaign.retry_wanted] == [(["timeout"], [])]


def test_draft_that_changed_since_its_page_was_opened_is_not_started_by_it(
    signed_in: Client, campaign: Campaign
) -> None:
    scheduled = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    Campaign.objects.update(status="scheduled", scheduled_at=scheduled, revision=1234, timezone="America/Lima")
    text = page(signed_in, f"/campaigns/{campaign.pk}/")
    assert text.count('name="revision" value="1234"') == 2
    assert "07:00" in text.split("Scheduled for")[1][:60]  # on its own clocks
    Campaign.objects.update(revision=1235)
    for act in ("start", "schedule"):
        path = f"/campaigns/{campaign.pk}/{act}/"
        assert "Look at it again, then start it." in told(signed_in, path, revision="1234", at="2099-12-01T09:00")


def test_retry_of_the_ticked_ones_comes_back_to_the_list(signed_in: Client, campaign: Campaign) -> None:
    keys = add(campaign, 3, M.FAILED, reason="timeout")
    path = f"/campaigns/{campaign.pk}/retry/"
    answer = signed_in.post(path, {"message": [str(keys[0]), str(keys[2]), "nonsense"], "which": "ticked"})
    assert answer["Location"] == f"/campaigns/{campaign.pk}/messages/"
    assert "2 failed messages are sent again." in page(signed_in, answer["Location"])
    assert "Tick the messages first." in told(signed_in, path, which="ticked")
    campaign.refresh_from_db()
    assert [request.messages for request in campaign.retry_wanted] == [[keys[0], keys[2]]]


def test_only_failed_messages_can_be_ticked_and_only_while_they_may_be_sent(
    signed_in: Client, campaign: Campaign
) -> None:
    add(campaign, 2, M.FAILED, reason="timeout")
    add(campaign, 3, M.SENT)
    path = f"/campaigns/{campaign.pk}/messages/"
    assert page(signed_in, path).count('name="message"') == 2
    Campaign.objects.update(status="paused")
    assert "each as a new attempt: %s. They wait until it is resumed." in page(signed_in, path)
    Campaign.objects.update(status="cancelled")
    assert 'name="message"' not in page(signed_in, path)


# Messages -------------------------------------------------------------------------------------------------------------
def test_messages_are_filtered_by_everything_at_once(signed_in: Client, campaign: Campaign, line: Gateway) -> None:
    ana = add(campaign, 2, M.FAILED, reason="timeout", gateway=line.pk, name="Ana Díaz")
    eva = add(campaign, 1, M.FAILED, reason="rejected", gateway=line.pk, name="Eva", variant=1)
    sent = add(campaign, 2, M.SENT, channel="whatsapp", name="Ñuñoa Andrés", phone="+56987654321")
    everybody = [*ana, *eva, *sent]
    assert listed(signed_in, campaign) == everybody
    assert listed(signed_in, campaign, status="failed") == [*ana, *eva]
    assert listed(signed_in, campaign, reason="timeout") == ana
    assert listed(signed_in, campaign, status="failed", reason="rejected", line=str(line.pk)) == eva
    assert listed(signed_in, campaign, variant="1") == eva
    assert listed(signed_in, campaign, variant="0", line=str(line.pk)) == ana
    assert listed(signed_in, campaign, channel="whatsapp") == sent
    assert listed(signed_in, campaign, q="ana d") == ana
    assert listed(signed_in, campaign, q="nunoa") == sent
    assert listed(signed_in, campaign, q="nunoa", status="failed") == []
    assert listed(signed_in, campaign, q="+56 9 8765") == sent
    assert listed(signed_in, campaign, q="9 8765 4321") == sent
    assert listed(signed_in, campaign, q="()") == []
    assert listed(signed_in, campaign, line=str(ObjectId())) == []
    # What can't be is not asked for.
    nonsense = {"status": "x", "line": "x", "variant": "9" * 5_000, "channel": "x", "replied": "x", "mark": "x"}
    assert listed(signed_in, campaign, **nonsense) == everybody


def test_messages_of_those_who_answered(signed_in: Client, campaign: Campaign) -> None:
    started = {"attempt_id": "a", "gateway": ObjectId(), "epoch": 1, "started_at": timezone.now().replace(tzinfo=None)}
    quiet, spoke = add(campaign, 2, M.SENT, attempts=[started])
    now = timezone.now()
    phone = Message.objects.get(pk=spoke).phone
    IncomingText.objects.create(gateway=ObjectId(), provider_id="1", phone=phone, text="Sí", at=now, received_at=now)
    assert listed(signed_in, campaign, replied="1") == [spoke]
    assert listed(signed_in, campaign, replied="1", status="failed") == []
    assert listed(signed_in, campaign) == [quiet, spoke]


def test_filters_are_chips_that_are_taken_away_one_by_one(signed_in: Client, campaign: Campaign, line: Gateway) -> None:
    add(campaign, 2, M.FAILED, reason="timeout", gateway=line.pk, name="Ana")
    path = f"/campaigns/{campaign.pk}/messages/"
    answer = signed_in.get(path, {"status": "failed", "reason": "timeout", "line": str(line.pk), "q": "an"})
    assert answer.context["chips"] == [
        ("Reason: The gateway did not answer in time", f"?status=failed&line={line.pk}&q=an"),
        ("Line: Uno", "?status=failed&reason=timeout&q=an"),
        ("“an”", f"?status=failed&reason=timeout&line={line.pk}"),
    ]
    assert "No message fits this" in page(signed_in, path, q="zoe")
    # Only where all of a cause are listed, all of it is offered.
    offered = 'id="retry-cause" form="form-retry" name="reason" value="timeout" data-says="2 messages are sent again'
    assert offered in page(signed_in, path, status="failed", reason="timeout")
    assert "retry-cause" not in page(signed_in, path, status="failed", reason="timeout", q="an")


def test_search_is_paged_in_the_order_of_what_is_searched(signed_in: Client, campaign: Campaign) -> None:
    keys = add(campaign, 60, M.SENT)
    for place, key in enumerate(keys):
        name = f"Ana {59 - place:02d}"
        collection(Message).update_one({"_id": key}, {"$set": {"name": name, "folded_name": fold(name)}})
    path = f"/campaigns/{campaign.pk}/messages/"
    first = signed_in.get(path, {"q": "ana"})
    rest = signed_in.get(path, {"q": "ana", "mark": first.context["page"].following})
    found = [row[0].pk for answer in (first, rest) for row in answer.context["rows"]]
    assert found == list(reversed(keys))


def test_list_says_when_it_is_behind_and_does_not_jump(signed_in: Client, campaign: Campaign) -> None:
    add(campaign, 3, M.SENT)
    key = f"{campaign.pk}-sent-3"
    assert f"campaign-changes%3A{key}" in page(signed_in, f"/campaigns/{campaign.pk}/messages/", status="sent")
    fragment = fragment_named("campaign-changes")
    assert fragment is not None
    assert "refresh" not in fragment.render(key)
    add(campaign, 2, M.SENT)
    assert "2 changes since: refresh" in fragment.render(key)
    assert fragment.render(f"{campaign.pk}-sent-x") == ""


# The export -----------------------------------------------------------------------------------------------------------
def test_export_is_what_the_list_shows(signed_in: Client, campaign: Campaign) -> None:
    add(campaign, 1, M.FAILED, reason="timeout", name="=Ana")
    add(campaign, 1, M.FAILED, reason="rejected", name="Bea")
    add(campaign, 1, M.SENT, name="Cira")
    add(campaign, 1, M.SENT, name="Dora", channel="whatsapp")
    path = f"/campaigns/{campaign.pk}/export/"
    wanted: list[tuple[dict[str, str], list[str]]] = [
        ({}, ["=Ana", "Bea", "Cira", "Dora"]),
        ({"status": "failed"}, ["=Ana", "Bea"]),
        ({"status": "failed", "reason": "timeout"}, ["=Ana"]),
        ({"q": "b"}, ["Bea"]),
        ({"channel": "whatsapp", "variant": "0"}, ["Dora"]),
        ({"replied": "1"}, []),
    ]
    for query, names in wanted:
        shown = [Message.objects.get(pk=key).name for key in listed(signed_in, campaign, **query)]
        book = load_workbook(BytesIO(b"".join(signed_in.get(path, query))))  # type: ignore[arg-type]  # its pieces
        rows = list(book.worksheets[0].iter_rows(values_only=True))[1:]
        plain = signed_in.get(path, {**query, "as": "csv"})
        table = list(csv.reader(StringIO(b"".join(plain).decode("utf-8-sig"))))  # type: ignore[arg-type]
        for found in (shown, [row[1] for row in rows], [row[1].removeprefix("'") for row in table[1:]]):
            assert sorted(found) == names
        assert not any(cell.startswith("=") for row in table for cell in row)  # nothing runs as a formula
        assert plain["Content-Disposition"].startswith('attachment; filename="noviembre-')
        last = SystemLog.objects.filter(source="campaign.export").order_by("-pk")[0]
        assert (last.data["format"], len(last.data["filter"])) == ("csv", len(query))


def test_nothing_in_a_csv_begins_a_formula_where_a_spreadsheet_parts_it(signed_in: Client, campaign: Campaign) -> None:
    add(campaign, 1, M.FAILED, name="Ana;=1+1\t@x\r\n-2; -3;b")
    plain = signed_in.get(f"/campaigns/{campaign.pk}/export/", {"as": "csv"})
    text = b"".join(plain).decode("utf-8-sig")  # type: ignore[arg-type]
    assert "Ana;'=1+1\t'@x" in text
    assert "\n'-2; -3;b" in text


def test_export_of_very_many_is_a_csv_that_begins_at_once(
    signed_in: Client, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "WORKBOOK_ROWS", 2)
    add(campaign, 1, M.FAILED)
    add(campaign, 2, M.SENT)
    path = f"/campaigns/{campaign.pk}"
    assert signed_in.get(f"{path}/export/")["Content-Type"] == "text/csv; charset=utf-8"
    assert "spreadsheetml" in signed_in.get(f"{path}/export/", {"status": "failed"})["Content-Type"]
    assert "Export as Excel" not in page(signed_in, f"{path}/") + page(signed_in, f"{path}/messages/")
    assert "Export these as Excel" in page(signed_in, f"{path}/messages/", status="failed")


# The archive ----------------------------------------------------------------------------------------------------------
def test_archived_campaigns_are_out_of_the_list_and_come_back(signed_in: Client, campaign: Campaign) -> None:
    add(campaign, 1, M.FAILED, reason="timeout")
    path = f"/campaigns/{campaign.pk}"
    text = told(signed_in, f"{path}/archive/")
    assert "is archived: the list shows it under “Archived”." in text
    assert '<button class="btn btn-sm undo" form="form-unarchive">Undo</button>' in text
    assert "Noviembre" not in page(signed_in, "/campaigns/", state="completed")
    assert "Noviembre" in page(signed_in, "/campaigns/", state="archived")
    assert "Noviembre" in page(signed_in, "/campaigns/", state="archived", q="nov")
    assert "Every campaign is archived" in page(signed_in, "/campaigns/")
    assert "is in the list again" in told(signed_in, f"{path}/unarchive/")
    assert "Noviembre" in page(signed_in, "/campaigns/")
    assert "Nothing is archived" in page(signed_in, "/campaigns/", state="archived")
    Campaign.objects.update(status="running")
    assert "can&#x27;t be archived before it has ended: it is running." in told(signed_in, f"{path}/archive/")
    acts = list(SystemLog.objects.filter(kind="campaign").order_by("pk").values_list("source", flat=True))
    assert acts == ["campaign.archive", "campaign.unarchive"]
