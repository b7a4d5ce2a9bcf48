"""Which of a campaign's messages somebody looks at: by state, cause, line, channel, person, and all of them at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any

from bson import ObjectId
from django.db.models import Q, QuerySet

from domain.finding import is_number, phone_beginnings
from domain.folding import fold
from domain.states import MessageStatus
from lib.converters import object_id
from messaging.models import Message

NO_REASON = "-"
"""What stands in an address for the messages without a reason."""
HIGHEST = "\uffff"
MOST_SEARCH = 100
LARGEST_VARIANT = 1_000
EXPORTED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """What is asked for; an empty field asks for nothing.

    `reason` is None where any will do, because a message may have failed without one. `chosen` are messages found by
    other means, such as those of people who answered; None where that was not asked.
    """

    status: str = ""
    reason: str | None = None
    line: ObjectId | None = None
    channel: str = ""
    variant: int | None = None
    search: str = ""
    replied: bool = False
    country: str = ""
    """Whose phones a number without a prefix is looked for among."""
    chosen: tuple[ObjectId, ...] | None = None

    @property
    def given(self) -> list[str]:
        """The names of what was asked for."""
        empty = MessageFilter()
        return [
            field.name
            for field in fields(self)
            if field.name not in ("chosen", "country") and getattr(self, field.name) != getattr(empty, field.name)
        ]

    @property
    def cause(self) -> tuple[str, str | None]:
        """The state and the reason that are asked for."""
        return self.status, self.reason

    @property
    def only_status(self) -> bool:
        return self.given == ["status"]

    def among(self, chosen: Sequence[ObjectId]) -> "MessageFilter":
        """The same among these messages alone."""
        return replace(self, chosen=tuple(chosen))


def read_filter(given: Any, *, country: str) -> MessageFilter:
    """The filter of a page's address (a QueryDict, or a mapping): what can't be is left out."""
    status, variant = given.get("status", ""), given.get("variant", "")
    reason = given.get("reason", "")[:40]
    return MessageFilter(
        status=status if status in list(MessageStatus) else "",
        reason="" if reason == NO_REASON else reason if reason and reason.isprintable() else None,
        line=object_id(given.get("line", "")),
        channel=channel if (channel := given.get("channel", "")) in ("whatsapp", "sms") else "",
        variant=_variant(variant),
        search=" ".join(given.get("q", "").split())[:MOST_SEARCH],
        replied=given.get("replied", "") == "1",
        country=country,
    )


def _variant(text: str) -> int | None:
    # A number of thousands of digits is none that can be read.
    sound = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_VARIANT))
    return number if sound and (number := int(text)) < LARGEST_VARIANT else None


def filtered(campaign: ObjectId, wanted: MessageFilter) -> QuerySet[Message]:
    """The campaign's messages that fit, in no order yet: they are paged in the order of `order_of`."""
    found = Message.objects.filter(campaign=campaign)
    if wanted.status:
        found = found.filter(status=wanted.status)
    elif wanted.reason is not None:
        # The causes' index begins with the state.
        found = found.filter(status__in=[status.value for status in MessageStatus])
    if wanted.reason is not None:
        found = found.filter(reason=wanted.reason)
    if wanted.line is not None:
        found = found.filter(gateway=wanted.line)
    if wanted.channel:
        found = found.filter(channel=wanted.channel)
    if wanted.variant is not None:
        found = found.filter(variant=wanted.variant)
    if wanted.chosen is not None:
        found = found.filter(pk__in=list(wanted.chosen))
    if wanted.search:
        found = found.filter(_begins(wanted))
    return found


def order_of(wanted: MessageFilter) -> str:
    """The field that a list is in the order of: that which it is searched by, else the order of enrolling."""
    if not wanted.search:
        return "pk"
    return "phone" if is_number(wanted.search) else "folded_name"


def _begins(wanted: MessageFilter) -> Q:
    field = order_of(wanted)
    by_phone = field == "phone"
    beginnings = phone_beginnings(wanted.search, country=wanted.country) if by_phone else [fold(wanted.search)]
    found = Q(pk__in=[])
    for begins in filter(None, beginnings):
        found |= Q(**{f"{field}__gte": begins, f"{field}__lt": begins + HIGHEST})
    return found


def export_keys(campaign: ObjectId, wanted: MessageFilter) -> Iterator[list[ObjectId]]:
    """The keys of what fits, in the order of its list, some at a time."""
    keys = filtered(campaign, wanted).order_by(order_of(wanted), "pk").values_list("pk", flat=True)
    running = keys.iterator(chunk_size=EXPORTED_AT_ONCE)
    while chunk := list(islice(running, EXPORTED_AT_ONCE)):
        yield chunk
