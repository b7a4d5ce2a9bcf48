"""Has the files that pages sent looked at and imported, and gives what they brought to the draft they were sent for."""

import logging
from typing import Any

from bson import ObjectId
from celery import current_app
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from campaigns.commands import attach_import
from campaigns.errors import CampaignError
from campaigns.models import Campaign
from debtors import carrying
from debtors.models import Import
from domain.states import ImportStatus
from engine import lane
from lib.mongo import collection, compare_and_set
from live.events import ImportChanged
from live.publish import publish

logger = logging.getLogger(__name__)

ATTACH = "engine.attach_import"


def issue_uploads() -> int:
    """Issue a task for what waits for a worker; returns how many."""
    issued = 0
    for task, key in [*carrying.needs_work(), *((ATTACH, key) for key in to_attach())]:
        token = carrying.lease(carrying.IMPORT if task == ATTACH else task, key)
        if token:
            current_app.send_task(task, args=[str(key), token], expires=lane.TASK_EXPIRES)
            issued += 1
    return issued


def to_attach() -> list[ObjectId]:
    """The imports whose campaign has not got their debtors yet, and that nobody works on."""
    free: list[dict[str, Any]] = [{"work_until": None}, {"$expr": {"$lte": ["$work_until", "$$NOW"]}}]
    return [row["_id"] for row in collection(Import).find({**unattached(), "$or": free}, {"_id": 1}).limit(10)]


def unattached() -> dict[str, Any]:
    """As the partial index of these imports has it."""
    return {"campaign": {"$gt": ObjectId("0" * 24)}, "attached_at": None, "status": ImportStatus.DONE.value}


def attach(import_id: ObjectId, token: str) -> None:
    """Add the import to its draft's audience, and keep what was said of it."""
    with carrying.leased(Import, import_id, token) as found:
        if found is None or found.attached_at is not None:
            return
        with translation.override(found.language or None):
            note, refused = _attach(found)
        done = {"campaign_note": note, "campaign_refused": refused, "attached_at": timezone.now()}
        compare_and_set(Import, import_id, {"work_token": token}, done)
    publish(ImportChanged(str(import_id)))


def _attach(found: Import) -> tuple[str, bool]:
    """What is told about it, and whether the campaign refused it."""
    campaign = Campaign.objects.filter(pk=found.campaign).first()
    if campaign is None:
        return _("The campaign is gone."), True
    try:
        return "\n".join(attach_import(campaign_name=campaign.name, import_id=found.pk)), False
    except CampaignError as error:
        return str(error), True
