"""The steps in which a draft is written, and what each still lacks before the campaign can start."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.utils.translation import gettext as _

from campaigns import audience_reading, drafts, ways_out
from campaigns.audience import Texts
from campaigns.errors import CampaignError
from campaigns.models import AudienceKind, Campaign, CampaignChannel
from campaigns.sentences import unknown_placeholder
from debtors.models import Import
from domain.audiences import read_filter
from gateways.models import Channel

AUDIENCE, MESSAGE, CHANNEL, PACING, REVIEW = "audience", "message", "channel", "pacing", "review"
STEPS = (AUDIENCE, MESSAGE, CHANNEL, PACING, REVIEW)

FIELDS = {
    AUDIENCE: ("name", "audience", "audience_imports", "audience_spec"),
    MESSAGE: ("message", "variants", "rotation", "attachment_id", "strict", "transliterate"),
    CHANNEL: ("channel", "whatsapp_pool_id", "sms_pool_id", "no_session_policy", "no_session_minutes", "min_sessions"),
    PACING: (
        *("window_start", "window_end", "window_days", "timezone", "country"),
        *("pause_mode", "pause_count", "pause_every", "pause_durations", "pause_channels"),
    ),
}
"""What each step says of a campaign; the last one only shows it."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something for which a campaign can't start. `field` is the step's, `hint` a command that helps."""

    step: str
    field: str
    sentence: str
    hint: str = ""


class Incomplete(CampaignError):
    """A campaign can't start: each lack is a line of the text."""

    def __init__(self, found: Sequence[Lack]) -> None:
        super().__init__("\n".join(lack.sentence for lack in found))
        self.args = ("\n".join(f"{lack.sentence} {lack.hint}".rstrip() for lack in found),)


def missing(campaign: Campaign) -> dict[str, str]:
    """What the steps lack, in a word or two, as far as the campaign itself tells: cheap enough for every row of a
    list."""
    found = {}
    for step, look in _LOOKS.items():
        if word := look(campaign):
            found[step] = word
        elif campaign.unfinished.get(step):
            found[step] = _("a correction")
    return found


def _audience_word(campaign: Campaign) -> str:
    spec = campaign.audience_spec.get(campaign.audience)
    chosen: Any = None
    match campaign.audience:
        case AudienceKind.ALL:
            chosen = True
        case AudienceKind.IMPORTS:
            chosen = campaign.audience_imports
        case AudienceKind.FILTER:
            chosen = audience_reading.chosen_filter(campaign)
        case AudienceKind.RANGE:
            chosen = audience_reading.chosen_range(campaign)
        case AudienceKind.SELECTION if spec:
            return "" if spec.get("number") else _("the audience")
    if chosen:
        return ""
    return _("a correction") if spec else _("the audience")


def _message_word(campaign: Campaign) -> str:
    if not campaign.message.strip():
        return _("the message")
    return _("a correction") if drafts.faults_of_texts(campaign.texts) else ""


def _channel_word(campaign: Campaign) -> str:
    if campaign.channel not in CampaignChannel.values:
        return _("the channel")
    return _("the pool") if _pools_missing(campaign) else ""


def _pacing_word(campaign: Campaign) -> str:
    return "" if campaign.window_days else _("the days")


_LOOKS: dict[str, Callable[[Campaign], str]] = {
    AUDIENCE: _audience_word,
    MESSAGE: _message_word,
    CHANNEL: _channel_word,
    PACING: _pacing_word,
}


def _pools_missing(campaign: Campaign) -> list[str]:
    """The channels that the campaign's needs and no pool is chosen for."""
    chosen: dict[str, ObjectId | None] = {
        Channel.WHATSAPP: campaign.whatsapp_pool_id,
        Channel.SMS: campaign.sms_pool_id,
    }
    return [channel for channel in drafts.NEEDED_POOLS[CampaignChannel(campaign.channel)] if chosen[channel] is None]


def lacks(campaign: Campaign) -> list[Lack]:
    """Everything for which a stored campaign can't start, in the order of the steps; each says what to do."""
    found = [*_audience(campaign), *_message(campaign), *_channel(campaign)]
    if not campaign.window_days:
        found.append(Lack(PACING, "days", _("Choose at least one day on which it may send.")))
    told = {lack.step for lack in found}
    sentence = _("Something that was written here can't be used. Correct it.")
    found += [
        Lack(step, next(iter(fields)), sentence)
        for step, fields in campaign.unfinished.items()
        if fields and step not in told
    ]
    return sorted(found, key=lambda lack: STEPS.index(lack.step))


def _audience(campaign: Campaign) -> list[Lack]:
    if campaign.audience == AudienceKind.NONE:
        sentence = _("“%(name)s” has no audience. Choose who receives it.") % {"name": campaign.name}
        hint = _("Import one with `manage.py import_debtors FILE --campaign NAME`.")
        return [Lack(AUDIENCE, "audience", sentence, hint)]
    if _audience_word(campaign):
        sentences = {
            AudienceKind.IMPORTS: _("Choose at least one file, or another audience."),
            AudienceKind.RANGE: _("Say from which row to which one."),
            AudienceKind.SELECTION: _("Choose at least one debtor, or another audience."),
        }
        return [Lack(AUDIENCE, "audience", sentences.get(AudienceKind(campaign.audience), _filter_sentence(campaign)))]
    files = audience_reading.sources(campaign) or []
    if files and Import.objects.filter(pk__in=files).count() < len(set(files)):
        return [Lack(AUDIENCE, "audience", _("A file of the audience is not there any more. Choose another one."))]
    return []


def _filter_sentence(campaign: Campaign) -> str:
    reading = read_filter(campaign.audience_spec.get(AudienceKind.FILTER) or {})
    if reading.filter.empty:
        return _("The filter is empty. Give at least one condition, or choose all debtors.")
    return _("A condition of the filter can't be used. Correct it.")


def _message(campaign: Campaign) -> list[Lack]:
    if not campaign.message.strip():
        return [Lack(MESSAGE, "message", _("The message is empty. Write the text to send."))]
    if faults := drafts.faults_of_texts(campaign.texts):
        return [Lack(MESSAGE, error.field, error.sentence) for error in faults]
    if campaign.audience == AudienceKind.NONE:
        return []
    texts = Texts(campaign)
    return [Lack(MESSAGE, "message", unknown_placeholder(name, texts.known)) for name in texts.unknown()]


def _channel(campaign: Campaign) -> list[Lack]:
    if campaign.channel not in CampaignChannel.values:
        return [Lack(CHANNEL, "channel", _("Choose the channel by which it is sent."))]
    found = [
        Lack(CHANNEL, f"{channel}_pool", _("Choose the pool for %(channel)s.") % {"channel": Channel(channel).label})
        for channel in _pools_missing(campaign)
    ]
    return found + [Lack(CHANNEL, each.field, each.sentence, each.hint) for each in ways_out.problems(campaign)]
