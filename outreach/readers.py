"""Who is told of a debtor's replies, and how: the owner who is a user, else the executive of the book."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.conf import settings

from accounts.models import User
from debtors.models import Debtor
from domain.pacing import Window, parse_days, parse_hours
from lib.mongo import collection, session
from outreach.models import Contact, DigestSetting
from preferences.queries import get
from sessions_app.models import Session


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who gets digests. `user` is None for an executive who is none."""

    phone: str
    name: str
    user: ObjectId | None
    language: str
    every: int
    most: int
    gateway: ObjectId | None
    """The line that they chose."""


def window() -> Window:
    """When digests may go."""
    hours = parse_hours(get("digests.hours"))
    start, end = hours if hours is not None else (None, None)
    return Window(start, end, parse_days(get("digests.days")), get("sending.timezone"))


def reader_of(phone: str) -> Reader | None:
    """Who has this phone and wants digests; None for nobody."""
    users = list(User.objects.filter(phone=phone, is_active=True).order_by("pk"))
    if users:
        return _user(users[0], DigestSetting.objects.filter(user=users[0]).first())
    contact = Contact.objects.filter(phone=phone, digests=True).first() if get("digests.contacts") else None
    return _of_book(contact) if contact is not None else None


def _user(user: User, chosen: DigestSetting | None) -> Reader | None:
    if not user.phone or not user.is_active or (chosen is not None and not chosen.active):
        return None
    return Reader(
        phone=user.phone,
        name=user.get_full_name() or user.get_username(),
        user=ObjectId(user.pk),
        language=user.language or settings.LANGUAGE_CODE,
        every=chosen.every if chosen is not None and chosen.every else get("digests.every"),
        most=chosen.most if chosen is not None and chosen.most else get("digests.most"),
        gateway=chosen.gateway if chosen is not None else None,
    )


def _of_book(contact: Contact) -> Reader:
    every, most = get("digests.every"), get("digests.most")
    return Reader(contact.phone, contact.name, None, settings.LANGUAGE_CODE, every, most, None)


def readers_of(phones: Iterable[str]) -> Mapping[str, list[tuple[str, ObjectId]]]:
    """Who is told of texts from these phones: {debtor's phone: [(reader's phone, debtor)]}, each reader once."""
    wanted = list(set(phones))
    fields = {"phone": 1, "owner_id": 1, "rut": 1, "updated_at": 1}
    debtors = list(collection(Debtor).find({"phone": {"$in": wanted}}, fields, session=session()))
    if not debtors:
        return {}
    owners = _owners({row["owner_id"] for row in debtors if row.get("owner_id")})
    others = [row["rut"] for row in debtors if row["rut"] and row.get("owner_id") not in owners]
    book = _book(others) if others and get("digests.contacts") else {}
    # An executive who wants none is not told by way of the book either.
    silent = _silent(set(book.values()))
    found: dict[str, dict[str, ObjectId]] = {}
    for row in sorted(debtors, key=lambda each: each["updated_at"], reverse=True):
        reader = owners.get(row.get("owner_id")) or book.get(row["rut"])
        if reader and reader not in silent:
            found.setdefault(row["phone"], {}).setdefault(reader, row["_id"])
    return {phone: list(readers.items()) for phone, readers in found.items()}


def _owners(ids: set[Any]) -> dict[Any, str]:
    """The phones of those owners who want digests."""
    users = User.objects.filter(pk__in=ids, is_active=True).exclude(phone="")
    chosen = {each.user_id: each for each in DigestSetting.objects.filter(user__in=[user.pk for user in users])}
    return {user.pk: user.phone for user in users if _user(user, chosen.get(user.pk)) is not None}


def _book(ruts: Sequence[str]) -> dict[str, str]:
    rows = collection(Contact).find(
        {"rut": {"$in": list(ruts)}, "digests": True}, {"rut": 1, "phone": 1}, session=session()
    )
    return {row["rut"]: str(row["phone"]) for row in rows}


def _silent(phones: set[str]) -> set[str]:
    """Those of the phones whose user has switched digests off."""
    users = {user.pk: user.phone for user in User.objects.filter(phone__in=phones)} if phones else {}
    off = DigestSetting.objects.filter(user__in=list(users), active=False) if users else []
    return {users[each.user_id] for each in off}


def own_phones(phones: Iterable[str]) -> set[str]:
    """Those of the phones that are our sessions' own accounts: what they write is no reply."""
    wanted = list(set(phones))
    return set(Session.objects.filter(phone__in=wanted).values_list("phone", flat=True)) if wanted else set()
