"""Who answered a campaign."""

from datetime import datetime, timedelta

import pytest
from bson import ObjectId
from django.utils import timezone

from domain.states import MessageStatus
from lib.mongo import collection
from messaging import replies
from messaging.models import IncomingText, Message
from tests.factories.sending import add_messages, make_campaign, make_pool

pytestmark = pytest.mark.django_db


def answer(phone: str, at: datetime) -> None:
    IncomingText.objects.create(
        gateway=ObjectId(), provider_id=str(ObjectId()), phone=phone, text="Pago", at=at, received_at=timezone.now()
    )


def test_answer_in_the_second_of_the_start_counts_because_whatsapp_tells_whole_seconds() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 1, status=MessageStatus.SENT)
    collection(Message).update_one({"campaign": campaign.pk}, {"$set": {"attempts": [{"attempt_id": "a"}]}})
    since = timezone.now().replace(microsecond=700_000)
    phone = Message.objects.get(campaign=campaign.pk).phone
    answer(phone, since - timedelta(seconds=2))
    assert replies.count(campaign.pk, since=since) == 0
    answer(phone, since.replace(microsecond=0))
    assert replies.count(campaign.pk, since=since) == 1
    assert [reply.phone for reply in replies.replies(campaign.pk, since=since)] == [phone]
