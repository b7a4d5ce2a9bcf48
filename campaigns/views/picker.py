"""Choosing debtors one by one for a draft: searching them, adding and taking away."""

from bson import ObjectId
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from campaigns import editing, lacks, step_pages
from campaigns.audience_form import AudienceForm
from campaigns.errors import CampaignError
from campaigns.forms import ids
from campaigns.models import AudienceKind
from debtors import queries as debtors
from systemlog import audit

NEW, UNSTORED = "new", "new"
OFFERED = 12
LONGEST_SEARCH = 100


def pick(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Those that a search finds; by a POST one more, one less, or none any more."""
    campaign = editing.draft_of(pk)
    fresh = editing.new_draft(pk, owner=request.user) if campaign is None and NEW in request.GET else None
    if campaign is None and fresh is None:
        raise Http404
    campaign = campaign or fresh
    assert campaign is not None
    error, base = "", request.POST.get("base", "")
    if request.method == "POST":
        page = request.POST.get("page", "")[:32]
        first = editing.edit_of(campaign, lacks.AUDIENCE).page != page
        try:
            campaign = editing.choose_debtors(
                pk,
                user=request.user,
                page=page,
                base=base,
                add=ids(request.POST.getlist("add")),
                remove=ids(request.POST.getlist("remove")),
                clear="clear" in request.POST,
                fresh=fresh if base == UNSTORED else None,
            )
        except CampaignError as problem:
            error = problem.sentence
        else:
            if first:
                act = "campaign.create" if fresh is not None else "campaign.change"
                audit.record(request.user, act, kind="campaign", id=pk, name=campaign.name)
    search = (request.POST.get("q") or request.GET.get("q", "")).strip()[:LONGEST_SEARCH]
    picked = step_pages.picked(campaign)
    offered = [
        (debtor, debtor.pk in picked["picked_keys"])
        for debtor in debtors.listed(search=search).order_by("-updated_at")[:OFFERED]
    ]
    address = reverse("campaigns:pick", args=[pk], query={NEW: "1"} if NEW in request.GET else None)
    context = {**picked, "offered": offered, "search": search, "error": error, "pick_address": address}
    if request.method == "POST" and campaign.audience == AudienceKind.SELECTION:
        form = AudienceForm(AudienceForm.stored(campaign), campaign=campaign)
        context |= {
            **step_pages.frame(campaign, lacks.AUDIENCE),
            **step_pages.audience(campaign),
            "form": form,
            "base": editing.digest(campaign, lacks.AUDIENCE),
            "seen": editing.edit_of(campaign, lacks.AUDIENCE).page == request.POST.get("page", "")[:32],
            "changed": not error,
            "saved_at": timezone.now(),
        }
    answer = render(request, "campaigns/edit/_picker.html", context)
    if fresh is not None and request.method == "POST" and not error:
        answer["HX-Replace-Url"] = reverse("campaigns:step", args=[pk, lacks.AUDIENCE])
    return answer
