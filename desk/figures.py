"""The panel's figures: today beside yesterday, how fast messages go out now, and how they went in the last 24 hours."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns import watching
from campaigns.models import Campaign
from domain.day import LEAST_COMPARED, SLOT, change
from domain.forecast import per_minute
from domain.states import CampaignStatus
from lib.figures import figure
from messaging import flow
from messaging.flow import Compared

SPAN = timedelta(hours=24)
MOST_RUNNING = 100
DRAWN = ("sent", "delivered", "failed")
"""What the chart has a line for."""
LABELS = {
    "sent": gettext_lazy("Sent"),
    "delivered": gettext_lazy("Delivered"),
    "read": gettext_lazy("Read"),
    "wrote": gettext_lazy("People who wrote"),
    "failed": gettext_lazy("Failed"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of today; `colour` and `tone` are of the palette, `trend` is `up`, `down` or empty.

    `beside` compares it with yesterday until the same time, `whole` tells all of yesterday.
    """

    label: str
    number: int
    colour: str
    trend: str
    tone: str
    beside: str
    whole: str


def today(now: datetime | None = None) -> list[Figure]:
    """What happened since midnight in this installation's time zone."""
    found = flow.compared(now or datetime.now(UTC))
    return [_figure(name, found[name]) for name in LABELS]


def _figure(name: str, found: Compared) -> Figure:
    colours = {"sent": "working", "wrote": "working", "failed": "now" if found.today else "waiting"}
    percent = None if found.by_now is None else change(found.by_now, found.today)
    # From a few to many is growth that no per cent tells.
    grown = percent > 0 if percent is not None else found.by_now is not None and found.today >= LEAST_COMPARED
    return Figure(
        label=str(LABELS[name]),
        number=found.today,
        colour=colours.get(name, "done"),
        trend="up" if grown else "down" if percent else "",  # as many: neither
        # That more is sent is neither good nor bad; that more fails is bad.
        tone="now" if name == "failed" and grown else "",
        beside=_beside(found, percent),
        whole=_whole(found, percent),
    )


def _beside(found: Compared, percent: int | None) -> str:
    if found.by_now is None:
        return ""
    if percent is None:
        return _("yesterday at this time: %(number)s") % {"number": figure(found.by_now)}
    if percent > 0:
        return _("%(percent)s %% more than yesterday at this time") % {"percent": figure(percent)}
    if percent < 0:
        return _("%(percent)s %% less than yesterday at this time") % {"percent": figure(-percent)}
    return _("as many as yesterday at this time")


def _whole(found: Compared, percent: int | None) -> str:
    whole = figure(found.yesterday)
    if percent is None or found.by_now is None:
        return _("all of yesterday: %(whole)s") % {"whole": whole}
    return _("yesterday: %(number)s of %(whole)s") % {"number": figure(found.by_now), "whole": whole}


# Throughput -----------------------------------------------------------------------------------------------------------
def now_sent(now: datetime | None = None) -> dict[str, Any]:
    """How fast the running campaigns go now; and for the chart the slot that is under way and the one before it.

    `rate` is that of all of them, as their rows tell it each; empty where too little goes out to tell, `some` or not.
    """
    running = Campaign.objects.filter(status=CampaignStatus.RUNNING.value).order_by("-created_at")
    lately = [watching.sent_lately(pk) for pk in running.values_list("pk", flat=True)[:MOST_RUNNING]]
    rate = sum(per_minute(*one) or 0.0 for one in lately)
    found = flow.latest_slots(now or datetime.now(UTC))
    points = [[_seconds(at), *(counted[name] for name in DRAWN)] for at, counted in sorted(found.items())]
    return {
        "rate": _rate(rate),
        "some": any(number for number, _ago in lately),
        "points": json.dumps(points, separators=(",", ":")),
    }


def _rate(rate: float) -> str:
    """A rate as people read it: decimals only where they matter; empty below one a minute."""
    if rate < 1:
        return ""
    return str(formats.number_format(rate, decimal_pos=0 if rate >= 10 else 1, force_grouping=True))


@dataclass(frozen=True, slots=True)
class Hour:
    """A row of the table that tells what the chart shows."""

    begins: datetime
    counts: Sequence[int]


def last_day(now: datetime | None = None) -> dict[str, Any]:
    """The slots of 24 hours that are over, for the chart; and the same by hours and in a sentence, for who reads."""
    start, slots = flow.past_slots(now or datetime.now(UTC), span=SPAN)
    chart = {"start": _seconds(start), "step": int(SLOT.total_seconds())}
    return {
        "points": json.dumps(chart | {name: [slot[name] for slot in slots] for name in DRAWN}, separators=(",", ":")),
        "names": [LABELS[name] for name in DRAWN],
        "hours": _hours(start, slots),
        "summary": _summary(start, slots),
    }


def _hours(start: datetime, slots: Sequence[Counter[str]]) -> list[Hour]:
    """The hours in which anything happened, the latest first, as this installation's clocks show them."""
    zone = timezone.get_default_timezone()
    found: dict[datetime, Counter[str]] = defaultdict(Counter)
    for place, slot in enumerate(slots):
        at = (start + SLOT * place).astimezone(zone)
        # In UTC, so that an hour that clocks repeat is two.
        found[at.replace(minute=0).astimezone(UTC)].update(slot)
    return [
        Hour(at.astimezone(zone), [counts[name] for name in DRAWN])
        for at, counts in sorted(found.items(), reverse=True)
        if any(counts[name] for name in DRAWN)
    ]


def _summary(start: datetime, slots: Sequence[Counter[str]]) -> str:
    """The day in words: how many, and when most of them; empty where nothing was sent."""
    total = sum(slot["sent"] for slot in slots)
    if not total:
        return ""
    most = max(range(len(slots)), key=lambda place: slots[place]["sent"])
    at = timezone.localtime(start + SLOT * most, timezone.get_default_timezone())
    sentence = ngettext(
        "%(total)s message sent in 24 hours. Most of them in five minutes: %(most)s, at %(time)s.",
        "%(total)s messages sent in 24 hours. Most of them in five minutes: %(most)s, at %(time)s.",
        total,
    )
    return sentence % {"total": figure(total), "most": figure(slots[most]["sent"]), "time": f"{at:%H:%M}"}


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
