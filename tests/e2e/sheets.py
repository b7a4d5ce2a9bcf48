"""Spreadsheets as agencies have them."""

from pathlib import Path
from typing import Any

from openpyxl import Workbook


def spreadsheet(path: Path, rows: int, *, first: int = 0) -> Path:
    """A file as agencies have them: accents, phones in several styles, a bad phone, a duplicate, a missing value."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Deudores")
    sheet.append(["Nombre", "Teléfono", "Deuda", "RUT", "Ejecutivo"])
    for n in range(first, first + rows):
        number = 40_000_000 + n
        phone: Any = [f"9{number}", float(f"9{number}"), f"+56 9 {number // 10000} {number % 10000:04d}"][n % 3]
        sheet.append([f"María Núñez {n}", phone, 1000 + n, f"{7_000_000 + n}-{n % 10}", f"Ejecutivo {n % 5}"])
    sheet.append(["Sin fono", "12", 1, "1-9", "x"])
    sheet.append([f"María Núñez {first}", f"9{40_000_000 + first}", 1000 + first, f"{7_000_000 + first}-0", "x"])
    sheet.append(["Sin deuda", f"9{80_000_000 + first}", None, f"{9_000_000 + first}-1", "x"])
    book.save(path)
    return path
