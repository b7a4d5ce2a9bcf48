"""The live parts of the panel."""

from typing import Any

from campaigns.models import Campaign
from campaigns.queries import progresses
from desk.conversations import fragments as _of_conversations  # noqa: F401  # registers them
from desk.sessions import fragments as _of_sessions  # noqa: F401  # registers them
from domain.states import CampaignStatus
from live.fragments import Fragment, of_kinds, register

AT_WORK = [CampaignStatus.RUNNING.value, CampaignStatus.PAUSED.value, CampaignStatus.SCHEDULED.value]
MOST = 20


def campaigns_at_work(key: str) -> dict[str, Any]:
    """The campaigns that run, wait for their time or are paused, newest first."""
    found = list(Campaign.objects.filter(status__in=AT_WORK).order_by("-created_at")[:MOST])
    return {"rows": list(zip(found, progresses(found), strict=True))}


register(Fragment("panel-campaigns", "desk/_campaigns.html", of_kinds("campaign"), campaigns_at_work))
