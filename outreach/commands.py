"""Changing the book of contacts: each RUT is in it once."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.core import signing
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from domain.book import Entry, Part, make_entry
from lib.mongo import compare_and_set, server_now
from outreach.errors import OutreachError
from outreach.models import Contact, DigestSetting, contact_values
from outreach.reasons import entry_reason

UNDO_SECONDS = 24 * 3_600
_SALT = "outreach.contact"


def usual_country() -> str:
    """Of RUTs, and of phones without a prefix."""
    return str(settings.DEFAULT_COUNTRY)


def add_contact(*, rut: str, name: str, phone: str, digests: bool = True) -> Contact:
    """Put an executive into the book. Raises OutreachError."""
    entry = _entry(rut, name, phone)
    now = server_now()
    try:
        return Contact.objects.create(**_values(entry), digests=digests, created_at=now, updated_at=now)
    except IntegrityError:
        raise _taken(entry.rut) from None


def change_contact(contact: Contact, *, rut: str, name: str, phone: str, digests: bool) -> Mapping[str, Any]:
    """Change an entry; {field: [before, now]} of what changed. Raises OutreachError, also where others changed it."""
    entry = _entry(rut, name, phone)
    wanted = {"rut": entry.rut, "name": entry.name, "phone": entry.phone, "digests": digests}
    changes = {
        each: [getattr(contact, each), value] for each, value in wanted.items() if getattr(contact, each) != value
    }
    if not changes:
        return {}
    try:
        stored = compare_and_set(
            Contact,
            contact.pk,
            {"updated_at": contact.updated_at},
            {**_values(entry), "digests": digests, "updated_at": timezone.now()},
        )
    except IntegrityError:
        raise _taken(entry.rut) from None
    if not stored:
        raise OutreachError(
            _("Somebody else changed this contact meanwhile. Open it again: nothing of yours was saved.")
        )
    return changes


def delete_contact(contact: Contact) -> str:
    """Take an entry out of the book; a token by which it can be put back for a day. Nothing of it is kept here."""
    values = {"rut": contact.rut, "name": contact.name, "phone": contact.phone, "digests": contact.digests}
    Contact.objects.filter(pk=contact.pk).delete()
    return signing.dumps(values, salt=_SALT)


def put_back(token: str) -> Contact:
    """Undo a deletion. Raises OutreachError where it is too late, or the RUT has another entry by now."""
    try:
        values = signing.loads(token, salt=_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        raise OutreachError(_("It is too late to put it back: add it again.")) from None
    return add_contact(**values)


def _entry(rut: str, name: str, phone: str) -> Entry:
    found = make_entry(rut=rut.strip(), name=name, phone=phone, country=usual_country())
    if isinstance(found, Entry):
        return found
    part, error = found
    written = {Part.RUT: rut, Part.NAME: name, Part.PHONE: phone}[part]
    raise OutreachError(entry_reason(error.code, {**error.params, "value": written.strip()}), field=part.value)


def _values(entry: Entry) -> dict[str, Any]:
    return contact_values(rut=entry.rut, name=entry.name, phone=entry.phone)


def _taken(rut: str) -> OutreachError:
    sentence = _("The RUT %(rut)s is in the book already: change that entry, or correct the RUT.")
    return OutreachError(sentence % {"rut": rut}, field="rut")


# Digests --------------------------------------------------------------------------------------------------------------
def choose_digests(
    user: User, *, active: bool, every: int | None, most: int | None, gateway: ObjectId | None
) -> Mapping[str, Any]:
    """Store what a user chose for their digests; {field: [before, now]} of what changed."""
    before = DigestSetting.objects.filter(user=user).first() or DigestSetting(user=user)
    wanted = {"active": active, "every": every, "most": most, "gateway": gateway}
    changes = {name: [getattr(before, name), value] for name, value in wanted.items() if getattr(before, name) != value}
    if changes:
        DigestSetting.objects.update_or_create(user=user, defaults=wanted)
    return {name: [_plain(value) for value in pair] for name, pair in changes.items()}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, ObjectId) else value
