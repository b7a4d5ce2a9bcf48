"""The day that results from the hours and pauses of a form, as they are being written."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from campaigns.day import day_of_campaign, usual_day
from campaigns.models import Campaign
from campaigns.pacing_fields import PacingFields
from lib.converters import object_id


@require_POST
def show_day(request: HttpRequest) -> HttpResponse:
    """The day of the fields as they are; `campaign` in the address: with its lines and its audience."""
    form = PacingFields(request.POST)
    pacing = form.pacing()
    if pacing is None:
        wrong = [sentence for each in form.errors.values() for sentence in each]
        return render(request, "campaigns/_day.html", {"wrong": wrong})
    campaign = Campaign.objects.filter(pk=object_id(request.GET.get("campaign", ""))).first()
    shown = day_of_campaign(campaign, pacing=pacing) if campaign is not None else usual_day(pacing)
    return render(request, "campaigns/_day.html", {"day": shown})
