"""What is told about campaigns, in words: what went wrong with messages, rows without values, what a state allows."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.models import AudienceCheck
from domain.states import CampaignStatus, MessageStatus
from domain.templating import suggest
from lib.figures import figure
from messaging.models import STATUS_LABELS
from messaging.queries import Problem
from messaging.reasons import REASONS, reason_sentence

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


def problem_sentence(problem: Problem) -> str:
    """One line on a group of messages that need a look."""
    status = STATUS_LABELS[MessageStatus(problem.status)]
    number = figure(problem.number)
    sentence = f"{status} ({number}): {reason_sentence(problem.reason)}"
    return " ".join(filter(None, (sentence, example_sentence(problem))))


def example_sentence(problem: Problem) -> str:
    """What the far side said of one of them, where that says more than the reason; else empty."""
    if problem.example and (problem.reason in TELLING or problem.reason not in REASONS):
        return _("(for example: %(example)s)") % {"example": problem.example}
    return ""


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
