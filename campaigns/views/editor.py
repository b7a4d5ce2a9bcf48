"""Writing a draft: the form, its preview, its file."""

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns import commands, drafts, editing
from campaigns.errors import CampaignError
from campaigns.forms import DraftForm
from campaigns.models import Attachment, Campaign
from campaigns.preview import columns_of, preview
from debtors.queries import count_debtors
from domain.states import CampaignStatus
from lib.htmx import go_to
from systemlog import audit

STORED_FILE = 3600  # seconds that a browser keeps an attachment: its content never changes


def new(request: HttpRequest) -> HttpResponse:
    """A new draft; `import` in the address chooses that file."""
    if request.method != "POST":
        chosen = request.GET.get("import", "")
        initial = {"audience": "imports", "chosen_imports": [chosen]} if chosen else {}
        return _page(request, DraftForm(initial=initial))
    form = DraftForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            campaign = drafts.validate(form.draft())
            campaign.owner = request.user  # type: ignore[assignment]  # the middleware lets nobody else in
            commands.create(campaign, chosen=form.audience_chosen())
        except CampaignError as error:
            form.refuse(error)
        else:
            audit.record(request.user, "campaign.create", kind="campaign", id=campaign.pk, name=campaign.name)
            return _saved(request, campaign)
    return _page(request, form)


def edit(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """A stored draft; a campaign that was started shows that it can't change."""
    campaign = get_object_or_404(Campaign.objects.select_related("attachment").defer("attachment__data"), pk=pk)
    if campaign.status != CampaignStatus.DRAFT:
        messages.error(request, _("Only a draft can be changed. Make a copy of this campaign and change that."))
        return go_to(request, "campaigns:campaign", pk)
    if request.method != "POST":
        return _page(request, DraftForm(campaign=campaign))
    form = DraftForm(request.POST, request.FILES, campaign=campaign)
    if form.is_valid():
        try:
            changed = drafts.validate(form.draft(), pk=pk)
            editing.change_draft(changed, revision=form.cleaned_data["revision"] or 0, chosen=form.audience_chosen())
        except CampaignError as error:
            form.refuse(error)
        else:
            audit.record(request.user, "campaign.change", kind="campaign", id=pk, name=changed.name)
            return _saved(request, changed)
    return _page(request, form)


@require_POST
def show_preview(request: HttpRequest) -> HttpResponse:
    """The bubbles of the form as it is now, and the placeholders that its audience has."""
    stored = request.GET.get("campaign", "")
    campaign = Campaign.objects.filter(pk=ObjectId(stored)).first() if ObjectId.is_valid(stored) else None
    written = DraftForm(request.POST, campaign=campaign).unchecked()
    return render(request, "campaigns/_preview.html", {"preview": preview(written), "draft": written, "loose": True})


def attachment(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """A campaign's file, as its recipients get it."""
    found = get_object_or_404(Attachment, pk=pk)
    answer = HttpResponse(bytes(found.data), content_type=found.mimetype)
    answer["Content-Disposition"] = "inline"
    answer["Cache-Control"] = f"private, max-age={STORED_FILE}, immutable"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def _page(request: HttpRequest, form: DraftForm) -> HttpResponse:
    written = form.unchecked()
    context = {
        "form": form,
        "campaign": form.campaign,
        "draft": written,
        "preview": preview(written),
        "columns": columns_of(written),
        "everybody": count_debtors(),
    }
    return render(request, "campaigns/edit.html", context, status=422 if form.errors else 200)


def _saved(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    messages.success(
        request, _("The draft “%(name)s” was saved. It sends nothing until it is started.") % {"name": campaign.name}
    )
    return go_to(request, "campaigns:campaign", campaign.pk)
