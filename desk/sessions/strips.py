"""The last 24 hours of sessions as strips of their states: one query for as many cards as there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson import ObjectId
from django.utils import timezone
from django.utils.translation import gettext as _

from domain.states import SessionStatus
from domain.strips import Cell, Segment, cells, segments, totals
from gateways.sessions import SessionRow
from sessions_app.models import STATUS_LABELS
from sessions_app.queries import states_since

S = SessionStatus
WINDOW = timedelta(hours=24)
STEP = timedelta(minutes=12)
"""What the smallest piece stands for: 120 of them are as fine as a card is wide."""
RANKS = (S.BLOCKED, S.CONFLICT, S.FAILED, S.PAIRING, S.OFFLINE, S.SYNCING, S.STARTING, S.CONNECTED, S.STOPPED)
NOTHING = ""
"""Before the session was added."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A drawn piece: its state (NOTHING before there was one), how many steps wide, and what is said of it."""

    state: str
    steps: int
    title: str


@dataclass(frozen=True, slots=True)
class Strip:
    """`parts` tells how long it was in each state, the longest first: (state, time)."""

    pieces: Sequence[Piece]
    parts: Sequence[tuple[str, str]]
    begin: datetime

    @property
    def steps(self) -> int:
        return sum(piece.steps for piece in self.pieces)

    @property
    def text(self) -> str:
        """The whole strip in words, for who can't see it."""
        return ", ".join(f"{_label(state)} {time}" for state, time in self.parts)


def strips(rows: Sequence[SessionRow]) -> dict[ObjectId, Strip]:
    """The strips of these sessions by their ids."""
    if not rows:
        return {}
    now = max(row.now for row in rows)
    changes = states_since(now - WINDOW, [row.session.pk for row in rows])
    return {row.session.pk: _strip(row, changes.get(row.session.pk, []), now) for row in rows}


def strip(row: SessionRow) -> Strip:
    return strips([row])[row.session.pk]


def _drawn_from(now: datetime) -> datetime:
    """Nearly a day ago, on a step's edge: it moves on by whole steps, and what did not change is not drawn anew."""
    over = timedelta(seconds=now.timestamp() % STEP.total_seconds())
    return now - over + STEP - WINDOW


def _strip(row: SessionRow, changes: Sequence[tuple[datetime, str, str]], now: datetime) -> Strip:
    session = row.session
    before = changes[0][1] if changes else session.status
    moved = [(at, target) for at, _origin, target in changes]
    if session.created_at > now - WINDOW:
        moved.insert(0, (session.created_at, before))
        before = NOTHING
    if row.silent and session.heartbeat_at is not None:
        # Nobody wrote down that it does not answer: whoever would have is away too.
        moved.append((session.heartbeat_at, S.OFFLINE.value))
    day = segments(moved, before=before, begin=now - WINDOW, end=now)
    begin = _drawn_from(now)
    drawn = segments(moved, before=before, begin=begin, end=now)
    pieces = [Piece(cell.state, cell.steps, _title(cell)) for cell in cells(drawn, step=STEP, ranks=RANKS)]
    return Strip(pieces, _parts(day), begin)


def _parts(found: Sequence[Segment]) -> list[tuple[str, str]]:
    return [(state, duration(lasted)) for state, lasted in totals(found).items() if state != NOTHING]


def _title(cell: Cell) -> str:
    begin, end = (timezone.localtime(moment) for moment in (cell.begin, cell.end))
    said = f"{begin:%H:%M}–{end:%H:%M}: {_label(cell.state)}"
    return f"{said} ({duration(cell.lasted)})" if cell.lasted < cell.end - cell.begin else said


def _label(state: str) -> str:
    return str(STATUS_LABELS[S(state)]) if state else _("was not there yet")


def duration(lasted: timedelta) -> str:
    """A span as people say it: `21 h 10 min`, `12 min`, `40 s`."""
    seconds = int(lasted.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join(filter(None, (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")))
