"""What pages say of campaigns: when they end, what an act will do, what an act did."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import audience_look, costing, forecasting
from campaigns.audience_look import Look
from campaigns.describe import window_text
from campaigns.models import AudienceKind, Campaign, CampaignChannel
from campaigns.queries import Progress
from campaigns.watching import Standing
from domain.pacing import opens_at
from domain.states import CampaignStatus, MessageStatus
from gateways.models import Channel, Gateway
from lib.figures import figure
from messaging import queries as messaging
from messaging.models import Message
from messaging.queries import Problem
from messaging.reasons import reason_sentence

MINUTE, HOUR = 60, 3600


def clock(moment: datetime, zone: str, *, now: datetime | None = None) -> str:
    """A moment on the clocks of a zone: the time alone where that is today."""
    there = ZoneInfo(zone)
    local, today = moment.astimezone(there), (now or datetime.now(UTC)).astimezone(there)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    return str(formats.date_format(local, "SHORT_DATETIME_FORMAT"))


def duration(seconds: float) -> str:
    """A stretch of time in the two units that matter: `1 h 20 min`."""
    if seconds < MINUTE:
        return _("less than a minute")
    hours, minutes = divmod(int(seconds) // MINUTE, 60)
    return f"{figure(hours)} h {minutes} min" if hours else f"{minutes} min"


def outlook(shown: Standing, *, now: datetime | None = None) -> str:
    """What comes next and when: one honest sentence, empty where there is nothing to say."""
    campaign, progress = shown.campaign, shown.progress
    zone = campaign.timezone
    match CampaignStatus(progress.status):
        case CampaignStatus.DRAFT:
            return _("It sends nothing until it is started.")
        case CampaignStatus.SCHEDULED if campaign.scheduled_at is not None:
            return _("It starts by itself: %(time)s.") % {"time": clock(campaign.scheduled_at, zone, now=now)}
        case CampaignStatus.RUNNING:
            return _running(shown, now)
        case CampaignStatus.PAUSED if shown.left:
            number = figure(shown.left)
            return ngettext("%(number)s message waits.", "%(number)s messages wait.", shown.left) % {"number": number}
        case CampaignStatus.COMPLETED | CampaignStatus.CANCELLED if campaign.completed_at is not None:
            return _("It ended: %(time)s.") % {"time": clock(campaign.completed_at, zone, now=now)}
    return ""


def _running(shown: Standing, now: datetime | None) -> str:
    progress, zone = shown.progress, shown.campaign.timezone
    if progress.waits_until:
        time = clock(progress.waits_until, zone, now=now)
        return _("It waits: its sending window opens at %(time)s.") % {"time": time}
    if not progress.enrolled:
        return _("Its recipients are still being enrolled.")
    if progress.rests:
        return _resting(progress, zone)
    if not shown.left:
        return _("Nothing is left to send.")
    return _time_left(shown, now)


def _time_left(shown: Standing, now: datetime | None) -> str:
    zone = shown.campaign.timezone
    if shown.seconds_left is None and shown.ends_at is not None:
        return _("It ends at about %(time)s.") % {"time": clock(shown.ends_at, zone, now=now)}
    if shown.seconds_left is None:
        return _("The time left is not known yet.")
    left = {"left": duration(shown.seconds_left)}
    if shown.ends_at is None:
        if shown.planned:
            return _("About %(left)s of sending are left, at its pool's pace.") % left
        return _("About %(left)s of sending are left.") % left
    end = {**left, "time": clock(shown.ends_at, zone, now=now)}
    if shown.planned:
        return _("About %(left)s of sending are left, at its pool's pace until %(time)s.") % end
    return _("About %(left)s of sending are left, until %(time)s.") % end


def _resting(progress: Progress, zone: str) -> str:
    """Until when it makes a pause, which is never a day long; by which channel, where the other goes on."""
    rests = progress.rests[0]
    assert rests.rests_until is not None
    values = {
        "time": f"{rests.rests_until.astimezone(ZoneInfo(zone)):%H:%M}",
        "number": rests.begun,
        "planned": rests.planned,
        "channel": Channel(rests.channel).label,
    }
    if len(progress.rests) == 1 and progress.channel == CampaignChannel.WHATSAPP_FALLBACK_SMS:
        return _("By %(channel)s it rests until %(time)s (pause %(number)s of %(planned)s).") % values
    return _("It rests until %(time)s (pause %(number)s of %(planned)s).") % values


def shown_messages(found: Sequence[Message]) -> list[tuple[Message, str, str]]:
    """Messages, each with the name of its line and its reason in words."""
    names = dict(Gateway.objects.filter(pk__in={message.gateway for message in found}).values_list("pk", "name"))
    return [
        (message, names.get(message.gateway, ""), reason_sentence(message.reason) if message.reason else "")
        for message in found
    ]


# What an act will do --------------------------------------------------------------------------------------------------


def start_sentences(campaign: Campaign, found: Look | None = None) -> list[str]:
    """What starting a draft now will do; nothing for what was started. `found` is a measured look at its audience, if
    it was had."""
    if campaign.status not in (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED):
        return []
    if campaign.audience == AudienceKind.NONE:
        return [_("Nobody receives it yet: choose its audience first.")]
    by_sms = campaign.sms_pool_id is not None
    seen = found or (audience_look.look(campaign, measured=True) if by_sms else None)
    reach = audience_look.reach(campaign, seen)
    number = reach.number or 0
    if reach.number is None:
        first = _("Its recipients are counted and checked when it starts.")
    else:
        first = ngettext("%(number)s message will be sent", "%(number)s messages will be sent", number)
        if reach.more:
            first = _("More than %(number)s messages will be sent")
        first = first % {"number": figure(number)} + " " + _by_what(campaign, number)
    lines = [first, _("Sending window: %(window)s.") % {"window": _window(campaign)}]
    if reach.skipped:
        sentence = ngettext(
            "%(number)s row lacks a value that the message needs, and is skipped.",
            "%(number)s rows lack a value that the message needs, and are skipped.",
            reach.skipped,
        )
        lines.append(sentence % {"number": figure(reach.skipped)})
    if reach.lacking:
        sentence = ngettext(
            "Of the first %(looked)s, %(number)s lacks a value that the message needs, and is skipped; those after "
            "them are looked at when it starts.",
            "Of the first %(looked)s, %(number)s lack a value that the message needs, and are skipped; those after "
            "them are looked at when it starts.",
            reach.lacking,
        )
        lines.append(sentence % {"looked": figure(reach.looked), "number": figure(reach.lacking)})
    expected = costing.forecast(campaign, seen) if seen is not None else None
    if expected is not None and (amount := costing.amount_text(expected.expected)):
        lines.append(_("Its SMS cost %(amount)s.") % {"amount": amount})
    moment = datetime.now(UTC)
    opens = opens_at(campaign.window, moment)
    if opens != moment:
        lines.append(_("The window is closed now: it begins at %(time)s.") % {"time": clock(opens, campaign.timezone)})
    return lines


def _by_what(campaign: Campaign, number: int) -> str:
    ways = forecasting.ways_of(campaign)
    if not ways.lines:
        return _("as soon as its pool has an active line.")
    if ways.connected is None:
        by = ngettext("by %(lines)s SMS line", "by %(lines)s SMS lines", ways.lines) % {"lines": ways.lines}
    else:
        by = ngettext(
            "by %(lines)s session (%(connected)s connected)",
            "by %(lines)s sessions (%(connected)s connected)",
            ways.lines,
        ) % {"lines": ways.lines, "connected": ways.connected}
    found = forecasting.forecast_of(campaign, number, ways=ways)
    if found.ends_at is None:
        return by + "."
    until = _("until about %(time)s at the pool's pace.") % {"time": clock(found.ends_at, campaign.timezone)}
    if not found.pauses:
        return f"{by}, {until}"
    pauses = ngettext("with %(number)s pause", "with %(number)s pauses", found.pauses) % {"number": found.pauses}
    return f"{by}, {pauses}, {until}"


def _window(campaign: Campaign) -> str:
    return f"{window_text(campaign.window)} ({campaign.timezone})"


def cancel_sentences(campaign: Campaign) -> list[str]:
    """What cancelling will do."""
    counts = messaging.counts(campaign.pk)
    number = counts[MessageStatus.PENDING] + counts[MessageStatus.CLAIMED]
    sentence = ngettext(
        "%(number)s message that was not sent yet is skipped for good.",
        "%(number)s messages that were not sent yet are skipped for good.",
        number,
    )
    first = sentence % {"number": figure(number)} if number else _("It never sends anything.")
    return [first, _("A cancelled campaign can't go on. A copy of it can.")]


def retry_sentence(problems: Sequence[Problem], campaign: Campaign) -> str:
    """What sending again those that failed for these causes will do: how many, and why they failed."""
    number = sum(problem.number for problem in problems)
    sentence = ngettext(
        "%(number)s message is sent again, as a new attempt: %(why)s.",
        "%(number)s messages are sent again, each as a new attempt: %(why)s.",
        number,
    )
    if len(problems) == 1:
        why = reason_sentence(problems[0].reason)
    else:
        why = "; ".join(f"{figure(each.number)}, {reason_sentence(each.reason)}" for each in problems)
    said = sentence % {"number": figure(number), "why": why}
    return f"{said} {waits_sentence(campaign)}".rstrip()


def waits_sentence(campaign: Campaign) -> str:
    """What is added to what a retry does: a paused campaign stays paused."""
    return _("They wait until it is resumed.") if campaign.status == CampaignStatus.PAUSED else ""


def settle_sentences(campaign: Campaign) -> list[str]:
    """What deciding on uncertain messages means."""
    number = messaging.undecided(campaign.pk)
    sentence = ngettext(
        "Of %(number)s message nobody can tell whether it arrived. Ask the gateway's operator, then decide:",
        "Of %(number)s messages nobody can tell whether they arrived. Ask the gateway's operator, then decide:",
        number,
    )
    return [sentence % {"number": figure(number)}]


ASKED = {
    "start": start_sentences,
    "cancel": cancel_sentences,
    "settle": settle_sentences,
}
