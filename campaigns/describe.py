"""A campaign's state and counts as lines of text for a person."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.costing import cost_lines
from campaigns.models import STATUS_LABELS, CampaignChannel, NoSessionPolicy
from campaigns.queries import LineTrouble, Progress
from campaigns.report import LaneRow, Report, Sessions
from domain.costs import Spent
from domain.pacing import Window
from domain.states import CampaignStatus, MessageStatus, SessionStatus
from gateways.models import Channel
from lib import amounts
from messaging.models import STATUS_LABELS as MESSAGE_LABELS
from messaging.reasons import reason_sentence
from messaging.replies import Reply
from preferences.sending import weekdays_in_words
from sessions_app.models import STATUS_LABELS as SESSION_LABELS


def status_text(progress: Progress) -> str:
    """The state in words, with why it is paused or what it waits for."""
    label = str(STATUS_LABELS[CampaignStatus(progress.status)])
    if progress.pause_reason:
        return f"{label} ({progress.pause_reason})"
    if progress.scheduled_at:
        when = moment_text(progress.scheduled_at, progress.timezone)
        return label + " " + _("(starts at %(time)s)") % {"time": when}
    if progress.waits_until:
        when = moment_text(progress.waits_until, progress.timezone)
        return label + " " + _("(its sending window opens at %(time)s)") % {"time": when}
    for rests in progress.rests[:1]:
        when = moment_text(rests.rests_until, progress.timezone) if rests.rests_until else ""
        return (
            label
            + " "
            + _("(it rests until %(time)s, pause %(number)s of %(planned)s)")
            % {"time": when, "number": rests.begun, "planned": rests.planned}
        )
    return label


def moment_text(moment: datetime, zone: str) -> str:
    """A moment on the clocks of a time zone, which it names."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def summary_line(progress: Progress) -> str:
    """One line of a list of campaigns."""
    waiting = progress.counts["pending"] + progress.counts["claimed"]
    return f"{progress.name}  {status_text(progress)}  {progress.total - waiting}/{progress.total}"


def describe(progress: Progress) -> list[str]:
    """Its state, what it waits for, and how many messages are in each state."""
    lines = [f"{progress.name}: {status_text(progress)}"]
    if progress.unattended:
        lines.append("  " + unattended_sentence())
    elif not progress.enrolled and progress.status == CampaignStatus.RUNNING:
        lines.append("  " + _("its recipients are still being enrolled"))
    lines.append("  " + _("total: %(number)s") % {"number": progress.total})
    lines += [
        f"  {MESSAGE_LABELS[MessageStatus(status)]}: {number}" for status, number in progress.counts.items() if number
    ]
    return lines


def describe_report(report: Report) -> list[str]:
    """The same, with what goes with WhatsApp: channel, attachment, fallback; and how many people answered."""
    lines = describe(report.progress)
    if report.sessions is not None:
        lines.append("  " + _("channel: %(channel)s") % {"channel": CampaignChannel(report.progress.channel).label})
    if report.attachment:
        lines.append("  " + _("attachment: %(name)s") % {"name": report.attachment})
    if report.fallback:
        lines.append("  " + _("by SMS instead: %(number)s") % {"number": report.fallback})
    if report.replied:
        sentence = ngettext("replied: %(number)s person", "replied: %(number)s people", report.replied)
        lines.append("  " + sentence % {"number": report.replied})
    lines += [f"  {line}" for line in cost_lines(report.costs)]
    return lines


def sessions_sentence(report: Report) -> str:
    """What a running campaign does that has too few connected sessions, and how to help it."""
    if report.sessions is None:
        return ""
    shortage = shortage_sentence(report.sessions, report.progress.channel)
    return shortage + " " + _("Connect one with `manage.py session connect NAME`.")


def shortage_sentence(sessions: Sessions, channel: str) -> str:
    """How many sessions are missing, and what a running campaign of this channel does about it."""
    sentence = _("%(connected)s of its %(active)s sessions are connected, and it needs %(needed)s:") % {
        "connected": sessions.connected,
        "active": sessions.active,
        "needed": sessions.needed,
    }
    minutes = formats.number_format(f"{sessions.minutes:g}")
    if sessions.policy == NoSessionPolicy.PAUSE:
        then = _("it is about to be paused.")
    elif sessions.policy == NoSessionPolicy.BORROW:
        then = _("sessions of other pools send for it.")
    elif channel == CampaignChannel.WHATSAPP_FALLBACK_SMS:
        then = _("it waits %(minutes)s minutes, then goes on by SMS.") % {"minutes": minutes}
    else:
        then = _("it waits %(minutes)s minutes, then it is paused.") % {"minutes": minutes}
    return f"{sentence} {then}"


def window_text(window: Window) -> str:
    """When a campaign may send, on one line: `08:00-20:00, Mon-Sat`."""
    hours = _("all day")
    if window.start is not None and window.end is not None:
        hours = f"{window.start:%H:%M}–{window.end:%H:%M}"
    return f"{hours}, {days_text(window.days)}"


def days_text(days: Collection[int]) -> str:
    """Weekdays (0 = Monday) in short words; three and more that follow each other as a stretch of them."""
    return weekdays_in_words(days)


def lane_table(lanes: Sequence[LaneRow], costs: Mapping[ObjectId | None, Spent] | None = None) -> list[list[str]]:
    """A title row, then one row a line: name, channel, state of its session, the counts that are not all 0, and what
    its SMS cost, where any did."""
    statuses = [status for status in MessageStatus if any(lane.counts.get(status) for lane in lanes)]
    titles = [_("Line"), _("Channel"), _("Session"), *(str(MESSAGE_LABELS[status]) for status in statuses)]
    rows = [
        [
            lane.name or _("(no line yet)"),
            str(Channel(lane.channel).label),
            session_label(lane),
            *(str(lane.counts.get(status, 0)) for status in statuses),
        ]
        for lane in lanes
    ]
    if costs:
        titles += [_("SMS parts"), _("Cost")]
        for lane, row in zip(lanes, rows, strict=True):
            spent = costs.get(lane.gateway.pk) if lane.gateway is not None else None
            row.extend([str(spent.parts), amounts.spent(spent)] if spent is not None else ["0", "—"])
    return [titles, *rows]


def session_label(lane: LaneRow) -> str:
    """The state of a line's session in a word; one that says connected and does not answer is not."""
    if not lane.session:
        return ""
    if lane.session == SessionStatus.CONNECTED and not lane.connected:
        return _("does not answer")
    return str(SESSION_LABELS[SessionStatus(lane.session)])


def table_lines(table: Sequence[Sequence[str]]) -> list[str]:
    """A table as lines of text, with its columns below each other; numbers stand to the right."""
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    return [
        "  ".join(
            cell.rjust(width) if cell.isdigit() else cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in table
    ]


def unattended_sentence() -> str:
    return _("Nobody has taken it up: start the workers with `bin/services start --workers`.")


def line_sentence(trouble: LineTrouble, zone: str) -> str:
    """What is wrong with a line, and when it is tried again."""
    if trouble.down:
        sentence = _("The line “%(name)s” does not work: %(reason)s.")
    else:
        sentence = _("The line “%(name)s” rests: %(reason)s.")
    sentence %= {"name": trouble.name, "reason": reason_sentence(trouble.code)}
    if trouble.tried_again_at is None:
        return sentence
    when = f"{trouble.tried_again_at.astimezone(ZoneInfo(zone)):%H:%M:%S}"
    return sentence + " " + _("It is tried again at %(time)s.") % {"time": when}


def reply_line(reply: Reply, line: str, zone: str) -> str:
    """One person who answered: who, when, by which line, how many texts, and the last of them on one line."""
    said = " ".join(reply.text.split())
    if reply.media:
        said = f"[{reply.media}] {said}".rstrip()
    texts = ngettext("%(number)s text", "%(number)s texts", reply.texts) % {"number": reply.texts}
    return "  ".join([reply.name or "—", reply.phone, moment_text(reply.last_at, zone), line, texts, said]).rstrip()


def reply_json(reply: Reply, line: str) -> dict[str, Any]:
    """What `campaign replies --json` prints of one person."""
    return {
        "name": reply.name,
        "phone": reply.phone,
        "row": reply.row,
        "line": line,
        "texts": reply.texts,
        "first_at": reply.first_at.isoformat(),
        "last_at": reply.last_at.isoformat(),
        "last_text": reply.text,
        "last_media": reply.media,
    }
