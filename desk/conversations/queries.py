"""What the pages of conversations show: the list of people, and all texts with one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from pymongo.cursor import Cursor

from campaigns.models import Attachment
from desk.conversations.people import line_names
from domain.phones import Phone, parse_phone
from domain.states import MessageStatus
from gateways.models import Gateway
from lib.mongo import collection
from messaging.models import Conversation, IncomingText, Kind, Message
from messaging.reasons import reason_sentence

MOST_NEWER = 99
MOST_FOUND = 200
"""People that a search shows at most."""
AT_ONCE = 60
"""Texts of a conversation on one page."""

TROUBLE = frozenset({MessageStatus.FAILED.value, MessageStatus.SKIPPED.value, MessageStatus.UNCERTAIN.value})


# The list -------------------------------------------------------------------------------------------------------------
def listed(*, unread: bool = False, search: str = "") -> QuerySet[Conversation]:
    """The conversations to be paged by `last_at`: all, or those with unread texts, or those of the phones searched."""
    found = Conversation.objects.filter(is_unread=True) if unread else Conversation.objects.all()
    return found.filter(key__in=_keys(search)) if search else found


def _keys(search: str) -> list[str]:
    """The people whose number begins with what was typed, with or without the country's code."""
    digits = "".join(filter(str.isdigit, search))
    if not digits:
        return []
    whole = parse_phone(search, settings.DEFAULT_COUNTRY)
    if isinstance(whole, Phone):
        return [whole.e164.removeprefix("+")]
    return [row["key"] for row in beginning(digits)]


def beginning(digits: str) -> Cursor[dict[str, Any]]:
    """The keys of the people whose key begins with these digits, the first MOST_FOUND of them."""
    # ":" is what follows the digits. Not by the engine, whose query reads all of the range before it takes the first.
    begins = {"key": {"$gte": digits, "$lt": f"{digits}:"}}
    return collection(Conversation).find(begins, {"key": 1, "_id": 0}).sort("key", 1).limit(MOST_FOUND)


def rows(conversations: Sequence[Conversation]) -> list[dict[str, Any]]:
    """What each row of the list shows, by one query for all of their lines."""
    lines = line_names([conversation.last_gateway for conversation in conversations])
    return [
        {"conversation": one, "line": lines.get(one.last_gateway), "hidden": one.phone.startswith("lid:")}
        for one in conversations
    ]


def newer(than: datetime, *, unread: bool) -> int:
    """How many conversations have a text since that moment, counted up to MOST_NEWER + 1."""
    found = listed(unread=unread).filter(last_at__gt=than)
    return found.order_by("-last_at")[: MOST_NEWER + 1].count()


# One conversation -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Bubble:
    """One text as the conversation shows it. `at` is when it was sent, or made while it was not."""

    id: str
    ours: bool
    at: datetime
    text: str
    media: str
    """The kind of file with it, or its name."""
    channel: str
    line: str
    status: str
    """Of ours; empty for theirs."""
    why: str
    kind: str


@dataclass(frozen=True, slots=True)
class Thread:
    """Texts in their order, by day; `older` is the mark of the page before, empty where there is none."""

    days: list[tuple[str, list[Bubble]]]
    older: str

    @property
    def empty(self) -> bool:
        return not self.days


def thread(phone: str, *, mark: str = "", size: int = AT_ONCE) -> Thread:
    """The latest texts with a person, or those before a mark; both directions read along an index by time."""
    before = _moment(mark)
    ours = Message.objects.filter(phone=phone).defer("attempts")
    theirs = IncomingText.objects.filter(phone=phone)
    if before is not None:
        ours, theirs = ours.filter(created_at__lt=before), theirs.filter(at__lt=before)
    found: list[tuple[datetime, Message | IncomingText]] = [
        *((one.created_at, one) for one in ours.order_by("-created_at")[: size + 1]),
        *((one.at, one) for one in theirs.order_by("-at")[: size + 1]),
    ]
    found.sort(key=lambda pair: pair[0], reverse=True)
    older = ""
    if len(found) > size:
        # What is of the same moment stays together, or the page before would lack it.
        edge = found[size - 1][0]
        found = [pair for pair in found if pair[0] >= edge]
        older = str(round(edge.timestamp() * 1000))
    return Thread(_by_day(_bubbles([one for _at, one in found])), older)


def _moment(mark: str) -> datetime | None:
    """The moment of a mark, milliseconds since 1970; None for what is no mark of ours."""
    if not (mark.isascii() and mark.isdigit() and len(mark) <= 14):
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(mark))


def _bubbles(found: Sequence[Message | IncomingText]) -> list[Bubble]:
    lines = line_names([one.gateway for one in found])
    files = Attachment.objects.only("filename").in_bulk(
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
        channel=one.channel,
        line=line.name if line is not None else "",
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
        channel=line.channel if line is not None else "",
        line=line.name if line is not None else "",
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
