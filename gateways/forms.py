"""The forms of pools, lines and tests; those of a line's settings are made from its kind's declared fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from babel import Locale
from django import forms
from django.conf import settings
from django.utils import formats
from django.utils.html import escape
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from debtors.intake.reasons import row_reason
from domain.costs import currencies_in_use
from domain.phones import PhoneError, parse_phone
from gateways.commands import DEFAULT_PACE, pool_version, sketch_pool
from gateways.errors import GatewayError
from gateways.fields import Field, FieldType, Kind
from gateways.models import Channel, Gateway, Pool, Strategy
from gateways.prices import usual_currency

LONGEST_TEST = 1_600
"""Characters of a test: ten SMS parts, which no test needs."""

FORGET, VERSION = "forget-", "seen-version"
"""What a form has beside a kind's declared fields, whose names have no hyphen."""


def refuse(error: GatewayError, *targets: forms.Form) -> None:
    """Show a command's error at the field it is about, or above the first form."""
    name, colon, sentence = str(error).partition(": ")
    for form in targets:
        if error.field in form.fields:
            form.add_error(error.field, str(error))
            return
        if colon and name in form.fields:  # as a kind's own checks name their fields
            form.add_error(name, capfirst(sentence))
            return
    targets[0].add_error(None, str(error))


class PoolForm(forms.Form):
    """A pool's settings; its name and channel are chosen once."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=Channel.choices)
    strategy = forms.ChoiceField(label=gettext_lazy("Strategy"), initial=Strategy.COMPETITIVE)
    delay = forms.FloatField(
        label=gettext_lazy("Pause after a message, in seconds"),
        required=False,
        help_text=gettext_lazy("Of each line. Empty is the usual one: 10 for WhatsApp, none for SMS."),
        widget=forms.NumberInput(attrs={"min": 0, "step": "any"}),
    )
    variation = forms.FloatField(
        label=gettext_lazy("Variation of the pause, in seconds"),
        required=False,
        help_text=gettext_lazy("So much longer or shorter, by chance. Empty is the usual one: 5 for WhatsApp."),
        widget=forms.NumberInput(attrs={"min": 0, "step": "any"}),
    )
    auto_throttle = forms.BooleanField(
        label=gettext_lazy("Longer pauses when many lines send"),
        required=False,
        help_text=gettext_lazy("So that the pool as a whole stays about as fast as with fewer lines."),
    )
    throttle_target = forms.IntegerField(
        label=gettext_lazy("Lines that may go at full pace"),
        required=False,
        initial=3,
        widget=forms.NumberInput(attrs={"min": 1}),
    )
    throttle_max = forms.FloatField(
        label=gettext_lazy("Pauses get longer by so many times at most"),
        required=False,
        initial=3,
        widget=forms.NumberInput(attrs={"min": 1, "step": "any"}),
    )

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, pool: Pool | None = None, channel: str = "") -> None:
        """Of a pool that is there, or of a new one, for which a channel may be proposed."""
        initial: dict[str, Any] = {"channel": channel if channel in Channel.values else Channel.WHATSAPP.value}
        if pool is not None:
            initial = {name: getattr(pool, name) for name in ("strategy", "auto_throttle", "throttle_target")}
            initial["version"] = pool_version(pool)
            # Without the zeros that nobody wrote.
            initial |= {"delay": f"{pool.delay_seconds:g}", "variation": f"{pool.variation_seconds:g}"}
            initial["throttle_max"] = f"{pool.throttle_max:g}"
        super().__init__(data, initial=initial)
        self._pool = pool
        strategy = self.fields["strategy"]
        assert isinstance(strategy, forms.ChoiceField)
        strategy.choices = strategy_names()
        if pool is not None:
            del self.fields["name"], self.fields["channel"]

    def chosen_channel(self) -> str:
        """The pool's, or the one that is chosen in the form."""
        if self._pool is not None:
            return self._pool.channel
        chosen = str(self["channel"].value())
        return chosen if chosen in Channel.values else Channel.WHATSAPP.value

    def sketched(self) -> Pool:
        """The pool that the form would make, not stored. Raises GatewayError, which says what is missing."""
        if not self.is_bound:
            return self._pool if self._pool is not None else sketch_pool(channel=self.chosen_channel())
        if any(name not in ("name", "version") for name in self.errors):
            raise GatewayError(_("The pauses are shown here once the fields are right."))
        values = self.settings()
        values.pop("name", None)
        return sketch_pool(**{**values, "channel": self.chosen_channel()})

    def seen_version(self) -> str:
        """The version of the settings that the form was filled with."""
        return str(self.cleaned_data["version"])

    def overtaken(self, stored: Pool) -> None:
        """Say what somebody else saved meanwhile; saving once more puts this form's values in their place."""
        form = PoolForm(pool=stored)
        theirs = [
            f"{field.label}: {_shown_value(field)}"
            for field in form.visible_fields()
            if _differs(field, self[field.name])
        ]
        told = _(
            "Somebody else saved “%(name)s” meanwhile. Now stored: %(values)s. Save again to put yours in its place."
        )
        self.add_error(None, told % {"name": stored.name, "values": "; ".join(theirs) or "—"})
        assert isinstance(self.data, Mapping)
        self.data = {**dict(self.data.items()), "version": pool_version(stored)}

    def settings(self) -> dict[str, Any]:
        """The cleaned values as create_pool and change_pool take them."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "version"}
        if not values["auto_throttle"]:
            values["throttle_target"] = values["throttle_max"] = None
        if self._pool is not None:  # of which the command would leave alone what is not given
            delay, variation = DEFAULT_PACE[Channel(self._pool.channel)]
            values["delay"] = delay if values["delay"] is None else values["delay"]
            values["variation"] = (
                min(variation, values["delay"]) if values["variation"] is None else values["variation"]
            )
        return values


def strategy_names() -> list[tuple[str, str]]:
    """The strategies with their names alone: what each means is told by its picture."""
    return [(each.value, str(each.label).partition(":")[0]) for each in Strategy]


def _differs(stored: forms.BoundField, given: forms.BoundField) -> bool:
    """Whether a form's field says something else than the stored one, whatever type each has."""

    def plain(value: Any) -> Any:
        try:
            return float(value)
        except (TypeError, ValueError):
            return str(value or "")

    return bool(plain(stored.value()) != plain(given.value()))


def _shown_value(field: forms.BoundField) -> str:
    value = field.value()
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(dict(getattr(field.field, "choices", ())).get(value, value))


class LineForm(forms.Form):
    """What every new line has: a name and a pool of its channel."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    pool = forms.ChoiceField(label=gettext_lazy("Pool"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, pools: Sequence[Pool], chosen: str = "") -> None:
        super().__init__(data, initial={"pool": chosen})
        field = self.fields["pool"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(str(pool.pk), pool.name) for pool in pools]


class PriceForm(forms.Form):
    """What a part costs by a line, whatever its kind."""

    price = forms.CharField(
        label=gettext_lazy("Price of a part"),
        required=False,
        max_length=40,
        help_text=gettext_lazy("Such as 9 or 0.035. Leave it empty where you don't know it: nothing is taken for 0."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, gateway: Gateway | None = None) -> None:
        own = gateway.currency if gateway is not None else ""
        now = ""
        if gateway is not None and gateway.price is not None:
            now = f"{gateway.price.normalize():f}".replace(".", str(formats.get_format("DECIMAL_SEPARATOR")))
        super().__init__(data, initial={"price": now, "currency": own or usual_currency()})
        field = self.fields["currency"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _currencies(own)


def _currencies(own: str) -> list[tuple[str, str]]:
    """The currencies with their names in the language of the page: those that are likely first, the others by code."""
    locale = Locale.parse(get_language() or "en", sep="-")
    codes = dict.fromkeys(filter(None, [own, usual_currency(), "USD", "EUR", *currencies_in_use()]))
    return [(code, f"{code} · {locale.currencies.get(code, code)}") for code in codes]


class TemplateForm(forms.Form):
    """A line written as one URL."""

    url_template = forms.CharField(
        label=gettext_lazy("URL template"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
    )
    token = forms.CharField(
        label=gettext_lazy("Token"),
        required=False,
        help_text=gettext_lazy("A token, or user:password, if the gateway asks for one and it isn't in the URL."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def given(self) -> dict[str, Any]:
        """What create_gateway takes."""
        token = self.cleaned_data["token"]
        return {"url_template": self.cleaned_data["url_template"], "fields": {"token": token} if token else {}}


class SettingsForm(forms.Form):
    """A kind's declared fields, for a new line or for one that is there.

    Secrets that are stored never go to the page: an empty field keeps what is stored, and a box removes it.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        kind: Kind,
        stored: Mapping[str, Any] | None = None,
        version: str = "",
    ) -> None:
        super().__init__(data, prefix="set")
        self.kind = kind
        self.fields[VERSION] = forms.CharField(required=False, initial=version, widget=forms.HiddenInput)
        self._sections: dict[str, list[str]] = {}
        self._changed_sections: set[str] = set()
        shown = kind.masked(stored or {})
        for field in kind.fields:
            held = field.secret and (stored or {}).get(field.name) not in (None, "", {})
            names = self._sections.setdefault(str(field.section), [])
            value = (stored or {}).get(field.name, field.default)
            self.fields[field.name] = _control(field, value, now=str(shown[field.name]) if held else "")
            names.append(field.name)
            if held and not field.required:
                self.fields[FORGET + field.name] = forms.BooleanField(
                    label=_("Remove what is stored as “%(field)s”") % {"field": field.label}, required=False
                )
                names.append(FORGET + field.name)
            if held or value != field.default:
                self._changed_sections.add(str(field.section))

    def sections(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        """The fields by section: its heading, its fields, and whether it is shown unfolded."""
        return [
            (title, [self[name] for name in names], not title or self._unfolded(title, names))
            for title, names in self._sections.items()
        ]

    def _unfolded(self, title: str, names: Sequence[str]) -> bool:
        return title in self._changed_sections or any(name in self.errors for name in names)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for field in self.kind.fields:
            value = values.get(field.name)
            if field.name in self.errors or (field.secret and not value):
                continue
            try:
                field.clean(value)
            except GatewayError as error:
                refuse(error, self)
        return values

    def given(self) -> dict[str, Any]:
        """The values by field; without the secrets that were left empty."""
        fields = {field.name: self.cleaned_data.get(field.name) for field in self.kind.fields}
        secret = {field.name for field in self.kind.fields if field.secret}
        return {name: value for name, value in fields.items() if value or name not in secret}

    def seen_version(self) -> str:
        """The version of the settings that the form was filled with."""
        return str(self.cleaned_data[VERSION])

    def forgotten(self) -> list[str]:
        """The stored secrets that are to be removed."""
        return [name.removeprefix(FORGET) for name, on in self.cleaned_data.items() if name.startswith(FORGET) and on]


def _control(field: Field, value: Any, *, now: str) -> forms.Field:
    """The form field of a declared one; `now` stands for the secret that is stored, empty where none is."""
    help_text = str(escape(field.help))
    if now:
        stored = _("Stored now: %(value)s. Leave it empty to keep it.") % {"value": now}
        help_text = f"{help_text} {escape(stored)}"
    common: dict[str, Any] = {"label": field.label, "help_text": help_text, "required": False}
    if field.type is FieldType.BOOLEAN:
        return forms.BooleanField(**common, initial=value)
    if field.type is FieldType.CHOICE:
        return forms.ChoiceField(
            **common, initial=value, choices=[(choice, field.labels.get(choice, choice)) for choice in field.choices]
        )
    common["required"] = field.required and not now
    text = "\n".join(f"{name}: {one}" for name, one in value.items()) if field.type is FieldType.MAPPING else value
    return forms.CharField(**common, initial="" if field.secret else text, widget=_widget(field))


def _widget(field: Field) -> forms.Widget:
    if field.type is FieldType.MAPPING or field.multiline:
        return forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})
    if field.type in (FieldType.INTEGER, FieldType.DECIMAL):
        return forms.NumberInput(attrs={"min": field.minimum, "max": field.maximum, "step": "any"})
    if field.secret and field.shown is None:
        return forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


class PhoneForm(forms.Form):
    """A phone as people write it, cleaned to E.164."""

    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )

    def clean_phone(self) -> str:
        text = self.cleaned_data["phone"]
        phone = parse_phone(text, settings.DEFAULT_COUNTRY)
        if isinstance(phone, PhoneError):
            raise forms.ValidationError(row_reason(phone.code, {"column": _("Phone"), "value": text}))
        return phone.e164


class TestForm(PhoneForm):
    """A text to one phone, to try a line."""

    text = forms.CharField(
        label=gettext_lazy("Text"), max_length=LONGEST_TEST, widget=forms.Textarea(attrs={"rows": 3})
    )
