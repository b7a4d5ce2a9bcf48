"""All contacts with one debtor in the order of time: messages of every campaign and line, replies, acts and notes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from debtors.intake.reasons import FIELD_LABELS
from debtors.models import ROW_LABELS, Debtor, DebtorNote, ImportRow, Outcome, Suppression, SuppressionSource
from debtors.queries import rows_of
from desk.conversations.people import line_names
from desk.debtors.acts import all_campaigns
from desk.debtors.merging import parts_of
from domain.phones import shown_phone
from domain.states import MessageStatus
from messaging import claims
from messaging.models import IncomingText, Kind, Message
from messaging.reasons import reason_sentence
from systemlog.models import SystemLog

AT_ONCE = 40
MOST_ROWS = 50
"""Rows of files that a history tells of: the latest."""
TROUBLE = frozenset({MessageStatus.FAILED.value, MessageStatus.SKIPPED.value, MessageStatus.UNCERTAIN.value})
CHANGING = [MessageStatus.PENDING, MessageStatus.CLAIMED, MessageStatus.SENDING, MessageStatus.SENT]


@dataclass(slots=True)
class Entry:
    """One thing that happened. `sort` is a template's word for it: message, text, act, note, row, out, lifted."""

    id: str
    sort: str
    at: datetime
    text: str = ""
    who: str = ""
    line: str = ""
    channel: str = ""
    kind: str = ""
    status: str = ""
    why: str = ""
    phone: str = ""
    """Where it went, if that is not the debtor's phone of now."""
    campaign: Campaign | None = None
    message: ObjectId | None = None
    times: list[tuple[str, datetime]] = field(default_factory=list)
    act: str = ""
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    """(what, before, after)."""
    row: ImportRow | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The latest first; `older` is the mark of what comes before, empty where there is nothing."""

    days: list[tuple[datetime, list[Entry]]]
    older: str


def history(debtor: Debtor, *, mark: str = "", size: int = AT_ONCE) -> History:
    """The latest contacts, or those before a mark; each source is read along an index by time."""
    before = _moment(mark)
    parts = parts_of(debtor.pk)
    found: list[tuple[datetime, Any]] = [
        *((one.created_at, one) for one in _messages(debtor, parts, before, size)),
        *((one.at, one) for one in _until(IncomingText.objects.filter(phone=debtor.phone), "at", before)[: size + 1]),
        *((one.at, one) for one in _until(DebtorNote.objects.filter(debtor=debtor.pk), "at", before)[: size + 1]),
        *((one.at, one) for one in _acts(debtor, before)[: size + 1]),
        *((at, one) for at, one in _suppressions(debtor) if before is None or at < before),
        *((row.source.started_at, row) for row in rows_of(debtor.pk, most=MOST_ROWS) if _is_before(row, before)),
    ]
    found.sort(key=lambda pair: pair[0], reverse=True)
    older = ""
    if len(found) > size:
        # What is of the same moment stays together, or the page before would lack it.
        edge = found[size - 1][0]
        found = [pair for pair in found if pair[0] >= edge]
        older = str(round(edge.timestamp() * 1000))
    return History(_by_day(_entries(debtor, [one for _at, one in found])), older)


def changes_it(debtor: Debtor) -> list[ObjectId]:
    """The campaigns whose news may change it: those that have a message of the debtor that is still on its way."""
    rows = claims.messages_of(all_campaigns(), [debtor.pk], CHANGING, fields={"campaign": 1})
    return [row["campaign"] for row in rows]


def _messages(debtor: Debtor, parts: Sequence[ObjectId], before: datetime | None, size: int) -> list[Message]:
    """Those that went to the phone, unless they were another debtor's; and the debtor's own to phones of before."""
    own = Q(debtor__isnull=True) | Q(debtor__in=parts)
    here = _until(Message.objects.filter(own, phone=debtor.phone), "created_at", before)[: size + 1]
    fields = {"phone": 1, "created_at": 1}
    elsewhere = [
        row
        for row in claims.messages_of(all_campaigns(), parts, list(MessageStatus), fields=fields)
        if row["phone"] != debtor.phone and (before is None or row["created_at"].replace(tzinfo=UTC) < before)
    ]
    elsewhere.sort(key=lambda row: row["created_at"], reverse=True)
    keys = [row["_id"] for row in elsewhere[: size + 1]]
    return [*here, *(Message.objects.filter(pk__in=keys) if keys else [])]


def _until(found: Any, by: str, before: datetime | None) -> Any:
    return (found.filter(**{f"{by}__lt": before}) if before else found).order_by(f"-{by}")


def _acts(debtor: Debtor, before: datetime | None) -> Any:
    # A note's text is told by the note itself.
    acts = SystemLog.objects.filter(kind="debtor", object_id=str(debtor.pk), act=True).exclude(source="debtor.note")
    return _until(acts, "at", before)


def _suppressions(debtor: Debtor) -> list[tuple[datetime, tuple[str, Suppression]]]:
    """When the phone came onto the suppression list last, and when it was taken off, however either was done."""
    found = Suppression.objects.filter(phone=debtor.phone).first()
    if found is None:
        return []
    lifted = [(found.lifted_at, ("lifted", found))] if found.lifted_at is not None else []
    return [(found.at, ("out", found)), *lifted]


def _is_before(row: ImportRow, before: datetime | None) -> bool:
    return before is None or row.source.started_at < before


def _moment(mark: str) -> datetime | None:
    if not (mark.isascii() and mark.isdigit() and len(mark) <= 14):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(mark))


def _entries(debtor: Debtor, found: Sequence[Any]) -> list[Entry]:
    sent = [one for one in found if isinstance(one, Message)]
    lines = line_names([one.gateway for one in found if isinstance(one, Message | IncomingText)])
    campaigns = Campaign.objects.only("name", "owner").in_bulk({one.campaign for one in sent} - {None})
    made: list[Entry] = []
    for one in found:
        if isinstance(one, Message):
            made.append(_of_message(one, debtor, lines.get(one.gateway), campaigns.get(one.campaign)))
        elif isinstance(one, IncomingText):
            line = lines.get(one.gateway)
            made.append(
                Entry(
                    f"t{one.pk}",
                    "text",
                    one.at,
                    text=one.text or f"({one.media})",
                    line=line.name if line else "",
                    channel=line.channel if line else "",
                )
            )
        elif isinstance(one, DebtorNote):
            made.append(Entry(f"n{one.pk}", "note", one.at, text=one.text, who=one.author))
        elif isinstance(one, tuple):
            made.append(_of_suppression(*one))
        elif isinstance(one, SystemLog):
            made.append(Entry(f"a{one.pk}", "act", one.at, who=one.actor, act=one.source, changes=_changes(one.data)))
        else:
            word = str(ROW_LABELS.get(Outcome(one.outcome), one.outcome))
            made.append(Entry(f"r{one.pk}", "row", one.source.started_at, text=word, row=one))
    return made


def _of_message(one: Message, debtor: Debtor, line: Any, campaign: Campaign | None) -> Entry:
    kinds = {Kind.TEST.value: _("test"), Kind.REPLY.value: _("reply"), Kind.DIGEST.value: _("digest")}
    times = [
        (_("sent"), one.sent_at),
        (_("delivered"), one.delivered_at),
        (_("read"), one.read_at),
        (_("failed"), one.failed_at),
    ]
    return Entry(
        f"m{one.pk}",
        "message",
        one.created_at,
        text=one.text,
        line=line.name if line else "",
        channel=one.channel,
        kind=kinds.get(one.kind, ""),
        status=one.status,
        why=reason_sentence(one.reason) if one.reason and one.status in TROUBLE else "",
        phone=shown_phone(one.phone) if one.phone != debtor.phone else "",
        campaign=campaign,
        message=one.pk,
        times=[(word, at) for word, at in times if at is not None],
    )


def _of_suppression(sort: str, one: Suppression) -> Entry:
    if sort == "lifted" and one.lifted_at is not None:
        return Entry(f"l{one.pk}", sort, one.lifted_at, who=one.lifted_by, why=one.lift_reason)
    by_hand = one.source != SuppressionSource.REPLY
    return Entry(f"o{one.pk}", sort, one.at, text=one.said, who=one.actor if by_hand else "", why=one.reason,
                 kind=str(SuppressionSource(one.source).label))  # fmt: skip


def _changes(data: Any) -> list[tuple[str, str, str]]:
    """The values that an act changed, of those that it kept as [before, after]."""
    labels = {**{name: str(label) for name, label in FIELD_LABELS.items()}, "owner": _("Executive")}
    pairs = data.items() if isinstance(data, dict) else ()
    return [
        (labels.get(name, name.strip("{}")), str(value[0]), str(value[1]))
        for name, value in pairs
        if isinstance(value, list) and len(value) == 2
    ]


def _by_day(entries: Sequence[Entry]) -> list[tuple[datetime, list[Entry]]]:
    days: dict[Any, list[Entry]] = {}
    for entry in entries:
        days.setdefault(timezone.localtime(entry.at).date(), []).append(entry)
    return [(those[0].at, those) for those in days.values()]
