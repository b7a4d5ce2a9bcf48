"""Writing a draft, step by step: what is typed is stored as it is typed, and two people never undo each other's."""

import secrets
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.roles import scope_of
from campaigns import attachments, editing, lacks, step_pages
from campaigns.audience_form import AudienceForm
from campaigns.editing import Conflict
from campaigns.errors import CampaignError
from campaigns.forms import ChannelForm, MessageForm, StepForm, ids
from campaigns.models import Attachment, AudienceKind, Campaign
from campaigns.pacing_form import PacingForm
from campaigns.preview import preview_of_row
from debtors.models import Import
from domain.states import CampaignStatus
from lib.converters import object_id
from lib.htmx import go_to
from lib.kept_files import kept_file
from systemlog import audit

FORMS: dict[str, type[StepForm]] = {form.step: form for form in (AudienceForm, MessageForm, ChannelForm, PacingForm)}
LEAVE, NEW = "leave", "new"
UNSTORED = "new"
"""What a page has in a digest's place until its draft is stored: of one that was, nothing is stored anew once somebody
deleted it."""
STORED_HEADER = "X-Draft"
"""Says that what a page sent is stored; any other answer, such as the page to sign in, does not."""


def new(request: HttpRequest) -> HttpResponse:
    """A new draft, stored with its first change; `import` in the address chooses that file, and a POST the debtors
    that it names."""
    pk = ObjectId()
    campaign = editing.new_draft(pk, owner=request.user)
    if request.method == "POST":
        return _with_debtors(request, campaign)
    chosen = object_id(request.GET.get("import", ""))
    file = Import.objects.filter(pk=chosen).first() if chosen else None
    if file is not None:
        campaign.audience, campaign.audience_imports = AudienceKind.IMPORTS.value, [file.pk]
        campaign.name = editing.proposed_name(file.file_name.rpartition(".")[0] or file.file_name)
    return _page(request, campaign, AudienceForm(AudienceForm.stored(campaign), campaign=campaign), fresh=True)


def _with_debtors(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    chosen = ids(request.POST.get("debtors", "").split(","))
    try:
        editing.choose_debtors(campaign.pk, user=request.user, page="", add=chosen, fresh=campaign)
    except CampaignError as error:
        messages.error(request, error.sentence)
        return go_to(request, "debtors:list")
    audit.record(request.user, "campaign.create", kind="campaign", id=campaign.pk, name=campaign.name)
    return go_to(request, "campaigns:step", campaign.pk, lacks.AUDIENCE)


def edit(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Where the draft was left, or the first step that lacks something."""
    campaign = get_object_or_404(Campaign, pk=pk)
    left = campaign.edits.get("at")
    step = left if left in lacks.STEPS else next(iter(lacks.missing(campaign)), lacks.REVIEW)
    return redirect("campaigns:step", pk, step)


def step(request: HttpRequest, pk: ObjectId, step: str) -> HttpResponse:
    """One step of a draft; a campaign that was started shows that it can't change."""
    campaign = editing.draft_of(pk)
    writes = request.method == "POST" and step != lacks.REVIEW
    fresh = campaign is None and step == lacks.AUDIENCE and NEW in request.GET
    fresh = fresh and (not writes or request.POST.get("base") == UNSTORED)
    if (campaign is None and not fresh and not writes) or step not in lacks.STEPS:
        raise Http404
    if campaign is None:
        campaign = editing.new_draft(pk, owner=request.user)
    elif not writes and campaign.status != CampaignStatus.DRAFT:
        messages.error(request, _("Only a draft can be changed. Make a copy of this campaign and change that."))
        return go_to(request, "campaigns:campaign", pk)
    if step == lacks.REVIEW:
        return render(request, "campaigns/edit/review.html", step_pages.review(campaign))
    kind = FORMS[step]
    if not writes:
        return _page(request, campaign, kind(kind.stored(campaign), campaign=campaign), fresh=fresh)
    return _store(request, campaign, kind(request.POST, campaign=campaign), fresh=fresh)


def _store(request: HttpRequest, campaign: Campaign, form: StepForm, *, fresh: bool) -> HttpResponse:
    """Store what was sent, and answer to the page that stores as one types, or go where one wanted to."""
    form.full_clean()
    sent = request.POST
    conflict, refused = None, ""
    try:
        campaign, first = editing.store_step(
            campaign.pk,
            form.step,
            form.apply,
            base=sent.get("keep") or sent.get("base", ""),
            page=sent.get("page", "")[:32],
            turn=_turn(request),
            user=request.user,
            fresh=campaign if fresh else None,
        )
    except Conflict as error:
        conflict, refused = error, error.sentence
    except CampaignError as error:
        refused = error.sentence
        form.refuse(error)
    else:
        if first:
            act = "campaign.create" if fresh else "campaign.change"
            audit.record(request.user, act, kind="campaign", id=campaign.pk, name=campaign.name)
    if "auto" in sent:
        return _saved(request, campaign, form, conflict=conflict, refused=refused)
    onward, wanted = sent.get("on", ""), sent.get("go", "")
    if conflict or refused or (form.errors and not wanted) or (onward and _faulty(form)):
        return _page(request, campaign, form, fresh=fresh, conflict=conflict, refused=refused, status=422)
    target = wanted or onward or form.step
    if target in lacks.STEPS:
        editing.left_at(campaign.pk, target)
        return go_to(request, "campaigns:step", campaign.pk, target)
    editing.left_at(campaign.pk, form.step)
    messages.success(
        request, _("The draft “%(name)s” was saved. It sends nothing until it is started.") % {"name": campaign.name}
    )
    return go_to(request, "campaigns:list")


def _turn(request: HttpRequest) -> int:
    text = request.POST.get("turn", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _faulty(form: StepForm) -> bool:
    """Whether a variant or a condition has something to correct, which no field of the form says."""
    if isinstance(form, MessageForm):
        return any(form.faults)
    return isinstance(form, AudienceForm) and any(fault for _test, fault in form.shown_tests)


def _saved(request: HttpRequest, campaign: Campaign, form: StepForm, **told: Any) -> HttpResponse:
    """What a page that was stored as it is typed shows anew, beside what one is typing in."""
    context = _context(request, campaign, form, fresh=False, **told)
    answer = render(request, "campaigns/edit/_saved.html", context)
    if not told["refused"]:
        answer[STORED_HEADER] = "stored"
        if NEW in request.GET:
            answer["HX-Replace-Url"] = reverse("campaigns:step", args=[campaign.pk, form.step])
    return answer


def _page(
    request: HttpRequest, campaign: Campaign, form: StepForm, *, fresh: bool, status: int = 200, **told: Any
) -> HttpResponse:
    context = _context(request, campaign, form, fresh=fresh, **told)
    return render(request, f"campaigns/edit/{form.step}.html", context, status=status)


def _context(
    request: HttpRequest,
    campaign: Campaign,
    form: StepForm,
    *,
    fresh: bool,
    conflict: Conflict | None = None,
    refused: str = "",
) -> dict[str, Any]:
    unstored = {NEW: "1"} if fresh or NEW in request.GET else None
    base = UNSTORED if fresh and request.method != "POST" else editing.digest(campaign, form.step)
    at = request.POST.get("at") or request.GET.get("at") or "0"
    return {
        **step_pages.frame(campaign, form.step),
        **(step_pages.side(campaign, form, at=int(at) if at.isdecimal() and len(at) < 9 else 0)),
        "form": form,
        "fresh": fresh,
        "address": reverse("campaigns:step", args=[campaign.pk, form.step], query=unstored),
        "pick_address": reverse("campaigns:pick", args=[campaign.pk], query=unstored),
        "base": request.POST.get("base", "") if refused else base,
        "saved_at": timezone.now(),
        "turn": _turn(request),
        "page_word": request.POST.get("page", "")[:32] or secrets.token_hex(8),
        "refused": refused,
        "conflict": step_pages.differences(conflict, form) if conflict else None,
    }


def show_preview(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """The message of another row."""
    campaign = get_object_or_404(Campaign.objects.select_related("attachment").defer("attachment__data"), pk=pk)
    at = request.GET.get("at", "0")
    shown = preview_of_row(campaign, int(at) if at.isdecimal() and len(at) < 9 else 0)
    return render(request, "campaigns/edit/_preview_row.html", {"preview": shown, "draft": campaign})


@require_POST
def attach(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Store the file that goes with the text, or take it away."""
    campaign = editing.draft_of(pk)
    if campaign is None:
        raise Http404
    given: UploadedFile | None = request.FILES.get("attachment")
    refused, file_error = "", ""
    try:
        # No more is read than tells that it is too much.
        read = attachments.checked(given.name or "", given.read(attachments.MAX_BYTES + 1)) if given else None
        kept = attachments.keep(read) if read is not None else None

        def apply(draft: Campaign) -> None:
            draft.attachment_id = kept.pk if kept is not None else None

        campaign, first = editing.store_step(
            pk,
            lacks.MESSAGE,
            apply,
            base=request.POST.get("base", ""),
            page=request.POST.get("page", "")[:32],
            user=request.user,
        )
        if first:
            audit.record(request.user, "campaign.change", kind="campaign", id=pk, name=campaign.name)
    except Conflict as error:
        refused = file_error = error.sentence
    except CampaignError as error:
        file_error = error.sentence
    campaign = editing.draft_of(pk) or campaign
    form = MessageForm(MessageForm.stored(campaign), campaign=campaign)
    context = _context(request, campaign, form, fresh=False, refused=refused)
    return render(request, "campaigns/edit/_attachment.html", {**context, "file_error": file_error, "loose": True})


def attachment(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """A campaign's file, as its recipients get it."""
    scope = scope_of(request.user)
    if not scope.everything and not Campaign.objects.filter(attachment=pk, **scope.where()).exists():
        raise Http404
    found = get_object_or_404(Attachment, pk=pk)
    return kept_file(bytes(found.data), mimetype=found.mimetype, filename=found.filename)
