"""The form of a draft's pacing step: its hours, its pauses, and in which country's manner it writes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from campaigns import drafts
from campaigns.errors import CampaignError
from campaigns.forms import StepForm
from campaigns.lacks import PACING
from campaigns.models import Campaign
from campaigns.pacing_fields import PAUSE_FIELDS, PacingFields, pacing_initial, pacing_of


class PacingForm(StepForm, PacingFields):
    """Hours and pauses are stored each as a whole, once all of their fields can be used."""

    step = PACING

    country = forms.CharField(
        required=False,
        max_length=2,
        label=gettext_lazy("Country"),
        help_text=gettext_lazy("How money and dates are written: CL, ES."),
    )

    @classmethod
    def texts(cls, campaign: Campaign) -> dict[str, list[Any]]:
        shown = {**pacing_initial(pacing_of(campaign)), "country": campaign.country}
        return {
            name: [str(each) for each in value]
            if isinstance(value, list)
            else [f"{value:%H:%M}" if name in ("window_start", "window_end") and value else str(value or "")]
            for name, value in shown.items()
        }

    def clean_country(self) -> str:
        try:
            return drafts.country_of(self.cleaned_data["country"])
        except CampaignError as error:
            raise forms.ValidationError(error.sentence) from error

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        found: dict[str, Any] = {name: given[name] for name in ("timezone", "country") if self.good(name)}
        if self.good("days"):
            found["window_days"] = sorted(given["days"])
        if self.good("window_start") and self.good("window_end"):
            found |= {
                name: f"{given[name]:%H:%M}" if given[name] is not None else ""
                for name in ("window_start", "window_end")
            }
        if all(map(self.good, PAUSE_FIELDS)):
            plan = given["pause_plan"]
            found |= {
                "pause_mode": plan.mode.value,
                "pause_count": plan.count,
                "pause_every": plan.every,
                "pause_durations": str(plan.durations),
                "pause_channels": plan.channels.value,
            }
        return found

    def apply(self, campaign: Campaign) -> None:
        super().apply(campaign)
        # The fields of hours, or of pauses, belong together: one that can't be used keeps the others as they were sent.
        kept = campaign.unfinished.get(self.step)
        if kept:
            for group in (("window_start", "window_end"), PAUSE_FIELDS):
                if kept.keys() & set(group):
                    kept = {**kept, **{name: self._sent(name) for name in group}}
            campaign.unfinished = {**campaign.unfinished, self.step: kept}
