"""What the pages of campaigns ask: each question is answered along an index, without sorting."""

import json
from typing import Any

import pytest
from bson import ObjectId
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.queries import listed
from domain.states import MessageStatus
from lib.mongo import collection
from messaging import queries
from messaging.models import Message
from tests.factories.sending import add_messages, make_campaign, make_pool

pytestmark = pytest.mark.django_db


def plan_of(query: QuerySet[Any]) -> str:
    """The plan that was chosen; those that were not sort."""
    return str(json.loads(query.explain(verbosity="queryPlanner"))["queryPlanner"]["winningPlan"])


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (listed().order_by("-created_at", "-pk"), "campaign_created"),
        (listed(state="running").order_by("-created_at", "-pk"), "campaign_status"),
        (listed(search="Cobranza ñ").order_by("folded_name", "pk"), "campaign_name"),
        (listed(owner=ObjectId()).order_by("-created_at", "-pk"), "campaign_owner"),
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


@pytest.mark.parametrize(("status", "index"), [("", "message_campaign"), ("sent", "message_campaign_status")])
def test_messages_of_a_campaign_read_an_index_in_order(status: str, index: str) -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 30)
    plan = plan_of(queries.of_campaign(campaign.pk, status).order_by("pk")[:5])
    assert f"'{index}'" in plan
    assert "'SORT'" not in plan


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
