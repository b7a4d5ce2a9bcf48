"""An executive's own figures, each read along an index and no further than it is told."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.roles import Scope, sees
from debtors.models import Debtor
from domain.day import begins, day_of
from lib.figures import figure
from messaging.models import Conversation, Direction

MOST_PEOPLE = 10
MOST_COUNTED = 1_000
MOST_DEBTORS = 10_000
"""What an executive has at most; counted along an index, that takes a few milliseconds."""
WAITS_FOR = timedelta(days=7)
"""Who wrote last and longer ago than this does not wait for an answer any more."""


@dataclass(frozen=True, slots=True)
class OwnFigure:
    """A figure in words, as `1.000+` where there are more, with the page where they are."""

    label: str
    number: str
    colour: str
    text: str
    view: str


def only(user: Any, key: str) -> bool:
    """Whether a live part that is somebody's alone is that user's."""
    return bool(key) and sees(user, key)


def figures(scope: Scope, now: datetime | None = None) -> list[OwnFigure]:
    """How many debtors are theirs, who of them wrote today, and who waits for an answer."""
    moment = now or datetime.now(UTC)
    zone = timezone.get_default_timezone()
    midnight = begins(day_of(moment, zone), zone)
    people = Conversation.objects.filter(**scope.where("owners"))
    wrote = people.filter(last_at__gte=midnight, last_in_at__gte=midnight)
    waits = people.filter(last_at__gte=moment - WAITS_FOR, last_direction=Direction.IN.value)
    waiting, more = _counted(waits, MOST_COUNTED)
    return [
        OwnFigure(
            _("Without an answer"), f"{figure(waiting)}{more}", "soon" if waiting else "done",
            _("wrote last, in these 7 days"), "desk:conversations",
        ),
        OwnFigure(
            _("Wrote today"), _told(wrote, MOST_COUNTED), "working", _("people, since midnight"), "desk:conversations"
        ),
        OwnFigure(
            _("Your debtors"), _told(Debtor.objects.filter(**scope.where()), MOST_DEBTORS), "waiting",
            _("that you are in charge of"), "debtors:list",
        ),
    ]  # fmt: skip


def _told(found: Any, most: int) -> str:
    number, more = _counted(found, most)
    return f"{figure(number)}{more}"


def _counted(found: Any, most: int) -> tuple[int, str]:
    number = int(found.order_by()[: most + 1].count())
    return (most, "+") if number > most else (number, "")
