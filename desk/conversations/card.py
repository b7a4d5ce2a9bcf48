"""The debtor's card beside a conversation: what is owed, who looks after it, and which campaigns wrote."""

from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.utils import formats

from accounts.roles import Scope
from campaigns.models import Campaign
from debtors.models import Debtor
from desk.conversations.people import Person
from domain.values import money
from messaging.models import Kind, Message

LOOKED_AT = 200
"""The latest messages to a phone whose campaigns are told."""
MOST_CAMPAIGNS = 8


@dataclass(frozen=True, slots=True)
class Written:
    """A campaign that wrote to the person, with its latest message's state; no name where it is not theirs to see."""

    campaign: ObjectId
    name: str
    status: str
    at: Any


def facts(debtor: Debtor) -> dict[str, Any]:
    """A debtor as the card shows it."""
    return {
        "debtor": debtor,
        "debt": money(debtor.debt, debtor.country) if debtor.debt is not None else "",
        "due": formats.date_format(debtor.due_date, "SHORT_DATE_FORMAT") if debtor.due_date else "",
        "metadata": [(key, text) for key, text in debtor.metadata.items() if text],
    }


def card(person: Person, *, scope: Scope) -> dict[str, Any]:
    """What the card shows: the debtors with the phone, and the campaigns that wrote to it."""
    return {"debtors": [facts(debtor) for debtor in person.debtors], "written": written(person.phone, scope=scope)}


def written(phone: str, *, scope: Scope) -> list[Written]:
    """The campaigns that wrote to a phone lately, the last one first."""
    messages = Message.objects.filter(phone=phone, kind=Kind.CAMPAIGN).only("campaign", "status", "created_at")
    last: dict[ObjectId, Message] = {}
    for message in messages.order_by("-created_at")[:LOOKED_AT]:
        last.setdefault(message.campaign, message)
    shown = list(last.items())[:MOST_CAMPAIGNS]
    found = Campaign.objects.only("name", "owner").in_bulk([campaign for campaign, _message in shown])
    own = {pk: campaign for pk, campaign in found.items() if scope.covers(campaign.owner_id)}
    return [Written(pk, own[pk].name if pk in own else "", message.status, message.created_at) for pk, message in shown]
