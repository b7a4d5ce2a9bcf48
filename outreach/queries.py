"""Contacts, digests and checks as pages list them; whose phones are executives'."""

from collections.abc import Iterable

from bson import ObjectId
from django.db.models import QuerySet

import lib.arrays  # noqa: F401  # the lookup any_startswith
from accounts.models import User
from accounts.roles import Scope
from domain.finding import search_terms
from lib.mongo import collection, session
from outreach.models import CheckedNumber, Contact, Digest, DigestSetting, NumberCheck

COUNTED = 1_000
"""Rows that a list counts before it says “more than 1,000”."""


def own_phone(scope: Scope) -> str | None:
    """The phone by which a scope's owner is a contact; None where everything is in sight, blank where it has none."""
    if scope.everything:
        return None
    return User.objects.filter(pk=scope.owner).values_list("phone", flat=True).first() or ""


def contacts(scope: Scope, *, search: str = "") -> QuerySet[Contact]:
    """The book by beginnings of words; an executive's own entries are those of their phone."""
    found = Contact.objects.defer("words")
    phone = own_phone(scope)
    if phone is not None:
        found = found.filter(phone=phone) if phone else found.none()
    for term in search_terms(search):
        found = found.filter(words__any_startswith=term)
    return found


def digests(scope: Scope) -> QuerySet[Digest]:
    """The digests that were made; an executive sees their own."""
    phone = own_phone(scope)
    if phone is None:
        return Digest.objects.all()
    return Digest.objects.filter(phone=phone) if phone else Digest.objects.none()


def checks() -> QuerySet[NumberCheck]:
    return NumberCheck.objects.all()


def numbers_of(check: ObjectId, *, status: str = "") -> QuerySet[CheckedNumber]:
    """A check's numbers in their order."""
    found = CheckedNumber.objects.filter(batch=check)
    return found.filter(status=status) if status else found


def counted(found: QuerySet[Contact]) -> int:
    """How many there are, at most one more than COUNTED."""
    return found.order_by()[: COUNTED + 1].count()


def users_of(phones: Iterable[str]) -> dict[str, User]:
    """The active users who have these phones."""
    wanted = [phone for phone in set(phones) if phone]
    found = User.objects.filter(phone__in=wanted, is_active=True).order_by("-pk") if wanted else []
    return {user.phone: user for user in found}


def executives(phones: Iterable[str]) -> dict[str, str]:
    """Which of the phones are executives', users or of the book, with what they are called."""
    wanted = [phone for phone in set(phones) if phone]
    if not wanted:
        return {}
    rows = collection(Contact).find({"phone": {"$in": wanted}}, {"phone": 1, "name": 1}, session=session())
    names = {row["phone"]: str(row["name"]) for row in rows}
    people = User.objects.filter(phone__in=wanted)
    return names | {user.phone: user.get_full_name() or user.get_username() for user in people}


def setting_of(user: User) -> DigestSetting | None:
    """What a user has chosen for their digests."""
    return DigestSetting.objects.filter(user=user).first()
