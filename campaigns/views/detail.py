"""One campaign: its page, its export."""

import tempfile
from datetime import timedelta
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from campaigns import audience, costing, export, looking, owning, queries, report
from campaigns.audience_look import look
from campaigns.describe import lane_table, window_text
from campaigns.models import AudienceKind, Campaign
from campaigns.preview import preview
from campaigns.sentences import incomplete_sentences
from campaigns.views.recipients import chosen_filter, too_many
from debtors.models import Import
from domain.pacing import opens_at
from domain.states import CampaignStatus
from lib.tables import XLSX, Download, PieceByPiece
from messaging import spending
from messaging.filters import MessageFilter
from preferences.sending import plan_in_words
from systemlog import audit

ACTS = (
    *("start", "schedule", "unschedule", "pause", "resume", "go-on", "cancel"),
    *("retry", "resolve", "archive", "unarchive", "owner"),
)
WITHOUT_QUESTION = ("resume", "unschedule", "go-on", "archive", "unarchive")
NOT_STARTED = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED)


def campaign_detail(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """A campaign as it goes on; what changes is in live parts."""
    related = Campaign.objects.select_related("owner", "whatsapp_pool", "sms_pool", "attachment")
    campaign = looking.seen_campaign(request.user, pk, related.defer("attachment__data"))
    acts = looking.acts(request.user)
    waits = campaign.status in NOT_STARTED
    check = audience.kept(campaign) if waits else None
    now = timezone.now()
    zone = ZoneInfo(campaign.timezone)
    by_files = campaign.audience == AudienceKind.IMPORTS
    cost = costing.forecast(campaign, look(campaign, measured=True)) if waits and campaign.sms_pool_id else None
    return render(
        request,
        "campaigns/campaign.html",
        {
            "campaign": campaign,
            "live_key": looking.key_of(pk, request.user),
            "may_act": acts,
            "people": owning.people() if acts else [],
            "waits": waits,
            "check": check,
            "incomplete": incomplete_sentences(check) if check is not None else [],
            "preview": preview(campaign),
            "draft": campaign,
            "acts": [(name, reverse(f"campaigns:{name}", args=[pk])) for name in ACTS],
            "without_question": WITHOUT_QUESTION,
            "window": window_text(campaign.window),
            "too_many": too_many(campaign, MessageFilter()),
            "files": list(Import.objects.filter(pk__in=campaign.audience_imports)) if by_files else [],
            "cost": costing.forecast_sentences(cost) if cost is not None else [],
            "pauses": plan_in_words(campaign.pauses),
            "start_default": opens_at(campaign.window, now + timedelta(hours=1)).astimezone(zone),
        },
    )


def _lines(campaign: Campaign) -> list[list[str]]:
    return lane_table(report.lanes(campaign), spending.of_campaign(campaign.pk))


def export_messages(request: HttpRequest, pk: ObjectId) -> FileResponse | StreamingHttpResponse:
    """The messages that the list shows with the same filters: as a workbook, or with `as=csv` row by row at once.

    So many that a workbook would keep people waiting come as a csv in any case; pages offer nothing else then.
    """
    campaign = looking.seen_campaign(request.user, pk)
    zone = ZoneInfo(campaign.timezone)
    wanted = chosen_filter(campaign, request.GET)
    as_csv = request.GET.get("as") == "csv" or too_many(campaign, wanted)
    shown = {name: str(getattr(wanted, name)) for name in wanted.given}
    data = {"filter": shown, "format": "csv" if as_csv else "xlsx"}
    audit.record(request.user, "campaign.export", kind="campaign", id=pk, name=campaign.name, data=data)
    name = f"{slugify(campaign.name) or campaign.pk}-{timezone.now().astimezone(zone):%Y%m%d-%H%M}"
    rows = queries.export_rows(campaign, wanted if shown or as_csv else None)
    if as_csv:
        return PieceByPiece(
            export.csv_pieces(rows, zone=zone),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
        )
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the answer closes it
    export.write(file, rows, zone=zone, lines=[] if shown else _lines(campaign))
    file.seek(0)
    return Download(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
