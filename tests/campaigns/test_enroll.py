"""From a campaign's audience to its messages: the engine's enrolling, requeueing and sweeping of whole campaigns."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from campaigns import audience, commands
from campaigns.audience import Cursor, Page
from campaigns.models import Campaign
from domain.states import CampaignStatus, MessageStatus
from engine import enroll, finish
from messaging import queries
from messaging.models import Message
from tests.campaigns.test_audience import campaign_for, imported
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db

URL = "https://gateway.example/send"


def started(campaign: Campaign) -> Campaign:
    assert campaign.sms_pool is not None
    make_line(campaign.sms_pool, URL)
    return commands.start(campaign.name)


def work(campaign: Campaign) -> None:
    token = enroll.lease(campaign.pk)
    assert token is not None
    enroll.work(campaign.pk, token)
    campaign.refresh_from_db()


def small_pages(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """Make the engine read pages of so many rows."""
    read_page = audience.read_page

    def read(campaign: Campaign, cursor: Cursor) -> Page:
        return read_page(campaign, cursor, limit=limit)

    monkeypatch.setattr(audience, "read_page", read)


def state(campaign: Campaign) -> dict[str, int]:
    counts = queries.counts(campaign.pk)
    assert counts == queries.counted(campaign.pk)
    return {status: number for status, number in counts.items() if number}


def messages(campaign: Campaign) -> list[tuple[Any, ...]]:
    found = Message.objects.filter(campaign=campaign.pk).order_by("row", "phone")
    return list(found.values_list("row", "name", "phone", "text", "variant", "status", "reason", "detail"))


def test_enroll_makes_one_message_a_row_with_its_text(tmp_path: Path) -> None:
    rows = [list(row) for row in debtor_rows(3)]
    rows[1][2] = None
    imported(tmp_path, [HEADERS, rows[0]])  # the row is unchanged in the next file, and is in the audience all the same
    source = imported(tmp_path, [HEADERS, *rows])
    campaign = started(campaign_for(source, message="{nombre} debe {deuda} a {cartera|nosotros}, {ejecutivo}"))
    work(campaign)
    assert messages(campaign) == [
        (2, "Deudor 0", "+56980000000", "Deudor 0 debe $1.000 a nosotros, ejecutivo0", 0, "pending", "", ""),
        (3, "Deudor 1", "+56980000001", "", 0, "skipped", "missing_value", "{deuda}"),
        (4, "Deudor 2", "+56980000002", "Deudor 2 debe $3.000 a nosotros, ejecutivo2", 0, "pending", "", ""),
    ]
    assert state(campaign) == {"pending": 2, "skipped": 1}
    assert campaign.enrolled_at is not None
    assert (campaign.work_token, campaign.work_until) == ("", None)
    [first, *_] = Message.objects.order_by("row")
    assert (first.kind, first.channel, first.pool) == ("campaign", "sms", campaign.sms_pool_id)


def test_enroll_takes_the_texts_in_turn_across_pages_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch, 2)
    rows = debtor_rows(9)
    sources = imported(tmp_path, [HEADERS, *rows[:5]]), imported(tmp_path, [HEADERS, *rows[3:]])
    campaign = started(campaign_for(*sources, message="A", variants=["B", "C"]))
    work(campaign)
    found = Message.objects.filter(campaign=campaign.pk).order_by("phone").values_list("text", "variant")
    assert list(found) == [("A", 0), ("B", 1), ("C", 2)] * 3


def test_enroll_at_random_draws_every_text(tmp_path: Path) -> None:
    source = imported(tmp_path, [HEADERS, *debtor_rows(200)])
    campaign = started(campaign_for(source, message="A", variants=["B"], rotation="random"))
    work(campaign)
    drawn = Counter(Message.objects.values_list("text", flat=True))
    assert drawn.total() == 200
    assert min(drawn["A"], drawn["B"]) > 50


def test_enroll_of_two_files_with_the_same_debtors_makes_one_message_each(tmp_path: Path) -> None:
    rows = debtor_rows(6)
    sources = imported(tmp_path, [HEADERS, *rows[:4]]), imported(tmp_path, [HEADERS, *rows[2:]])
    campaign = started(campaign_for(*sources))
    work(campaign)
    assert [(name, row) for row, name, *_ in messages(campaign)] == [
        ("Deudor 0", 2),
        ("Deudor 1", 3),
        ("Deudor 2", 4),
        ("Deudor 4", 4),
        ("Deudor 3", 5),
        ("Deudor 5", 5),
    ]


@pytest.mark.parametrize("everybody", [True, False])
@pytest.mark.parametrize("dies_after", [0, 1, 2, 3])
def test_enroll_that_died_on_the_way_ends_with_the_same_messages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_after: int, everybody: bool
) -> None:
    small_pages(monkeypatch, 3)
    source = imported(tmp_path, [HEADERS, *debtor_rows(10)])
    campaign = started(campaign_for(source, everybody=everybody, message="A {nombre}", variants=["B {nombre}"]))
    written = enroll.claims.enroll
    calls = 0

    def dies(campaign_id: ObjectId, drafts: Sequence[Any]) -> int:
        nonlocal calls
        calls += 1
        if calls > dies_after:
            if dies_after == 2:
                written(campaign_id, drafts)  # killed between the messages and the cursor
            raise RuntimeError("killed")
        return written(campaign_id, drafts)

    monkeypatch.setattr(enroll.claims, "enroll", dies)
    with pytest.raises(RuntimeError):
        work(campaign)
    campaign.refresh_from_db()
    assert campaign.enrolled_at is None
    assert campaign.pk in enroll.needs_work()
    monkeypatch.setattr(enroll.claims, "enroll", written)
    work(campaign)
    texts = list(Message.objects.order_by("phone").values_list("text", flat=True))
    assert texts == [f"{'AB'[i % 2]} Deudor {i}" for i in range(10)]
    assert state(campaign) == {"pending": 10}
    assert enroll.needs_work() == []


def test_enroll_again_adds_nothing(tmp_path: Path) -> None:
    campaign = started(campaign_for(imported(tmp_path, [HEADERS, *debtor_rows(5)])))
    work(campaign)
    before = messages(campaign)
    Campaign.objects.update(enrolled_at=None, enroll_cursor={})
    work(campaign)
    assert messages(campaign) == before
    assert state(campaign) == {"pending": 5}


def test_work_under_a_lease_that_another_took_does_nothing(tmp_path: Path) -> None:
    campaign = started(campaign_for(imported(tmp_path, [HEADERS, *debtor_rows(2)])))
    assert enroll.lease(campaign.pk) is not None
    assert enroll.lease(campaign.pk) is None
    enroll.work(campaign.pk, "0" * 32)
    assert state(campaign) == {}


def test_enroll_stops_when_its_lease_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch, 2)
    campaign = started(campaign_for(imported(tmp_path, [HEADERS, *debtor_rows(10)])))
    written = enroll.claims.enroll

    def overtaken(campaign_id: ObjectId, drafts: Sequence[Any]) -> int:
        Campaign.objects.update(work_token="another")
        return written(campaign_id, drafts)

    monkeypatch.setattr(enroll.claims, "enroll", overtaken)
    work(campaign)
    assert state(campaign) == {"pending": 2}
    assert (campaign.work_token, campaign.enroll_cursor) == ("another", {})


def test_enroll_of_a_campaign_that_is_cancelled_on_the_way_skips_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pages(monkeypatch, 2)
    campaign = started(campaign_for(imported(tmp_path, [HEADERS, *debtor_rows(10)])))
    written = enroll.claims.enroll

    def cancelled(campaign_id: ObjectId, drafts: Sequence[Any]) -> int:
        if queries.counts(campaign_id)["pending"] == 2:
            commands.cancel(campaign.name)
        return written(campaign_id, drafts)

    monkeypatch.setattr(enroll.claims, "enroll", cancelled)
    work(campaign)
    assert state(campaign) == {"pending": 4}
    assert enroll.needs_work() == [campaign.pk]
    work(campaign)
    assert state(campaign) == {"skipped": 4}
    assert set(Message.objects.values_list("reason", flat=True)) == {"cancelled"}
    work(campaign)
    assert (campaign.status, campaign.sweep_requested) == (CampaignStatus.CANCELLED, False)
    assert enroll.needs_work() == []


def test_retry_of_a_completed_campaigns_failed_messages_opens_and_completes_it_again() -> None:
    pool = make_pool()
    make_line(pool, URL)
    campaign = make_campaign(pool, status=CampaignStatus.COMPLETED)
    add_messages(campaign, 3, status=MessageStatus.FAILED)
    add_messages(campaign, 2, status=MessageStatus.SENT)
    commands.retry_failed(campaign.name)
    assert finish.finish_done() == 0  # not before the engine has put them back
    assert enroll.needs_work() == [campaign.pk]
    work(campaign)
    assert state(campaign) == {"pending": 3, "sent": 2}
    assert (campaign.status, campaign.retry_requested) == (CampaignStatus.RUNNING, False)
    assert finish.finish_done() == 0
    commands.cancel(campaign.name)
    work(campaign)
    assert state(campaign) == {"skipped": 3, "sent": 2}


def test_start_of_everybody_reads_page_by_page_and_reaches_those_who_came_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_pages(monkeypatch, 2)
    for _ in range(4):
        make_debtor()
    campaign = started(campaign_for(everybody=True))
    make_debtor("Nueva")
    work(campaign)
    assert state(campaign) == {"pending": 5}
    assert {row for row, *_ in messages(campaign)} == {None}
