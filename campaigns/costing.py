"""What a campaign's SMS cost: reckoned before it starts, counted and reckoned on while it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bson import ObjectId
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.audience_look import Look, reach
from campaigns.models import Campaign, CampaignChannel
from domain.costs import Estimate, Price, Range, Spent, estimate, parts_of_all, price_of, total, with_spent
from domain.states import CampaignStatus
from gateways.models import Gateway, Pool, Strategy
from lib import amounts
from lib.figures import figure
from messaging import spending

OVER = (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a draft's SMS will cost. Of `people`, only the `looked` first were measured where those are fewer.

    `at_most`: only those that go over to SMS cost, and nobody knows how many do.
    """

    expected: Estimate
    people: int
    looked: int
    at_most: bool = False

    @property
    def whole(self) -> bool:
        return self.looked >= self.people


def forecast(campaign: Campaign, found: Look) -> Forecast | None:
    """By an audience that was looked at and measured; None where there is no SMS, or nobody to send to yet."""
    pool = campaign.sms_pool
    number = reach(campaign, found).number
    looked = sum(found.parts.values())
    if campaign.channel in ("", CampaignChannel.WHATSAPP) or pool is None or not number or not looked:
        return None
    # Whoever lacks a value is not sent to, and is not measured.
    parts = parts_of_all(found.parts, number if not found.whole else looked)
    people = looked if found.whole else number
    expected = _estimate(pool, parts)
    if campaign.channel == CampaignChannel.SMS:
        return Forecast(expected, people, looked)
    none = replace(expected, parts=Range(0, parts.high), amounts=tuple(replace(a, low=0) for a in expected.amounts))
    return Forecast(none, people, looked, at_most=True)


def _estimate(pool: Pool, parts: Range) -> Estimate:
    return estimate(parts, prices(pool), in_turn=pool.strategy != Strategy.COMPETITIVE)


def prices(pool: Pool) -> list[Price | None]:
    """What a part costs by each of a pool's active lines."""
    lines = Gateway.objects.filter(pool_id=pool.pk, active=True).values_list("price", "currency")
    return [price_of(price, currency) for price, currency in lines]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a campaign has spent, by line, and what it comes to: None where that can't be told, or it is all spent."""

    spent: Spent
    by_line: Mapping[ObjectId | None, Spent] = field(default_factory=dict)
    left: int = 0
    """Parts that are still to go, without those of messages that WhatsApp may not reach."""
    expected: Estimate | None = None

    def as_json(self) -> dict[str, Any]:
        """What `campaign status --json` prints."""
        return {**spent_json(self.spent), "parts_left": self.left}


def spent_json(found: Spent) -> dict[str, Any]:
    """What was spent as plain values: amounts are exact, as text."""
    cost = {currency: f"{amount:f}" for currency, amount in found.amounts()}
    return {"parts": found.parts, "unpriced_parts": found.unpriced, "cost": cost}


def costs(campaign: Campaign) -> Costs:
    """Of a campaign that was started. It reads each SMS that is still to go."""
    by_line = spending.of_campaign(campaign.pk)
    spent = total(by_line.values())
    pool = campaign.sms_pool
    if pool is None or campaign.enrolled_at is None or campaign.status in OVER:
        return Costs(spent, by_line)
    left = spending.parts_left(campaign.pk, pool.pk)
    expected = with_spent(_estimate(pool, Range(left, left)), spent) if left else None
    return Costs(spent, by_line, left, expected)


# In words -------------------------------------------------------------------------------------------------------------
def forecast_sentences(found: Forecast) -> list[str]:
    """What a draft will cost, what is not in it, and how sure that is; the figure comes first."""
    expected = found.expected
    lines = [said for said in (money_sentence(expected), unpriced_sentence(expected)) if said]
    lines.append(f"{parts_sentence(expected.parts)}.")
    if found.at_most:
        lines.append(_("Only what goes over to SMS costs: nothing, or all of it at most."))
    if not found.whole:
        values = {"looked": figure(found.looked), "people": figure(found.people)}
        lines.append(_("Reckoned from the texts of the first %(looked)s of %(people)s people.") % values)
    return lines


def parts_sentence(parts: Range) -> str:
    """How many parts, as far as that is known."""
    if parts.low == parts.high:
        return ngettext("%(parts)s SMS part", "%(parts)s SMS parts", parts.high) % {"parts": figure(parts.high)}
    if not parts.low:
        sentence = ngettext("Up to %(parts)s SMS part", "Up to %(parts)s SMS parts", parts.high)
        return sentence % {"parts": figure(parts.high)}
    return _("About %(low)s to %(high)s SMS parts") % {"low": figure(parts.low), "high": figure(parts.high)}


def amount_text(found: Estimate) -> str:
    """About what it comes to; empty where no line has a price."""
    text = _figures(found)
    return text if not text or _open(found) else _("about %(amount)s") % {"amount": text}


def _figures(found: Estimate) -> str:
    if not found.apart:
        return amounts.summed(found.amounts)
    return _(" or ").join(amounts.between(amount) for amount in found.amounts)


def _open(found: Estimate) -> bool:
    """Whether it may be nothing: the figures say “up to” then."""
    return any(amount.low == 0 < amount.high for amount in found.amounts)


def money_sentence(found: Estimate) -> str:
    """What it comes to, and why that is no single figure."""
    text = capfirst(amount_text(found))
    if not text:
        return ""
    if found.apart and len(found.amounts) > 1:
        return _("%(amount)s, as its lines share it.") % {"amount": text}
    if not found.apart and found.lines > 1 and any(each.low < each.high for each in found.amounts):
        return _("%(amount)s, depending on the lines that they go by.") % {"amount": text}
    return f"{text}."


def unpriced_sentence(found: Estimate) -> str:
    """What is not in the amount."""
    if not found.lines:
        return _("Its pool has no active line, so that the cost isn't known.")
    if found.unpriced == found.lines:
        return ngettext(
            "Its line has no price, so that the cost isn't known.",
            "None of its lines has a price, so that the cost isn't known.",
            found.lines,
        )
    if found.unpriced:
        sentence = ngettext(
            "%(unpriced)s of its %(lines)s lines has no price: what goes by it comes on top.",
            "%(unpriced)s of its %(lines)s lines have no price: what goes by them comes on top.",
            found.unpriced,
        )
        return sentence % {"unpriced": found.unpriced, "lines": found.lines}
    return ""


def cost_lines(found: Costs) -> Sequence[str]:
    """What was spent, for a terminal; nothing where no SMS went."""
    if not found.spent.parts:
        return []
    lines = [_("SMS parts: %(number)s") % {"number": figure(found.spent.parts)}]
    return [*lines, _("cost: %(amount)s") % {"amount": amounts.spent(found.spent)}]
