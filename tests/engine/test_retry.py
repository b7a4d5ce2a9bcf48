"""Failed messages that are sent again reach the gateway as new attempts, and only those of the cause asked for."""

import pytest

from campaigns import commands
from domain.states import CampaignStatus
from engine import enroll, finish
from lib.mongo import collection
from messaging.models import Message
from tests.engine.test_deliver import run_until_idle, state
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.django_db


def test_retry_by_cause_is_a_new_attempt_and_touches_no_other(far_side: RunningGateway) -> None:
    far_side.control(default={"faults": {"reject": 1.0}})
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool, "sent again")
    add_messages(campaign, 6)
    run_until_idle(line)
    assert state(campaign) == {"failed": 6}
    [reason] = Message.objects.values_list("reason", flat=True).distinct()
    hopeless = list(Message.objects.order_by("pk").values_list("pk", flat=True)[:2])
    collection(Message).update_many({"_id": {"$in": hopeless}}, {"$set": {"reason": "not_on_whatsapp"}})
    assert finish.finish_done() == 1

    far_side.control(default={"faults": {}})
    assert commands.retry_failed(campaign.name, reasons=[reason]) == 4
    token = enroll.lease(campaign.pk)
    assert token
    enroll.work(campaign.pk, token)
    run_until_idle(line)
    assert state(campaign) == {"sent": 4, "failed": 2}
    for message in Message.objects.all():
        attempts = {attempt.attempt_id for attempt in message.attempts}
        assert len(attempts) == len(message.attempts) == (1 if message.pk in hopeless else 2)
    stats = far_side.stats()
    assert (stats["accepted"], stats["duplicated_recipients"]) == (4, 0)
    assert finish.finish_done() == 1
    campaign.refresh_from_db()
    assert campaign.status == CampaignStatus.COMPLETED
