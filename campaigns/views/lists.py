"""The list of campaigns."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from campaigns import watching
from campaigns.models import Campaign
from campaigns.queries import listed
from domain.states import CampaignStatus
from lib.paging import keyset_page

ARCHIVED = "archived"


def campaign_list(request: HttpRequest) -> HttpResponse:
    """All campaigns that are not archived, newest first; with `q` those whose name begins so, by name; with `state`
    those in one state, or the archived ones."""
    state = request.GET.get("state", "")
    state = state if state in [*CampaignStatus, ARCHIVED] else ""
    archived = state == ARCHIVED
    search = request.GET.get("q", "").strip()[:120]
    found = listed(state="" if archived else state, search=search, archived=archived)
    page = keyset_page(found, by="folded_name" if search else "-created_at", mark=request.GET.get("mark", ""))
    owners = User.objects.in_bulk({row.owner_id for row in page.rows if row.owner_id})
    for campaign in page.rows:
        campaign.owner = owners.get(campaign.owner_id)
    return render(
        request,
        "campaigns/list.html",
        {
            "page": page,
            "rows": [(shown.campaign.pk, shown.row) for shown in watching.standings(page.rows)],
            "state": state,
            "states": [status.value for status in CampaignStatus],
            "archived": archived,
            "search": search,
            "empty": not page.rows and not Campaign.objects.exists(),
        },
    )
