"""The forms of the settings' pages, one a group: each says what of its group's settings it is filled with and gives.

Most groups need none of their own: GroupForm has a field for each setting, as it is declared.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.pacing_fields import PacingFields, hours_text, pacing_initial, usual_pacing
from domain.pacing import days_text
from outreach.digests import sending_lines
from outreach.readers import window
from preferences.errors import InvalidPreference
from preferences.queries import Settings
from preferences.registry import DIGESTS, GROUPS, SENDING, Preference, Value

FIELDS = {
    "hours": "window_start",
    "pause_durations": "pause_list",
}
"""Which field shows what is wrong with a setting, where the names differ."""


def _field(preference: Preference) -> forms.Field:
    """A field for a setting; what its value may be is asked of the declaration when it is stored."""
    about: dict[str, Any] = {"label": preference.label, "help_text": preference.help}
    usual = preference.usual
    if isinstance(usual, bool):
        return forms.BooleanField(required=False, **about)
    if isinstance(usual, int):
        return forms.IntegerField(widget=forms.NumberInput({"inputmode": "numeric"}), **about)
    if preference.choices:
        return forms.ChoiceField(choices=list(preference.choices.items()), **about)
    return forms.CharField(widget=forms.Textarea({"rows": 3}) if len(usual) > LONG else forms.TextInput(), **about)


LONG = 60
"""A text that usually is longer has several lines to be written in."""


class GroupForm(forms.Form):
    """A field for each setting of a group, each with its default beside it."""

    def __init__(self, *args: Any, settings: Settings, **kwargs: Any) -> None:
        group = settings.group
        values = {each.name: settings[each.name] for each in group.preferences}
        kwargs["initial"] = {**values, "revision": settings.revision}
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.names = [each.name for each in group.preferences]
        for each in group.preferences:
            self.fields[each.name] = _field(each)
        self.fields["revision"] = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def wanted(self) -> Mapping[str, Value]:
        return {name: self.cleaned_data[name] for name in self.names}

    def refuse(self, error: InvalidPreference) -> None:
        self.add_error(error.name if error.name in self.fields else None, error.sentence)


class DigestsForm(GroupForm):
    """The pool is one of those whose sessions could send them; the hours' time zone is said."""

    def __init__(self, *args: Any, settings: Settings, **kwargs: Any) -> None:
        super().__init__(*args, settings=settings, **kwargs)
        declared = settings.group.named("pool")
        assert declared is not None
        names = {line.pool.name for line in sending_lines()} | {str(settings["pool"])} - {""}
        choices = [("", capfirst(declared.in_words(""))), *((name, name) for name in sorted(names))]
        self.fields["pool"] = forms.ChoiceField(label=declared.label, choices=choices, required=False)
        hours = self.fields["hours"]
        zone = _("In the time zone of sending, %(zone)s.") % {"zone": window().zone}
        hours.help_text = f"{hours.help_text} {zone}"


class SendingForm(PacingFields):
    """What new campaigns begin with: hours, days, time zone, pauses, country."""

    country = forms.CharField(
        max_length=2,
        label=gettext_lazy("Country"),
        help_text=gettext_lazy("How money and dates are written: CL, ES."),
        widget=forms.TextInput({"autocapitalize": "characters", "size": 4}),
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, settings: Settings, **kwargs: Any) -> None:
        kwargs["initial"] = {
            **pacing_initial(usual_pacing()),
            "country": settings["country"],
            "revision": settings.revision,
        }
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def wanted(self) -> Mapping[str, Value]:
        """What a valid form says, by the settings' names."""
        pacing = self.pacing()
        assert pacing is not None  # the form is valid
        window, pauses = pacing.window, pacing.pauses
        return {
            "hours": hours_text(window.start, window.end),
            "days": days_text(window.days),
            "timezone": window.zone,
            "country": self.cleaned_data["country"],
            "pause_mode": pauses.mode.value,
            "pause_count": pauses.count,
            "pause_every": pauses.every,
            "pause_durations": str(pauses.durations),
            "pause_channels": pauses.channels.value,
        }

    def refuse(self, error: InvalidPreference) -> None:
        """Show what refused a setting at its field."""
        field = FIELDS.get(error.name, error.name)
        self.add_error(field if field in self.fields else None, error.sentence)


SettingsForm = SendingForm | GroupForm
FORMS: Mapping[str, type[SettingsForm]] = {
    **dict.fromkeys(GROUPS, GroupForm),
    SENDING.name: SendingForm,
    DIGESTS.name: DigestsForm,
}
