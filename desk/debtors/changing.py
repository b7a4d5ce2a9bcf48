"""Changing one debtor by hand: compared with what one's page last saw, and its messages brought along."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from debtors import suppressions
from debtors.edit_form import DebtorValues, initial_of
from debtors.models import Debtor, DebtorNote, found_by
from desk.debtors.acts import all_campaigns
from domain.people import person_key
from domain.rows import identity_of
from lib.mongo import compare_and_set, run_tx
from live.events import ConversationChanged, DebtorChanged
from live.publish import publish
from messaging import claims, following
from messaging.models import Conversation
from systemlog.audit import record


class ChangedMeanwhile(Exception):
    """Somebody else changed the debtor since one's page was shown: nothing was stored."""


class SamePerson(Exception):
    """Another debtor has the same identity: nothing was stored."""

    def __init__(self, other: Debtor | None) -> None:
        super().__init__(_("Another debtor is the same person by these values."))
        self.other = other


def change(debtor: Debtor, values: DebtorValues, *, seen: datetime, user: User) -> int:
    """Store the values, if the debtor is still as it was `seen` (its updated_at); how many messages got another phone.

    Identity follows the values (ADR 8). Messages that wait, and those that failed and may be asked for again, go to
    the new phone in the same step. Raises ChangedMeanwhile, SamePerson.
    """
    fields = fields_of(values)
    before, was = describe(debtor), debtor.identity
    moved = 0

    def store() -> None:
        nonlocal moved
        if not compare_and_set(Debtor, debtor.pk, {"updated_at": seen}, {**fields, "updated_at": after(seen)}):
            raise ChangedMeanwhile
        suppressions.pass_on(fields, identities=[was])
        changed = values.phone != debtor.phone
        moved = claims.readdress(all_campaigns(), {debtor.pk: values.phone}) if changed else 0

    try:
        run_tx(store)
    except IntegrityError as error:
        raise SamePerson(Debtor.objects.filter(identity=fields["identity"]).first()) from error
    old = debtor.phone
    settle([debtor.pk], phone=values.phone)
    debtor.refresh_from_db()
    told = {
        name: [before.get(name, ""), text] for name, text in describe(debtor).items() if before.get(name, "") != text
    }
    told |= {name: [text, ""] for name, text in before.items() if name not in describe(debtor)}
    if told:
        data = {**told, **({"messages": moved} if moved else {})}
        record(user, "debtor.change", kind="debtor", id=debtor.pk, name=str(debtor), data=data)
    for phone in {old, debtor.phone}:
        publish(ConversationChanged(person_key(phone)))
    publish(DebtorChanged(str(debtor.pk)))
    return moved


def fields_of(values: DebtorValues) -> dict[str, Any]:
    """What is stored for these values."""
    found = {"name": values.name, "rut": values.rut, "external_id": values.external_id, "phone": values.phone}
    identity = identity_of(external_id=values.external_id, rut=values.rut, phone=values.phone)
    return {
        **found,
        "identity": identity,
        "phone_raw": values.phone_raw[:100],
        "country": values.country,
        "debt": values.debt,
        "due_date": values.due_date,
        "owner": values.owner,
        "metadata": dict(values.metadata),
        **found_by(**found),
        **standing_of(values.phone, identity),
    }


def standing_of(phone: str, identity: str) -> dict[str, Any]:
    """What lists tell of who has this phone: of the phone, and not of the debtor that had another one before."""
    conversation = Conversation.objects.filter(key=person_key(phone)).first()
    return {
        "answered_at": conversation.last_in_at if conversation is not None else None,
        "suppressed": suppressions.standing(phone=phone, identity=identity),
    }


def settle(debtors: Collection[ObjectId], *, phone: str) -> None:
    """Have lists and conversations say at once what the engine makes sure of: once the debtors' change is stored."""
    suppressions.mark([phone])
    following.follow(debtors, [phone])


def after(seen: datetime) -> datetime:
    """Now, and surely another moment than the one that was seen, as MongoDB stores moments."""
    return max(timezone.now(), seen + timedelta(milliseconds=1))


def describe(debtor: Debtor) -> Mapping[str, str]:
    """A debtor's values in words, for the audit and for who compares two."""
    owner = debtor.owner.get_username() if debtor.owner else ""
    core = {**initial_of(debtor), "owner": owner, "phone": debtor.phone}
    return {**core, **{f"{{{key}}}": text for key, text in debtor.metadata.items() if text}}


def note(debtor: Debtor, text: str, user: User) -> None:
    """Keep what somebody writes down about a debtor."""
    author = user.get_full_name() or user.get_username()
    DebtorNote.objects.create(debtor=debtor.pk, user=user, author=author[:150], text=text, at=timezone.now())
    record(user, "debtor.note", kind="debtor", id=debtor.pk, name=str(debtor))
    publish(DebtorChanged(str(debtor.pk)))
