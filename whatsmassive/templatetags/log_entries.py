"""The log's entries in words, and the way to what they are about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import least_role
from accounts.roles import ROLE_LABELS
from domain.roles import Role
from preferences.history import in_words
from preferences.registry import GROUPS
from systemlog.words import ACT_WORDS, act_words

register = template.Library()

VIEWS = {
    "campaign": "campaigns:campaign",
    "session": "desk:session",
    "gateway": "gateways:line",
    "pool": "gateways:pool",
    "import": "debtors:import",
    "debtor": "debtors:debtor",
    "contact": "outreach:contact",
    "book": "outreach:book-file",
    "check": "outreach:check",
    "debtorwork": "debtors:work",
    "conversation": "desk:conversation",
    "settings": "preferences:group",
    "user": "users:user",
}
LEAST = Role.SUPERVISOR
"""The least role that sees the log."""
ACTS = {
    "account.sign_in": _("signed in"),
    "account.sign_out": _("signed out"),
    "account.refused": _("failed to sign in"),
    "account.password": _("changed the password"),
    "account.profile": _("changed their own account"),
    "account.create": _("created the user"),
    "account.change": _("changed the user"),
    "account.deactivate": _("deactivated the user"),
    "account.activate": _("let the user in again"),
    "account.reset_password": _("gave the user another password"),
    "account.end_sign_ins": _("ended sign-ins of the user"),
    "account.hand_over": _("handed over what was the user's"),
    "campaign.create": _("created the campaign"),
    "campaign.change": _("changed the draft"),
    "campaign.duplicate": _("copied the campaign"),
    "campaign.delete": _("deleted the draft"),
    "campaign.start": _("started the campaign"),
    "campaign.schedule": _("scheduled the campaign"),
    "campaign.unschedule": _("made the campaign a draft again"),
    "campaign.pause": _("paused the campaign"),
    "campaign.resume": _("resumed the campaign"),
    "campaign.go_on": _("ended the campaign's pause"),
    "campaign.cancel": _("cancelled the campaign"),
    "campaign.retry": _("sent the campaign's failed messages again"),
    "campaign.archive": _("archived the campaign"),
    "campaign.unarchive": _("listed the campaign again"),
    "campaign.resolve": _("decided on the campaign's uncertain messages"),
    "campaign.export": _("exported the campaign"),
    "campaign.owner": _("gave the campaign to somebody else"),
    "pool.create": _("created the pool"),
    "pool.change": _("changed the pool"),
    "pool.switch_on": _("switched the pool on"),
    "pool.switch_off": _("switched the pool off"),
    "pool.delete": _("deleted the pool"),
    "line.create": _("created the line"),
    "line.change": _("changed the line's settings"),
    "line.price": _("set the line's price of an SMS part"),
    "line.switch_on": _("switched the line on"),
    "line.switch_off": _("switched the line off"),
    "line.move": _("moved the line to another pool"),
    "line.delete": _("deleted the line"),
    "line.test": _("sent a test by the line"),
    "message.reply": _("answered"),
    "conversation.archive": _("archived the conversation"),
    "conversation.unarchive": _("took the conversation out of the archive"),
    "conversation.assign": _("gave the conversation to an executive"),
    "quick_reply.store": _("stored the quick reply"),
    "quick_reply.delete": _("deleted the quick reply"),
    "suppression.add": _("put the person onto the suppression list"),
    "suppression.lift": _("took the person off the suppression list"),
    "suppression.import": _("put the people of the file onto the suppression list"),
    "suppression.export": _("exported the suppression list"),
    "review.out": _("decided that the reply opts out"),
    "review.not": _("decided that the reply does not opt out"),
    "review.undo": _("took back the decision about the reply"),
    "contact.add": _("added the contact"),
    "contact.change": _("changed the contact"),
    "contact.delete": _("deleted the contact"),
    "contact.put_back": _("put the deleted contact back"),
    "contact.import": _("imported the file of contacts"),
    "contact.export": _("exported the contacts"),
    "digests.choose": _("changed their own digests"),
    "digests.test": _("sent themselves a test of digests"),
    "check.create": _("began the number check"),
    "check.stop": _("stopped the number check"),
    "check.go_on": _("went on with the number check"),
    "check.again": _("asked again where the number check had no answer"),
    "check.delete": _("deleted the number check"),
    "check.export": _("exported the number check"),
    "line.show_callback": _("looked at the line's callback address"),
    "session.create": _("added the session"),
    "session.connect": _("connected the session"),
    "session.disconnect": _("disconnected the session"),
    "session.reload": _("loaded the session's page again"),
    "session.reconnect": _("started the session's browser again"),
    "session.verify": _("had the session checked"),
    "session.picture": _("asked for a picture of the session's browser"),
    "session.picture-seen": _("looked at the picture of the session's browser"),
    "session.new-qr": _("asked for a new QR of the session"),
    "session.link-code": _("asked for a code to link the session"),
    "session.logout": _("unlinked the session"),
    "session.reset": _("reset the session's login"),
    "session.delete": _("deleted the session"),
    "session.activate": _("switched the session's line on"),
    "session.deactivate": _("switched the session's line off"),
    "session.limits": _("changed the session's limits"),
    "session.test": _("sent a test through the session"),
    "debtors.export": _("exported debtors"),
    "filter.save": _("saved the filter"),
    "filter.rename": _("renamed the filter"),
    "filter.delete": _("deleted the filter"),
    "filter.share": _("shared the filter"),
    "filter.unshare": _("stopped sharing the filter"),
    "debtors.upload": _("uploaded the file"),
    "debtors.drop": _("threw the file away"),
    "debtors.import": _("imported the file"),
    "debtors.import_stop": _("stopped the import"),
    "debtors.import_go_on": _("went on with the import"),
    "debtor.change": _("changed the debtor"),
    "debtor.note": _("noted something about the debtor"),
    "debtor.merge": _("made two debtors one"),
    "debtor.release": _("took the debtor out of what waits"),
    "debtor.reset": _("let the debtor start over"),
    "debtor.owner": _("gave the debtor to an executive"),
    "debtors.release": _("took debtors out of what waits"),
    "debtors.reset": _("let debtors start over"),
    "debtors.owner": _("gave debtors to an executive"),
    "debtors.delete": _("deleted debtors"),
    "debtors.clean": _("cleaned up debtors"),
    "debtors.work_stop": _("stopped the work on debtors"),
    "debtors.work_go_on": _("went on with the work on debtors"),
    "settings.change": _("changed the settings"),
    "log.export": _("exported the log"),
    "admin.add": _("added to the data"),
    "admin.change": _("changed in the data"),
    "admin.delete": _("deleted from the data"),
}
"""The acts that have words; the tests of the log see that each act that is recorded has some."""
ACT_WORDS.update(ACTS)

KINDS = {
    "campaign": _("Campaigns"),
    "session": _("Sessions"),
    "gateway": _("Lines"),
    "pool": _("Pools"),
    "import": _("Imports"),
    "upload": _("Uploaded files"),
    "debtor": _("Debtors"),
    "debtorwork": _("Work on debtors"),
    "conversation": _("Conversations"),
    "quick_reply": _("Quick replies"),
    "suppression": _("Suppression list"),
    "review": _("Replies to decide about"),
    "contact": _("Contacts"),
    "book": _("Files of contacts"),
    "check": _("Number checks"),
    "filter": _("Saved filters"),
    "settings": _("Settings"),
    "user": _("Users"),
}
"""What entries are about, in the plural."""

FACTS = {
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "email": _("Email"),
    "phone": _("Phone"),
    "role": _("Role"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
    "theme": _("Theme"),
    "address": _("Address"),
    "number": _("Number"),
    "name": _("Name"),
    "reason": _("Reason"),
    "filter": _("Filter"),
    "format": _("Format"),
    "fields": _("Fields"),
    "model": _("Model"),
    "pool": _("Pool"),
    "debtors": _("Debtors"),
    "campaigns": _("Campaigns"),
    "size": _("Size"),
    "to": _("To whom"),
    "code": _("Code"),
    "at": _("Time"),
    "owner": _("Executive"),
    "debt": _("Debt"),
    "due_date": _("Due date"),
}
"""What an entry's data is called; what is not here is called by its own name."""


@register.filter
def log_time(moment: datetime) -> str:
    """The time of an entry, with the day unless it is today."""
    local = timezone.localtime(moment)
    clock = f"{local:%H:%M:%S}"
    return (
        clock if local.date() == timezone.localdate() else f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {clock}"
    )


register.filter("act_words", act_words)


@register.filter
def kind_words(kind: str) -> str:
    return str(KINDS.get(kind, kind))


@register.filter
def entry_name(row: Any) -> str:
    """What the object of an act is called."""
    return str(GROUPS[row.object_id].label if row.kind == "settings" and row.object_id in GROUPS else row.message)


@register.filter
def entry_changes(row: Any) -> Sequence[tuple[str, str, str]]:
    """What an act changed: (what, before, now) of each."""
    changes = row.data.get("changes") if isinstance(row.data, dict) else None
    if not isinstance(changes, dict):
        return []
    if row.kind == "settings" and row.object_id in GROUPS:
        return in_words(GROUPS[row.object_id], changes)
    return [
        (_called(name), _value(name, pair[0]), _value(name, pair[1]))
        for name, pair in changes.items()
        if isinstance(pair, list | tuple) and len(pair) == 2
    ]


@register.filter
def entry_facts(row: Any) -> Sequence[tuple[str, str]]:
    """What else is told of an entry: (what, value) of each, without changes and tracebacks."""
    data = row.data if isinstance(row.data, dict) else {}
    return [(_called(name), _value(name, it)) for name, it in data.items() if name not in ("changes", "traceback")]


def _called(name: str) -> str:
    return str(FACTS.get(name, name.replace("_", " ").replace("-", " ").capitalize()))


def _value(name: str, value: Any) -> str:
    if value in ("", None):
        return "—"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name == "role" and value in list(Role):
        return str(ROLE_LABELS[Role(value)])
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@register.simple_tag
def object_link(row: Any, user: Any = None) -> str:
    """The address of what the entry is about; empty where it is about nothing that has a page, or that is not theirs.

    Without a user, in a list that one rendering serves to all who see the log, it is a page that all of these open.
    """
    view = VIEWS.get(row.kind, "")
    if not row.object_id or not view:
        return ""
    role = user.role if user is not None else LEAST
    if not role.reaches(least_role(view) or Role.EXECUTIVE):
        return ""
    try:
        return reverse(view, args=[row.object_id])
    except NoReverseMatch:
        return ""
