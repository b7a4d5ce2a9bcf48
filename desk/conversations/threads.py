"""All texts with one person, across lines: what the middle of a conversation's page shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from campaigns.models import Attachment
from desk.conversations.people import line_names
from domain.folding import fold
from domain.states import MessageStatus
from gateways.models import Gateway
from messaging.models import IncomingText, Kind, Message
from messaging.reasons import reason_sentence

AT_ONCE = 60
"""Texts of a conversation on one page."""
MOST_LIVE = 400
"""Texts that the live part holds at most: those of the page as it was opened, and what came since."""
SEARCHED = 3_000
"""The latest texts of a person that a search looks through, each way."""
MOST_FOUND = 100

TROUBLE = frozenset({MessageStatus.FAILED.value, MessageStatus.SKIPPED.value, MessageStatus.UNCERTAIN.value})


@dataclass(frozen=True, slots=True)
class Bubble:
    """One text as the conversation shows it. `at` is when it was sent, or made while it was not."""

    id: str
    ours: bool
    at: datetime
    text: str
    media: str
    """The kind of file with it, or its name."""
    file: str
    """The id of a file of ours, which can be looked at; `picture` where it is one."""
    picture: bool
    channel: str
    line: str
    after: str
    """The mark of the page that ends with it."""
    status: str
    """Of ours; empty for theirs."""
    why: str
    kind: str


@dataclass(frozen=True, slots=True)
class Thread:
    """Texts in their order, by day.

    `older` is the mark of the page before, empty where there is none; `since` is the moment from which on all are here,
    0 where that is all of them. `first_unread` is the text before which the page says that new ones begin.
    """

    days: list[tuple[str, list[Bubble]]]
    older: str = ""
    since: str = "0"
    first_unread: str = ""

    @property
    def empty(self) -> bool:
        return not self.days


def thread(phone: str, *, before: str = "", since: str = "", unread: str = "", size: int = AT_ONCE) -> Thread:
    """The latest texts with a person, or those before a mark, or (as the live part asks) those since a moment.

    Marks and moments are milliseconds since 1970. Both directions read along an index by time.
    """
    edge, start = moment(before), moment(since)
    ours = Message.objects.filter(phone=phone).defer("attempts")
    theirs = IncomingText.objects.filter(phone=phone)
    if edge is not None:
        ours, theirs = ours.filter(created_at__lt=edge), theirs.filter(at__lt=edge)
    if start is not None:
        ours, theirs, size = ours.filter(created_at__gte=start), theirs.filter(at__gte=start), MOST_LIVE
    found: list[tuple[datetime, Message | IncomingText]] = [
        *((one.created_at, one) for one in ours.order_by("-created_at")[: size + 1]),
        *((one.at, one) for one in theirs.order_by("-at")[: size + 1]),
    ]
    found.sort(key=lambda pair: pair[0], reverse=True)
    older = ""
    if len(found) > size:
        # What is of the same moment stays together, or the page before would lack it.
        cut = found[size - 1][0]
        found = [pair for pair in found if pair[0] >= cut]
        older = millis(cut)
    bubbles = _bubbles([one for _at, one in found])
    first = moment(unread) if unread != "0" else None
    new = (one.id for one in bubbles if not one.ours and first is not None and one.at >= first)
    return Thread(_by_day(bubbles), older, since or older or "0", next(new, ""))


def found(phone: str, words: str) -> list[tuple[str, list[Bubble]]]:
    """The texts with a person that hold these words, without regard to case and accents: the latest MOST_FOUND."""
    wanted = fold(words)
    if not wanted:
        return []
    ours = Message.objects.filter(phone=phone).defer("attempts").order_by("-created_at")[:SEARCHED]
    theirs = IncomingText.objects.filter(phone=phone).order_by("-at")[:SEARCHED]
    both: list[Message | IncomingText] = [*ours, *theirs]
    fitting = [one for one in both if wanted in fold(one.text)]
    fitting.sort(key=lambda one: one.created_at if isinstance(one, Message) else one.at)
    return _by_day(_bubbles(fitting[-MOST_FOUND:]))


def unread_since(phone: str, number: int) -> str:
    """When the first of so many unread texts was written; 0 where there is none."""
    if not number:
        return "0"
    times = IncomingText.objects.filter(phone=phone).order_by("-at").values_list("at", flat=True)
    last = list(times[: min(number, AT_ONCE)])
    return millis(last[-1]) if last else "0"


def millis(at: datetime) -> str:
    return str(round(at.timestamp() * 1000))


def moment(mark: str) -> datetime | None:
    """The moment of a mark, milliseconds since 1970; None for what is no mark of ours."""
    if not (mark.isascii() and mark.isdigit() and len(mark) <= 14):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(mark))


def _bubbles(found: Sequence[Message | IncomingText]) -> list[Bubble]:
    lines = line_names([one.gateway for one in found])
    files = Attachment.objects.only("filename", "mimetype").in_bulk(
        list({one.attachment for one in found if isinstance(one, Message) and one.attachment is not None})
    )
    made = [
        _of_message(one, lines.get(one.gateway), files.get(one.attachment))
        if isinstance(one, Message)
        else _of_text(one, lines.get(one.gateway))
        for one in found
    ]
    return sorted(made, key=lambda bubble: (bubble.at, bubble.id))


def _of_message(one: Message, line: Gateway | None, file: Attachment | None) -> Bubble:
    kinds = {Kind.TEST.value: _("test"), Kind.REPLY.value: _("reply"), Kind.CAMPAIGN.value: _("campaign")}
    return Bubble(
        id=f"m{one.pk}",
        ours=True,
        at=one.sent_at or one.failed_at or one.created_at,
        text=one.text,
        media=file.filename if file is not None else "",
        file=str(file.pk) if file is not None else "",
        picture=file is not None and file.mimetype.startswith("image/"),
        channel=one.channel,
        line=line.name if line is not None else "",
        after=millis(one.created_at + timedelta(milliseconds=1)),
        status=one.status,
        why=reason_sentence(one.reason) if one.reason and one.status in TROUBLE else "",
        kind=kinds.get(one.kind, ""),
    )


def _of_text(one: IncomingText, line: Gateway | None) -> Bubble:
    return Bubble(
        id=f"t{one.pk}",
        ours=False,
        at=one.at,
        text=one.text,
        media=_media(one.media),
        file="",
        picture=False,
        channel=line.channel if line is not None else "",
        line=line.name if line is not None else "",
        after=millis(one.at + timedelta(milliseconds=1)),
        status="",
        why="",
        kind="",
    )


def _media(kind: str) -> str:
    """The kind of a file that somebody sent, in a word."""
    words = {
        "image": _("Image"),
        "video": _("Video"),
        "audio": _("Audio"),
        "ptt": _("Voice message"),
        "document": _("Document"),
        "sticker": _("Sticker"),
        "location": _("Location"),
        "vcard": _("Contact card"),
    }
    return words.get(kind, kind)


def _by_day(bubbles: Sequence[Bubble]) -> list[tuple[str, list[Bubble]]]:
    today = timezone.localdate()
    days = groupby(bubbles, key=lambda bubble: timezone.localtime(bubble.at).date())
    return [(_day(day, today), list(those)) for day, those in days]


def _day(day: date, today: date) -> str:
    if day == today:
        return _("Today")
    return _("Yesterday") if day == today - timedelta(days=1) else formats.date_format(day, "DATE_FORMAT")
