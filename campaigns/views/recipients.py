"""A campaign's messages: the list with its filters, and one of them with its attempts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.roles import scope_of
from campaigns import export, looking, watching, wording
from campaigns.commands import MAY_RETRY
from campaigns.models import Campaign, CampaignChannel
from debtors.models import Debtor
from domain.states import MessageStatus
from gateways.models import Channel, Gateway
from lib import amounts
from lib.htmx import is_part
from lib.paging import keyset_page
from messaging import queries as messaging
from messaging import spending
from messaging.filters import NO_REASON, MessageFilter, filtered, order_of, read_filter
from messaging.models import Message
from messaging.queries import Problem
from messaging.reasons import reason_sentence


def chosen_filter(campaign: Campaign, given: Mapping[str, Any]) -> MessageFilter:
    """What an address asks for, with the messages of those who answered where it asks for them."""
    wanted = read_filter(given, country=campaign.country)
    return wanted.among(watching.answered_messages(campaign.pk)) if wanted.replied else wanted


def too_many(campaign: Campaign, wanted: MessageFilter) -> bool:
    """Whether these may be more messages than a workbook is made of while somebody waits."""
    counts = messaging.counts(campaign.pk)
    return (counts[wanted.status] if wanted.status else sum(counts.values())) > export.WORKBOOK_ROWS


def message_list(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """All messages in the order of the audience, or those that fit the filters of the address."""
    campaign = looking.seen_campaign(request.user, pk)
    wanted = chosen_filter(campaign, request.GET)
    moved = watching.moved(campaign.pk, wanted.status)  # before the rows: what changes in between is told
    found = filtered(campaign.pk, wanted)
    page = keyset_page(found, by=order_of(wanted), mark=request.GET.get("mark", ""))
    selects = _selects(campaign, wanted)
    query = request.GET.copy()
    query.pop("mark", None)
    may_retry = campaign.status in MAY_RETRY and looking.acts(request.user)
    return render(
        request,
        "campaigns/messages.html",
        {
            "campaign": campaign,
            "page": page,
            "rows": wording.shown_messages(page.rows),
            "wanted": wanted,
            "figures": watching.standings([campaign])[0].progress.counts,
            "selects": selects,
            "chips": _chips(wanted, selects, query),
            "too_many": too_many(campaign, wanted),
            "export": f"{reverse('campaigns:export', args=[pk])}?{query.urlencode()}",
            "watched": f"{pk}-{wanted.status}-{moved}",
            "tickable": may_retry and any(row.status == MessageStatus.FAILED for row in page.rows),
            "waits": wording.waits_sentence(campaign),
            "cause": _cause(campaign, wanted) if may_retry else None,
        },
    )


def _cause(campaign: Campaign, wanted: MessageFilter) -> tuple[Problem, str] | None:
    """The cause of which exactly all are listed, with what sending them again will do; None for any other list."""
    if wanted.given != ["status", "reason"] or wanted.status != MessageStatus.FAILED:
        return None
    found = (each for each in watching.problems(campaign.pk) if (each.status, each.reason) == wanted.cause)
    problem = next(found, None)
    return (problem, wording.retry_sentence([problem], campaign)) if problem is not None else None


@dataclass(frozen=True, slots=True)
class Select:
    """Something that messages are filtered by: the address's word, its title, (value, label) of all, and the chosen."""

    name: str
    title: str
    options: list[tuple[str, str]]
    chosen: str

    @property
    def words(self) -> str:
        """What is chosen, in words."""
        return f"{self.title}: {dict(self.options).get(self.chosen, self.chosen)}"


def _selects(campaign: Campaign, wanted: MessageFilter) -> list[Select]:
    """What there is to choose among in this campaign, where that is more than one thing."""
    problems = watching.problems(campaign.pk)
    reasons = {each.reason: None for each in problems if not wanted.status or each.status == wanted.status}
    if wanted.reason is not None:
        reasons.setdefault(wanted.reason)
    lines = {str(row.gateway.pk): row.name for row in watching.lanes(campaign.pk) if row.gateway and row.counts}
    if wanted.line is not None and str(wanted.line) not in lines:
        lines[str(wanted.line)] = Gateway.objects.filter(pk=wanted.line).values_list("name", flat=True).first() or "?"
    both = campaign.channel == CampaignChannel.WHATSAPP_FALLBACK_SMS or wanted.channel
    why = [(reason or NO_REASON, capfirst(reason_sentence(reason))) for reason in reasons]
    ways = [(value, str(label)) for value, label in Channel.choices] if both else []
    texts = [(str(number), _text(number)) for number in range(len(campaign.texts))]
    chosen = {
        "reason": "" if wanted.reason is None else wanted.reason or NO_REASON,
        "line": str(wanted.line or ""),
        "channel": wanted.channel,
        "variant": "" if wanted.variant is None else str(wanted.variant),
    }
    found = [
        Select("reason", _("Reason"), why, chosen["reason"]),
        Select("line", _("Line"), list(lines.items()), chosen["line"]),
        Select("channel", _("Channel"), ways, chosen["channel"]),
        Select("variant", _("Text"), texts, chosen["variant"]),
    ]
    return [select for select in found if len(select.options) > 1 or select.chosen]


def _text(number: int) -> str:
    return _("variant %(number)s") % {"number": number} if number else _("the message itself")


def _chips(wanted: MessageFilter, selects: Sequence[Select], query: QueryDict) -> list[tuple[str, str]]:
    """What is asked for beside the state, each in words with the address that does without it."""
    asked = [(select.name, select.words) for select in selects if select.chosen]
    if wanted.replied:
        asked.append(("replied", _("Answered")))
    if wanted.search:
        asked.append(("q", f"“{wanted.search}”"))
    found = []
    for name, words in asked:
        without = query.copy()
        without.pop(name, None)
        found.append((words, f"?{without.urlencode()}"))
    return found


def message_detail(request: HttpRequest, pk: ObjectId, message: ObjectId) -> HttpResponse:
    """One message as its recipient sees it, with every attempt: a page, or the panel beside a list."""
    with_file = Campaign.objects.select_related("attachment").defer("attachment__data")
    campaign = looking.seen_campaign(request.user, pk, with_file)
    found = get_object_or_404(Message, pk=message, campaign=pk)
    [(_message, line, reason)] = wording.shown_messages([found])
    seen = scope_of(request.user).where()
    names = dict(Gateway.objects.filter(pk__in={each.gateway for each in found.attempts}).values_list("pk", "name"))
    spent = spending.of_message(found)
    context: dict[str, Any] = {
        "campaign": campaign,
        "message": found,
        "debtor": Debtor.objects.filter(pk=found.debtor, **seen).values_list("pk", flat=True).first(),
        "line": line,
        "reason": reason,
        "cost": amounts.spent(spent) if spent.parts else "",
        "attempts": [
            (each, names.get(each.gateway, ""), reason_sentence(each.code) if each.code else "")
            for each in found.attempts
        ],
    }
    return render(request, "campaigns/_message.html" if is_part(request) else "campaigns/message.html", context)
