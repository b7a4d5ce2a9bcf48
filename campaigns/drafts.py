"""What a new campaign is made of, and whether it can be used: text, pools, hours, time zone."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bson import ObjectId
from django.utils.translation import gettext as _

from campaigns.errors import CampaignError
from campaigns.models import Attachment, Campaign, CampaignChannel, NoSessionPolicy, RotationChoice
from campaigns.template_errors import template_error_sentence
from domain.pacing import InvalidWindow, parse_days, parse_hours
from domain.pauses import InvalidPauses, PauseChannels, PauseMode, PausePlan, parse_durations, parse_plan
from domain.phones import is_country
from domain.templating import TemplateError, parse
from gateways.models import Channel, Pool
from preferences import queries as preferences
from preferences.sending import pauses_sentence, window_sentence, zone_named

MAX_NAME = 120
LONGEST_WAIT = 7 * 24 * 60.0
"""Minutes that a campaign may wait for sessions."""
MOST_SESSIONS = 1_000

NEEDED_POOLS = {
    CampaignChannel.WHATSAPP: (Channel.WHATSAPP,),
    CampaignChannel.SMS: (Channel.SMS,),
    CampaignChannel.WHATSAPP_FALLBACK_SMS: (Channel.WHATSAPP, Channel.SMS),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person says of a new campaign; an empty text means the default (preferences/).

    Hours, days and pauses are texts as `parse_hours`, `parse_days` and `parse_plan` take them; the attachment is one of
    attachments.py, not stored yet.
    """

    name: str
    channel: str
    message: str
    variants: Sequence[str] = ()
    rotation: str = ""
    whatsapp_pool: str = ""
    sms_pool: str = ""
    hours: str = ""
    days: str = ""
    timezone: str = ""
    pauses: str = ""
    pause_durations: str = ""
    pause_channels: str = ""
    country: str = ""
    strict: bool = False
    transliterate: bool = False
    attachment: Attachment | None = None
    no_session: str = ""
    no_session_minutes: float | None = None
    min_sessions: int | None = None


def taken(name: str) -> CampaignError:
    """The error of a second campaign with the same name."""
    sentence = _("There is already a campaign called “%(name)s”. Choose another name.") % {"name": name}
    return CampaignError(sentence, field="name")


@contextmanager
def _about(field: str) -> Iterator[None]:
    """What is refused inside is about this field of the draft, unless the error names another one."""
    try:
        yield
    except CampaignError as error:
        error.field = error.field or field
        raise


def validate(draft: Draft, *, pk: ObjectId | None = None) -> Campaign:
    """The campaign that a draft makes, not stored yet; `pk` is the stored draft that it takes the place of.

    Raises CampaignError for what can't be used; its `field` is the draft's.
    """
    with _about("name"):
        name = name_of(draft.name, pk)
    if draft.channel not in CampaignChannel.values:
        raise CampaignError(
            _("“%(channel)s” is no channel. Choose one of: %(known)s.")
            % {"channel": draft.channel, "known": ", ".join(CampaignChannel.values)},
            field="channel",
        )
    if draft.transliterate and Channel.SMS not in NEEDED_POOLS[CampaignChannel(draft.channel)]:
        raise CampaignError(
            _("%(option)s makes no sense for the channel “%(channel)s”: leave it out.")
            % {"option": "--transliterate", "channel": draft.channel},
            field="transliterate",
        )
    with _about("rotation"):
        rotation = _texts(draft)
    pools = _pools(draft)
    with _about("hours"):
        hours, days = _hours(draft)
    pauses = _pauses(draft)
    with _about("country"):
        country = country_of(draft.country or preferences.get("sending.country"))
    with _about("timezone"):
        zone = zone_of(draft.timezone or preferences.get("sending.timezone"))
    campaign = Campaign(
        pk=pk or ObjectId(),
        name=name,
        channel=draft.channel,
        message=draft.message,
        variants=list(draft.variants),
        rotation=rotation,
        whatsapp_pool=pools[Channel.WHATSAPP],
        sms_pool=pools[Channel.SMS],
        window_start=hours[0],
        window_end=hours[1],
        window_days=days,
        timezone=zone,
        pause_mode=pauses.mode.value,
        pause_count=pauses.count,
        pause_every=pauses.every,
        pause_durations=str(pauses.durations),
        pause_channels=pauses.channels.value,
        country=country,
        strict=draft.strict,
        transliterate=draft.transliterate,
    )
    _whatsapp(draft, campaign)
    return campaign


def name_of(text: str, pk: ObjectId | None) -> str:
    """The name that a campaign can have; `pk` is the one that may have it already. Raises CampaignError."""
    name = text.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise CampaignError(
            _("Give the campaign a name of 1 to %(most)s characters, on one line.") % {"most": MAX_NAME}
        )
    if Campaign.objects.filter(name=name).exclude(pk=pk).exists():
        raise taken(name)
    return name


def _texts(draft: Draft) -> str:
    """The rotation of texts that can be used."""
    rotation = draft.rotation or (RotationChoice.ROUND_ROBIN if draft.variants else RotationChoice.NONE)
    if rotation not in RotationChoice.values:
        raise CampaignError(
            _("“%(rotation)s” is no rotation. Choose one of: %(known)s.")
            % {"rotation": rotation, "known": ", ".join(RotationChoice.values)}
        )
    if rotation != RotationChoice.NONE and not draft.variants:
        raise CampaignError(_("Rotation needs at least one variant: add one, or choose “none”."))
    if rotation == RotationChoice.NONE and draft.variants:
        raise CampaignError(_("With rotation “none” the variants would never be sent: choose another rotation."))
    for error in faults_of_texts([draft.message, *draft.variants]):
        raise error
    return str(rotation)


def faults_of_texts(texts: Sequence[str]) -> list[CampaignError]:
    """What is wrong with the message, which is the first of the texts, and with its variants."""
    found = []
    for number, text in enumerate(texts):
        try:
            parse(text)
        except TemplateError as error:
            where = _("The message") if number == 0 else _("Variant %(number)s") % {"number": number}
            field = "message" if number == 0 else "variants"
            found.append(CampaignError(f"{where}: {template_error_sentence(error)}", field=field))
    return found


def _pools(draft: Draft) -> dict[str, Pool | None]:
    """The pools by channel: those that the campaign's channel needs are there, and no others."""
    needed = NEEDED_POOLS[CampaignChannel(draft.channel)]
    found: dict[str, Pool | None] = {Channel.WHATSAPP: None, Channel.SMS: None}
    for channel, name, option in (
        (Channel.WHATSAPP, draft.whatsapp_pool, "--whatsapp-pool"),
        (Channel.SMS, draft.sms_pool, "--sms-pool"),
    ):
        if channel in needed:
            with _about(f"{channel}_pool"):
                found[channel] = _pool(channel, name, option)
        elif name:
            raise CampaignError(
                _("%(option)s makes no sense for the channel “%(channel)s”: leave it out.")
                % {"option": option, "channel": draft.channel}
            )
    return found


def _pool(channel: Channel, name: str, option: str) -> Pool:
    pools = Pool.objects.filter(channel=channel)
    pool = pools.filter(name=name).first() if name.isprintable() else None
    if pool is not None:
        return pool
    names = ", ".join(pools.order_by("name").values_list("name", flat=True)[:20])
    there = _("There are: %(names)s.") % {"names": names} if names else _("Add one with `manage.py pool add`.")
    if not name:
        sentence = _("This campaign has no pool to send through: name one for %(channel)s with %(option)s.")
    elif Pool.objects.filter(name=name).exists():
        sentence = _("The pool “%(name)s” is not for %(channel)s: %(option)s needs one that is.")
    else:
        sentence = _("There is no pool for %(channel)s called “%(name)s”.")
    raise CampaignError(sentence % {"channel": channel.label, "name": name, "option": option} + " " + there)


def _whatsapp(draft: Draft, campaign: Campaign) -> None:
    """What goes with WhatsApp only: the attachment, and what happens while too few sessions are connected."""
    if Channel.WHATSAPP not in NEEDED_POOLS[CampaignChannel(draft.channel)]:
        _refuse_whatsapp(draft)
        return
    campaign.attachment = draft.attachment
    if draft.no_session:
        if draft.no_session not in NoSessionPolicy.values:
            raise CampaignError(
                _("“%(policy)s” is no choice for when sessions are missing. Choose one of: %(known)s.")
                % {"policy": draft.no_session, "known": ", ".join(NoSessionPolicy.values)},
                field="no_session",
            )
        campaign.no_session_policy = draft.no_session
    if draft.no_session_minutes is not None:
        if not (math.isfinite(draft.no_session_minutes) and 0 <= draft.no_session_minutes <= LONGEST_WAIT):
            sentence = _("The wait for sessions is a number of minutes from 0 to 10080, a week.")
            raise CampaignError(sentence, field="no_session_minutes")
        campaign.no_session_minutes = draft.no_session_minutes
    if draft.min_sessions is not None:
        if not 1 <= draft.min_sessions <= MOST_SESSIONS:
            sentence = _("The least number of connected sessions is a number from 1 to 1000.")
            raise CampaignError(sentence, field="min_sessions")
        campaign.min_sessions = draft.min_sessions


def _refuse_whatsapp(draft: Draft) -> None:
    given = {
        "--attach": draft.attachment,
        "--no-session": draft.no_session or None,
        "--no-session-minutes": draft.no_session_minutes,
        "--min-sessions": draft.min_sessions,
    }
    for option, value in given.items():
        if value is not None:
            raise CampaignError(
                _("%(option)s makes no sense for the channel “%(channel)s”: leave it out.")
                % {"option": option, "channel": draft.channel}
            )


def _hours(draft: Draft) -> tuple[tuple[str, str], list[int]]:
    try:
        hours = parse_hours(draft.hours or preferences.get("sending.hours"))
        # No hours and no days asked for: no window at all.
        asked_for_none = bool(draft.hours) and hours is None
        days = parse_days(draft.days or ("all" if asked_for_none else preferences.get("sending.days")))
    except InvalidWindow as error:
        field = "days" if error.code == "bad_days" else "hours"
        raise CampaignError(window_sentence(error), field=field) from error
    if hours is None:
        return ("", ""), sorted(days)
    return (hours[0].isoformat("minutes"), hours[1].isoformat("minutes")), sorted(days)


def usual_pauses() -> PausePlan:
    """The pauses of a campaign that says nothing of them."""
    names = ("pause_mode", "pause_count", "pause_every", "pause_durations", "pause_channels")
    mode, count, every, durations, channels = (preferences.get(f"sending.{name}") for name in names)
    return PausePlan(PauseMode(mode), count, every, parse_durations(durations), PauseChannels(channels))


def _pauses(draft: Draft) -> PausePlan:
    """The pauses that the draft asks for; what it leaves open is as usual."""
    usual = usual_pauses()
    try:
        return parse_plan(draft.pauses, durations=draft.pause_durations, channels=draft.pause_channels, usual=usual)
    except InvalidPauses as error:
        fields = {"bad_durations": "pause_durations", "bad_range": "pause_durations", "bad_channels": "pause_channels"}
        raise CampaignError(pauses_sentence(error), field=fields.get(error.code, "pauses")) from error


def country_of(text: str) -> str:
    """The country's code in capitals. Raises CampaignError."""
    country = text.strip().upper()
    if not is_country(country):
        raise CampaignError(
            _("“%(country)s” is no country. Write it in two letters, like CL or ES.") % {"country": text}
        )
    return country


def zone_of(name: str) -> str:
    """The time zone of that name. Raises CampaignError that names the one that was meant."""
    try:
        return zone_named(name)
    except ValueError as error:
        raise CampaignError(str(error)) from error
