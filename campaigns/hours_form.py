"""The form of a draft's pacing step."""

from datetime import time
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import drafts
from campaigns.errors import CampaignError
from campaigns.forms import StepForm
from campaigns.lacks import PACING
from campaigns.models import Campaign


class PacingForm(StepForm):
    """When it may send, by whose clocks, and in which country's manner it writes."""

    step = PACING

    window_start = forms.TimeField(
        required=False, label=gettext_lazy("From"), widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    window_end = forms.TimeField(
        required=False, label=gettext_lazy("To"), widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    days = forms.TypedMultipleChoiceField(
        choices=list(WEEKDAYS_ABBR.items()),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Days"),
    )
    timezone = forms.CharField(
        required=False,
        max_length=50,
        label=gettext_lazy("Time zone"),
        widget=forms.TextInput({"list": "time-zones"}),
    )
    country = forms.CharField(
        required=False,
        max_length=2,
        label=gettext_lazy("Country"),
        help_text=gettext_lazy("How money and dates are written: CL, ES."),
    )

    @property
    def zones(self) -> list[str]:
        return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))

    @classmethod
    def texts(cls, campaign: Campaign) -> dict[str, list[Any]]:
        return {
            "window_start": [campaign.window_start],
            "window_end": [campaign.window_end],
            "days": [str(day) for day in campaign.window_days],
            "timezone": [campaign.timezone],
            "country": [campaign.country],
        }

    def clean_timezone(self) -> str:
        try:
            return drafts.zone_of(self.cleaned_data["timezone"])
        except CampaignError as error:
            raise forms.ValidationError(error.sentence) from error

    def clean_country(self) -> str:
        try:
            return drafts.country_of(self.cleaned_data["country"])
        except CampaignError as error:
            raise forms.ValidationError(error.sentence) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        start, end = values.get("window_start"), values.get("window_end")
        if self.errors.keys() & {"window_start", "window_end"}:
            return values
        if (start is None) != (end is None):
            self.add_error("window_start", _("Give both times, or none to send all day."))
        elif start is not None and start == end:
            self.add_error("window_start", _("It begins and ends at the same time: leave both out to send all day."))
        return values

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        found: dict[str, Any] = {name: given[name] for name in ("timezone", "country") if self.good(name)}
        if self.good("days"):
            found["window_days"] = sorted(given["days"])
        if self.good("window_start") and self.good("window_end"):
            found |= {name: _clock(given[name]) for name in ("window_start", "window_end")}
        return found

    def apply(self, campaign: Campaign) -> None:
        if "window_start" in self.errors:  # the two belong together
            self.errors.setdefault("window_end", self.error_class())
        super().apply(campaign)


def _clock(moment: time | None) -> str:
    return f"{moment:%H:%M}" if moment is not None else ""
