"""A database restored from a backup: nothing goes out by itself, and WhatsApp's pages take the lines' new epochs."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.models import Campaign
from domain.states import CampaignStatus
from gateways.models import Gateway, LaneState, Pool
from lib.mongo import server_now
from tests.factories.sending import make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db
S = CampaignStatus


def test_after_a_restore_nothing_is_sent_by_itself() -> None:
    pool = make_pool("Prueba")
    line = make_line(pool, "http://127.0.0.1:9/", "Línea 1")
    Gateway.objects.filter(pk=line.pk).update(lane_epoch=7, lane_state=LaneState.BUSY, lane_until=server_now())
    for status in (S.RUNNING, S.SCHEDULED, S.DRAFT, S.COMPLETED):
        make_campaign(pool, status.value, status=status)
    Campaign.objects.filter(name="scheduled").update(scheduled_at=server_now() - timedelta(days=1))
    said = StringIO()
    call_command("after_restore", stdout=said)
    found = dict(Campaign.objects.values_list("name", "status"))
    assert found == {"running": S.PAUSED, "scheduled": S.DRAFT, "draft": S.DRAFT, "completed": S.COMPLETED}
    assert Campaign.objects.get(name="running").pause_reason
    assert not Pool.objects.get(pk=pool.pk).active
    assert Gateway.objects.get(pk=line.pk).lane_epoch == 10_000_007
    assert all(name in said.getvalue() for name in ("running", "scheduled", "Prueba"))


def test_while_workers_send_nothing_is_changed() -> None:
    pool = make_pool("Prueba")
    line = make_line(pool, "http://127.0.0.1:9/")
    Gateway.objects.filter(pk=line.pk).update(lane_state=LaneState.BUSY, lane_until=server_now() + timedelta(hours=1))
    make_campaign(pool, "running", status=S.RUNNING)
    with pytest.raises(CommandError):
        call_command("after_restore")
    assert Campaign.objects.get(name="running").status == S.RUNNING
    assert Pool.objects.get(pk=pool.pk).active
    assert Gateway.objects.get(pk=line.pk).lane_epoch == 0
