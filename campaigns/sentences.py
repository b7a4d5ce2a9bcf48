"""What is told about campaigns, in words: why messages were not sent, which rows lack values, what a state allows."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import AudienceCheck
from domain.states import CampaignStatus, MessageStatus
from domain.templating import suggest
from messaging.models import STATUS_LABELS
from messaging.queries import Problem

REASONS = {
    "missing_value": gettext_lazy("a value that the message needs is missing in its row"),
    "cancelled": gettext_lazy("the campaign was cancelled before it was sent"),
    "decided": gettext_lazy("settled by a person"),
    "lane_lost": gettext_lazy("the worker stopped while it was sending"),
    "timeout": gettext_lazy("the gateway did not answer in time"),
    "disconnected": gettext_lazy("the connection ended before the gateway answered"),
    "cut_answer": gettext_lazy("the gateway's answer was cut short"),
    "lost": gettext_lazy("the gateway's answer was lost"),
    "no_answer": gettext_lazy("the gateway gave no answer"),
    "unreadable": gettext_lazy("the gateway's answer does not say whether it took the message"),
    "unknown": gettext_lazy("the gateway can't say what became of it"),
    "rejected": gettext_lazy("the gateway rejected it"),
    "undelivered": gettext_lazy("the gateway reported that it was not delivered"),
    "not_sent": gettext_lazy("it was surely not sent"),
    "not_started": gettext_lazy("its time to start had passed"),
    "dns": gettext_lazy("the gateway's host name does not resolve"),
    "connect": gettext_lazy("the gateway took no connection"),
    "connect_timeout": gettext_lazy("the gateway took no connection in time"),
    "tls": gettext_lazy("the gateway's certificate is not accepted"),
    "private_address": gettext_lazy("the gateway is on a private address, which the settings don't allow"),
    "unsendable": gettext_lazy("it can't be made a request of: see the line's settings"),
    "not_on_whatsapp": gettext_lazy("the number is not on WhatsApp"),
    "number_unconfirmed": gettext_lazy("WhatsApp does not know the number; it is asked again"),
    "rejected_by_whatsapp": gettext_lazy("WhatsApp did not take it"),
    "no_ack": gettext_lazy("WhatsApp has not confirmed it"),
    "no_session": gettext_lazy("no session could take it"),
    "late": gettext_lazy("its time to start had passed"),
    "superseded": gettext_lazy("another worker had taken over its line"),
    "page_error": gettext_lazy("WhatsApp's page reported an error"),
    "no_browser": gettext_lazy("the session's browser is not there"),
    "not_connected": gettext_lazy("the session is not connected"),
    "browser_lost": gettext_lazy("the session's browser was lost while it was sending"),
    "page_reloaded": gettext_lazy("WhatsApp's page was loaded again while it was sending"),
    "seen": gettext_lazy("WhatsApp's page had begun it before"),
    "database_away": gettext_lazy("the database was away"),
    "unusable": gettext_lazy("the line's settings can't be used"),
    "per_minute": gettext_lazy("it has sent what it may in a minute"),
    "per_hour": gettext_lazy("it has sent what it may in an hour"),
    "per_day": gettext_lazy("it has sent what it may in a day"),
    "first_contacts_per_day": gettext_lazy("it has written to as many new people as it may in a day"),
}
TELLING = ("missing_value", "rejected", "undelivered", "unsendable", "unusable")
"""The reasons beside which an example's detail says more than the sentence."""

STATE_HINTS = {
    CampaignStatus.DRAFT: gettext_lazy("It sends nothing until it is started."),
    CampaignStatus.SCHEDULED: gettext_lazy("It begins by itself at its time: start it to begin now, or cancel it."),
    CampaignStatus.RUNNING: gettext_lazy("It is at work: look at its status."),
    CampaignStatus.PAUSED: gettext_lazy("Resume it to go on."),
    CampaignStatus.COMPLETED: gettext_lazy("Nothing is left to send, but failed messages can be sent again."),
    CampaignStatus.CANCELLED: gettext_lazy("It sends nothing more: create another campaign."),
}


def state_hint(status: CampaignStatus) -> str:
    """What can be done with a campaign in this state, for whoever asked for something else."""
    return str(STATE_HINTS[status])


def reason_sentence(reason: str) -> str:
    """The reason in words; one that only the gateway knows is shown as it is."""
    if reason.startswith("http_"):
        return _("the gateway answered with HTTP status %(status)s") % {"status": reason.removeprefix("http_")}
    return str(REASONS.get(reason, reason or _("no reason given")))


def problem_sentence(problem: Problem) -> str:
    """One line on a group of messages that need a look."""
    status = STATUS_LABELS[MessageStatus(problem.status)]
    sentence = f"{status} ({problem.number}): {reason_sentence(problem.reason)}"
    if problem.example and (problem.reason in TELLING or problem.reason not in REASONS):
        sentence += " " + _("(for example: %(example)s)") % {"example": problem.example}
    return sentence


def unknown_placeholder(name: str, known: Sequence[str]) -> str:
    """Why a placeholder can't be used with an audience whose columns are `known`."""
    sentence = _("The placeholder {%(name)s} names no column of the audience.") % {"name": name}
    meant = suggest(name, known)
    if meant:
        sentence += " " + _("Did you mean {%(meant)s}?") % {"meant": meant}
    if known:
        columns = ", ".join(f"{{{column}}}" for column in known)
        sentence += " " + _("Its columns are: %(columns)s.") % {"columns": columns}
    return sentence + " " + _("To allow it to be absent, give it a fallback: {%(name)s|a text}.") % {"name": name}


def incomplete_sentences(found: AudienceCheck, *, most: int = 20, refused: bool = False) -> list[str]:
    """What to tell of the rows that lack a value: how many, and the first ones with their numbers.

    They are skipped, unless the whole campaign was `refused`.
    """
    if not found.incomplete:
        return []
    if refused:
        first = ngettext(
            "%(number)s row lacks a value that the message needs:",
            "%(number)s rows lack a value that the message needs:",
            found.incomplete,
        )
    else:
        first = ngettext(
            "%(number)s row lacks a value that the message needs, and is skipped:",
            "%(number)s rows lack a value that the message needs, and are skipped:",
            found.incomplete,
        )
    lines = [first % {"number": found.incomplete}]
    for entry in found.listed[:most]:
        names = ", ".join(f"{{{name}}}" for name in entry["missing"])
        if entry["row"] is None:
            lines.append(f"  {entry['name']}: {names}")
        else:
            lines.append("  " + _("row %(row)s (%(name)s): %(names)s") % {**entry, "names": names})
    if found.incomplete > most:
        lines.append("  " + _("and %(number)s more") % {"number": found.incomplete - most})
    if found.incomplete == found.rows and not refused:
        lines.append(_("That is every row: as it is, the campaign would reach nobody."))
    if absent := _absent(found):
        names = ", ".join(f"{{{name}}}" for name in absent)
        sentence = _("No row has %(names)s: if a column holds it under another name, import with --map “HEADER=field”.")
        lines.append(sentence % {"names": names})
    return lines


def _absent(found: AudienceCheck) -> list[str]:
    """The placeholders that no row of the audience has, as far as the listed ones tell."""
    if found.incomplete < found.rows:
        return []
    [first, *others] = [entry["missing"] for entry in found.listed]
    return [name for name in first if all(name in missing for missing in others)]
