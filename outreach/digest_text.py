"""What a digest says, in the language of its reader."""

from collections.abc import Sequence

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from domain.digests import Told, beginning, masked, named
from domain.people import is_hidden
from domain.phones import shown_phone


def digest_text(people: Sequence[Told], *, most: int, full_phones: bool) -> str:
    """The text of a digest of these people, in the active language."""
    shown, more = named(people, most=most)
    texts = sum(each.texts for each in people)
    head = ngettext("%(number)s reply of your debtors", "%(number)s replies of your debtors", texts) % {"number": texts}
    lines = [f"*{head}*", "", *(_line(each, full_phones=full_phones) for each in shown)]
    if more:
        lines.append(ngettext("… and %(number)s person more", "… and %(number)s people more", more) % {"number": more})
    if settings.PUBLIC_URL:
        lines += ["", f"{settings.PUBLIC_URL.rstrip('/')}{reverse('desk:conversations')}"]
    return "\n".join(lines)


def test_text(name: str) -> str:
    """What is sent to see whether digests arrive."""
    lines = [
        _("*Test of digests*"),
        "",
        _("%(name)s: replies of your debtors will come like this one.") % {"name": name},
        _("• María Pérez (+56 •••• 5678): “I paid this morning”"),
    ]
    return "\n".join(lines)


def _line(told: Told, *, full_phones: bool) -> str:
    last = told.last
    phone = "" if is_hidden(last.phone) else shown_phone(last.phone) if full_phones else masked(last.phone)
    who = f"{last.name} ({phone})" if last.name and phone else last.name or phone or _("somebody without a number")
    if told.texts > 1:
        who += ", " + ngettext("%(number)s text", "%(number)s texts", told.texts) % {"number": told.texts}
    said = beginning(last.text)
    if not said:
        return f"• {who}: " + _("a file")
    return f"• {who}: “{said}”"
