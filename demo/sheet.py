"""The demo's spreadsheet: debtors that were made up, as an agency's file has them, faults included."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook

NAMES = (
    "María José", "Juan Pablo", "Ángela", "Benjamín", "Sofía", "Íñigo", "Ximena", "Raúl", "Zoë", "José Tomás",
    "Catalina", "Óscar", "Paz", "Núria", "Simón", "Antonia", "Lautaro", "Begoña", "Joaquín", "Renata",
)  # fmt: skip
SURNAMES = (
    "Núñez", "Muñoz", "Peña", "González", "Ibáñez", "Toro", "Cañas", "Araya", "O'Higgins", "Fuentes",
    "Sepúlveda", "Güell", "Riquelme", "Vásquez", "Ñancupil", "Castro", "Álvarez", "Lagos", "Mönckeberg", "Soto",
)  # fmt: skip
AGENTS = ("Andrea Rojas", "Marcelo Díaz", "Paula Vera", None)
HEADERS = ("Nombre", "Teléfono", "RUT", "Deuda", "Vencimiento", "Ejecutivo", "Acreedor")
FIRST_PHONE = 61_000_000
DUPLICATES, BAD_PHONES = 9, 12
BAD = ("12345", "no tiene", "+56 2 2345 6789", "", "9 1234", "5.69E+10")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The file, and how many of its rows name a person that can be reached."""

    path: Path
    people: int


def phone_of(person: int) -> str:
    """The person's number, digits with the country's code."""
    return f"569{FIRST_PHONE + person}"


def rut_of(number: int) -> str:
    """A RUT with its check digit."""
    total = sum(
        int(digit) * factor for digit, factor in zip(reversed(str(number)), (2, 3, 4, 5, 6, 7) * 2, strict=False)
    )
    digit = {10: "K", 11: "0"}.get(11 - total % 11, str(11 - total % 11))
    return f"{number:,}".replace(",", ".") + f"-{digit}"


def write(path: Path, people: int) -> Sheet:
    """A file of so many people, with duplicates and phones that are none among them. The same at each call."""
    draw = random.Random(2024)
    rows: list[tuple[Any, ...]] = []
    for person in range(people):
        digits = phone_of(person)[2:]
        styles = (digits, float(digits), f"+56 {digits[0]} {digits[1:5]} {digits[5:]}", f"({digits[:1]}) {digits[1:]}")
        rows.append(
            (
                f"{draw.choice(NAMES)} {draw.choice(SURNAMES)} {draw.choice(SURNAMES)}",
                styles[person % len(styles)],
                rut_of(9_000_000 + 1_237 * person),
                draw.randint(15, 2_400) * 1_000 + draw.choice((0, 490, 990)),
                f"{1 + person % 28:02}-{1 + person % 12:02}-2026",
                draw.choice(AGENTS),
                draw.choice(("Banco del Sur", "Tiendas Ñuble", "Luz del Valle")),
            )
        )
    repeated = draw.sample(rows, min(DUPLICATES, len(rows)))
    unreachable = [(f"Sin teléfono {n}", BAD[n % len(BAD)], None, 50_000, None, None, None) for n in range(BAD_PHONES)]
    rows += repeated
    for row in unreachable:
        rows.insert(draw.randrange(len(rows)), row)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Cartera")
    sheet.append(HEADERS)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return Sheet(path, people)
