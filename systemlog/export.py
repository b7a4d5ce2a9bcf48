"""The log as a csv: what a page shows, with its filters, newest first."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from itertools import islice

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from systemlog.models import Level, SystemLog
from systemlog.queries import Filter, entries
from systemlog.words import act_words

MOST = 200_000
"""Entries of one file: a spreadsheet opens no more with pleasure."""


def titles(zone: tzinfo) -> Sequence[str]:
    time = _("Time")
    return [
        f"{time} ({zone})", _("Level"), _("Who"), _("What"), _("Text"), _("About"), _("Object"), _("Process"),
        _("Details"),
    ]  # fmt: skip


def rows(wanted: Filter, *, until: datetime | None, zone: tzinfo, language: str) -> Iterator[Sequence[str]]:
    """The entries as people read them: in their language, and with times in their zone."""
    with timezone.override(zone):
        found = entries(wanted)  # its days are those of the zone
    if until is not None:
        found = found.filter(at__lte=until)
    for each in islice(found.order_by("-at", "-pk").iterator(chunk_size=1_000), MOST):
        with override(language):
            yield _row(each, zone)


def _row(entry: SystemLog, zone: tzinfo) -> Sequence[str]:
    return [
        f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        str(Level(entry.level).label) if entry.level in Level.values else entry.level,
        entry.actor,
        act_words(entry.source) if entry.act else entry.source,
        entry.message,
        entry.kind,
        entry.object_id,
        entry.process,
        json.dumps(entry.data, ensure_ascii=False, default=str) if entry.data else "",
    ]
