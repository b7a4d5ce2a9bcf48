"""What staff do to campaigns: who may be in one, and which state may follow which."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from django.db import connections
from django.utils import timezone
from django.utils.translation import override

from campaigns import commands, queries
from campaigns.commands import ALL_DEBTORS, Audience, attach_import, create
from campaigns.drafts import Draft, validate
from campaigns.errors import CampaignError
from campaigns.models import AudienceCheck, AudienceKind, Campaign
from domain.states import CampaignStatus, MessageStatus
from gateways.models import Pool
from messaging import queries as messaging
from messaging.models import Message
from tests.campaigns.test_audience import imported
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db

URL = "https://gateway.example/send"
C = CampaignStatus


def draft(message: str = "Hola {nombre}", **fields: Any) -> Campaign:
    if not Pool.objects.filter(name="sms").exists():
        make_line(make_pool("sms"), URL)
    return validate(Draft("Noviembre", "sms", message, sms_pool="sms", hours="none", **fields))


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(CampaignError) as caught:
        act()
    return str(caught.value)


def in_threads(*works: Callable[[], object]) -> list[object]:
    """Each work at once in a thread of its own: what they returned, or raised as CampaignError."""
    together = threading.Barrier(len(works))
    results: list[object] = []

    def run(work: Callable[[], object]) -> None:
        try:
            together.wait(10)
            with override("en"):
                results.append(work())
        except CampaignError as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


# Audience ------------------------------------------------------------------------------------------------------------
def test_create_for_all_debtors_keeps_its_check() -> None:
    make_debtor()
    found = create(draft(), chosen=ALL_DEBTORS)
    assert (found.rows, found.incomplete) == (1, 0)
    assert Campaign.objects.get().audience == AudienceKind.ALL
    assert AudienceCheck.objects.count() == 1


def test_create_for_nobody_stores_nothing() -> None:
    sentence = refusal(lambda: create(draft(), chosen=ALL_DEBTORS))
    assert sentence == "The audience is empty: import a spreadsheet with at least one valid row."
    assert (Campaign.objects.count(), AudienceCheck.objects.count()) == (0, 0)


def test_create_with_an_unknown_placeholder_suggests_the_column(tmp_path: Path) -> None:
    source = imported(tmp_path, [HEADERS, *debtor_rows(1)])
    chosen = Audience(AudienceKind.IMPORTS, [source])
    assert refusal(lambda: create(draft("Hola {nombre}, soy {Ejecutvo}"), chosen=chosen)) == (
        "The placeholder {Ejecutvo} names no column of the audience. Did you mean {ejecutivo}? "
        "Its columns are: {nombre}, {telefono}, {deuda}, {rut}, {ejecutivo}. "
        "To allow it to be absent, give it a fallback: {Ejecutvo|a text}."
    )
    assert Campaign.objects.count() == 0
    assert create(draft("Soy {Ejecutvo|nadie}"), chosen=chosen).rows == 1


def test_create_of_a_strict_campaign_with_a_missing_value_stores_nothing(tmp_path: Path) -> None:
    rows = [list(row) for row in debtor_rows(3)]
    rows[1][2] = None
    chosen = Audience(AudienceKind.IMPORTS, [imported(tmp_path, [HEADERS, *rows])])
    assert refusal(lambda: create(draft("Debe {deuda}", strict=True), chosen=chosen)) == (
        "The campaign is strict and was refused.\n"
        "1 row lacks a value that the message needs:\n"
        "  row 3 (Deudor 1): {deuda}"
    )
    assert (Campaign.objects.count(), AudienceCheck.objects.count()) == (0, 0)


def test_attach_import_adds_to_a_drafts_audience_once(tmp_path: Path) -> None:
    create(draft("Debe {deuda}"))
    rows = [list(row) for row in debtor_rows(6)]
    rows[0][2] = None
    first, second = imported(tmp_path, [HEADERS, *rows[:4]]), imported(tmp_path, [HEADERS, *rows[2:]])
    skipped = [
        "1 row lacks a value that the message needs, and is skipped:",
        "  row 2 (Deudor 0): {deuda}",
    ]
    for source, number in ((first, 4), (second, 6), (first, 6)):
        told = attach_import(campaign_name="Noviembre", import_id=source)
        assert told == [f"“Noviembre” has {number} recipients now.", *skipped]
    assert Campaign.objects.get().audience_imports == [first, second]


def test_attach_import_of_several_at_once_loses_none(tmp_path: Path) -> None:
    create(draft())
    rows = debtor_rows(4)
    sources = [imported(tmp_path, [HEADERS, row]) for row in rows]
    in_threads(*(lambda s=source: attach_import(campaign_name="Noviembre", import_id=s) for source in sources))
    assert sorted(Campaign.objects.get().audience_imports) == sorted(sources)


def test_attach_import_that_does_not_fit_leaves_the_audience_as_it_was(tmp_path: Path) -> None:
    create(draft("Soy {ejecutivo}"))
    good = imported(tmp_path, [HEADERS, *debtor_rows(1)])
    attach_import(campaign_name="Noviembre", import_id=good)
    refused = imported(tmp_path, [("Teléfono",), ("123",)])
    attach_import(campaign_name="Noviembre", import_id=refused)  # no valid row: nobody more
    commands.cancel("Noviembre")
    assert refusal(lambda: attach_import(campaign_name="Noviembre", import_id=good)) == (
        "The audience of “Noviembre” can't change any more: it is cancelled. Create another campaign."
    )
    create(validate(Draft("Otra", "sms", "Soy {nadie}", sms_pool="sms")))
    refusal(lambda: attach_import(campaign_name="Otra", import_id=good))
    assert Campaign.objects.get(name="Otra").audience_imports == []


def test_attach_import_to_all_debtors_is_refused() -> None:
    make_debtor()
    create(draft(), chosen=ALL_DEBTORS)
    assert refusal(lambda: attach_import(campaign_name="Noviembre", import_id=ObjectId())) == (
        "The audience of “Noviembre” is all debtors already."
    )


def test_incomplete_rows_are_all_counted_and_the_first_ones_listed(tmp_path: Path) -> None:
    rows = [[*row[:2], None, *row[3:]] for row in debtor_rows(30)]
    create(draft("Debe {deuda}"))
    told = attach_import(campaign_name="Noviembre", import_id=imported(tmp_path, [HEADERS, *rows]))
    assert told[1] == "30 rows lack a value that the message needs, and are skipped:"
    assert told[2:22] == [f"  row {i + 2} (Deudor {i}): {{deuda}}" for i in range(20)]
    assert told[22:] == [
        "  and 10 more",
        "That is every row: as it is, the campaign would reach nobody.",
        "No row has {deuda}: if a column holds it under another name, import with --map “HEADER=field”.",
    ]


# States --------------------------------------------------------------------------------------------------------------
def ready() -> Campaign:
    make_debtor()
    campaign = draft()
    create(campaign, chosen=ALL_DEBTORS)
    return campaign


def test_start_pause_resume_and_cancel_store_intent() -> None:
    ready()
    assert commands.start("Noviembre").status == C.RUNNING
    assert commands.pause("Noviembre", reason=" faltan\n datos ").pause_reason == "faltan datos"
    resumed = commands.resume(" Noviembre ")
    assert (resumed.status, resumed.pause_reason) == (C.RUNNING, "")
    assert commands.pause("Noviembre").pause_reason == "by hand"
    cancelled = commands.cancel("Noviembre")
    assert (cancelled.status, cancelled.sweep_requested, cancelled.pause_reason) == (C.CANCELLED, True, "")


def test_start_at_a_time_schedules_until_it_is_started() -> None:
    ready()
    at = timezone.now().replace(microsecond=0) + timedelta(days=1)
    scheduled = commands.start("Noviembre", at=at)
    assert (scheduled.status, scheduled.scheduled_at, scheduled.started_at) == (C.SCHEDULED, at, None)
    later = commands.start("Noviembre", at=at + timedelta(days=1))
    assert (later.status, later.scheduled_at) == (C.SCHEDULED, at + timedelta(days=1))
    started = commands.start("Noviembre")
    assert (started.status, started.scheduled_at) == (C.RUNNING, None)


def test_start_at_a_time_that_is_past_is_refused() -> None:
    ready()
    assert refusal(lambda: commands.start("Noviembre", at=timezone.now())) == (
        "The time to start at is in the past. Give a later one, or none to start now."
    )
    assert Campaign.objects.get().status == C.DRAFT


def test_start_twice_at_once_starts_once() -> None:
    ready()
    results = in_threads(*[lambda: commands.start("Noviembre")] * 4)
    assert sorted(type(result).__name__ for result in results) == ["Campaign", *["CampaignError"] * 3]
    assert {str(result) for result in results if isinstance(result, CampaignError)} == {
        "“Noviembre” can't be started: it is running. It is at work: look at its status."
    }


HINTS = {
    C.DRAFT: "it is draft. It sends nothing until it is started.",
    C.SCHEDULED: "it is scheduled. It begins by itself at its time: start it to begin now, or cancel it.",
    C.RUNNING: "it is running. It is at work: look at its status.",
    C.PAUSED: "it is paused. Resume it to go on.",
    C.COMPLETED: "it is completed. Nothing is left to send, but failed messages can be sent again.",
    C.CANCELLED: "it is cancelled. It sends nothing more: create another campaign.",
}


@pytest.mark.parametrize(
    ("verb", "said", "states"),
    [
        ("start", "started", (C.RUNNING, C.PAUSED, C.COMPLETED, C.CANCELLED)),
        ("pause", "paused", (C.DRAFT, C.SCHEDULED, C.PAUSED, C.COMPLETED, C.CANCELLED)),
        ("resume", "resumed", (C.DRAFT, C.SCHEDULED, C.RUNNING, C.COMPLETED, C.CANCELLED)),
        ("cancel", "cancelled", (C.COMPLETED, C.CANCELLED)),
    ],
)
def test_command_in_a_state_that_does_not_allow_it_says_the_state(
    verb: str, said: str, states: tuple[CampaignStatus, ...]
) -> None:
    act = {"start": commands.start, "pause": commands.pause, "resume": commands.resume, "cancel": commands.cancel}[verb]
    for state in states:
        name = f"{verb} {state}"
        make_campaign(make_pool(), name, status=state)
        assert refusal(lambda n=name: act(n)) == f"“{name}” can't be {said}: {HINTS[state]}"
        assert Campaign.objects.get(name=name).status == state


def test_find_of_an_unknown_name_tells_the_latest_ones() -> None:
    assert refusal(lambda: commands.find("x")) == "There is no campaign called “x”. There is none yet."
    make_campaign(make_pool(), "Noviembre")
    assert refusal(lambda: commands.find("\udce1")).endswith("The latest ones are: Noviembre.")


def test_start_without_a_way_out_or_an_audience_is_refused() -> None:
    pool = make_pool("sms")
    create(validate(Draft("Noviembre", "sms", "Hola", sms_pool="sms")))

    def start() -> Campaign:
        return commands.start("Noviembre")

    nobody = (
        "“Noviembre” has no audience. Choose who receives it. "
        "Import one with `manage.py import_debtors FILE --campaign NAME`."
    )
    assert refusal(start) == (
        f"{nobody}\nThe pool “sms” has no active line to send through. Add an SMS line with `manage.py gateway add`."
    )
    line = make_line(pool, URL, active=False)
    assert "The pool “sms” has no active line to send through." in refusal(start)
    line.active = True
    line.save()
    Pool.objects.update(active=False)
    assert refusal(start) == (
        f"{nobody}\nThe pool “sms” is switched off. Switch it on, or choose another one. "
        "`manage.py pool activate NAME` switches it on."
    )
    Pool.objects.update(active=True)
    assert refusal(start) == nobody
    Campaign.objects.update(audience=AudienceKind.ALL)
    assert refusal(start) == "The audience is empty: import a spreadsheet with at least one valid row."
    assert Campaign.objects.get().status == C.DRAFT


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-01T09:00", datetime(2026, 12, 1, 12, tzinfo=UTC)),
        (" 2026-07-01 09:00:30 ", datetime(2026, 7, 1, 13, 0, 30, tzinfo=UTC)),
        ("2026-12-01T09:00+01:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
    ],
)
def test_schedule_time_is_of_the_campaigns_zone_unless_it_names_one(text: str, moment: datetime) -> None:
    assert commands.schedule_time(text, zone="America/Santiago") == moment


@pytest.mark.parametrize("text", ["tomorrow", "", "2026-13-01", "9999-12-31T23:59"])
def test_schedule_time_that_cannot_be_read_is_refused(text: str) -> None:
    assert refusal(lambda: commands.schedule_time(text, zone="America/Santiago")) == (
        f"“{text}” is no time. Write it like 2026-12-01T09:00."
    )


# After failures ------------------------------------------------------------------------------------------------------
def with_line(status: CampaignStatus = C.RUNNING) -> Campaign:
    pool = make_pool()
    make_line(pool, URL)
    return make_campaign(pool, "Noviembre", status=status)


@pytest.mark.parametrize(("state", "after"), [(C.RUNNING, C.RUNNING), (C.COMPLETED, C.RUNNING), (C.PAUSED, C.PAUSED)])
def test_retry_failed_asks_the_engine_for_the_failed_ones(state: CampaignStatus, after: CampaignStatus) -> None:
    campaign = with_line(state)
    add_messages(campaign, 3, status=MessageStatus.FAILED)
    add_messages(campaign, 2, status=MessageStatus.SENT)
    assert commands.retry_failed("Noviembre") == 3
    campaign.refresh_from_db()
    assert (campaign.status, campaign.retry_requested, campaign.completed_at) == (after, True, None)


def test_retry_failed_without_any_or_in_a_state_that_has_none_is_refused() -> None:
    campaign = with_line(C.COMPLETED)
    assert refusal(lambda: commands.retry_failed("Noviembre")) == "“Noviembre” has no failed messages."
    Campaign.objects.update(status="cancelled")
    add_messages(campaign, 1, status=MessageStatus.FAILED)
    assert refusal(lambda: commands.retry_failed("Noviembre")) == (
        f"The failed messages of “Noviembre” can't be sent again: {HINTS[C.CANCELLED]}"
    )
    campaign.refresh_from_db()
    assert (campaign.status, campaign.retry_requested) == (C.CANCELLED, False)


@pytest.mark.parametrize(
    ("verdict", "counts", "status"),
    [
        ("sent", {"sent": 3}, C.COMPLETED),
        ("failed", {"failed": 3}, C.COMPLETED),
        ("retry", {"pending": 3}, C.RUNNING),
    ],
)
def test_resolve_uncertain_settles_all_by_a_persons_word(
    monkeypatch: pytest.MonkeyPatch, verdict: str, counts: dict[str, int], status: CampaignStatus
) -> None:
    monkeypatch.setattr(commands, "RESOLVED_AT_ONCE", 2)
    campaign = with_line(C.COMPLETED)
    add_messages(campaign, 3, status=MessageStatus.UNCERTAIN)
    assert commands.resolve_uncertain("Noviembre", verdict=verdict) == 3
    campaign.refresh_from_db()
    assert campaign.status == status
    assert {state: number for state, number in messaging.counts(campaign.pk).items() if number} == counts
    assert messaging.counts(campaign.pk) == messaging.counted(campaign.pk)
    assert set(Message.objects.values_list("reason", flat=True)) == {"decided"}


def test_resolve_uncertain_leaves_what_the_engine_still_asks_about() -> None:
    campaign = with_line()
    assert refusal(lambda: commands.resolve_uncertain("Noviembre", verdict="sent")) == (
        "“Noviembre” has no uncertain messages."
    )
    add_messages(campaign, 2, status=MessageStatus.UNCERTAIN)
    Message.objects.update(due_at=timezone.now())
    assert refusal(lambda: commands.resolve_uncertain("Noviembre", verdict="retry")) == (
        "2 uncertain messages of “Noviembre” are still being asked about at their gateways. Wait for the answers."
    )
    assert messaging.counts(campaign.pk)["uncertain"] == 2


def test_resolve_uncertain_as_retry_of_a_cancelled_campaign_is_refused() -> None:
    add_messages(with_line(C.CANCELLED), 1, status=MessageStatus.UNCERTAIN)
    assert refusal(lambda: commands.resolve_uncertain("Noviembre", verdict="retry")) == (
        f"The messages of “Noviembre” can't be sent again: {HINTS[C.CANCELLED]}"
    )
    assert commands.resolve_uncertain("Noviembre", verdict="failed") == 1


def test_progresses_of_many_campaigns_takes_one_query() -> None:
    pool = make_pool()
    campaigns = [make_campaign(pool) for _ in range(5)]
    for number, campaign in enumerate(campaigns):
        add_messages(campaign, number)
    found = queries.progresses(campaigns)
    assert [(p.name, p.total, p.counts["pending"]) for p in found] == [
        (campaign.name, number, number) for number, campaign in enumerate(campaigns)
    ]
    assert found == [queries.progress(campaign) for campaign in campaigns]
