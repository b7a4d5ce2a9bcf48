"""A line of phones in the engine: its messages go out by the phone, and their ends are asked for."""

from datetime import timedelta

import pytest

from campaigns.models import Campaign
from engine import deliver, inbox, poll
from gateways import commands
from gateways.models import Gateway
from lib.mongo import server_now
from messaging import queries
from messaging.models import Message
from tests.factories.sending import add_messages, make_campaign, make_pool
from tests.gateways.simulated import RunningSmsGate
from tests.whatsapp_web.browser import wait_for

pytestmark = pytest.mark.django_db

PHONE = "phone-one-000000000001"


def all_delivered(line: Gateway, campaign: Campaign) -> bool:
    """Ask once; whether nothing is left to be asked for."""
    Message.objects.exclude(ask_at=None).update(ask_at=server_now() - timedelta(seconds=1))
    token = poll._lease(line.pk)
    assert token is not None
    poll.ask(line.pk, token)
    inbox.apply_receipts()
    return queries.counts(campaign.pk)["delivered"] == 12


def test_messages_go_by_the_phone_and_end_as_it_says_though_nobody_calls() -> None:
    pool = make_pool("SMS")
    with RunningSmsGate(
        "--device", PHONE, "--hashed", "--callbacks", "sent,delivered", "--callback-delay-ms", "0"
    ) as far:
        template = f"sms-gate://{PHONE}?baseUrl={far.url}/3rdparty/v1&auth=login"
        line = commands.create_gateway(
            name="Phone", pool=pool.name, url_template=template, fields={"token": "sim:sim-password"}
        )
        campaign = make_campaign(pool)
        add_messages(campaign, 12)
        deliver.deliver(line.pk)
        assert queries.counts(campaign.pk)["sent"] == 12
        wait_for(lambda: all_delivered(line, campaign), seconds=60, what="every message is delivered")
        stats = far.stats()
    line.refresh_from_db()
    assert line.poll_error == ""
    assert (stats["accepted"], stats["arrivals"], stats["by_line"][PHONE]["accepted"]) == (12, 12, 12)
