"""What the pages of a draft's steps show beside the form: the steps, who is reached, how it reads, by what, when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns import audience_words, costing, editing, forecasting, lacks, owning, report, wording
from campaigns.audience_form import KIND_HINTS, OPS, AudienceForm
from campaigns.audience_look import Look, look, reach
from campaigns.audience_reading import chosen_debtors
from campaigns.day import day
from campaigns.describe import shortage_sentence, window_text
from campaigns.editing import Conflict
from campaigns.forms import CHANNEL_HINTS, ROTATION_HINTS, ChannelForm, StepForm
from campaigns.models import AudienceKind, Campaign, CampaignChannel, ChosenDebtors
from campaigns.pacing_fields import pacing_of
from campaigns.preview import Preview, columns_of, preview, preview_of_row
from debtors import queries as debtors
from debtors.intake.reasons import FIELD_LABELS
from domain.audiences import CORE
from domain.forecast import Forecast
from domain.pacing import opens_at
from domain.values import money
from gateways import describe
from gateways.models import Channel, Pool
from gateways.queries import PoolOverview, overviews
from lib.figures import figure

TITLES = {
    lacks.AUDIENCE: gettext_lazy("Audience"),
    lacks.MESSAGE: gettext_lazy("Message"),
    lacks.CHANNEL: gettext_lazy("Channel and pool"),
    lacks.PACING: gettext_lazy("Pacing and hours"),
    lacks.REVIEW: gettext_lazy("Review"),
}
PICKED_SHOWN = 50
LONG_PARTS = 3
LETTERS_SHOWN = 12
DAYS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Step:
    """One of the steps as the stepper shows it; `lack` is what it still lacks, in a word."""

    name: str
    title: Any
    number: int
    lack: str
    here: bool


def frame(campaign: Campaign, here: str) -> dict[str, Any]:
    """The steps, and the ways on and back."""
    missing = lacks.missing(campaign)
    place = lacks.STEPS.index(here)
    return {
        "campaign": campaign,
        "draft": campaign,
        "step": here,
        "draft_key": f"{here}-{campaign.pk}",
        "steps": [
            Step(name, TITLES[name], number, missing.get(name, ""), name == here)
            for number, name in enumerate(lacks.STEPS, 1)
        ],
        "missing": missing,
        "before": lacks.STEPS[place - 1] if place else "",
        "after": lacks.STEPS[place + 1] if place + 1 < len(lacks.STEPS) else "",
    }


def side(campaign: Campaign, form: StepForm, *, at: int = 0) -> dict[str, Any]:
    """What stands beside the form of a step, and what the form itself needs to offer."""
    if isinstance(form, AudienceForm):
        return {
            **audience(campaign),
            "kinds": KIND_HINTS,
            "ops": [(op.value, label) for op, label in OPS.items()],
            "keys": _keys(form),
            "everybody": debtors.count_debtors(),
            **picked(campaign),
        }
    if isinstance(form, ChannelForm):
        return {"pools": pools(form), "needed": form.needed, "channels": CHANNEL_HINTS}
    if form.step == lacks.MESSAGE:
        return {
            "preview": preview_of_row(campaign, at),
            "columns": columns_of(campaign),
            "rotations": ROTATION_HINTS,
            "brace": "{",
            "example": "{nombre}",
            "fallback": "{ejecutivo|nuestro equipo}",
        }
    return pacing(campaign)


def _keys(form: AudienceForm) -> list[tuple[str, Any]]:
    """The columns that a condition may be about; one that no file has any more is offered where it was chosen, else
    the page would send the condition without it."""
    columns = dict.fromkeys([*debtors.metadata_columns(None), *(test["key"] for test in form.tests if test["key"])])
    return [(key, FIELD_LABELS.get(key, key)) for key in CORE] + [(key, key) for key in columns if key not in CORE]


def audience(campaign: Campaign, *, measured: bool = False) -> dict[str, Any]:
    """How many there are, and the first of them."""
    found = look(campaign, measured=measured)
    rows = [
        (each, money(each.debtor.debt, each.debtor.country) if each.debtor.debt is not None else "")
        for each in found.rows
    ]
    return {"look": found, "look_rows": rows, "kind": campaign.audience}


def picked(campaign: Campaign) -> dict[str, Any]:
    """The first debtors of those that were chosen one by one."""
    keys = chosen_debtors(campaign.pk)
    values = debtors.debtors_by_id(keys[-PICKED_SHOWN:])
    shown = [values[key] for key in reversed(keys[-PICKED_SHOWN:]) if key in values]
    return {"picked": shown, "picked_number": len(keys), "picked_most": ChosenDebtors.MOST, "picked_keys": set(keys)}


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """A pool as a campaign chooses it: what it has to send with, how fast it is."""

    pool: Pool
    overview: PoolOverview
    pace: str
    daily: int
    """Messages a day that its sessions may send in all; 0 where one of them has no limit."""
    chosen: bool


def pools(form: ChannelForm) -> dict[str, list[PoolChoice]]:
    """The pools of each channel that may be chosen."""
    found: dict[str, list[PoolChoice]] = {Channel.WHATSAPP.value: [], Channel.SMS.value: []}
    chosen = {str(form[f"{channel}_pool"].value() or "") for channel in (Channel.WHATSAPP, Channel.SMS)}
    for overview in overviews(Pool.objects.order_by("name")):
        pool = overview.pool
        pace = f"{describe.pace_sentence(pool)} {describe.throttle_sentence(pool)}".strip()
        limits = [line.session.limits["per_day"] for line in overview.lines if line.session and line.gateway.active]
        daily = sum(limits) if limits and all(limits) else 0
        found[pool.channel].append(PoolChoice(pool, overview, pace, daily, str(pool.pk) in chosen))
    return found


def differences(conflict: Conflict, form: StepForm) -> dict[str, Any]:
    """What somebody else wrote and what was to be stored, field by field."""
    kind = type(form)
    theirs, mine = kind.stored(conflict.stored), form.given
    rows = []
    lists = {"variant": _("Variants"), **dict.fromkeys(("test_key", "test_op", "test_values"), _("Columns"))}
    for name in (*form.fields, *lists):
        there = [str(each) for each in theirs.getlist(name)]
        here = [str(each).replace("\r\n", "\n") for each in mine.getlist(name)]
        if [each for each in there if each] == [each for each in here if each]:
            continue
        label = form.fields[name].label if name in form.fields else lists[name]
        rows.append({"label": label, "theirs": _joined(form, name, there), "mine": _joined(form, name, here)})
    return {
        "sentence": conflict.sentence,
        "at": conflict.edit.at,
        "rows": rows,
        "keep": editing.digest(conflict.stored, form.step),
    }


def _joined(form: StepForm, name: str, values: Sequence[str]) -> str:
    labels: dict[Any, Any] = dict(getattr(form.fields.get(name), "choices", ()) or ())
    if name == "test_op":
        labels = {op.value: label for op, label in OPS.items()}
    known = {str(key): str(label) for key, label in labels.items()}
    return "\n".join(known.get(each, each) for each in values if each)


def review(campaign: Campaign) -> dict[str, Any]:
    """Everything as it will be."""
    form = ChannelForm(ChannelForm.stored(campaign), campaign=campaign)
    reached = audience(campaign, measured=campaign.channel not in ("", CampaignChannel.WHATSAPP))
    shown = preview(campaign)
    cost = costing.forecast(campaign, reached["look"])
    now = timezone.now()
    opens = opens_at(campaign.window, now + timedelta(hours=1)) if campaign.window_days else now
    return {
        **frame(campaign, lacks.REVIEW),
        **reached,
        **pacing(campaign, reached["look"]),
        "lacks": lacks.lacks(campaign),
        "who": audience_words.who(campaign),
        "preview": shown,
        "pools": pools(form),
        "needed": form.needed,
        "warnings": warnings(campaign, shown),
        "people": owning.people(),
        "sentences": wording.start_sentences(campaign, reached["look"]),
        "window": window_text(campaign.window),
        "cost": costing.forecast_sentences(cost) if cost is not None else [],
        "start_default": opens.astimezone(ZoneInfo(campaign.timezone)),
    }


def pacing(campaign: Campaign, found: Look | None = None) -> dict[str, Any]:
    """When the first and the last message go if it started now, and the day that results."""
    if not campaign.window_days:
        return {}
    chosen = campaign.audience != AudienceKind.NONE
    reached = reach(campaign, found) if chosen else None
    number = reached.number if reached is not None else None
    ways = forecasting.ways_of(campaign)
    shown = day(pacing_of(campaign), ways=ways, number=number or None)
    expected = forecasting.forecast_of(campaign, number, ways=ways) if number else None
    return {"day": shown, "outlook": _outlook(campaign, expected)}


def _outlook(campaign: Campaign, expected: Forecast | None) -> list[str]:
    if expected is None or expected.starts_at is None:
        return []
    zone = campaign.timezone
    lines = [_("Started now, its first message goes at %(time)s.") % {"time": wording.clock(expected.starts_at, zone)}]
    if expected.ends_at is not None:
        lines.append(_("The last one goes at about %(time)s.") % {"time": wording.clock(expected.ends_at, zone)})
    if len(expected.days) > 1:
        shown = [f"{date_format(each.day, 'D j M')}: {figure(each.messages)}" for each in expected.days[:DAYS_SHOWN]]
        more = " …" if len(expected.days) > DAYS_SHOWN else ""
        lines.append(_("By day: %(days)s.") % {"days": ", ".join(shown) + more})
    return lines


def warnings(campaign: Campaign, shown: Preview) -> list[str]:
    """What nobody is kept from, and should know before it starts."""
    found = []
    now = timezone.now()
    if campaign.window_days and (opens := opens_at(campaign.window, now)) > now:
        time = wording.clock(opens, campaign.timezone)
        found.append(_("The window is closed now: it begins at %(time)s.") % {"time": time})
    if letters := list(dict.fromkeys(each for sample in shown.samples for each in sample.costly)):
        said = _("The SMS hold less than half as much because of %(letters)s: write them without, where it can be.")
        said %= {"letters": " ".join(letters[:LETTERS_SHOWN])}
        if spared := max((sample.spared for sample in shown.samples), default=0):
            sentence = ngettext(
                "“Write without accents”, at the message, saves up to %(parts)s part a person.",
                "“Write without accents”, at the message, saves up to %(parts)s parts a person.",
                spared,
            )
            said += " " + sentence % {"parts": spared}
        found.append(said)
    if shown.longest is not None and shown.longest.parts >= LONG_PARTS:
        found.append(
            _("Its SMS take %(parts)s parts each, and each part is paid for: shorten the text.")
            % {"parts": shown.longest.parts}
        )
    if campaign.channel and campaign.channel != CampaignChannel.SMS and campaign.whatsapp_pool_id:
        sessions = report.sessions_of(campaign)
        if sessions.connected < sessions.needed:
            found.append(shortage_sentence(sessions, campaign.channel))
    return found
