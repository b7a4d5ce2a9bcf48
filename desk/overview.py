"""What the panel begins with: what needs a hand, the most urgent first, and the first steps of an installation."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.roles import EVERYTHING, Scope
from campaigns.models import Campaign
from debtors.models import Debtor
from desk.conversations import queries as conversations
from desk.sessions import shown
from domain.states import CampaignStatus, SessionStatus
from gateways import sessions
from gateways.describe import line_reason
from gateways.models import Channel, Gateway, LaneHealth, Pool
from lib.figures import figure
from sessions_app.queries import all_sessions

MOST_HANDS = 6
MOST_OF_A_KIND = 200
"""Paused campaigns, or lines that don't answer, that are counted among what needs a hand."""
MOST_PEOPLE = 5
MOST_COUNTED = 1_000
"""A figure that is counted stops here, and says that there are more."""


# What needs a hand ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Hand:
    """Something that waits for a person: why, and the page where it is solved. `colour` is one of the palette."""

    key: str
    colour: str
    icon: str
    title: str
    text: str
    url: str
    """Empty where there is no such page."""
    button: str


def _url(view: str, *args: object) -> str:
    try:
        return reverse(view, args=args)
    except NoReverseMatch:
        return ""


def hands() -> list[Hand]:
    """All that needs a hand, the most urgent first."""
    found = [*_sessions(), *_campaigns(), *_lines(), *unread_hand(EVERYTHING)]
    urgency = {"now": 0, "soon": 1, "working": 2}
    return sorted(found, key=lambda hand: urgency[hand.colour])


def _sessions() -> Iterator[Hand]:
    for row in shown.by_need(sessions.rows(all_sessions())):
        if not shown.needs_a_hand(row):
            return
        session = row.session
        urgent = row.shown_status in (SessionStatus.BLOCKED, SessionStatus.CONFLICT, SessionStatus.FAILED)
        pairing = row.shown_status == SessionStatus.PAIRING
        yield Hand(
            key=f"session-{session.pk}",
            colour="now" if urgent or row.unattended else "soon",
            icon="qr-code" if pairing else "smartphone",
            title=_("Link a phone to “%(name)s”") % {"name": session.name} if pairing
            else _("“%(name)s” can't send") % {"name": session.name},
            text=_("No worker looks after it.") if row.unattended else shown.sentence(row),
            url=_url("desk:session", session.pk),
            button=shown.next_step(row) or _("See what to do"),
        )  # fmt: skip


def _campaigns() -> Iterator[Hand]:
    paused = Campaign.objects.filter(status=CampaignStatus.PAUSED.value).order_by("-created_at")
    for campaign in paused[:MOST_OF_A_KIND]:
        reason = campaign.pause_reason
        yield Hand(
            key=f"campaign-{campaign.pk}",
            colour="soon",
            icon="circle-pause",
            title=_("“%(name)s” is paused") % {"name": campaign.name},
            text=reason[:1].upper() + reason[1:] if reason else _("It sends nothing until somebody resumes it."),
            url=_url("campaigns:campaign", campaign.pk),
            button=_("See the campaign"),
        )


def _lines() -> Iterator[Hand]:
    for line in down(most=MOST_OF_A_KIND):
        why, what = line_reason(line)
        yield Hand(
            key=f"line-{line.pk}",
            colour="now",
            icon="route-off",
            title=_("The line “%(name)s” does not answer") % {"name": line.name},
            text=" ".join(filter(None, (why, what))),
            url=_url("gateways:line", line.pk),
            button=_("See the line"),
        )


def unread_hand(scope: Scope) -> Iterator[Hand]:
    """The people of a scope who wait for an answer: all that needs an executive's hand."""
    number = unread(scope)
    if number:
        sentence = ngettext("%(number)s person wrote to you", "%(number)s people wrote to you", number)
        yield Hand(
            key="unread",
            colour="working",
            icon="messages-square",
            title=sentence % {"number": counted(number)},
            text=_("Their messages are not read yet."),
            url=_url("desk:conversations") + "?show=unread",
            button=_("Read and answer"),
        )


def down(*, most: int = MOST_HANDS) -> list[Gateway]:
    """The SMS lines that don't answer; what a session lacks is told of the session."""
    found = Gateway.objects.filter(active=True, health=LaneHealth.DOWN, channel=Channel.SMS)
    return list(found.select_related("pool").order_by("name")[:most])


def unread(scope: Scope) -> int:
    """How many people of a scope wrote what nobody has read, counted up to MOST_COUNTED + 1."""
    return int(conversations.unread(scope)[: MOST_COUNTED + 1].count())


def counted(number: int) -> str:
    """A figure that was counted up to MOST_COUNTED + 1, in words: `1.000+` where there are more."""
    return f"{figure(MOST_COUNTED)}+" if number > MOST_COUNTED else figure(number)


# The first steps ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class FirstStep:
    """A step of a fresh installation; `url` is the page where it is done."""

    done: bool
    title: str
    text: str
    url: str
    button: str


def first_steps() -> list[FirstStep]:
    """What a fresh installation still needs; empty when the first campaign was started."""
    if Campaign.objects.filter(started_at__isnull=False).exists():
        return []
    lines = Gateway.objects.filter(active=True)
    sms = lines.filter(channel=Channel.SMS).exists()
    linked = sms or any(row.session.phone for row in sessions.rows(all_sessions()))
    added = sms or lines.exists()
    return [
        FirstStep(
            Pool.objects.exists(),
            _("Make a pool"),
            _("A pool is a set of lines that share a campaign's messages, at one pace."),
            _url("gateways:pool-new"),
            _("New pool"),
        ),
        FirstStep(
            linked,
            _("Link a WhatsApp session, or add an SMS line"),
            _("Add a session to the pool and scan its QR with the phone that sends."),
            _url("desk:sessions" if added else "desk:session-new"),
            _("Link its phone") if added else _("New session"),
        ),
        FirstStep(
            Debtor.objects.exists(),
            _("Upload the debtors"),
            _("A spreadsheet with a name and a phone in each row; every other column can be used in messages."),
            _url("debtors:upload"),
            _("Upload a spreadsheet"),
        ),
        FirstStep(
            False,
            _("Start the first campaign"),
            _("Write the message, see how each debtor will get it, and start."),
            _url("campaigns:new"),
            _("New campaign"),
        ),
    ]
