"""What the pages of campaigns ask: each question is answered along an index, without sorting."""

import json
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.db.models import QuerySet
from django.utils import timezone

from accounts.roles import EVERYTHING, Scope
from campaigns.models import Campaign
from campaigns.queries import listed
from domain.states import MessageStatus
from lib.mongo import collection
from messaging import queries
from messaging.filters import MessageFilter, filtered, order_of
from messaging.models import Message
from tests.factories.sending import add_messages, make_campaign, make_pool

pytestmark = pytest.mark.django_db


def plan_of(query: QuerySet[Any]) -> str:
    """The plan that was chosen; those that were not sort."""
    return str(json.loads(query.explain(verbosity="queryPlanner"))["queryPlanner"]["winningPlan"])


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (listed(EVERYTHING).order_by("-created_at", "-pk"), "campaign_created"),
        (listed(EVERYTHING, state="running").order_by("-created_at", "-pk"), "campaign_status"),
        (listed(EVERYTHING, search="Cobranza ñ").order_by("folded_name", "pk"), "campaign_name"),
        (listed(EVERYTHING, archived=True).order_by("-created_at", "-pk"), "campaign_created"),
        (listed(Scope(ObjectId())).order_by("-created_at", "-pk"), "campaign_owner"),
    ],
)
def test_list_reads_an_index_in_order(query: QuerySet[Campaign], index: str) -> None:
    pool = make_pool()
    for _ in range(10):
        make_campaign(pool)
    plan = plan_of(query[:5])
    assert f"'{index}'" in plan
    assert "'SORT'" not in plan
    assert "COLLSCAN" not in plan


LINE = ObjectId()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (MessageFilter(), "message_campaign"),
        (MessageFilter(status="sent"), "message_campaign_status"),
        (MessageFilter(status="failed", reason="timeout"), "message_cause"),
        (MessageFilter(status="failed", reason="timeout", line=LINE, variant=0), "message_cause"),
        (MessageFilter(status="failed", line=LINE), "message_campaign_status"),
        (MessageFilter(status="failed", channel="sms", variant=1), "message_campaign_status"),
        (MessageFilter(channel="sms", line=LINE, variant=1), "message_campaign"),
        (MessageFilter(search="Deudor 1"), "message_name"),
        (MessageFilter(search="+56 9"), "message_number"),
        (MessageFilter(search="9 1234", country="CL"), "message_number"),
        (MessageFilter(replied=True).among([ObjectId(), ObjectId()]), "_id_"),
    ],
)
def test_messages_of_a_campaign_read_an_index_in_order(wanted: MessageFilter, index: str) -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 30)
    failed = add_messages(campaign, 6, status=MessageStatus.FAILED)
    fields = {"reason": "timeout", "gateway": LINE}
    collection(Message).update_many({"debtor": {"$in": failed[:3]}}, {"$set": fields})
    plan = plan_of(filtered(campaign.pk, wanted).order_by(order_of(wanted), "pk")[:5])
    assert f"'{index}'" in plan
    assert "'SORT'" not in plan
    assert "COLLSCAN" not in plan


@pytest.mark.parametrize(("field", "index"), [("sent_at", "message_sent"), ("failed_at", "message_failed")])
def test_last_messages_read_an_index_in_order(field: str, index: str) -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 30)
    found = Message.objects.filter(campaign=campaign.pk, **{f"{field}__gt": queries.EPOCH}).order_by(f"-{field}")
    plan = plan_of(found[:5])
    assert f"'{index}'" in plan
    assert "'SORT'" not in plan


def test_sent_lately_counts_what_was_sent() -> None:
    campaign = make_campaign(make_pool())
    assert queries.sent_lately(campaign.pk) == (0, 0.0)
    add_messages(campaign, 3, status=MessageStatus.SENT)
    add_messages(campaign, 2)
    messages = collection(Message)
    messages.update_many({"status": "sent"}, {"$set": {"sent_at": timezone.now().replace(tzinfo=None)}})
    number, ago = queries.sent_lately(campaign.pk)
    assert number == 3
    assert 0 <= ago < 300
    assert len(queries.last_messages(campaign.pk)) == 3


def test_what_was_sent_over_time_is_read_from_an_index_alone() -> None:
    """The chart of a million messages must not read them."""
    campaign = make_campaign(make_pool())
    assert queries.sent_span(campaign.pk) is None
    add_messages(campaign, 12, status=MessageStatus.SENT)
    now = timezone.now()
    collection(Message).update_many({}, {"$set": {"sent_at": now.replace(tzinfo=None), "gateway": LINE}})
    database = collection(Message).database
    database.command("profile", 2)
    try:
        assert queries.sent_span(campaign.pk) is not None
        assert sum(queries.sent_by_slot(campaign.pk, start=now - timedelta(hours=1), seconds=60).values()) == 12
    finally:
        database.command("profile", 0)
    asked = list(
        database["system.profile"].find({"ns": collection(Message).full_name, "planSummary": {"$regex": "sent_at"}})
    )
    database.drop_collection("system.profile")
    assert len(asked) == 3
    assert {(entry.get("docsExamined"), entry.get("hasSortStage", False)) for entry in asked} == {(0, False)}
    assert queries.sent_lately_by_line(campaign.pk) == {LINE: 12}


def test_failed_of_a_cause_are_counted_from_their_index() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 5, status=MessageStatus.FAILED)
    collection(Message).update_many({}, {"$set": {"reason": "timeout", "gateway": LINE}})
    add_messages(campaign, 3, status=MessageStatus.FAILED)
    assert queries.failed(campaign.pk) == 8
    assert queries.failed(campaign.pk, reasons=["timeout"]) == 5
    assert queries.failed(campaign.pk, reasons=["timeout", ""]) == 8
    which = {"campaign": campaign.pk, "status": "failed", "reason": {"$in": ["timeout"]}}
    assert "'message_cause'" in str(collection(Message).find(which).explain()["queryPlanner"]["winningPlan"])
    found = {problem.reason: (problem.number, problem.lines) for problem in queries.problems(campaign.pk)}
    assert found == {"timeout": (5, (LINE,)), "": (3, ())}
