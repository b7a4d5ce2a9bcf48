"""Digests of replies for executives: when the next one may go, whom it names, and how much of each it shows."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.pacing import Window, opens_at
from domain.phones import shown_phone

SHOWN = 90
"""Characters of a reply that a digest shows."""
KEPT_DIGITS = 4
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Reply:
    """A text of a debtor. `media` is the kind of file that came with it."""

    phone: str
    name: str
    text: str
    media: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A person in a digest, by the last of so many texts."""

    last: Reply
    texts: int


def by_person(replies: Iterable[Reply]) -> list[Told]:
    """Each person once, in the order of their first texts."""
    found: dict[str, list[Reply]] = {}
    for reply in sorted(replies, key=lambda each: each.at):
        found.setdefault(reply.phone, []).append(reply)
    return [Told(texts[-1], len(texts)) for texts in found.values()]


def named(people: Sequence[Told], *, most: int) -> tuple[Sequence[Told], int]:
    """Whom a digest names, and how many more there are; one alone is named instead of being counted."""
    if len(people) <= most + 1:
        return people, 0
    return people[:most], len(people) - most


def due_at(last: datetime | None, *, every: int, window: Window, now: datetime) -> datetime:
    """When a digest of what waits now may go, after the `last` one."""
    earliest = now if last is None else max(now, last + timedelta(seconds=every))
    return opens_at(window, earliest)


def masked(phone: str) -> str:
    """A phone of which only the country and the last digits can be read: `+56 •••• 5678`."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) <= 2 * KEPT_DIGITS:
        return "••••"
    prefix = shown_phone(phone).split(" ")[0] if phone.startswith("+") else ""
    hidden = f"•••• {digits[-KEPT_DIGITS:]}"
    return f"{prefix} {hidden}" if prefix.startswith("+") and len(prefix) <= KEPT_DIGITS else hidden


def beginning(text: str, length: int = SHOWN) -> str:
    """How a text begins, in one line."""
    line = _BLANKS.sub(" ", text).strip()
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"
