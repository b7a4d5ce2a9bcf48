"""One campaign: its page, its export."""

import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from bson import ObjectId
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from campaigns import audience, export, queries, report
from campaigns.describe import lane_table, window_text
from campaigns.models import Campaign
from campaigns.preview import preview
from campaigns.sentences import incomplete_sentences
from domain.pacing import opens_at
from domain.states import CampaignStatus
from preferences.sending import plan_in_words
from systemlog import audit

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ACTS = ("start", "schedule", "unschedule", "pause", "resume", "go-on", "cancel", "retry", "resolve")
NOT_STARTED = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED)


def campaign_detail(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """A campaign as it goes on; what changes is in live parts."""
    related = Campaign.objects.select_related("owner", "whatsapp_pool", "sms_pool", "attachment")
    campaign = get_object_or_404(related.defer("attachment__data"), pk=pk)
    waits = campaign.status in NOT_STARTED
    check = audience.kept(campaign) if waits else None
    now = timezone.now()
    zone = ZoneInfo(campaign.timezone)
    return render(
        request,
        "campaigns/campaign.html",
        {
            "campaign": campaign,
            "waits": waits,
            "check": check,
            "incomplete": incomplete_sentences(check) if check is not None else [],
            "preview": preview(campaign),
            "draft": campaign,
            "acts": [(name, reverse(f"campaigns:{name}", args=[pk])) for name in ACTS],
            "window": window_text(campaign.window),
            "pauses": plan_in_words(campaign.pauses),
            "start_default": opens_at(campaign.window, now + timedelta(hours=1)).astimezone(zone),
        },
    )


def export_messages(request: HttpRequest, pk: ObjectId) -> FileResponse:
    """Every message as a workbook."""
    campaign = get_object_or_404(Campaign, pk=pk)
    zone = ZoneInfo(campaign.timezone)
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the answer closes it
    export.write(file, queries.export_rows(campaign), zone=zone, lines=lane_table(report.lanes(campaign)))
    file.seek(0)
    audit.record(request.user, "campaign.export", kind="campaign", id=pk, name=campaign.name)
    name = f"{slugify(campaign.name) or campaign.pk}-{timezone.now().astimezone(zone):%Y%m%d-%H%M}.xlsx"
    return Download(file, as_attachment=True, filename=name, content_type=XLSX)


class Download(FileResponse):
    """A file that is sent piece by piece to an asynchronous server too, and never held in memory as a whole."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self)

        def following() -> bytes:
            return next(pieces, b"")

        while piece := await sync_to_async(following)():
            yield piece
