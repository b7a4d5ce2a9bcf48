"""A short look at an audience while it is chosen: how many there are, the first of them, how many lack a value.

It never takes long, however large the audience is; what starts a campaign looks at every row.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from campaigns import audience, audience_reading
from campaigns.audience import Texts
from campaigns.audience_reading import Recipient
from campaigns.models import AudienceKind, Campaign
from debtors.queries import Counted
from domain.sms_text import as_sms
from domain.templating import TemplateError

FIRST = 5
LOOKED_AT = 2_000
SECONDS = 0.7


@dataclass(frozen=True, slots=True)
class Look:
    """`rows` are the first ones. Of the `looked` first recipients, `lacking` have no value for something."""

    counted: Counted
    rows: Sequence[Recipient]
    looked: int = 0
    lacking: int = 0
    whole: bool = False
    """Whether those that were looked at are all."""
    names: Sequence[tuple[str, int]] = field(default=())
    """The placeholders that some have no value for, with how many."""
    parts: Mapping[int, int] = field(default_factory=dict)
    """How many of those that were looked at get an SMS of so many parts, where that was asked for."""


def look(campaign: Campaign, *, measured: bool = False) -> Look:
    """The audience of a draft; who lacks a value is told once its message can be read, and if `measured`, how many
    parts the others' SMS take."""
    counted = audience_reading.count(campaign)
    try:
        texts = Texts(campaign)
    except TemplateError:
        texts = None
    found, whole = first_rows(campaign, LOOKED_AT if texts is not None else FIRST)
    if whole:
        counted = Counted(len(found))
    lacking, names, parts = 0, Counter[str](), Counter[int]()
    for recipient in found if texts is not None and not texts.unknown() else ():
        assert texts is not None
        values = texts.values(recipient.debtor)
        if absent := texts.missing(values):
            lacking += 1
            names.update(absent)
        elif measured:
            parts[_parts(texts, values, recipient.index)] += 1
    return Look(counted, found[:FIRST], len(found), lacking, whole, names.most_common(), parts)


def _parts(texts: Texts, values: dict[str, str], index: int) -> int:
    # A draw can't be foreseen: those of the people who are looked at are spread over the texts.
    turns = len(texts.templates)
    _variant, text = texts.text(values, index=index, draw=(index % turns) / turns)
    return as_sms(text, plain=texts.plain)[1]


@dataclass(frozen=True, slots=True)
class Reach:
    """How many messages a campaign would send, and how many rows it would skip, as far as a short look tells.

    `number` is None where counting takes too long; `more`: at least so many. Where not all were looked at, `lacking` of
    the first `looked` lack a value: how many `number` loses in all is not known.
    """

    number: int | None
    skipped: int
    more: bool = False
    looked: int = 0
    lacking: int = 0


def reach(campaign: Campaign, found: Look | None = None) -> Reach:
    """By the check that was kept, where the audience is files, or else by a short look (`found`, if it was had)."""
    if campaign.audience == AudienceKind.IMPORTS and (check := audience.kept(campaign)) is not None:
        return Reach(check.rows - check.incomplete, check.incomplete)
    seen = found or look(campaign)
    skipped = seen.lacking if seen.whole else 0
    number = None if seen.counted.slow else seen.counted.number - skipped
    if seen.whole:
        return Reach(number, skipped)
    return Reach(number, skipped, more=seen.counted.more, looked=seen.looked, lacking=seen.lacking)


def first_rows(campaign: Campaign, number: int) -> tuple[list[Recipient], bool]:
    """So many of the first recipients, or those that are found in SECONDS, and whether that is everybody."""
    found: list[Recipient] = []
    cursor: audience_reading.Cursor | None = {}
    ends = time.monotonic() + SECONDS
    while cursor is not None and len(found) < number and time.monotonic() < ends:
        page = audience_reading.read_page(campaign, cursor, limit=min(number - len(found), audience_reading.PAGE))
        found += page.recipients
        cursor = page.cursor
    return found, cursor is None
