"""The forms of users: what administrators say of them, and what each says of themselves."""

from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Theme, User
from accounts.roles import ROLE_LABELS
from domain.phones import Phone, parse_phone, shown_phone
from domain.roles import Role
from preferences.sending import zone_named

NAMES = ("first_name", "last_name", "email", "phone")


@cache
def zones() -> Sequence[str]:
    """The time zones that are offered: they are read from many files."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))


class NamesForm(forms.Form):
    """What a user is called, and how they are reached."""

    first_name = forms.CharField(
        max_length=150,
        label=gettext_lazy("First name"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    last_name = forms.CharField(
        max_length=150,
        required=False,
        label=gettext_lazy("Last name"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    email = forms.EmailField(
        required=False, label=gettext_lazy("Email"), widget=forms.EmailInput({"autocomplete": "off"})
    )
    phone = forms.CharField(
        max_length=30,
        required=False,
        label=gettext_lazy("Phone"),
        help_text=gettext_lazy("A mobile with WhatsApp, on which they are told of their debtors' replies."),
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        if user is not None:
            kwargs["initial"] = {**_names_of(user), **(kwargs.get("initial") or {})}
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def clean_phone(self) -> str:
        text = self.cleaned_data["phone"].strip()
        if not text:
            return ""
        found = parse_phone(text, settings.DEFAULT_COUNTRY)
        if not isinstance(found, Phone):
            raise forms.ValidationError(
                _("“%(phone)s” is no mobile number. Write it with its country code, like +56 9 8765 4321.")
                % {"phone": text}
            )
        return found.e164

    @property
    def names(self) -> dict[str, str]:
        """What a valid form says of the user's names and ways to reach them."""
        return {name: self.cleaned_data[name] for name in NAMES}


def _names_of(user: User) -> dict[str, str]:
    return {**{name: getattr(user, name) for name in NAMES}, "phone": shown_phone(user.phone) if user.phone else ""}


class UserForm(NamesForm):
    """A user as administrators see them."""

    role = forms.ChoiceField(
        choices=[(role.value, label) for role, label in ROLE_LABELS.items()],
        label=gettext_lazy("Role"),
        widget=forms.RadioSelect({"class": "form-check-input"}),
    )

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        kwargs["initial"] = {"role": (user.role if user else Role.EXECUTIVE).value}
        super().__init__(*args, user=user, **kwargs)

    @property
    def role_wanted(self) -> Role:
        return Role(self.cleaned_data["role"])


class NewUserForm(UserForm):
    """Somebody who is to sign in."""

    username = forms.CharField(
        max_length=150,
        label=gettext_lazy("User"),
        help_text=gettext_lazy("What they sign in with: letters, digits and @ . + - _, without spaces."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("username", "first_name", "last_name", "email", "phone", "role")


class ProfileForm(NamesForm):
    """What somebody chooses for themselves."""

    language = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("As this browser")), *settings.LANGUAGES],
        label=gettext_lazy("Language"),
    )
    time_zone = forms.CharField(
        max_length=50,
        required=False,
        label=gettext_lazy("Time zone"),
        help_text=gettext_lazy(
            "In which the pages tell you times. A campaign's hours, and the times in its exports, stay in the "
            "campaign's own zone."
        ),
        widget=forms.TextInput({"list": "time-zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    theme = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("As this browser")),
            (Theme.AUTO.value, gettext_lazy("As the device")),
            (Theme.LIGHT.value, gettext_lazy("Light")),
            (Theme.DARK.value, gettext_lazy("Dark")),
        ],
        label=gettext_lazy("Theme"),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        kwargs["initial"] = {"language": user.language, "time_zone": user.time_zone, "theme": user.theme}
        super().__init__(*args, user=user, **kwargs)
        self.fields["first_name"].required = False
        self.fields["time_zone"].widget.attrs["placeholder"] = settings.TIME_ZONE
        self.fields["phone"].help_text = _("A mobile with WhatsApp, on which you are told of your debtors' replies.")

    @property
    def zones(self) -> Sequence[str]:
        return zones()

    def clean_time_zone(self) -> str:
        name = self.cleaned_data["time_zone"].strip()
        try:
            return zone_named(name) if name else ""
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    @property
    def chosen(self) -> dict[str, str]:
        """All that a valid form says."""
        return {**self.names, **{name: self.cleaned_data[name] for name in ("language", "time_zone", "theme")}}


class OwnPasswordForm(PasswordChangeForm):
    """Another password than the one of before: that may be one for once, which somebody else was shown."""

    def clean(self) -> dict[str, Any] | None:
        values = super().clean()
        old, new = self.cleaned_data.get("old_password"), self.cleaned_data.get("new_password2")
        if old and old == new:
            self.add_error("new_password1", _("That is the password that you have. Choose another one."))
        return values
