"""The list of campaigns."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from campaigns import watching
from campaigns.queries import counts_by_state, listed
from domain.states import CampaignStatus
from lib.paging import keyset_page

ARCHIVED = "archived"


def campaign_list(request: HttpRequest) -> HttpResponse:
    """All campaigns that are not archived, newest first; with `q` those whose name begins so, by name; with `state`
    those in one state, or the archived ones; with `mine` one's own."""
    state = request.GET.get("state", "")
    state = state if state in [*CampaignStatus, ARCHIVED] else ""
    archived = state == ARCHIVED
    search = request.GET.get("q", "").strip()[:120]
    mine = "mine" in request.GET
    owner = request.user if mine else None
    found = listed(state="" if archived else state, search=search, archived=archived, owner=owner)
    page = keyset_page(found, by="folded_name" if search else "-created_at", mark=request.GET.get("mark", ""))
    owners = User.objects.in_bulk({row.owner_id for row in page.rows if row.owner_id})
    for campaign in page.rows:
        campaign.owner = owners.get(campaign.owner_id)
    counts = counts_by_state()
    return render(
        request,
        "campaigns/list.html",
        {
            "page": page,
            "rows": [(shown.campaign.pk, shown.row) for shown in watching.standings(page.rows)],
            "state": state,
            "states": [(status.value, counts.get((status.value, False), 0)) for status in CampaignStatus],
            "archived": archived,
            "put_away": sum(number for (_status, away), number in counts.items() if away),
            "mine": mine,
            "search": search,
            "empty": not page.rows and not counts,
        },
    )
