"""The live parts of uploads and imports."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from debtors import queries
from debtors.intake.reasons import page_error, page_warning, row_reason
from debtors.models import Import, ImportRow, Outcome, Upload
from domain.states import ImportStatus
from lib.converters import object_id
from live.fragments import SUPERVISORS, Fragment, of_object, register

LISTED = 20
"""Refused rows that the page lists; the spreadsheet has all."""
SHOWN_CELLS = 8
LEASE_OVER = 20.0
"""Seconds of silence after which a page says that a running import waits for a worker."""


def _import(key: str) -> Import | None:
    pk = object_id(key)
    return Import.objects.filter(pk=pk).first() if pk else None


def shown(found: Import) -> dict[str, Any]:
    """What is shown of an import anywhere."""
    rate, left = pace(found)
    return {
        "import": found,
        "counts": [(outcome.value, outcome.label, getattr(found, outcome.value)) for outcome in Outcome],
        "reason": page_error(found.error, found.error_params) if found.error else "",
        "rate": rate,
        "left": left,
        "alone": _is_alone(found),
    }


def pace(found: Import) -> tuple[int, int | None]:
    """Rows a second since its worker began, and the seconds left; 0 and None where nobody can tell."""
    if found.status != ImportStatus.RUNNING or found.resumed_at is None:
        return 0, None
    seconds = (found.heartbeat_at - found.resumed_at).total_seconds()
    rows = found.position - found.resumed_from
    if seconds <= 0 or rows <= 0:
        return 0, None
    rate = rows / seconds
    return round(rate), round(max(0, found.height - found.position) / rate)


def _is_alone(found: Import) -> bool:
    """Whether no worker has it, for longer than it takes to hand it over."""
    if found.upload is None or found.status not in (ImportStatus.WAITING, ImportStatus.RUNNING):
        return False
    held = found.work_until is not None and found.work_until > timezone.now()
    return not held and (timezone.now() - found.heartbeat_at).total_seconds() > LEASE_OVER


def progress(key: str) -> Mapping[str, Any] | None:
    found = _import(key)
    if found is None:
        return None
    warnings = [page_warning(each["code"], each["params"]) for each in found.warnings]
    return {**shown(found), "warnings": warnings}


def refused(key: str) -> Mapping[str, Any] | None:
    """The first rows that became no debtor, with the reason."""
    found = _import(key)
    if found is None:
        return None
    total = found.rejected + found.duplicate
    rows = list(queries.refused_rows(found.pk)[:LISTED]) if total else []
    return {"import": found, "rows": [_row(row) for row in rows], "total": total, "more": total - len(rows)}


def _row(row: ImportRow) -> dict[str, Any]:
    cells = [_cell(value) for value in (row.values or [])]
    return {
        "number": row.number,
        "outcome": row.outcome,
        "reason": row_reason(row.code, row.params),
        "cells": [cell for cell in cells if cell][:SHOWN_CELLS],
    }


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("text") or next(iter(value.values()))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value)[:60]


def import_row(key: str) -> Mapping[str, Any] | None:
    found = _import(key)
    return shown(found) if found else None


def looked_at(key: str) -> Mapping[str, Any] | None:
    pk = object_id(key)
    upload = Upload.objects.filter(pk=pk).first() if pk else None
    return {"upload": upload} if upload else None


register(Fragment("import-progress", "debtors/_progress.html", of_object("import"), progress, SUPERVISORS))
register(Fragment("import-refused", "debtors/_refused.html", of_object("import"), refused, SUPERVISORS))
register(Fragment("import-row", "debtors/_import_row.html", of_object("import"), import_row, SUPERVISORS))
register(Fragment("upload-look", "debtors/_look.html", of_object("import"), looked_at, SUPERVISORS))
