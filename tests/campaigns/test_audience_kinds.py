"""Audiences by filter, by range of rows and one by one: read from any place, each debtor once, by bounded counts."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from bson import ObjectId

from campaigns import audience, audience_look, commands, editing, lacks
from campaigns.audience_reading import count, read_page
from campaigns.errors import CampaignError
from campaigns.models import AudienceKind, Campaign, ChosenDebtors
from debtors import queries
from debtors.models import Debtor, ImportRow
from debtors.queries import Counted
from domain.audiences import matches, read_filter
from engine import enroll
from lib.mongo import collection
from messaging.models import Message
from tests.campaigns.test_audience import campaign_for, imported, whole
from tests.campaigns.test_enroll import small_pages, started, work
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor

pytestmark = pytest.mark.django_db


def chosen(kind: AudienceKind, message: str = "Hola {nombre}", **spec: Any) -> Campaign:
    """A stored draft for this audience."""
    make_debtor("Primero", phone="+56900000001")
    campaign = campaign_for(everybody=True, message=message)
    campaign.audience, campaign.audience_spec = kind.value, {kind.value: spec}
    campaign.save()
    return campaign


def names(campaign: Campaign, *, limit: int = 100) -> list[str]:
    found = whole(campaign, limit=limit)
    assert [recipient.index for recipient in found] == list(range(len(found)))
    return [recipient.debtor.name for recipient in found]


FILTERS: list[dict[str, Any]] = [
    {"debt_from": "2.000", "debt_to": "4.000"},
    {"text": "deudor"},
    {"text": "9 8000 0003"},
    {"country": "CL"},
    {"country": "AR"},
    {"tests": [{"key": "ejecutivo", "op": "is", "values": "EJECUTIVO1; ejecutivo2"}]},
    {"tests": [{"key": "ejecutivo", "op": "has", "values": ""}, {"key": "debt", "op": "has", "values": ""}]},
    {"tests": [{"key": "ejecutivo", "op": "lacks", "values": ""}]},
    {"tests": [{"key": "due_date", "op": "lacks", "values": ""}, {"key": "rut", "op": "has", "values": ""}]},
    {"due_from": "2026-01-01", "due_to": "2026-12-31"},
]


@pytest.mark.parametrize("spec", FILTERS)
def test_filter_is_asked_of_the_database_as_of_one_debtor(tmp_path: Path, spec: dict[str, Any]) -> None:
    source = imported(tmp_path, [HEADERS, *debtor_rows(6)])
    make_debtor("Ana", rut="1-9", due_date=date(2026, 5, 5), debt=None, metadata={"ejecutivo": " "})
    make_debtor("Eva", country="AR", debt=Decimal("3000.5"), metadata={"ejecutivo": "Ejecutivo2"})
    campaign = chosen(AudienceKind.FILTER, **spec)
    wanted = read_filter(spec).filter
    fitting = [
        debtor.name
        for debtor in queries.all_debtors()
        if matches(
            wanted, name=debtor.name, phone=debtor.phone, country=debtor.country, debt=debtor.debt, rut=debtor.rut,
            external_id=debtor.external_id, due_date=debtor.due_date, metadata=debtor.metadata,
        )
    ]  # fmt: skip
    for limit in (1, 3, 100):
        assert names(campaign, limit=limit) == fitting
    assert count(campaign) == Counted(len(fitting))
    campaign.audience_spec = {"filter": {**spec, "imports": [str(source)]}}
    of_file = [name for name in fitting if name.startswith("Deudor")]
    assert names(campaign, limit=2) == of_file
    assert count(campaign) == Counted(len(of_file))


def test_few_that_fit_among_many_are_read_in_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "WINDOW", 3)
    for number in range(10):
        make_debtor(f"Deudor {number}", debt=Decimal(number))
    campaign = chosen(AudienceKind.FILTER, debt_from="8")
    assert read_page(campaign, {}, limit=5).recipients == []
    assert names(campaign, limit=5) == ["Deudor 8", "Deudor 9", "Primero"]


def test_filter_that_cannot_be_read_reaches_nobody() -> None:
    for spec in ({}, {"debt_from": "mucho"}, {"text": "pri", "imports": ["no id"]}):
        campaign = chosen(AudienceKind.FILTER, **spec)
        assert names(campaign) == []
        assert [lack.step for lack in lacks.lacks(campaign)][:1] == ["audience"]
        Debtor.objects.all().delete()


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_range_of_a_file_is_by_its_rows(tmp_path: Path, limit: int) -> None:
    source = imported(tmp_path, [HEADERS, *debtor_rows(6)])
    campaign = chosen(AudienceKind.RANGE, **{"import": str(source), "from": "3", "to": "5"})
    found = whole(campaign, limit=limit)
    assert [(each.row, each.debtor.name) for each in found] == [(3, "Deudor 1"), (4, "Deudor 2"), (5, "Deudor 3")]
    assert count(campaign) == Counted(3)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_range_of_all_debtors_is_by_the_order_in_which_they_came(limit: int) -> None:
    for number in range(6):
        make_debtor(f"Deudor {number}")
    campaign = chosen(AudienceKind.RANGE, **{"import": "", "from": "2", "to": "4"})
    assert names(campaign, limit=limit) == ["Deudor 1", "Deudor 2", "Deudor 3"]
    assert count(campaign) == Counted(3)
    campaign.audience_spec = {"range": {"from": "6", "to": "900"}}
    assert names(campaign, limit=limit) == ["Deudor 5", "Primero"]
    campaign.audience_spec = {"range": {"from": "60", "to": "900"}}
    assert names(campaign, limit=limit) == []


def test_range_goes_on_from_its_place_when_debtors_come_and_go() -> None:
    made = [make_debtor(f"Deudor {number}") for number in range(6)]
    campaign = chosen(AudienceKind.RANGE, **{"from": "2", "to": "5"})
    page = read_page(campaign, {}, limit=2)
    made[0].delete()
    make_debtor("Nuevo")
    assert page.cursor is not None
    rest = read_page(campaign, page.cursor, limit=10)
    assert [each.debtor.name for each in (*page.recipients, *rest.recipients)] == [f"Deudor {n}" for n in range(1, 5)]


def test_chosen_debtors_keep_their_order_and_those_that_are_gone_are_left_out() -> None:
    made = [make_debtor(f"Deudor {number}") for number in range(5)]
    campaign = chosen(AudienceKind.SELECTION)
    editing.choose_debtors(campaign.pk, user=None, page="a", add=[made[3].pk, made[1].pk, ObjectId(), made[3].pk])
    editing.choose_debtors(campaign.pk, user=None, page="b", add=[made[0].pk, made[2].pk], remove=[made[1].pk])
    campaign.refresh_from_db()
    assert campaign.audience_spec["selection"]["number"] == 3
    made[0].delete()
    assert names(campaign, limit=1) == names(campaign, limit=2) == ["Deudor 3", "Deudor 2"]
    assert count(campaign) == Counted(2)


def test_too_many_chosen_debtors_are_refused_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChosenDebtors, "MOST", 2)
    made = [make_debtor().pk for _ in range(3)]
    campaign = chosen(AudienceKind.SELECTION)
    editing.choose_debtors(campaign.pk, user=None, page="a", add=made[:2])
    with pytest.raises(CampaignError, match="At most 2 debtors"):
        editing.choose_debtors(campaign.pk, user=None, page="a", add=made[2:])
    assert ChosenDebtors.objects.get().debtors == made[:2]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        (AudienceKind.FILTER, {"text": "deudor"}),
        (AudienceKind.RANGE, {"from": "1", "to": "5"}),
        (AudienceKind.SELECTION, {"number": 5, "digest": "x"}),
    ],
)
def test_enrolling_that_stops_anywhere_goes_on_and_reaches_each_debtor_once(
    monkeypatch: pytest.MonkeyPatch, kind: AudienceKind, spec: dict[str, Any]
) -> None:
    small_pages(monkeypatch, 2)
    made = [make_debtor(f"Deudor {number}") for number in range(5)]
    campaign = chosen(kind, message="Hola {nombre}, debe {deuda}", **spec)
    if kind is AudienceKind.SELECTION:
        ChosenDebtors.objects.create(campaign=campaign.pk, debtors=[debtor.pk for debtor in made])
    campaign = started(campaign)
    pages = iter([True, False])
    monkeypatch.setattr(enroll, "_goes_on", lambda _ends_at: next(pages))
    work(campaign)
    assert (Message.objects.count(), campaign.enrolled_at) == (2, None)
    # What was stored before the cursor was is there already when the page is read again.
    collection(Campaign).update_one({"_id": campaign.pk}, {"$set": {"enroll_cursor": {}}})
    Debtor.objects.filter(pk=made[0].pk).update(debt=Decimal(7))
    monkeypatch.setattr(enroll, "_goes_on", lambda _ends_at: True)
    work(campaign)
    found = Message.objects.order_by("pk")
    assert [message.name for message in found] == [f"Deudor {number}" for number in range(5)]
    assert {message.text.partition("debe ")[2] for message in found} == {"$125.000"}
    assert campaign.enrolled_at is not None


def test_version_of_a_check_changes_with_the_conditions() -> None:
    campaign = chosen(AudienceKind.FILTER, text="pri")
    before = audience.version(campaign)
    campaign.audience_spec = {"filter": {"text": "otro"}, "range": {"from": "1"}}
    changed = audience.version(campaign)
    assert changed != before
    campaign.audience_spec = {"filter": {"text": "otro"}}
    assert audience.version(campaign) == changed


def test_columns_of_a_file_are_those_of_a_range_and_of_a_filter_on_it(tmp_path: Path) -> None:
    source = imported(tmp_path, [HEADERS, *debtor_rows(2)])
    imported(tmp_path, [("Nombre", "Fono", "Tramo"), ("Ana", "987654321", "a")])
    campaign = chosen(AudienceKind.RANGE, **{"import": str(source), "from": "1", "to": "9"})
    assert audience.Texts(campaign).columns == ["ejecutivo"]
    campaign.audience, campaign.audience_spec = "filter", {"filter": {"imports": [str(source)], "debt_from": "1"}}
    assert audience.Texts(campaign).columns == ["ejecutivo"]
    campaign.audience_spec = {"filter": {"debt_from": "1"}}
    assert audience.Texts(campaign).columns == ["ejecutivo", "tramo"]


def test_strict_campaign_by_filter_is_refused_when_a_row_lacks_a_value() -> None:
    make_debtor("Ana", debt=None)
    campaign = chosen(AudienceKind.FILTER, message="Debe {deuda}", country="CL")
    Campaign.objects.update(strict=True)
    with pytest.raises(CampaignError, match="strict and was refused"):
        started(campaign)


def test_file_is_added_to_a_draft_without_a_message_and_not_to_one_that_is_chosen_otherwise(tmp_path: Path) -> None:
    source = imported(tmp_path, [HEADERS, *debtor_rows(2)])
    campaign = chosen(AudienceKind.NONE)
    Campaign.objects.update(message="")
    assert commands.attach_import(campaign_name=campaign.name, import_id=source)[0].endswith("has 2 recipients now.")
    Campaign.objects.update(audience="filter", message="Hola")
    with pytest.raises(CampaignError, match="is not chosen by files"):
        commands.attach_import(campaign_name=campaign.name, import_id=source)


def test_look_is_short_and_says_who_lacks_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience_look, "LOOKED_AT", 3)
    make_debtor("Ana", debt=None)
    campaign = chosen(AudienceKind.ALL, message="Debe {deuda}")
    found = audience_look.look(campaign)
    assert (found.counted, found.lacking, found.whole, found.names) == (Counted(2), 1, True, [("deuda", 1)])
    assert audience_look.reach(campaign) == audience_look.Reach(1, 1)
    for _ in range(3):
        make_debtor()
    found = audience_look.look(campaign)
    assert (found.counted.number, found.looked, found.lacking, found.whole) == (5, 3, 1, False)
    monkeypatch.setattr(queries, "MOST_COUNTED", 2)
    campaign.audience, campaign.audience_spec = "filter", {"filter": {"country": "CL"}}
    assert audience_look.look(campaign).counted == Counted(2, more=True)


def test_count_that_takes_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = chosen(AudienceKind.FILTER, tests=[{"key": "x", "op": "has", "values": ""}])

    def slow(*_: Any, **__: Any) -> int:
        raise queries.ExecutionTimeout("too long")

    make_debtor()
    monkeypatch.setattr(queries, "FEW", 0)
    monkeypatch.setattr(queries, "_count", slow)
    assert count(campaign) == Counted(0, slow=True)
    assert audience_look.Reach(None, 0) == audience_look.reach(campaign, audience_look.Look(count(campaign), []))


@pytest.mark.parametrize(
    ("spec", "index"),
    [
        ({"debt_from": "1"}, "debtor_debt"),
        ({"due_to": "2026-12-01"}, "debtor_due"),
        ({"country": "AR"}, "debtor_country"),
        ({"text": "deud"}, "debtor_words"),
        # Of two that would do, whichever finds less.
        ({"text": "deud", "tests": [{"key": "x", "op": "has", "values": ""}]}, "debtor_words debtor_metadata"),
    ],
)
def test_count_reads_an_index(spec: dict[str, Any], index: str) -> None:
    make_debtor()
    plan = collection(Debtor).find(queries.condition_of(read_filter(spec).filter)).explain()
    assert any(f"'{each}'" in str(plan["queryPlanner"]["winningPlan"]) for each in index.split())


def test_pages_of_a_filter_and_rows_of_a_range_read_an_index_in_order(tmp_path: Path) -> None:
    source = imported(tmp_path, [HEADERS, *debtor_rows(9)])
    condition = {"_id": {"$gt": ObjectId("0" * 24)}, **queries.condition_of(read_filter({"debt_from": "1"}).filter)}
    plan = str(collection(Debtor).find(condition).sort("_id", 1).limit(5).hint("_id_").explain()["queryPlanner"])
    assert "'SORT'" not in plan
    rows = queries.audience_filter(source, 3)
    rows["number"]["$lte"] = 7
    plan = str(collection(ImportRow).find(rows).sort("number", 1).limit(5).explain()["queryPlanner"]["winningPlan"])
    assert "'import_row_once'" in plan
    assert "'SORT'" not in plan


def test_count_of_a_few_is_asked_again_when_a_busy_machine_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = chosen(AudienceKind.FILTER, tests=[{"key": "x", "op": "has", "values": ""}])
    late = queries.ExecutionTimeout("too long")
    monkeypatch.setattr(queries, "_count", Mock(side_effect=[late, late, 3]))
    assert count(campaign) == Counted(3)
    monkeypatch.setattr(queries, "_count", Mock(side_effect=late))
    assert count(campaign) == Counted(0, slow=True)
