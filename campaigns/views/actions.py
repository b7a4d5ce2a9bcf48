"""What staff do to a campaign by its page's buttons: each is a command, and is kept in the log."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from campaigns import commands, editing, lacks, owning, showing, watching, wording
from campaigns.errors import CampaignError
from campaigns.models import Campaign
from lib.converters import object_id
from lib.figures import figure
from lib.htmx import go_to
from messaging.filters import NO_REASON
from systemlog import audit

VERDICTS = ("sent", "failed", "retry")
MOST_TICKED = 100


def _act(
    request: HttpRequest,
    pk: ObjectId,
    action: str,
    do: Callable[[Campaign], str],
    *,
    data: Mapping[str, Any] | None = None,
    view: str = "campaigns:campaign",
) -> HttpResponse:
    """Do it, tell what `do` says of it or why it was refused, and show the campaign, or another `view` of it.

    `data` is kept in the log with it: `do` may still add to it.
    """
    campaign = get_object_or_404(Campaign, pk=pk)
    try:
        sentence = do(campaign)
    except CampaignError as error:
        messages.error(request, error.sentence)
    else:
        audit.record(request.user, action, kind="campaign", id=pk, name=campaign.name, data=data)
        messages.success(request, sentence)
    watching.forget()  # whoever acted sees what became of it, not a figure of a moment ago
    return go_to(request, view, pk)


def _revision(request: HttpRequest) -> int | None:
    """Which version of a draft the person has looked at, where the page says so."""
    text = request.POST.get("revision", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


@require_POST
def start(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Start a draft or a scheduled campaign now."""

    def do(campaign: Campaign) -> str:
        commands.start(campaign.name, revision=_revision(request))
        return _("“%(name)s” was started.") % {"name": campaign.name}

    return _act(request, pk, "campaign.start", do)


@require_POST
def schedule(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Start it later, at the time of the form, on the campaign's clocks."""

    def do(campaign: Campaign) -> str:
        at: datetime = commands.schedule_time(request.POST.get("at", ""), zone=campaign.timezone)
        commands.start(campaign.name, at=at, revision=_revision(request))
        time = wording.clock(at, campaign.timezone)
        return _("“%(name)s” starts by itself: %(time)s.") % {"name": campaign.name, "time": time}

    return _act(request, pk, "campaign.schedule", do)


@require_POST
def unschedule(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Make a scheduled campaign a draft again."""

    def do(campaign: Campaign) -> str:
        commands.unschedule(campaign.name)
        return _("“%(name)s” is a draft again.") % {"name": campaign.name}

    return _act(request, pk, "campaign.unschedule", do)


@require_POST
def pause(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Stop sending, for the reason of the form."""

    def do(campaign: Campaign) -> str:
        commands.pause(campaign.name, reason=request.POST.get("reason", ""))
        return _("“%(name)s” is paused.") % {"name": campaign.name}

    return _act(request, pk, "campaign.pause", do)


@require_POST
def resume(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Go on."""

    def do(campaign: Campaign) -> str:
        commands.resume(campaign.name)
        return _("“%(name)s” goes on.") % {"name": campaign.name}

    return _act(request, pk, "campaign.resume", do)


@require_POST
def go_on(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """End the pause that it makes by its plan."""

    def do(campaign: Campaign) -> str:
        commands.go_on(campaign.name)
        return _("The pause of “%(name)s” is over: it goes on.") % {"name": campaign.name}

    return _act(request, pk, "campaign.go_on", do)


@require_POST
def cancel(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """End it for good."""

    def do(campaign: Campaign) -> str:
        commands.cancel(campaign.name)
        return _("“%(name)s” was cancelled.") % {"name": campaign.name}

    return _act(request, pk, "campaign.cancel", do)


def _reasons(request: HttpRequest, campaign: Campaign) -> list[str]:
    """The causes to send again: those of the buttons of one cause; or of those that a person was shown as worth it,
    those that still are, because another person may have sent them again while the question was open."""
    if "worth" not in request.POST:
        return ["" if reason == NO_REASON else reason for reason in request.POST.getlist("reason")]
    watching.forget()
    shown = request.POST["worth"].split(",")
    return [found.reason for found in showing.worth_a_retry(campaign) if (found.reason or NO_REASON) in shown]


@require_POST
def retry(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Send failed messages again: the ticked ones, those of a cause, those where it may help, or all.

    One of these has to be named: what names nothing never means all of them. The boxes of a list come with any button
    of its form, and count with that of the ticked ones alone.
    """
    which = request.POST.get("which", "")
    picked = which == "ticked"
    named = request.POST.getlist("message")[:MOST_TICKED] if picked else []
    ticked = [found for text in named if (found := object_id(text))]
    data: dict[str, Any] = {}

    def do(campaign: Campaign) -> str:
        if picked and not ticked:
            raise CampaignError(_("Tick the messages first."))
        reasons = [] if picked else _reasons(request, campaign)
        if not picked and not reasons and which != "all":
            raise CampaignError(_("What you chose is not failed any more: nothing was sent again."))
        number = commands.retry_failed(campaign.name, reasons=reasons, chosen=ticked)
        data.update(number=number, reasons=reasons, ticked=len(ticked))
        sentence = ngettext("%(n)s failed message is sent again.", "%(n)s failed messages are sent again.", number)
        return " ".join([sentence % {"n": figure(number)}, wording.waits_sentence(campaign)]).rstrip()

    view = "campaigns:messages" if picked else "campaigns:campaign"
    return _act(request, pk, "campaign.retry", do, data=data, view=view)


@require_POST
def resolve(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """A person's word on the uncertain messages."""

    def do(campaign: Campaign) -> str:
        verdict = request.POST.get("verdict", "")
        if verdict not in VERDICTS:
            raise CampaignError(_("Choose what becomes of the uncertain messages."))
        number = commands.resolve_uncertain(campaign.name, verdict=verdict)
        sentence = ngettext("%(n)s uncertain message is settled.", "%(n)s uncertain messages are settled.", number)
        return sentence % {"n": figure(number)}

    return _act(request, pk, "campaign.resolve", do)


@require_POST
def archive(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Put it out of the list's sight; the notice has the way back."""

    def do(campaign: Campaign) -> str:
        commands.archive(campaign.name)
        said = _("“%(name)s” is archived: the list shows it under “Archived”.") % {"name": campaign.name}
        return format_html('{} <button class="btn btn-sm undo" form="form-unarchive">{}</button>', said, _("Undo"))

    return _act(request, pk, "campaign.archive", do)


@require_POST
def unarchive(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """List it with the others again."""

    def do(campaign: Campaign) -> str:
        commands.unarchive(campaign.name)
        return _("“%(name)s” is in the list again.") % {"name": campaign.name}

    return _act(request, pk, "campaign.unarchive", do)


@require_POST
def give_away(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Make it another person's: an executive sees those that are theirs."""
    campaign = get_object_or_404(Campaign, pk=pk)
    to, seen = (object_id(request.POST.get(name, "")) for name in ("owner", "seen"))
    try:
        before, after = owning.give(campaign, to=to, seen=seen)
    except CampaignError as error:
        messages.error(request, error.sentence)
    else:
        data = {"before": before.get_username() if before is not None else "", "after": after.get_username()}
        audit.record(request.user, "campaign.owner", kind="campaign", id=pk, name=campaign.name, data=data)
        said = _("“%(name)s” is in the hands of %(who)s now.")
        messages.success(request, said % {"name": campaign.name, "who": owning.shown_name(after)})
    if request.POST.get("from") == lacks.REVIEW:
        return go_to(request, "campaigns:step", pk, lacks.REVIEW)
    return go_to(request, "campaigns:campaign", pk)


@require_POST
def duplicate(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Make a draft that says the same, and open it."""
    campaign = get_object_or_404(Campaign.objects.defer("attachment__data").select_related("attachment"), pk=pk)
    try:
        copy = editing.duplicate(campaign, owner=request.user)
    except CampaignError as error:
        messages.error(request, error.sentence)
        return go_to(request, "campaigns:campaign", pk)
    audit.record(request.user, "campaign.duplicate", kind="campaign", id=copy.pk, name=copy.name)
    messages.success(request, _("This is a copy. Give it a name, and choose who receives it."))
    return go_to(request, "campaigns:edit", copy.pk)


@require_POST
def delete(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Delete a draft."""
    campaign = get_object_or_404(Campaign, pk=pk)
    try:
        editing.delete_draft(campaign)
    except CampaignError as error:
        messages.error(request, error.sentence)
        return go_to(request, "campaigns:campaign", pk)
    audit.record(request.user, "campaign.delete", kind="campaign", id=pk, name=campaign.name)
    messages.success(request, _("The draft “%(name)s” was deleted.") % {"name": campaign.name})
    return go_to(request, "campaigns:list")
