"""A campaign's messages as a workbook or a csv: text stays text, so nothing that people typed can run as a formula."""

import itertools
import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from domain.states import MessageStatus
from gateways.models import Channel
from lib import tables
from messaging.models import STATUS_LABELS
from messaging.reasons import reason_sentence

TIMES = ("sent_at", "delivered_at", "read_at", "failed_at")
WIDTHS = {"row": 8, "name": 30, "phone": 16, "reason": 40, "detail": 40, "text": 60, "attempt_id": 34}
SHEET_ROWS = 1_000_000
"""Rows a sheet holds; the format ends at 1,048,576."""
WORKBOOK_ROWS = tables.WORKBOOK_ROWS

NAMED = 3
"""The first columns of the table of lines, which are words; counts follow."""

CHANNELS: dict[str, Any] = {channel.value: channel.label for channel in Channel}


def headers(zone: str) -> dict[str, str]:
    """The columns' titles, by key of `queries.export_rows`, in their order; those of times name their zone."""
    titles = {
        "row": _("Row"),
        "name": _("Name"),
        "phone": _("Phone"),
        "channel": _("Channel"),
        "status": _("Status"),
        "reason": _("Reason"),
        "detail": _("Detail"),
        "text": _("Text"),
        "variant": _("Variant"),
        "line": _("Line"),
        "attempts": _("Attempts"),
        "attempt_id": _("Attempt id"),
        "provider_id": _("Provider's id"),
        "parts": _("SMS parts"),
        "price": _("Price a part"),
        "currency": _("Currency"),
        "cost": _("Cost"),
        "sent_at": _("Sent at"),
        "delivered_at": _("Delivered at"),
        "read_at": _("Read at"),
        "failed_at": _("Failed at"),
    }
    return {key: f"{title} ({zone})" if key in TIMES else title for key, title in titles.items()}


def write_workbook(
    out: Path, rows: Iterable[dict[str, Any]], *, zone: ZoneInfo, lines: Sequence[Sequence[str]] = ()
) -> int:
    """Write the rows; times are in `zone`. Returns how many. An unfinished file never has the name `out`.

    `lines` is a table of what each line sent, for a sheet of its own behind the messages. Raises OSError when it
    can't be written, before any row is read if the folder does not allow it.
    """
    unfinished = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        with unfinished.open("xb") as file:
            written = write(file, rows, zone=zone, lines=lines)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def write(
    file: BinaryIO, rows: Iterable[dict[str, Any]], *, zone: ZoneInfo, lines: Sequence[Sequence[str]] = ()
) -> int:
    """The same into an open file."""
    book = Workbook(write_only=True)
    titles = headers(str(zone))
    sheet: Any = _new_sheet(book, titles)
    written = 0
    try:
        for row in rows:
            if written and written % SHEET_ROWS == 0:
                sheet = _new_sheet(book, titles)
            sheet.append([_cell(sheet, key, row[key], zone) for key in titles])
            written += 1
        if lines:
            _add_lines(book, lines)
    except BaseException:
        for each in book.worksheets:
            each.close()  # else its writer complains when it is collected
        raise
    book.save(file)
    return written


def csv_pieces(rows: Iterable[dict[str, Any]], *, zone: ZoneInfo) -> Iterator[bytes]:
    """The same rows as a csv that spreadsheets open, a piece at a time: of any length, it begins at once."""
    titles = headers(str(zone))
    lines = ([_plain(key, row[key], zone) for key in titles] for row in rows)
    return tables.csv_pieces(itertools.chain([list(titles.values())], lines))


def _plain(key: str, value: Any, zone: ZoneInfo) -> str:
    return tables.plain(_value(key, value, zone))


def _new_sheet(book: Workbook, titles: dict[str, str]) -> Any:
    sheet: Any = book.create_sheet()
    sheet.freeze_panes = "A2"
    for place, key in enumerate(titles, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS.get(key, 20 if key in TIMES else 14)
    sheet.append(list(titles.values()))
    return sheet


def _add_lines(book: Workbook, lines: Sequence[Sequence[str]]) -> None:
    sheet: Any = book.create_sheet(_("Lines"))
    sheet.freeze_panes = "A2"
    sheet.column_dimensions["A"].width = 30
    for row in lines:
        counts = (place > 2 and value.isdigit() for place, value in enumerate(row))
        sheet.append(
            [int(value) if count else tables.text_cell(sheet, value) for value, count in zip(row, counts, strict=True)]
        )


def _cell(sheet: Any, key: str, value: Any, zone: ZoneInfo) -> Any:
    value = _value(key, value, zone)
    return tables.text_cell(sheet, value) if isinstance(value, str) else value


def _value(key: str, value: Any, zone: ZoneInfo) -> Any:
    """A row's value as people read it: times in the zone, states and reasons in words."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None, microsecond=0)
    if key == "status":
        return str(STATUS_LABELS[MessageStatus(value)])
    if key == "channel":
        return str(CHANNELS.get(value, value))
    return reason_sentence(value) if key == "reason" and value else value
