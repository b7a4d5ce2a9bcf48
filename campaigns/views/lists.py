"""The list of campaigns."""

from bson import ObjectId
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from accounts.roles import Scope, scope_of
from campaigns import looking, watching
from campaigns.queries import counts_by_state, listed
from domain.states import CampaignStatus
from lib.paging import keyset_page

ARCHIVED = "archived"


def campaign_list(request: HttpRequest) -> HttpResponse:
    """All campaigns that one sees and that are not archived, newest first; with `q` those whose name begins so, by
    name; with `state` those in one state, or the archived ones; with `mine` one's own."""
    scope = scope_of(request.user)
    state = request.GET.get("state", "")
    state = state if state in [*CampaignStatus, ARCHIVED] else ""
    archived = state == ARCHIVED
    search = request.GET.get("q", "").strip()[:120]
    mine = scope.everything and "mine" in request.GET
    wanted = Scope(ObjectId(request.user.pk)) if mine else scope
    found = listed(wanted, state="" if archived else state, search=search, archived=archived)
    page = keyset_page(found, by="folded_name" if search else "-created_at", mark=request.GET.get("mark", ""))
    owners = User.objects.in_bulk({row.owner_id for row in page.rows if row.owner_id})
    for campaign in page.rows:
        campaign.owner = owners.get(campaign.owner_id)
    counts = counts_by_state(scope)
    acts = looking.acts(request.user)
    return render(
        request,
        "campaigns/list.html",
        {
            "page": page,
            "rows": [
                (looking.key_of(shown.campaign.pk, request.user), {**shown.row, "acts": acts})
                for shown in watching.standings(page.rows)
            ],
            "state": state,
            "states": [(status.value, counts.get((status.value, False), 0)) for status in CampaignStatus],
            "archived": archived,
            "put_away": sum(number for (_status, away), number in counts.items() if away),
            "mine": mine,
            "own": not scope.everything,
            "search": search,
            "empty": not page.rows and not counts,
        },
    )
