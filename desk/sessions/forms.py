"""The forms of the sessions' pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from gateways.commands import SESSION_KIND
from gateways.forms import PhoneForm
from gateways.kinds import kind_named
from gateways.models import Channel, Pool
from gateways.sessions import LIMITS

LONGEST_TEXT = 4_096


def _limit_fields(*, optional: bool = False) -> dict[str, forms.IntegerField]:
    """A field for each limit, as the kind declares it; an `optional` one is empty, and may stay so."""
    declared = {field.name: field for field in kind_named(SESSION_KIND).fields}
    return {
        name: forms.IntegerField(
            label=declared[name].label,
            min_value=int(declared[name].minimum or 0),
            max_value=int(declared[name].maximum or 0),
            initial=None if optional else declared[name].default,
            required=not optional,
            help_text=declared[name].help,
        )
        for name in LIMITS
    }


class LimitsForm(forms.Form):
    """How much a session may send; 0 is no limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "limits_%s", **kwargs})
        self.fields.update(_limit_fields())

    @property
    def limits(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in LIMITS}


class SameLimitsForm(forms.Form):
    """The same limits for several sessions; what is left empty stays as each has it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "same_%s", **kwargs})
        self.fields.update(_limit_fields(optional=True))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not any(value is not None for value in cleaned.values()):
            raise forms.ValidationError(gettext_lazy("Fill in the limits to change."))
        return cleaned

    @property
    def limits(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in LIMITS if self.cleaned_data[name] is not None}


class NewSessionForm(forms.Form):
    """A session's name, its pool, how much it may send."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("As people know the phone: “Collections 1”, “Ana's phone”."),
    )
    pool = forms.ChoiceField(
        label=gettext_lazy("Pool"), help_text=gettext_lazy("The campaigns of the pool are sent through it.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pool"].choices = whatsapp_pools()  # type: ignore[attr-defined]
        self.fields.update(_limit_fields())

    @property
    def limits(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in LIMITS}


class LinkForm(PhoneForm):
    """Which phone gets a code to type in the place of a QR."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "link_%s", **kwargs})
        self.fields["phone"].label = gettext_lazy("Number of the phone to link")


class TestForm(PhoneForm):
    """One message outside of any campaign."""

    text = forms.CharField(
        label=gettext_lazy("Text"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "test_%s", **kwargs})


def whatsapp_pools() -> list[tuple[str, str]]:
    """The pools that a session may be in, by name, as choices."""
    names = Pool.objects.filter(channel=Channel.WHATSAPP).order_by("name").values_list("name", flat=True)
    return [(name, name) for name in names]
