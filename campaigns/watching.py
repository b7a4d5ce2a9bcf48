"""What the live parts of a campaign's pages show: its progress, its pace, what is left, and what troubles it.

Dear questions are asked once in a while for all pages of this process, never at every event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from campaigns import forecasting, lacks, queries, report
from campaigns.models import Campaign, CampaignChannel
from campaigns.queries import LineTrouble, Progress
from campaigns.report import LaneRow, Sessions
from domain.forecast import Lane, ends_at, per_minute
from domain.states import CampaignStatus, MessageStatus
from lib.remembered import Remembered
from messaging import queries as messaging
from messaging.queries import Problem
from messaging.replies import Reply

M = MessageStatus
WAITING = (M.PENDING, M.CLAIMED)
SHOWN = (M.READ, M.DELIVERED, M.SENT, M.SENDING, M.UNCERTAIN, M.FAILED, M.SKIPPED)
"""The states that have a stretch in the bar, in its order; what waits is the bar's ground."""
LATEST_REPLIES = 5
PULSE = 2.0
LONG = 3.0
"""Seconds for which an answer is kept: a cheap one, a dear one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign as its pages show it. `rate` is in messages a minute, None while it can't be told."""

    campaign: Campaign
    progress: Progress
    rate: float | None = None
    ends_at: datetime | None = None
    """When its last message goes out, at this rate and in its sending windows; None when that can't be told."""
    seconds_left: float | None = None

    @property
    def row(self) -> dict[str, Any]:
        """What a row of the list shows."""
        draft = self.progress.status == CampaignStatus.DRAFT
        missing = list(lacks.missing(self.campaign).values()) if draft else []
        return {"shown": self, "campaign": self.campaign, "missing": missing}

    @property
    def left(self) -> int:
        """How many messages are still to go out."""
        return sum(self.progress.counts[status] for status in (*WAITING, M.SENDING))

    @property
    def done(self) -> int:
        return self.progress.total - self.left

    @property
    def percent(self) -> int:
        """Rounded down: 100 only when it is all."""
        return 100 * self.done // self.progress.total if self.progress.total else 0

    @property
    def segments(self) -> list[tuple[str, int]]:
        """The bar's stretches that there are: (state, how many)."""
        counts = self.progress.counts
        return [(status.value, counts[status]) for status in SHOWN if counts[status]]

    @property
    def figures(self) -> list[tuple[str, int]]:
        """Every state with how many are in it; what a lane holds still waits."""
        counts = self.progress.counts
        waiting = sum(counts[status] for status in WAITING)
        shown = [status for status in M if status not in WAITING]
        return [(M.PENDING.value, waiting), *((status.value, counts[status]) for status in shown)]


def standings(campaigns: Sequence[Campaign]) -> list[Standing]:
    """For a list: without the pace, by one query."""
    progresses = queries.progresses(campaigns)
    return [Standing(campaign, progress) for campaign, progress in zip(campaigns, progresses, strict=True)]


def standing(campaign: Campaign, *, now: datetime | None = None) -> Standing:
    """One campaign with its pace."""
    moment = now or datetime.now(UTC)
    plain = Standing(campaign, queries.progress(campaign, now=moment))
    if plain.progress.status != CampaignStatus.RUNNING:
        return plain
    rate = per_minute(*_sent_lately(campaign.pk))
    if not plain.left:
        return Standing(campaign, plain.progress, rate)
    seconds = plain.left / rate * 60 if rate else None
    # The later of the two: lines may be slower than their pace, and limits and pauses are not seen in a rate.
    ends = [ends_at(campaign.window, moment, seconds)] if seconds is not None else []
    expected = _expected(campaign.pk)
    if expected.bounded or seconds is None:
        ends.append(expected.ends_at)
    known = [end for end in ends if end is not None]
    return Standing(campaign, plain.progress, rate, max(known) if len(known) == len(ends) else None, seconds)


@dataclass(frozen=True, slots=True)
class Expected:
    """When a running campaign ends by its lines' pace; `bounded`: limits or pauses matter more than its rate."""

    ends_at: datetime | None
    bounded: bool


def _expect(pk: ObjectId) -> Expected:
    campaign = Campaign.objects.get(pk=pk)
    counts = messaging.counts(pk)
    ways = forecasting.ways_of(campaign)
    rate = per_minute(*_sent_lately(pk))
    if rate and any(lane.rate is None for lane in ways.lanes):
        ways = replace(ways, lanes=(Lane(rate),))  # nothing but the far side slows them: it does so as it did
    left = sum(counts[status] for status in (*WAITING, M.SENDING))
    found = forecasting.forecast_of(campaign, left, ways=ways, total=sum(counts.values()) - counts[M.SKIPPED])
    limited = any(lane.hour or lane.day for lane in ways.lanes)
    return Expected(found.ends_at, limited or campaign.pauses.applies_to(ways.channel))


_expected = Remembered(_expect, seconds=LONG)
_sent_lately = Remembered(messaging.sent_lately, seconds=PULSE)


@dataclass(frozen=True, slots=True)
class Troubles:
    """What hinders a running campaign, and how many doubts wait for a person."""

    sessions: Sessions | None
    """Only where fewer are connected than it needs."""
    lines: Sequence[LineTrouble]
    undecided: int


def _troubles(pk: ObjectId) -> Troubles:
    campaign = Campaign.objects.get(pk=pk)
    undecided = messaging.undecided(pk)
    if campaign.status != CampaignStatus.RUNNING:
        return Troubles(None, [], undecided)
    sessions = report.sessions_of(campaign) if campaign.channel != CampaignChannel.SMS else None
    short = sessions if sessions is not None and sessions.connected < sessions.needed else None
    return Troubles(short, queries.troubled_lines(campaign), undecided)


troubles = Remembered(_troubles, seconds=PULSE)


def _lanes(pk: ObjectId) -> list[LaneRow]:
    return report.lanes(Campaign.objects.get(pk=pk))


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answered: how many people, and the latest of them."""

    people: int
    latest: Sequence[Reply]


def _answers(pk: ObjectId) -> Answers:
    found = report.answered(Campaign.objects.get(pk=pk))
    return Answers(len(found), [reply for reply, _line in found[:LATEST_REPLIES]])


def _problems(pk: ObjectId) -> list[Problem]:
    return messaging.problems(pk)


lanes = Remembered(_lanes, seconds=LONG)
answers = Remembered(_answers, seconds=LONG)
problems = Remembered(_problems, seconds=LONG)
"""These read all messages of a campaign that they are about: each is asked for as seldom as it is dear."""


def forget() -> None:
    """Ask everything anew."""
    for question in (_sent_lately, _expected, troubles, lanes, answers, problems):
        question.forget()
