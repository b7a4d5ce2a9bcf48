"""What the settings of sending may be, in sentences that say what to do: hours, days, time zone, country, pauses.

Campaigns say the same of their own hours and pauses by the same sentences.
"""

import difflib
from collections.abc import Collection
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.conf import settings
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from domain.pacing import InvalidWindow, day_stretches, days_text, parse_days, parse_hours
from domain.pauses import (
    LONGEST,
    MOST_EVERY,
    MOST_PAUSES,
    Durations,
    InvalidPauses,
    PauseChannels,
    PauseMode,
    PausePlan,
    parse_durations,
)
from domain.phones import is_country

MODES = {
    PauseMode.OFF.value: gettext_lazy("No pauses"),
    PauseMode.AUTO.value: gettext_lazy("A number of pauses, spread over the campaign"),
    PauseMode.FIXED.value: gettext_lazy("A pause after every so many messages"),
}
CHANNELS = {
    PauseChannels.BOTH.value: gettext_lazy("Both, each for itself"),
    PauseChannels.WHATSAPP.value: gettext_lazy("WhatsApp only"),
    PauseChannels.SMS.value: gettext_lazy("SMS only"),
}


def window_sentence(error: InvalidWindow) -> str:
    """What is wrong with hours or days, and how they are written."""
    sentences = {
        "bad_hours": _("“%(text)s” is no sending window. Write it like 08:00-20:00, or none."),
        "empty_hours": _("The sending window “%(text)s” begins and ends at the same time. Write none for all day."),
        "bad_days": _("“%(text)s” names no days. Write them like mon-sat, or mon,wed,fri, or all."),
    }
    return sentences[error.code] % {"text": error.text}


def pauses_sentence(error: InvalidPauses) -> str:
    """What is wrong with pauses, and how they are written."""
    sentences = {
        "bad_pauses": _("“%(text)s” names no pauses. Write off, auto:3 for three of them, or every:30."),
        "bad_count": _("A campaign makes from 1 to %(pauses)s pauses."),
        "bad_every": _("A pause follows 1 to %(every)s messages."),
        "bad_durations": _("“%(text)s” is no list of minutes. Write it like 5,10,20,30: each from 1 to %(longest)s."),
        "bad_range": _("“%(text)s” is no range of minutes. Write the shorter one first: from 1 to %(longest)s."),
        "bad_channels": _("“%(text)s” is no choice of channels for pauses. Write both, whatsapp or sms."),
    }
    return sentences[error.code] % {
        "text": error.text,
        "pauses": MOST_PAUSES,
        "every": MOST_EVERY,
        "longest": LONGEST,
    }


def zone_named(name: str) -> str:
    """The time zone, if it is one. Raises ValueError with a sentence that names a near one."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        sentence = _("“%(name)s” is no time zone. Write it like America/Santiago or Europe/Madrid.") % {"name": name}
        by_folded = {zone.casefold(): zone for zone in available_timezones()}
        meant = difflib.get_close_matches(name.strip().replace(" ", "_").casefold(), by_folded, n=1, cutoff=0.8)
        if meant:
            sentence += " " + _("Did you mean %(meant)s?") % {"meant": by_folded[meant[0]]}
        raise ValueError(sentence) from error
    return name


# Checks of single settings: the value as it is stored, or a ValueError with a sentence -------------------------------


def hours(text: str) -> str:
    try:
        found = parse_hours(text)
    except InvalidWindow as error:
        raise ValueError(window_sentence(error)) from error
    return "none" if found is None else f"{found[0]:%H:%M}-{found[1]:%H:%M}"


def days(text: str) -> str:
    try:
        return days_text(parse_days(text))
    except InvalidWindow as error:
        raise ValueError(window_sentence(error)) from error


def time_zone(text: str) -> str:
    return zone_named(text)


def country(text: str) -> str:
    if not is_country(text.upper()):
        raise ValueError(_("“%(country)s” is no country. Write it in two letters, like CL or ES.") % {"country": text})
    return text.upper()


def pause_count(number: int) -> int:
    try:
        return PausePlan(count=number).count
    except InvalidPauses as error:
        raise ValueError(pauses_sentence(error)) from error


def pause_every(number: int) -> int:
    try:
        return PausePlan(every=number).every
    except InvalidPauses as error:
        raise ValueError(pauses_sentence(error)) from error


def pause_durations(text: str) -> str:
    try:
        return str(parse_durations(text))
    except InvalidPauses as error:
        raise ValueError(pauses_sentence(error)) from error


def usual_zone() -> str:
    return settings.TIME_ZONE


def usual_country() -> str:
    return str(settings.DEFAULT_COUNTRY)


# In words -------------------------------------------------------------------------------------------------------------


def hours_in_words(text: str) -> str:
    found = parse_hours(text)
    return _("all day") if found is None else f"{found[0]:%H:%M}–{found[1]:%H:%M}"


def days_in_words(text: str) -> str:
    return weekdays_in_words(parse_days(text))


def weekdays_in_words(days: Collection[int]) -> str:
    """Weekdays (0 = Monday) in short words; three and more that follow each other as a stretch of them."""
    if len(days) == len(WEEKDAYS_ABBR):
        return _("every day")
    parts = [
        f"{WEEKDAYS_ABBR[each[0]]}–{WEEKDAYS_ABBR[each[-1]]}"
        if len(each) > 2
        else ", ".join(str(WEEKDAYS_ABBR[day]) for day in each)
        for each in day_stretches(days)
    ]
    return ", ".join(parts)


def durations_in_words(text: str) -> str:
    return minutes_in_words(parse_durations(text))


def minutes_in_words(durations: Durations) -> str:
    """`5, 10, 20 or 30 min`, `5 to 30 min`, `10 min`."""
    if durations.shortest == durations.longest:
        return _("%(minutes)s min") % {"minutes": durations.shortest}
    if durations.is_range:
        return _("%(least)s to %(most)s min") % {"least": durations.least, "most": durations.most}
    listed = ", ".join(str(each) for each in durations.choices[:-1])
    return _("%(minutes)s or %(last)s min") % {"minutes": listed, "last": durations.choices[-1]}


def plan_in_words(plan: PausePlan) -> str:
    """`3 pauses of 5, 10, 20 or 30 min`, `a pause of 5 to 30 min after every 30 messages`, `none`."""
    if plan.mode is PauseMode.OFF:
        return _("none")
    minutes = minutes_in_words(plan.durations)
    if plan.mode is PauseMode.AUTO:
        sentence = ngettext("%(number)s pause of %(minutes)s", "%(number)s pauses of %(minutes)s", plan.count)
        text = sentence % {"number": plan.count, "minutes": minutes}
    else:
        sentence = ngettext(
            "a pause of %(minutes)s after every %(number)s message",
            "a pause of %(minutes)s after every %(number)s messages",
            plan.every,
        )
        text = sentence % {"number": plan.every, "minutes": minutes}
    if plan.channels is PauseChannels.BOTH:
        return text
    return f"{text} ({CHANNELS[plan.channels.value]})"
