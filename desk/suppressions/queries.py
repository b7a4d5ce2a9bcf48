"""What the pages of the suppression list ask: entries by what is chosen, and replies that wait."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from debtors.models import Debtor, Suppression, SuppressionSource
from domain.finding import search_terms
from domain.people import can_be_written_to, is_hidden, person_key
from domain.phones import shown_phone
from gateways.models import Gateway
from lib.arrays import AnyStartsWith  # noqa: F401  # the lookup any_startswith
from messaging.models import Conversation, Review, ReviewState

COUNTED = 1_000
"""Entries that a list counts before it says that there are more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries a list shows; days are this installation's."""

    search: str = ""
    source: str = ""
    lifted: bool = False
    since: date | None = None
    until: date | None = None

    @property
    def any(self) -> bool:
        return bool(self.search or self.source or self.lifted or self.since or self.until)


def read(given: Mapping[str, Any]) -> Wanted:
    """What an address asks for; what can't be read is left out."""
    source = str(given.get("source", ""))
    return Wanted(
        search=" ".join(str(given.get("q", "")).split())[:100],
        source=source if source in SuppressionSource.values else "",
        lifted=given.get("show") == "lifted",
        since=_day(given.get("since", "")),
        until=_day(given.get("until", "")),
    )


def _day(text: str) -> date | None:
    try:
        return parse_date(str(text))
    except ValueError:
        return None


def listed(wanted: Wanted) -> QuerySet[Suppression]:
    """The entries that fit, in no order."""
    found = Suppression.objects.filter(active=not wanted.lifted).defer("words")
    for term in search_terms(wanted.search):
        found = found.filter(words__any_startswith=term)
    if wanted.source:
        found = found.filter(source=wanted.source)
    if wanted.since:
        found = found.filter(at__gte=_begins(wanted.since))
    if wanted.until:
        found = found.filter(at__lt=_begins(wanted.until + timedelta(days=1)))
    return found


def _begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())


def counted(found: QuerySet[Suppression]) -> int:
    """How many, at most one more than COUNTED."""
    return found.order_by()[: COUNTED + 1].count()


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as a list shows it."""

    entry: Suppression
    person: str
    """The key of the conversation with them; empty where there can be none."""
    debtor: ObjectId | None
    line: str

    @property
    def hidden(self) -> bool:
        return is_hidden(self.entry.phone)

    @property
    def title(self) -> str:
        """What they are called in a sentence."""
        if self.entry.name:
            return self.entry.name
        return _("Number hidden by WhatsApp") if self.hidden else self.by_identity or shown_phone(self.entry.phone)

    @property
    def last_day(self) -> date | None:
        """The last day on which it is in force."""
        return last_day(self.entry.until)

    @property
    def by_identity(self) -> str:
        """The RUT or id of who is known by nothing else yet."""
        known = self.entry.phone == self.entry.identity
        return self.entry.identity.partition(":")[2] if known else ""


def last_day(until: datetime | None) -> date | None:
    """The last day before a moment; of an entry that ends at a midnight, the one before it."""
    return timezone.localdate(until - timedelta(seconds=1)) if until else None


def shown(entries: Iterable[Suppression]) -> list[Shown]:
    """The entries with whom they are of and the line that the reply came to: three queries for all of them."""
    entries = list(entries)
    debtors = dict(
        Debtor.objects.filter(phone__in=[each.phone for each in entries])
        .order_by("updated_at")
        .values_list("phone", "pk")
    )
    lines = line_names(each.gateway for each in entries)
    return [
        Shown(
            each,
            person_key(each.phone) if can_be_written_to(each.phone) or is_hidden(each.phone) else "",
            debtors.get(each.phone),
            lines.get(each.gateway, "") if each.gateway else "",
        )
        for each in entries
    ]


def line_names(keys: Iterable[ObjectId | None]) -> dict[ObjectId, str]:
    return dict(Gateway.objects.filter(pk__in={each for each in keys if each}).values_list("pk", "name"))


# Replies that wait ----------------------------------------------------------------------------------------------------
MOST_WAITING = 99


def waiting() -> int:
    """How many replies wait for a decision, at most one more than MOST_WAITING."""
    return Review.objects.filter(state=ReviewState.OPEN.value)[: MOST_WAITING + 1].count()


def reviews(*, decided: bool) -> QuerySet[Review]:
    states = [ReviewState.OPTED_OUT.value, ReviewState.DISMISSED.value] if decided else [ReviewState.OPEN.value]
    return Review.objects.filter(state__in=states)


def names(reviews: Iterable[Review]) -> dict[str, str]:
    """Who wrote, by the phone: as their conversations name them."""
    phones = {each.phone for each in reviews}
    found = Conversation.objects.filter(key__in=[person_key(phone) for phone in phones])
    return {phone: name for phone, name in found.values_list("phone", "name") if name}
