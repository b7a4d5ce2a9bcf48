"""The form of a draft: what it says, and the errors of the commands at its fields."""

from typing import Any

from bson import ObjectId
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import attachments, drafts, pacing_fields
from campaigns.commands import ALL_DEBTORS, Audience
from campaigns.drafts import Draft
from campaigns.errors import CampaignError
from campaigns.models import Attachment, AudienceKind, Campaign, CampaignChannel, NoSessionPolicy, RotationChoice
from campaigns.pacing_fields import PacingFields, pacing_initial, pacing_of, usual_pacing
from debtors.models import Import
from domain.states import ImportStatus
from gateways.models import Channel, Pool
from lib.converters import object_id
from preferences import queries as preferences

IMPORTS_OFFERED = 20
MOST_VARIANTS = 50
FIELDS_OF_ERRORS = {**pacing_fields.FIELDS_OF_ERRORS, "variants": "rotation"}
"""Which field of the form shows an error of the draft's, where the names differ."""
WHATSAPP_ONLY = ("attachment", "no_session", "no_session_minutes", "min_sessions")


class DraftForm(PacingFields):
    """A draft, new or stored. `variants` are the texts beside the message, `imports` what files the page offers."""

    name = forms.CharField(max_length=drafts.MAX_NAME, label=gettext_lazy("Name"))
    channel = forms.ChoiceField(
        choices=CampaignChannel.choices, widget=forms.RadioSelect, label=gettext_lazy("Channel")
    )
    whatsapp_pool = forms.ModelChoiceField(
        Pool.objects.none(), required=False, label=gettext_lazy("WhatsApp pool"), empty_label=gettext_lazy("Choose one")
    )
    sms_pool = forms.ModelChoiceField(
        Pool.objects.none(), required=False, label=gettext_lazy("SMS pool"), empty_label=gettext_lazy("Choose one")
    )
    audience = forms.ChoiceField(
        choices=AudienceKind.choices, widget=forms.RadioSelect, label=gettext_lazy("Who receives it")
    )
    chosen_imports = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=gettext_lazy("Imported files")
    )
    message = forms.CharField(
        strip=False,
        label=gettext_lazy("Message"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("{nombre} becomes each person's value; {ejecutivo|us} says “us” where it is missing."),
    )
    rotation = forms.ChoiceField(
        choices=RotationChoice.choices, required=False, label=gettext_lazy("Which text each person gets")
    )
    attachment = forms.FileField(
        required=False,
        label=gettext_lazy("Image or PDF"),
        help_text=gettext_lazy("JPEG, PNG, WebP or PDF of at most 12 MB; it goes with the text on WhatsApp."),
    )
    drop_attachment = forms.BooleanField(required=False, label=gettext_lazy("Send it without this file"))
    country = forms.CharField(
        max_length=2, label=gettext_lazy("Country"), help_text=gettext_lazy("How money and dates are written: CL, ES.")
    )
    strict = forms.BooleanField(required=False, label=gettext_lazy("Refuse it when any row lacks a value"))
    no_session = forms.ChoiceField(
        choices=NoSessionPolicy.choices, required=False, label=gettext_lazy("When too few sessions are connected")
    )
    no_session_minutes = forms.FloatField(required=False, localize=True, label=gettext_lazy("Minutes that it waits"))
    min_sessions = forms.IntegerField(required=False, label=gettext_lazy("Connected sessions that it needs"))
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, campaign: Campaign | None = None, **kwargs: Any) -> None:
        self.campaign = campaign
        kwargs["initial"] = {**_initial(campaign), **kwargs.get("initial", {})}
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        pools = Pool.objects.order_by("name")
        self.fields["whatsapp_pool"].queryset = pools.filter(channel=Channel.WHATSAPP)  # type: ignore[attr-defined]
        self.fields["sms_pool"].queryset = pools.filter(channel=Channel.SMS)  # type: ignore[attr-defined]
        self.imports = _offered(campaign)
        for file in self.imports:
            file.valid = file.created + file.updated + file.unchanged  # type: ignore[attr-defined]  # for the page
        self.fields["chosen_imports"].choices = [(str(each.pk), each.file_name) for each in self.imports]  # type: ignore[attr-defined]
        for each in self.fields.values():
            if isinstance(each.widget, forms.RadioSelect | forms.CheckboxSelectMultiple | forms.CheckboxInput):
                each.widget.attrs["class"] = "form-check-input"
            elif isinstance(each.widget, forms.Select):
                each.widget.attrs["class"] = "form-select"
            elif isinstance(each.widget, forms.TextInput | forms.Textarea | forms.NumberInput | forms.FileInput):
                each.widget.attrs["class"] = "form-control"

    @property
    def variants(self) -> list[str]:
        """The texts beside the message, as they were written; blank ones are none."""
        if not self.is_bound:
            return list(self.campaign.variants) if self.campaign is not None else []
        found = self.data.getlist("variant") if hasattr(self.data, "getlist") else self.data.get("variant", [])
        return [text for text in found if text.strip()][:MOST_VARIANTS]

    @property
    def ticked(self) -> list[str]:
        """The imports that are chosen, as texts."""
        return [str(value) for value in (self["chosen_imports"].value() or [])]

    def clean_attachment(self) -> Attachment | None:
        """The file as an attachment, not stored yet."""
        given: UploadedFile | None = self.cleaned_data["attachment"]
        if given is None:
            return None
        try:
            # No more is read than tells that it is too much.
            return attachments.checked(given.name or "", given.read(attachments.MAX_BYTES + 1))
        except CampaignError as error:
            raise forms.ValidationError(error.sentence) from error

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("audience") == AudienceKind.IMPORTS and not values.get("chosen_imports"):
            self.add_error("audience", _("Choose at least one file, or another audience."))
        for channel, needed in drafts.NEEDED_POOLS.items():
            if values.get("channel") != channel:
                continue
            for each in needed:
                if not values.get(f"{each}_pool") and f"{each}_pool" not in self.errors:
                    self.add_error(f"{each}_pool", _("Choose the pool that it goes through."))
        return values

    def refuse(self, error: CampaignError) -> None:
        """Show what refused the draft at the field that it speaks of."""
        field = FIELDS_OF_ERRORS.get(error.field, error.field)
        self.add_error(field if field in self.fields else None, error.sentence)

    def draft(self) -> Draft:
        """What a valid form says, without what its channel has no use for."""
        values = self.cleaned_data
        pacing = self.pacing()
        assert pacing is not None  # the form is valid
        texts: dict[str, Any] = dict(pacing.texts)
        needed = drafts.NEEDED_POOLS[CampaignChannel(values["channel"])]
        pools: dict[str, Any] = {
            f"{channel}_pool": values[f"{channel}_pool"].name if channel in needed else ""
            for channel in (Channel.WHATSAPP, Channel.SMS)
        }
        whatsapp: dict[str, Any] = dict.fromkeys(WHATSAPP_ONLY)
        if Channel.WHATSAPP in needed:
            whatsapp = {name: values[name] for name in WHATSAPP_ONLY}
            whatsapp["attachment"] = self._attachment()
        variants = self.variants
        return Draft(
            name=values["name"],
            channel=values["channel"],
            message=values["message"],
            variants=variants,
            # Without variants there is nothing to choose; with them, “always the message” would never send them.
            rotation=(values["rotation"] if values["rotation"] != RotationChoice.NONE else "") if variants else "",
            country=values["country"],
            strict=values["strict"],
            **pools,
            **texts,
            **{**whatsapp, "no_session": whatsapp["no_session"] or ""},
        )

    def _attachment(self) -> Attachment | None:
        """The file that was given, or else the stored draft's, unless it is dropped."""
        given: Attachment | None = self.cleaned_data["attachment"]
        if given is not None or self.campaign is None or self.cleaned_data["drop_attachment"]:
            return given
        return self.campaign.attachment

    def audience_chosen(self) -> Audience | None:
        """Who was chosen; None for nobody yet."""
        kind = self.cleaned_data["audience"]
        if kind == AudienceKind.ALL:
            return ALL_DEBTORS
        if kind == AudienceKind.IMPORTS:
            return Audience(AudienceKind.IMPORTS, [ObjectId(pk) for pk in self.cleaned_data["chosen_imports"]])
        return None

    def unchecked(self) -> Campaign:
        """The campaign as far as the form says it, for a preview: nothing of it need be sound."""

        def given(name: str) -> Any:
            return self[name].value() or ""

        imports = [key for pk in self.ticked if (key := object_id(pk)) is not None]
        rotation = given("rotation")
        variants = self.variants
        if variants and rotation in ("", RotationChoice.NONE):
            rotation = RotationChoice.ROUND_ROBIN.value
        return Campaign(
            channel=given("channel"),
            message=given("message"),
            variants=variants,
            rotation=rotation if variants and rotation in RotationChoice.values else RotationChoice.NONE.value,
            audience=given("audience") if given("audience") in AudienceKind.values else AudienceKind.NONE.value,
            audience_imports=imports,
            country=str(given("country")).upper(),
            attachment=self.campaign.attachment if self.campaign is not None else None,
        )


def _initial(campaign: Campaign | None) -> dict[str, Any]:
    """What the form shows at first: the stored draft, or the defaults of a new one."""
    if campaign is None:
        pools = {
            f"{channel}_pool": Pool.objects.filter(channel=channel, active=True).order_by("name").first()
            for channel in (Channel.WHATSAPP, Channel.SMS)
        }
        return {
            **pools,
            "channel": CampaignChannel.WHATSAPP,
            "audience": AudienceKind.NONE,
            "rotation": RotationChoice.ROUND_ROBIN,
            **pacing_initial(usual_pacing()),
            "country": preferences.get("sending.country"),
            "no_session": NoSessionPolicy.WAIT,
            "no_session_minutes": 10,
            "min_sessions": 1,
        }
    rotation = campaign.rotation if campaign.variants else RotationChoice.ROUND_ROBIN.value
    return {
        **{name: getattr(campaign, name) for name in ("name", "channel", "audience", "message", "country")},
        "whatsapp_pool": campaign.whatsapp_pool_id,
        "sms_pool": campaign.sms_pool_id,
        "rotation": rotation,
        "chosen_imports": [str(pk) for pk in campaign.audience_imports],
        **pacing_initial(pacing_of(campaign)),
        "strict": campaign.strict,
        "no_session": campaign.no_session_policy,
        "no_session_minutes": int(minutes) if (minutes := campaign.no_session_minutes).is_integer() else minutes,
        "min_sessions": campaign.min_sessions,
        "revision": campaign.revision,
    }


def _offered(campaign: Campaign | None) -> list[Import]:
    """The latest files, and those that the draft has already."""
    chosen = list(campaign.audience_imports) if campaign is not None else []
    latest = list(Import.objects.filter(status=ImportStatus.DONE.value).order_by("-pk")[:IMPORTS_OFFERED])
    known = {each.pk for each in latest}
    older = [pk for pk in chosen if pk not in known]
    return [*latest, *(Import.objects.filter(pk__in=older) if older else [])]
