"""The log's entries in words, and the way to what they are about."""

from datetime import datetime
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

register = template.Library()

VIEWS = {
    "campaign": "campaigns:campaign",
    "session": "desk:session",
    "gateway": "gateways:line",
    "pool": "gateways:pool",
    "import": "debtors:import",
    "debtor": "debtors:debtor",
    "conversation": "desk:conversation",
    "settings": "preferences:group",
}
ACTS = {
    "account.sign_in": _("signed in"),
    "account.sign_out": _("signed out"),
    "account.refused": _("failed to sign in"),
    "account.password": _("changed the password"),
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
    "pool.create": _("created the pool"),
    "pool.change": _("changed the pool"),
    "pool.switch_on": _("switched the pool on"),
    "pool.switch_off": _("switched the pool off"),
    "pool.delete": _("deleted the pool"),
    "line.create": _("created the line"),
    "line.change": _("changed the line's settings"),
    "line.switch_on": _("switched the line on"),
    "line.switch_off": _("switched the line off"),
    "line.move": _("moved the line to another pool"),
    "line.delete": _("deleted the line"),
    "line.test": _("sent a test by the line"),
    "message.reply": _("answered"),
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
    "settings.change": _("changed the settings"),
    "admin.add": _("added to the data"),
    "admin.change": _("changed in the data"),
    "admin.delete": _("deleted from the data"),
}
"""The acts that have words; the tests of the log see that each act that is recorded has some."""


@register.filter
def log_time(moment: datetime) -> str:
    """The time of an entry, with the day unless it is today."""
    local = timezone.localtime(moment)
    clock = f"{local:%H:%M:%S}"
    return (
        clock if local.date() == timezone.localdate() else f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {clock}"
    )


@register.filter
def act_words(act: str) -> str:
    return str(ACTS.get(act, act))


@register.simple_tag
def object_link(row: Any) -> str:
    """The address of what the entry is about; empty where it is about nothing that has a page."""
    if not row.object_id or row.kind not in VIEWS:
        return ""
    try:
        return reverse(VIEWS[row.kind], args=[row.object_id])
    except NoReverseMatch:
        return ""
