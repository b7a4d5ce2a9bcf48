"""The forms of a draft's steps: each reads what was typed, stores what can be used, and keeps the rest as it is.

They are always bound: to what a person sent, or to what is stored. So a value that can't be used, and was kept all the
same, shows its error again to whoever goes on with the draft.
"""

from typing import Any, ClassVar

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import drafts
from campaigns.errors import CampaignError
from campaigns.lacks import CHANNEL, MESSAGE
from campaigns.models import Campaign, CampaignChannel, NoSessionPolicy, RotationChoice
from domain.templating import MAX_TEMPLATE_CHARACTERS
from gateways.models import Channel, Pool
from lib.converters import object_id

MOST_VARIANTS = 50
LONGEST_TEXT = 4 * MAX_TEMPLATE_CHARACTERS
"""Characters of a text that are kept, though it is too long to be sent."""
CHANNEL_HINTS = {
    CampaignChannel.WHATSAPP: gettext_lazy("From your sessions, with pictures and files. It needs a linked phone."),
    CampaignChannel.SMS: gettext_lazy("Through an SMS line. It reaches any phone, in plain text, and costs per part."),
    CampaignChannel.WHATSAPP_FALLBACK_SMS: gettext_lazy(
        "WhatsApp first; whoever is not on WhatsApp, or while no session is connected, gets an SMS."
    ),
}
ROTATION_HINTS = {
    RotationChoice.ROUND_ROBIN: gettext_lazy("The 1st person gets the 1st text, the 2nd the 2nd, and so on."),
    RotationChoice.RANDOM: gettext_lazy("Each person gets any of them, all as often in the long run."),
}


class StepForm(forms.Form):
    """What all steps share. Nothing is required here: what is missing is told beside, and keeps nobody from leaving."""

    step: ClassVar[str] = ""

    def __init__(self, data: "MultiValueDict[str, Any]", *, campaign: Campaign) -> None:
        self.campaign = campaign
        self.given = data
        super().__init__(data, label_suffix="")
        for field in self.fields.values():
            if isinstance(field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
                field.widget.attrs["class"] = "form-check-input"

    @classmethod
    def stored(cls, campaign: Campaign) -> "MultiValueDict[str, Any]":
        """What the stored draft would have sent, with what could not be used in its place."""
        data = MultiValueDict({name: list(values) for name, values in cls.texts(campaign).items()})
        for name, values in (campaign.unfinished.get(cls.step) or {}).items():
            data.setlist(name, values)
        return data

    @classmethod
    def texts(cls, campaign: Campaign) -> dict[str, list[Any]]:
        """The stored values by field, as a browser sends them."""
        raise NotImplementedError

    def values(self) -> dict[str, Any]:
        """What the campaign's fields become, by their names, as far as the fields of the form can be used."""
        raise NotImplementedError

    def apply(self, campaign: Campaign) -> None:
        """Set on the campaign what can be used, and keep beside it what can't."""
        for name, value in self.values().items():
            setattr(campaign, name, value)
        wrong = {name: self._sent(name) for name in self.errors if name in self.fields}
        others = {step: fields for step, fields in campaign.unfinished.items() if step != self.step}
        campaign.unfinished = {**others, self.step: wrong} if wrong else others

    def refuse(self, error: CampaignError) -> None:
        """Show at its field what was found when it was stored."""
        self.add_error(error.field if error.field in self.fields else None, error.sentence)

    def good(self, name: str) -> bool:
        """Whether this field can be used."""
        return name not in self.errors

    def _sent(self, name: str) -> list[str]:
        return [str(each)[:LONGEST_TEXT] for each in self.given.getlist(name)]


class MessageForm(StepForm):
    """The message and its variants. Both are stored as they are written, sound or not."""

    step = MESSAGE

    message = forms.CharField(
        required=False,
        strip=False,
        max_length=LONGEST_TEXT,
        label=gettext_lazy("Message"),
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    rotation = forms.ChoiceField(
        choices=[(each.value, each.label) for each in (RotationChoice.ROUND_ROBIN, RotationChoice.RANDOM)],
        required=False,
        widget=forms.RadioSelect,
        label=gettext_lazy("Which text each person gets"),
    )
    strict = forms.BooleanField(
        required=False, label=gettext_lazy("Don't start while any row lacks a value that the message needs")
    )
    transliterate = forms.BooleanField(
        required=False,
        label=gettext_lazy("Write without accents"),
        help_text=gettext_lazy(
            'SMS only: á becomes a, “ becomes ". One accent makes a part hold 70 characters instead of 160; '
            "é, ñ, ü, ¡ and ¿ cost nothing and stay."
        ),
    )

    @classmethod
    def texts(cls, campaign: Campaign) -> dict[str, list[Any]]:
        rotation = campaign.rotation if campaign.variants else RotationChoice.ROUND_ROBIN.value
        return {
            "message": [campaign.message],
            "variant": list(campaign.variants),
            "rotation": [rotation],
            "strict": ["on"] if campaign.strict else [],
            "transliterate": ["on"] if campaign.transliterate else [],
        }

    @property
    def variants(self) -> list[str]:
        """The texts beside the message as they were written, blank ones among them."""
        return [str(each)[:LONGEST_TEXT] for each in self.given.getlist("variant")][:MOST_VARIANTS]

    @property
    def faults(self) -> list[str]:
        """What is wrong with each variant, empty for a sound one, in their order."""
        return [
            next((error.sentence for error in drafts.faults_of_texts([text])), "") if text.strip() else ""
            for text in self.variants
        ]

    @property
    def shown_variants(self) -> list[tuple[str, str]]:
        """The variants, each with what is wrong with it."""
        return list(zip(self.variants, self.faults, strict=True))

    def clean_message(self) -> str:
        text: str = self.cleaned_data["message"]
        for error in drafts.faults_of_texts([text]) if text.strip() else ():
            self.add_error("message", error.sentence)
        return text.replace("\r\n", "\n")

    def values(self) -> dict[str, Any]:
        variants = [text.replace("\r\n", "\n") for text in self.variants if text.strip()]
        chosen = self.cleaned_data.get("rotation") or RotationChoice.ROUND_ROBIN.value
        # Sound or not, they are what was written: only what starts has to be sound.
        return {
            "message": self._sent("message")[-1].replace("\r\n", "\n") if self._sent("message") else "",
            "variants": variants,
            # Without variants there is nothing to choose; with them, “always the message” would never send them.
            "rotation": chosen if variants else RotationChoice.NONE.value,
            "strict": bool(self.cleaned_data.get("strict")),
            "transliterate": bool(self.cleaned_data.get("transliterate")),
        }

    def apply(self, campaign: Campaign) -> None:
        super().apply(campaign)
        campaign.unfinished = {step: kept for step, kept in campaign.unfinished.items() if step != self.step}


class ChannelForm(StepForm):
    """The channel, the pool of each, and what happens without sessions."""

    step = CHANNEL

    channel = forms.ChoiceField(
        choices=CampaignChannel.choices, required=False, widget=forms.RadioSelect, label=gettext_lazy("Channel")
    )
    whatsapp_pool = forms.ModelChoiceField(
        Pool.objects.none(), required=False, label=gettext_lazy("WhatsApp pool"), widget=forms.RadioSelect
    )
    sms_pool = forms.ModelChoiceField(
        Pool.objects.none(), required=False, label=gettext_lazy("SMS pool"), widget=forms.RadioSelect
    )
    no_session = forms.ChoiceField(
        choices=NoSessionPolicy.choices, required=False, label=gettext_lazy("When too few sessions are connected")
    )
    no_session_minutes = forms.FloatField(required=False, localize=True, label=gettext_lazy("Minutes that it waits"))
    min_sessions = forms.IntegerField(required=False, label=gettext_lazy("Connected sessions that it needs"))

    def __init__(self, data: "MultiValueDict[str, Any]", *, campaign: Campaign) -> None:
        super().__init__(data, campaign=campaign)
        pools = Pool.objects.order_by("name")
        self.fields["whatsapp_pool"].queryset = pools.filter(channel=Channel.WHATSAPP)  # type: ignore[attr-defined]
        self.fields["sms_pool"].queryset = pools.filter(channel=Channel.SMS)  # type: ignore[attr-defined]

    @classmethod
    def texts(cls, campaign: Campaign) -> dict[str, list[Any]]:
        minutes = campaign.no_session_minutes
        shown = int(minutes) if minutes.is_integer() else minutes
        return {
            "channel": [campaign.channel],
            "whatsapp_pool": [str(campaign.whatsapp_pool_id or "")],
            "sms_pool": [str(campaign.sms_pool_id or "")],
            "no_session": [campaign.no_session_policy],
            "no_session_minutes": [forms.FloatField(localize=True).widget.format_value(shown)],
            "min_sessions": [str(campaign.min_sessions)],
        }

    @property
    def needed(self) -> tuple[Channel, ...]:
        """The channels that the chosen one sends by."""
        chosen = self["channel"].value()
        return drafts.NEEDED_POOLS[CampaignChannel(chosen)] if chosen in CampaignChannel.values else ()

    def clean_no_session_minutes(self) -> float:
        minutes: float | None = self.cleaned_data["no_session_minutes"]
        if minutes is None or not 0 <= minutes <= drafts.LONGEST_WAIT:
            raise forms.ValidationError(_("The wait for sessions is a number of minutes from 0 to 10080, a week."))
        return minutes

    def clean_min_sessions(self) -> int:
        number: int | None = self.cleaned_data["min_sessions"]
        if number is None or not 1 <= number <= drafts.MOST_SESSIONS:
            raise forms.ValidationError(_("The least number of connected sessions is a number from 1 to 1000."))
        return number

    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        found: dict[str, Any] = {}
        if self.good("channel"):
            found["channel"] = given["channel"]
        for channel in (Channel.WHATSAPP, Channel.SMS):
            name = f"{channel}_pool"
            # A pool of a channel that is not used would hold it back from being deleted.
            if channel not in self.needed:
                found[f"{name}_id"] = None
            elif self.good(name):
                found[f"{name}_id"] = given[name].pk if given[name] else None
        if Channel.WHATSAPP in self.needed:
            found["no_session_policy"] = given.get("no_session") or self.campaign.no_session_policy
            for name in ("no_session_minutes", "min_sessions"):
                if self.good(name):
                    found[name] = given[name]
        return found

    def apply(self, campaign: Campaign) -> None:
        if Channel.WHATSAPP not in self.needed:
            for name in ("no_session", "no_session_minutes", "min_sessions"):
                self.errors.pop(name, None)
        super().apply(campaign)


def ids(values: list[str]) -> list[Any]:
    """The ids among texts that came from a page."""
    return [key for value in values if (key := object_id(value)) is not None]
