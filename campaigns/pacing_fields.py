"""The fields that say when a campaign sends and when it rests: its hours, days, time zone and pauses.

A form takes them over as a mixin; its template includes campaigns/_pacing.html. The same fields are the settings that
new campaigns begin with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import drafts
from campaigns.models import Campaign
from domain.pacing import Window, days_text, parse_days, parse_hours
from domain.pauses import InvalidPauses, PauseChannels, PauseMode, PausePlan, parse_durations
from preferences import queries as preferences
from preferences.sending import CHANNELS, MODES, pauses_sentence, zone_named

WINDOW_FIELDS = ("window_start", "window_end", "days", "timezone")
PAUSE_FIELDS = (
    *("pause_mode", "pause_count", "pause_every", "pause_durations"),
    *("pause_list", "pause_least", "pause_most", "pause_channels"),
)
PACING_FIELDS = (*WINDOW_FIELDS, *PAUSE_FIELDS)
FIELDS_OF_ERRORS = {"hours": "window_start", "pauses": "pause_mode", "pause_durations": "pause_list"}
"""Which field shows an error of a Draft's, where the names differ."""

LIST, RANGE = "list", "range"
TICKED = {"class": "form-check-input"}


@dataclass(frozen=True, slots=True)
class Pacing:
    """When a campaign sends, and when it rests."""

    window: Window
    pauses: PausePlan

    @property
    def texts(self) -> dict[str, str]:
        """The same as a Draft has it (campaigns/drafts.py): by the names of its fields."""
        window, pauses = self.window, self.pauses
        mode = {
            PauseMode.OFF: "off",
            PauseMode.AUTO: f"auto:{pauses.count}",
            PauseMode.FIXED: f"every:{pauses.every}",
        }[pauses.mode]
        return {
            "hours": hours_text(window.start, window.end),
            "days": days_text(window.days),
            "timezone": window.zone,
            "pauses": mode,
            "pause_durations": str(pauses.durations),
            "pause_channels": pauses.channels.value,
        }


def hours_text(start: time | None, end: time | None) -> str:
    """Hours as `parse_hours` reads them."""
    return "none" if start is None or end is None else f"{start:%H:%M}-{end:%H:%M}"


@cache
def _zones() -> Sequence[str]:
    """The time zones that are offered: they are read from many files."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


def _clock() -> forms.TimeInput:
    return forms.TimeInput({"type": "time"}, "%H:%M")


class PacingFields(forms.Form):
    """When it sends, and when it rests. Fields that the chosen pauses have no use for are not asked about."""

    window_start = forms.TimeField(required=False, label=gettext_lazy("From"), widget=_clock())
    window_end = forms.TimeField(required=False, label=gettext_lazy("To"), widget=_clock())
    days = forms.TypedMultipleChoiceField(
        choices=list(WEEKDAYS_ABBR.items()),
        coerce=int,
        widget=forms.CheckboxSelectMultiple(TICKED),
        label=gettext_lazy("Days"),
        error_messages={"required": gettext_lazy("Choose at least one day.")},
    )
    timezone = forms.CharField(
        max_length=50, label=gettext_lazy("Time zone"), widget=forms.TextInput({"list": "time-zones"})
    )
    pause_mode = forms.ChoiceField(
        choices=list(MODES.items()),
        widget=forms.RadioSelect(TICKED),
        label=gettext_lazy("When it rests"),
        required=False,
    )
    pause_count = forms.IntegerField(required=False, label=gettext_lazy("How many pauses"))
    pause_every = forms.IntegerField(required=False, label=gettext_lazy("Messages between pauses"))
    pause_durations = forms.ChoiceField(
        choices=[
            (LIST, gettext_lazy("One of a list, drawn at random")),
            (RANGE, gettext_lazy("Anything in a range")),
        ],
        widget=forms.RadioSelect(TICKED),
        label=gettext_lazy("How long a pause is"),
        required=False,
    )
    pause_list = forms.CharField(
        required=False,
        max_length=100,
        label=gettext_lazy("Minutes, separated by commas"),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    pause_least = forms.IntegerField(required=False, label=gettext_lazy("Least minutes"))
    pause_most = forms.IntegerField(required=False, label=gettext_lazy("Most minutes"))
    pause_channels = forms.ChoiceField(
        choices=list(CHANNELS.items()), label=gettext_lazy("Which channels pause"), required=False
    )

    @property
    def zones(self) -> Sequence[str]:
        return _zones()

    def clean_timezone(self) -> str:
        try:
            return zone_named(self.cleaned_data["timezone"].strip())
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        self._clean_hours(values)
        self._clean_pauses(values)
        return values

    def _clean_hours(self, values: dict[str, Any]) -> None:
        start, end = values.get("window_start"), values.get("window_end")
        if self.errors.keys() & {"window_start", "window_end"}:
            return
        if (start is None) != (end is None):
            self.add_error("window_start", _("Give both times, or none to send all day."))
        elif start is not None and start == end:
            self.add_error("window_start", _("It begins and ends at the same time. Give none to send all day."))

    def _clean_pauses(self, values: dict[str, Any]) -> None:
        """Puts the plan into `pause_plan`. What is not asked about is as usual, whatever the hidden fields say."""
        usual = drafts.usual_pauses()
        mode = PauseMode(values.get("pause_mode") or PauseMode.OFF)
        durations = values.get("pause_durations") or LIST
        asked = {
            "pause_count": mode is PauseMode.AUTO,
            "pause_every": mode is PauseMode.FIXED,
            "pause_list": mode is not PauseMode.OFF and durations == LIST,
            "pause_least": mode is not PauseMode.OFF and durations == RANGE,
            "pause_most": mode is not PauseMode.OFF and durations == RANGE,
        }
        for name, needed in asked.items():
            if not needed:
                self.errors.pop(name, None)
            elif values.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, _("This is needed for the pauses that you chose."))
        if self.errors.keys() & set(PAUSE_FIELDS):
            return
        channels = PauseChannels(values.get("pause_channels") or PauseChannels.BOTH)
        try:
            found = usual.durations
            if asked["pause_list"]:
                found = parse_durations(values["pause_list"])
            elif asked["pause_least"]:
                found = parse_durations(f"{values['pause_least']}-{values['pause_most']}")
            values["pause_plan"] = PausePlan(
                mode,
                values["pause_count"] if asked["pause_count"] else usual.count,
                values["pause_every"] if asked["pause_every"] else usual.every,
                found,
                channels,
            )
        except InvalidPauses as error:
            minutes = "pause_list" if asked["pause_list"] else "pause_most"
            fields = {"bad_count": "pause_count", "bad_every": "pause_every"}
            self.add_error(fields.get(error.code, minutes), pauses_sentence(error))

    def pacing(self) -> Pacing | None:
        """What a bound form says of hours and pauses; None where that can't be meant, whatever the rest of it says."""
        if not self.is_bound or self.errors.keys() & set(PACING_FIELDS):
            return None
        values = self.cleaned_data
        days = frozenset(values["days"])
        window = Window(values["window_start"], values["window_end"], days, values["timezone"])
        return Pacing(window, values["pause_plan"])


def usual_pacing() -> Pacing:
    """What new campaigns begin with."""
    start, end = parse_hours(preferences.get("sending.hours")) or (None, None)
    days = parse_days(preferences.get("sending.days"))
    window = Window(start, end, days, preferences.get("sending.timezone"))
    return Pacing(window, drafts.usual_pauses())


def pacing_of(campaign: Campaign) -> Pacing:
    """What a stored campaign says."""
    return Pacing(campaign.window, campaign.pauses)


def pacing_initial(pacing: Pacing) -> dict[str, Any]:
    """What the fields show at first."""
    window, pauses = pacing.window, pacing.pauses
    shown = pauses.durations
    # What is not chosen has something sensible to begin with.
    ranged = shown if shown.is_range else None
    return {
        "window_start": window.start,
        "window_end": window.end,
        "days": sorted(window.days),
        "timezone": window.zone,
        "pause_mode": pauses.mode.value,
        "pause_count": pauses.count,
        "pause_every": pauses.every,
        "pause_durations": RANGE if ranged else LIST,
        "pause_list": ", ".join(map(str, shown.choices or (shown.least, shown.most))),
        "pause_least": ranged.least if ranged else shown.shortest,
        "pause_most": ranged.most if ranged else shown.longest,
        "pause_channels": pauses.channels.value,
    }
