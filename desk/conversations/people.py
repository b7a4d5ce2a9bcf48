"""Who a conversation is with, and the lines by which that person can be answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from bson import ObjectId
from django.utils.translation import gettext as _

from accounts.roles import Scope
from debtors.models import Debtor
from debtors.suppressions import suppressed
from domain.people import can_be_written_to, is_hidden, person_key, phone_of_key
from gateways.commands import SESSION_KIND
from gateways.models import Channel, Gateway
from messaging.models import Conversation, IncomingText, Message
from sessions_app.queries import connected_gateways

MOST_DEBTORS = 20
"""Debtors with one phone that a page shows."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with whom there are texts, or a debtor. `conversation` is None for who never wrote nor was answered.

    `debtors` are all with that phone, of whom whoever asks may know, the one that was changed last first.
    """

    key: str
    phone: str
    conversation: Conversation | None
    debtors: Sequence[Debtor]
    opted_out: bool
    """Whether no campaign writes to the phone, whoever has it."""

    @property
    def debtor(self) -> Debtor | None:
        return self.debtors[0] if self.debtors else None

    @property
    def name(self) -> str:
        if self.debtor is not None and self.debtor.name:
            return self.debtor.name
        return self.conversation.name if self.conversation is not None else ""

    @property
    def hidden(self) -> bool:
        """Whether WhatsApp hides the number."""
        return is_hidden(self.phone)

    @property
    def writable(self) -> bool:
        return can_be_written_to(self.phone)


def person(address: str, *, scope: Scope) -> Person | None:
    """Who is meant by an address's last part: a person's key, or the phone itself. None for nobody within the scope."""
    conversation = Conversation.objects.filter(key=address).first()
    if conversation is None and not phone_of_key(address):
        address = person_key(address)
        conversation = Conversation.objects.filter(key=address).first()
    phone = conversation.phone if conversation is not None else phone_of_key(address)
    if not phone:
        return None
    own = Debtor.objects.filter(phone=phone, **scope.where("owner_id")).select_related("owner")
    debtors = list(own.order_by("-updated_at", "-pk")[:MOST_DEBTORS])
    if not scope.everything:
        known = scope.owner in (conversation.owners or ()) if conversation is not None else bool(debtors)
    else:
        known = bool(conversation or debtors) or _texts(phone)
    return Person(address, phone, conversation, debtors, bool(suppressed([phone]))) if known else None


def within(scope: Scope, key: str) -> bool:
    """Whether the conversation with a person is one of the scope's: what a live part asks when a page joins it."""
    if scope.everything:
        return True
    owners = Conversation.objects.filter(key=key).values_list("owners", flat=True).first()
    if owners is not None:
        return scope.owner in owners
    phone = phone_of_key(key)
    return bool(phone) and Debtor.objects.filter(phone=phone, owner_id=scope.owner).exists()


def _texts(phone: str) -> bool:
    return Message.objects.filter(phone=phone).exists() or IncomingText.objects.filter(phone=phone).exists()


@dataclass(frozen=True, slots=True)
class Way:
    """A line that a reply can go by. `ready` is whether it sends now; else a reply waits until it does."""

    gateway: Gateway
    ready: bool
    known: bool
    """Whether it is the one that the person knows."""

    @property
    def label(self) -> str:
        name = f"{self.gateway.name} ({Channel(self.gateway.channel).label})"
        return name if self.ready else _("%(line)s: not connected now") % {"line": name}


def ways(found: Person) -> list[Way]:
    """The lines that a reply may go by: the one that the person knows first, then those that can send now, by name."""
    known = known_line(found)
    lines = list(Gateway.objects.filter(active=True, pool__active=True).order_by("channel", "name"))
    connected = connected_gateways([line.pk for line in lines if line.kind == SESSION_KIND])
    made = [Way(line, line.kind != SESSION_KIND or line.pk in connected, line.pk == known) for line in lines]
    usable = [way for way in made if way.ready or way.known]
    return sorted(usable, key=lambda way: (not way.known, way.gateway.channel != Channel.WHATSAPP, way.gateway.name))


def known_line(found: Person) -> ObjectId | None:
    """The line that the person last wrote to, or else the one by which we last wrote to them."""
    if found.conversation is not None and found.conversation.gateway is not None:
        line: ObjectId = found.conversation.gateway
        return line
    sent = Message.objects.filter(phone=found.phone, gateway__isnull=False, sent_at__isnull=False)
    last: ObjectId | None = sent.order_by("-created_at").values_list("gateway", flat=True).first()
    return last


def line_names(ids: Sequence[ObjectId | None]) -> dict[ObjectId, Gateway]:
    return Gateway.objects.only("name", "channel").in_bulk([one for one in set(ids) if one is not None])
