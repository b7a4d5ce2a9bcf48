"""Debtors in the database, and the spreadsheets they come from, as files of the kinds that people have."""

import csv
import itertools
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from django.utils import timezone

from debtors.models import Debtor
from domain.rows import identity_of

_numbers = itertools.count(1)

HEADERS = ("Nombre", "Teléfono", "Deuda", "RUT", "Ejecutivo")


def make_debtor(name: str = "María Pérez", *, phone: str = "", rut: str = "", **fields: Any) -> Debtor:
    now = timezone.now()
    phone = phone or f"+569{next(_numbers) + 50_000_000}"
    return Debtor.objects.create(
        identity=identity_of(external_id=fields.get("external_id", ""), rut=rut, phone=phone),
        name=name,
        phone=phone,
        phone_raw=phone,
        rut=rut,
        country=fields.pop("country", "CL"),
        debt=fields.pop("debt", Decimal(125_000)),
        created_at=now,
        updated_at=now,
        **fields,
    )


def debtor_rows(number: int) -> list[tuple[Any, ...]]:
    """So many valid rows under HEADERS, each of another person; row `i` has the phone +569 8000 000i."""
    return [
        (f"Deudor {i}", f"9{80_000_000 + i}", 1000 * (i + 1), f"{7_000_000 + i}-{i % 10}", f"ejecutivo{i % 3}")
        for i in range(number)
    ]


def write_xlsx(path: Path, rows: Sequence[Sequence[Any]], *, sheet: str = "Deudores", **sheets: Any) -> Path:
    """A workbook of one sheet (its header is the first row), and of more of them by name."""
    with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy", "strings_to_formulas": False}) as book:
        for name, content in {sheet: rows, **sheets}.items():
            page = book.add_worksheet(name)
            for place, row in enumerate(content):
                for column, cell in enumerate(row):
                    if cell is not None:
                        page.write(place, column, cell)
    return path


def write_csv(
    path: Path, rows: Sequence[Sequence[Any]], *, delimiter: str = ",", encoding: str = "utf-8", newline: str = "\r\n"
) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return path
