"""What the live parts of a campaign's page are made of: funnels, causes, lines, the chart, as templates show them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from campaigns import costing, watching, wording
from campaigns.commands import MAY_RETRY
from campaigns.describe import line_sentence, session_label, shortage_sentence
from campaigns.models import Campaign, CampaignChannel
from campaigns.report import LaneRow
from campaigns.sentences import example_sentence
from domain.funnel import REPLIED, Step, funnel
from domain.states import CampaignStatus, MessageStatus
from gateways.describe import slow_sentence
from gateways.models import Channel, Gateway, LaneHealth
from lib import amounts
from lib.figures import figure
from messaging.models import STATUS_LABELS
from messaging.queries import LATELY_MINUTES, Problem
from messaging.reasons import advice, reason_sentence, retry_helps

M = MessageStatus
STEP_LABELS = {
    M.SENT.value: STATUS_LABELS[M.SENT],
    M.DELIVERED.value: STATUS_LABELS[M.DELIVERED],
    M.READ.value: STATUS_LABELS[M.READ],
    REPLIED: pgettext_lazy("people who did", "answered"),
}
LINES_NAMED = 3
SLOT_WORDS = {
    60: gettext_lazy("a minute"),
    300: gettext_lazy("5 minutes"),
    900: gettext_lazy("15 minutes"),
    1_800: gettext_lazy("half an hour"),
    3_600: gettext_lazy("an hour"),
    7_200: gettext_lazy("2 hours"),
    21_600: gettext_lazy("6 hours"),
    43_200: gettext_lazy("half a day"),
    86_400: gettext_lazy("a day"),
    604_800: gettext_lazy("a week"),
    2_592_000: gettext_lazy("30 days"),
}
CHART_HEIGHT = 36
WIDEST_BAR = 18
"""In pixels: a young campaign's few bars are not drawn as blocks."""
FEWEST_BARS = 3


def page_of(view: str, *args: object) -> str:
    """The address of a page that another part of the product may have; empty where there is none."""
    try:
        return reverse(view, args=args)
    except NoReverseMatch:
        return ""


# The funnel -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Funnel:
    """The steps of one channel's messages. No `channel` where the campaign has one only."""

    channel: str
    total: int
    failed: int
    steps: Sequence[Step]


def funnels(campaign: Campaign, counts: Mapping[str, int]) -> tuple[list[Funnel], int]:
    """The campaign's funnels, one a channel, and how many people answered.

    Where WhatsApp goes on by SMS the two are told apart, because an SMS is never known to be read.
    """
    people = watching.answers(campaign.pk).people
    if campaign.channel != CampaignChannel.WHATSAPP_FALLBACK_SMS:
        reads = campaign.channel != CampaignChannel.SMS
        return [_funnel("", counts, reads=reads, replied=people)], people
    by_channel: dict[str, Counter[str]] = {Channel.WHATSAPP.value: Counter(), Channel.SMS.value: Counter()}
    for lane in watching.lanes(campaign.pk):
        by_channel[lane.channel].update(lane.counts)
    found = [
        _funnel(str(Channel(channel).label), numbers, reads=channel == Channel.WHATSAPP)
        for channel, numbers in by_channel.items()
    ]
    return [each for each in found if each.total], people


def _funnel(channel: str, counts: Mapping[str, int], *, reads: bool, replied: int | None = None) -> Funnel:
    steps = funnel(counts, reads=reads, replied=replied)
    return Funnel(channel, sum(counts.values()), counts.get(M.FAILED, 0), steps)


# Causes ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Cause:
    """Why some messages failed, were skipped or are uncertain, and what can be done about it.

    `act` is "retry" where sending again may help, "retry-anyway" where it hardly will, "decide" where a person must;
    empty where nothing can be done. `says` is what retrying will do.
    """

    problem: Problem
    sentence: str
    example: str
    advice: str
    share: float
    lines: str
    act: str
    says: str


def causes(campaign: Campaign, total: int) -> list[Cause]:
    """What went wrong, the most frequent first."""
    found = watching.problems(campaign.pk)
    names = dict(Gateway.objects.filter(pk__in={pk for each in found for pk in each.lines}).values_list("pk", "name"))
    undecided = watching.troubles(campaign.pk).undecided
    return [
        Cause(
            problem=each,
            sentence=capfirst(reason_sentence(each.reason)),
            example=example_sentence(each),
            advice=_advice(each, undecided),
            share=100 * each.number / total if total else 0,
            lines=_named([names[pk] for pk in each.lines if pk in names]),
            act=_act(campaign, each, undecided),
            says=wording.retry_sentence([each], campaign),
        )
        for each in found
    ]


def _advice(problem: Problem, undecided: int) -> str:
    if problem.status == M.UNCERTAIN and not undecided:
        return _("It is still being asked about by itself: wait for the answer.")
    return advice(problem.status, problem.reason)


def _act(campaign: Campaign, problem: Problem, undecided: int) -> str:
    if problem.status == M.UNCERTAIN:
        return "decide" if undecided else ""
    if problem.status != M.FAILED or campaign.status not in MAY_RETRY:
        return ""
    return "retry" if retry_helps(problem.reason) else "retry-anyway"


def _named(names: Sequence[str]) -> str:
    shown, more = ", ".join(names[:LINES_NAMED]), len(names) - LINES_NAMED
    if more <= 0:
        return shown
    return ngettext("%(names)s and %(more)s more", "%(names)s and %(more)s more", more) % {"names": shown, "more": more}


def worth_a_retry(campaign: Campaign) -> list[Problem]:
    """The causes after which sending again may help; none while the campaign's state does not allow it."""
    if campaign.status not in MAY_RETRY:
        return []
    return [each for each in watching.problems(campaign.pk) if each.status == M.FAILED and retry_helps(each.reason)]


# What hinders it ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Hint:
    """Something that hinders the campaign, with the page where it is solved; no `url` where there is none."""

    text: str
    url: str
    button: str


def hints(campaign: Campaign) -> list[Hint]:
    """What hinders a running campaign, or will hinder a paused one once it is resumed."""
    if campaign.status not in (CampaignStatus.RUNNING, CampaignStatus.PAUSED):
        return []
    found = watching.troubles(campaign.pk)
    hints: list[Hint] = []
    if found.sessions is not None:
        if campaign.status == CampaignStatus.RUNNING:
            text = shortage_sentence(found.sessions, campaign.channel)
        else:
            text = _("%(connected)s of its %(active)s sessions are connected, and it needs %(needed)s.") % {
                "connected": found.sessions.connected,
                "active": found.sessions.active,
                "needed": found.sessions.needed,
            }
        hints.append(Hint(text, page_of("desk:sessions"), _("See the sessions")))
    for line in found.lines:
        by_session = line.channel == Channel.WHATSAPP
        url = page_of("desk:sessions") if by_session else page_of("gateways:line", line.key)
        button = _("See the sessions") if by_session else _("See the line")
        hints.append(Hint(line_sentence(line, campaign.timezone), url, button))
    return hints


# Lines ----------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LineStanding:
    """What one line has of a campaign, and how it is. `rate` is in messages a minute, None where it sends nothing now.

    `rests_until` is when it goes on, where it waits for something longer than its pace.
    """

    row: LaneRow
    url: str
    state: str
    colour: str
    rests_until: datetime | None
    waiting: int
    sent: int
    delivered: int
    failed: int
    uncertain: int
    rate: float | None


def line_standings(campaign: Campaign) -> list[LineStanding]:
    """The campaign's lines, as its table shows them."""
    number, seconds = watching.sent_lately(campaign.pk)
    lately = watching.lately_by_line(campaign.pk) if campaign.status == CampaignStatus.RUNNING and number > 1 else {}
    span = max(seconds, 1.0) if number else LATELY_MINUTES * 60
    return [_line(row, lately, span) for row in watching.lanes(campaign.pk)]


def _line(row: LaneRow, lately: Mapping[ObjectId, int], seconds: float) -> LineStanding:
    counts = row.counts
    delivered = counts.get(M.DELIVERED, 0) + counts.get(M.READ, 0)
    state, colour, until = _line_state(row)
    sent_lately = lately.get(row.gateway.pk, 0) if row.gateway else 0
    return LineStanding(
        row=row,
        url=_line_url(row),
        state=state,
        colour=colour,
        rests_until=until,
        waiting=sum(counts.get(status, 0) for status in (M.PENDING, M.CLAIMED, M.SENDING)),
        sent=delivered + counts.get(M.SENT, 0),
        delivered=delivered,
        failed=counts.get(M.FAILED, 0),
        uncertain=counts.get(M.UNCERTAIN, 0),
        rate=sent_lately * 60 / seconds if sent_lately else None,
    )


def _line_url(row: LaneRow) -> str:
    if row.gateway is None:
        return ""
    if row.session_key is not None:
        return page_of("desk:session", row.session_key)
    return page_of("gateways:line", row.gateway.pk)


def _line_state(row: LaneRow) -> tuple[str, str, datetime | None]:
    """How a line is: in words, in a colour of the palette, and until when it waits."""
    line, now = row.gateway, timezone.now()
    if line is None:
        return "", "waiting", None
    if not line.active:
        return _("switched off"), "waiting", None
    if row.session and not row.connected:
        return session_label(row), "soon", None
    if line.capped_until is not None and line.capped_until > now:
        return capfirst(reason_sentence(line.capped_by)), "soon", line.capped_until
    if line.health != LaneHealth.OK:
        until = line.next_send_at if line.next_send_at is not None and line.next_send_at > now else None
        why = capfirst(reason_sentence(line.health_reason.partition(":")[0]))
        return why, "now" if line.health == LaneHealth.DOWN else "soon", until
    slow = slow_sentence(line, now)
    well = session_label(row) if row.session else str(LaneHealth.OK.label)
    return slow or well, "soon" if slow else "done", None


# What it costs --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CostShown:
    """What a campaign's SMS cost: `parts` and `spent` until now, `total` what it comes to, empty where that is all.

    `lines` are those that spent it, by name, each with its parts and its cost; none where it was one alone.
    """

    parts: int
    spent: str
    left: int
    total: str
    unpriced: str
    lines: Sequence[tuple[str, int, str]] = ()


def cost(campaign: Campaign) -> CostShown | None:
    """What its SMS have cost and will; None while nothing was spent and nothing is to be."""
    found = watching.costs(campaign.pk)
    if not found.spent.parts and not found.left:
        return None
    expected = found.expected
    names = dict(Gateway.objects.filter(pk__in=[pk for pk in found.by_line if pk]).values_list("pk", "name"))
    by_name = sorted(
        ((names.get(pk, "?"), each) for pk, each in found.by_line.items() if pk is not None), key=lambda pair: pair[0]
    )
    return CostShown(
        parts=found.spent.parts,
        spent=amounts.spent(found.spent),
        left=found.left,
        total=costing.amount_text(expected) if expected is not None else "",
        unpriced=costing.unpriced_sentence(expected) if expected is not None else "",
        lines=[(name, each.parts, amounts.spent(each)) for name, each in by_name] if len(by_name) > 1 else [],
    )


# The chart ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Bars:
    """The chart as an SVG draws it: (place, top, height, what the bar says) of each bar.

    It is at most `most_pixels` wide; `first` and `last` are when its first and its last bar begin.
    """

    width: int
    height: int
    most_pixels: int
    bars: Sequence[tuple[int, str, str, str]]
    label: str
    first: str
    last: str


def bars(campaign: Campaign) -> Bars | None:
    """What was sent over the campaign's life; None while that is no picture yet."""
    chart = watching.chart(campaign.pk)
    if chart is None or len(chart.slots) < FEWEST_BARS:
        return None
    at, most = chart.most
    found = []
    for place, (moment, number) in enumerate(chart.slots):
        height = max(1.0, CHART_HEIGHT * number / most) if number else 0.0
        says = f"{_moment(moment, campaign)}: {figure(number)}"
        found.append((place * 10, f"{CHART_HEIGHT - height:.1f}", f"{height:.1f}", says))
    label = _("Sent per %(slot)s; most at %(time)s: %(number)s") % {
        "slot": SLOT_WORDS[chart.size],
        "time": _moment(at, campaign),
        "number": figure(most),
    }
    ends = (_moment(chart.slots[0][0], campaign), _moment(chart.slots[-1][0], campaign))
    number = len(chart.slots)
    return Bars(number * 10, CHART_HEIGHT, number * WIDEST_BAR, found, label, *ends)


def _moment(moment: datetime, campaign: Campaign) -> str:
    local = moment.astimezone(ZoneInfo(campaign.timezone))
    if local.date() == timezone.now().astimezone(ZoneInfo(campaign.timezone)).date():
        return f"{local:%H:%M}"
    return str(formats.date_format(local, "SHORT_DATETIME_FORMAT"))
