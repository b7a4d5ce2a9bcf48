"""What the live parts of a campaign's pages show: its progress, its pace, what is left, and what troubles it.

Dear questions are asked once in a while for all pages of this process, never at every event.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId

from campaigns import costing, forecasting, lacks, queries, report
from campaigns.costing import Costs
from campaigns.models import Campaign, CampaignChannel
from campaigns.queries import LineTrouble, Progress
from campaigns.report import LaneRow, Sessions
from domain.forecast import Lane, ends_at, per_minute
from domain.slots import slot_size, slots
from domain.states import CampaignStatus, MessageStatus
from lib.remembered import Remembered
from messaging import queries as messaging
from messaging import replies
from messaging.queries import Problem
from messaging.replies import Reply

M = MessageStatus
WAITING = (M.PENDING, M.CLAIMED)
SHOWN = (M.READ, M.DELIVERED, M.SENT, M.SENDING, M.UNCERTAIN, M.FAILED, M.SKIPPED)
"""The states that have a stretch in the bar, in its order; what waits is the bar's ground."""
LATEST_REPLIES = 5
HOUR = 3600
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
    planned: bool = False
    """Whether the time left is the plan's, at its pool's pace, because too little was sent to go by."""

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


STEPS = {M.SENT: 1, M.FAILED: 1, M.SKIPPED: 1, M.UNCERTAIN: 1, M.DELIVERED: 2, M.READ: 3}
"""How many steps a message in this state has taken, as far as its list tells them apart."""


def moved(pk: ObjectId, status: str) -> int:
    """A figure by which a list of the messages in one state is known to be behind; without a state, one of them all."""
    counts = messaging.counts(pk)
    if status in counts:
        return counts[status]
    return sum(steps * counts[state] for state, steps in STEPS.items())


def standing(campaign: Campaign, *, now: datetime | None = None) -> Standing:
    """One campaign with its pace."""
    moment = now or datetime.now(UTC)
    plain = Standing(campaign, queries.progress(campaign, now=moment))
    if plain.progress.status != CampaignStatus.RUNNING:
        return plain
    rate = per_minute(*sent_lately(campaign.pk))
    if not plain.left:
        return Standing(campaign, plain.progress, rate)
    expected = _expected(campaign.pk)
    goes_by = rate or expected.rate
    seconds = plain.left / goes_by * 60 if goes_by else None
    # The later of the two: lines may be slower than their pace, and limits and pauses are not seen in a rate.
    ends = [ends_at(campaign.window, moment, seconds)] if seconds is not None else []
    if expected.bounded or seconds is None:
        ends.append(expected.ends_at)
    known = [end for end in ends if end is not None]
    end = max(known) if len(known) == len(ends) else None
    return Standing(campaign, plain.progress, rate, end, seconds, planned=not rate)


@dataclass(frozen=True, slots=True)
class Expected:
    """When a running campaign ends by its lines' pace; `bounded`: limits or pauses matter more than its rate."""

    ends_at: datetime | None
    bounded: bool
    rate: float | None
    """What its lines' pace makes, in messages a minute; None where nothing but the far side slows one."""


def _expect(pk: ObjectId) -> Expected:
    campaign = Campaign.objects.get(pk=pk)
    counts = messaging.counts(pk)
    ways = forecasting.ways_of(campaign)
    paces = [lane.rate for lane in ways.lanes]
    planned = sum(pace for pace in paces if pace is not None) * 60 if paces and None not in paces else None
    rate = per_minute(*sent_lately(pk))
    if rate and None in paces:
        ways = replace(ways, lanes=(Lane(rate),))  # nothing but the far side slows them: it does so as it did
    left = sum(counts[status] for status in (*WAITING, M.SENDING))
    found = forecasting.forecast_of(campaign, left, ways=ways, total=sum(counts.values()) - counts[M.SKIPPED])
    limited = any(lane.hour or lane.day for lane in ways.lanes)
    return Expected(found.ends_at, limited or campaign.pauses.applies_to(ways.channel), planned)


@dataclass(frozen=True, slots=True)
class Troubles:
    """What hinders a running campaign, or will hinder a paused one, and how many doubts wait for a person."""

    sessions: Sessions | None
    """Only where fewer are connected than it needs."""
    lines: Sequence[LineTrouble]
    undecided: int


def _troubles(pk: ObjectId) -> Troubles:
    campaign = Campaign.objects.get(pk=pk)
    undecided = messaging.undecided(pk)
    if campaign.status not in (CampaignStatus.RUNNING, CampaignStatus.PAUSED):
        return Troubles(None, [], undecided)
    sessions = report.sessions_of(campaign) if campaign.channel != CampaignChannel.SMS else None
    short = sessions if sessions is not None and sessions.connected < sessions.needed else None
    return Troubles(short, queries.troubled_lines(campaign), undecided)


def _costs(pk: ObjectId) -> Costs:
    return costing.costs(Campaign.objects.select_related("sms_pool").get(pk=pk))


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


def _answered_messages(pk: ObjectId) -> tuple[ObjectId, ...]:
    started = Campaign.objects.get(pk=pk).started_at
    return tuple(replies.who(pk, since=started)) if started else ()


def _problems(pk: ObjectId) -> list[Problem]:
    return messaging.problems(pk)


@dataclass(frozen=True, slots=True)
class Chart:
    """How many messages were sent in each slot of so many seconds, since the first one."""

    size: int
    slots: Sequence[tuple[datetime, int]]

    @property
    def most(self) -> tuple[datetime, int]:
        """The slot in which most were sent."""
        return max(self.slots, key=lambda slot: slot[1])


def _chart(pk: ObjectId) -> Chart | None:
    span = messaging.sent_span(pk)
    if span is None:
        return None
    first, last = span
    size = slot_size((last - first).total_seconds())
    start = datetime.fromtimestamp(first.timestamp() // min(size, HOUR) * min(size, HOUR), UTC)
    numbers = messaging.sent_by_slot(pk, start=start, seconds=size)
    return Chart(size, slots(numbers, start=start, size=size))


sent_lately = Remembered(messaging.sent_lately, seconds=PULSE)
_expected = Remembered(_expect, seconds=LONG)
troubles = Remembered(_troubles, seconds=PULSE)
lately_by_line = Remembered(messaging.sent_lately_by_line, seconds=PULSE)
lanes = Remembered(_lanes, seconds=LONG)
answers = Remembered(_answers, seconds=LONG)
answered_messages = Remembered(_answered_messages, seconds=LONG)
problems = Remembered(_problems, seconds=LONG)
costs = Remembered(_costs, seconds=LONG)
chart = Remembered(_chart, seconds=LONG)
"""The last ones read all messages of a campaign that they are about: each is asked as seldom as it is dear."""


def forget() -> None:
    """Ask everything anew."""
    for question in _QUESTIONS:
        question.forget()


_QUESTIONS: tuple[Remembered[ObjectId, Any], ...] = (
    *(sent_lately, _expected, troubles, lately_by_line),
    *(lanes, answers, answered_messages, problems, costs, chart),
)
