"""What the pictures of a pool show: who gets what by its strategy, and what its delays make of a minute."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from domain import sketch
from domain.pacing import Pace
from domain.sketch import EXAMPLE, SPEEDS, Piece, Rate
from gateways.describe import plain_number
from gateways.models import Channel, Pool, Strategy
from gateways.queries import LineRow

WIDTH, TRACK_TOP, TRACK, ROW = 320, 20, 22, 52
"""In the units of the drawing: a card on a phone is about as wide as it."""

MOST_LANES = len(SPEEDS)
LONGEST_NAME = 24
SHARES: Mapping[str, Callable[[Sequence[float]], list[list[Piece]]]] = {
    Strategy.COMPETITIVE: sketch.share_competitive,
    Strategy.FIXED_TURNS: sketch.share_fixed,
    Strategy.RANDOM_TURNS: sketch.share_random,
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A rectangle or a mark of the drawing, in whole units, so that no language writes a comma into it."""

    x: int
    width: int
    number: int = 0

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True)
class Lane:
    """A line in the picture; `colour` is its state's in the palette."""

    name: str
    full_name: str
    says: str
    why: str
    """Why it gets nothing, which is written in its place; empty where it does get its share."""
    colour: str
    pieces: Sequence[Drawn]
    top: int

    @property
    def track(self) -> int:
        return self.top + TRACK_TOP

    @property
    def baseline(self) -> int:
        return self.top + 14

    @property
    def numbers(self) -> int:
        return self.track + 15


def explained(strategy: str) -> str:
    """What a strategy does, in a sentence for who must choose one."""
    return {
        Strategy.COMPETITIVE: _("One queue: whichever line is free takes the next message. A fast one sends more."),
        Strategy.FIXED_TURNS: _("One after another: each line gets the same number, and the slowest one ends last."),
        Strategy.RANDOM_TURNS: _(
            "Each message goes to a line drawn at random: about the same number each, in no order."
        ),
    }[Strategy(strategy)]


def who_gets_what(
    strategy: str, channel: str, lines: Sequence[LineRow], *, today: Mapping[Any, int] | None = None
) -> dict[str, Any]:
    """The picture of an example with the pool's own lines, or with made-up ones while it has none.

    With `today`, each line says also how many it has really sent.
    """
    shown = sorted(lines, key=lambda row: not row.ready)[:MOST_LANES]
    if shown:
        names = [row.gateway.name for row in shown]
        states = [_state(row) for row in shown]
    else:
        word = _("Line %(number)s") if channel == Channel.SMS else _("Session %(number)s")
        names = [word % {"number": number} for number in (1, 2, 3)]
        states = [("working", "")] * 3
    ready = [place for place, (_colour, why) in enumerate(states) if not why]
    shares = SHARES[strategy]([SPEEDS[place] for place in range(len(ready))])
    by_lane = dict(zip(ready, shares, strict=True))
    longest = max((piece.ends for lane in shares for piece in lane), default=1.0)
    scale = (WIDTH - 2) / max(longest, EXAMPLE / 2)
    drawn = []
    for place, (name, (colour, why)) in enumerate(zip(names, states, strict=True)):
        pieces = by_lane.get(place, [])
        says = [] if why else [_("%(share)s of %(all)s") % {"share": len(pieces), "all": EXAMPLE}]
        if today is not None and shown:
            sent = today.get(shown[place].gateway.pk, 0)
            says.append(_("today %(number)s") % {"number": plain_number(sent)})
        marks = [_drawn(piece, scale) for piece in pieces]
        short = Truncator(name).chars(LONGEST_NAME)
        drawn.append(Lane(short, name, " · ".join(says), why, colour, marks, place * ROW))
    told = [f"{lane.full_name}: {' · '.join(filter(None, (lane.why, lane.says)))}" for lane in drawn]
    return {
        "lanes": drawn,
        "width": WIDTH,
        "track_width": WIDTH - 2,
        "middle": WIDTH // 2,
        "track_height": TRACK,
        "height": len(drawn) * ROW - (ROW - TRACK_TOP - TRACK) + 2,
        "told": "; ".join(told) + ".",
        "explained": explained(strategy),
        "left_out": max(0, len(lines) - MOST_LANES),
        "example": EXAMPLE,
        "nobody": bool(shown) and not ready,
    }


def _state(row: LineRow) -> tuple[str, str]:
    """A line's colour in the picture, and why it gets nothing; empty when it does get its share."""
    if not row.gateway.active:
        return "waiting", _("switched off: none")
    if not row.ready:
        return "now", _("can't send: none")
    return "working", ""


def _drawn(piece: Piece, scale: float) -> Drawn:
    left, right = round(piece.begins * scale) + 1, round(piece.ends * scale) + 1
    return Drawn(left, max(4, right - left - 2), piece.number)


SPANS = (10, 60, 600, 3600, 43_200)
"""Seconds that the picture of a line's delays may span."""


def pace(pool: Pool, *, lines: int) -> dict[str, Any]:
    """What a pool's delays make of a minute: when one line sends, and how many messages so many lines send."""
    own = Pace(pool.delay_seconds, pool.variation_seconds)
    target = pool.throttle_target if pool.auto_throttle else 0
    numbers = sorted({1, max(1, lines), 10, *([pool.throttle_target] if target else [])})
    rates = [sketch.rate_of(own, lanes=n, target=target, most=pool.throttle_max) for n in numbers]
    span = next((span for span in SPANS if span >= 5 * own.delay), SPANS[-1])
    marks = [Drawn(round(at / span * (WIDTH - 12)) + 6, 0) for at in sketch.beats(own, span=span)]
    return {
        "pool": pool,
        "rates": [(rate, *_rate_words(rate, pool, own=rate.lanes == lines)) for rate in rates if rate is not None],
        "marks": marks,
        "span": _span_words(span),
        "width": WIDTH,
        "track_end": WIDTH - 6,
    }


def _rate_words(rate: Rate, pool: Pool, *, own: bool) -> tuple[str, str, str]:
    """How many lines, how many messages they send in all, and how long each waits."""
    if pool.channel == Channel.SMS:
        lines = ngettext("%(number)s line", "%(number)s lines", rate.lanes)
    else:
        lines = ngettext("%(number)s session", "%(number)s sessions", rate.lanes)
    lines %= {"number": plain_number(rate.lanes)}
    if own:
        lines += " · " + pgettext("how many lines", "now")
    waits = _("%(least)s to %(most)s s") if rate.least != rate.most else _("%(most)s s")
    return lines, per_time(rate.together), waits % {"least": plain_number(rate.least), "most": plain_number(rate.most)}


def per_time(a_minute: float) -> str:
    """So many messages a minute, or an hour where that is few."""
    if a_minute >= 1:
        return _("%(number)s a minute") % {"number": plain_number(round(a_minute, 1))}
    return _("%(number)s an hour") % {"number": plain_number(round(a_minute * 60, 1))}


def _span_words(seconds: int) -> str:
    if seconds < 60:
        return _("%(number)s s") % {"number": seconds}
    if seconds < 3600:
        return _("%(number)s min") % {"number": seconds // 60}
    return _("%(number)s h") % {"number": seconds // 3600}
