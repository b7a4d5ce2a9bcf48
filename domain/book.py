"""A file of contacts: which columns are the debtor's RUT, the executive's name and phone, and what a row says."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.cells import Cell, CellProblem, text_of
from domain.folding import fold
from domain.headers import WEAK_PHONES, Field, recognise
from domain.phones import PhoneError, parse_phone
from domain.rows import MAX_NAME, MAX_QUOTED, MAX_RUT, RowError, RowProblem, normalise_rut


class Part(StrEnum):
    RUT = "rut"
    NAME = "name"
    PHONE = "phone"


NO_RUT, NO_NAME = "no_rut", "no_contact_name"
"""Problems of a row besides those of all files."""

_EXECUTIVE = frozenset(
    {"ejecutivo", "ejecutiva", "asesor", "asesora", "agente", "gestor", "gestora", "cobrador", "executive", "agent"}
)
_PHONE = frozenset({"telefono", "fono", "celular", "movil", "phone", "mobile", "cell", "whatsapp", "wsp", "numero"})


def guess_parts(headers: Sequence[str]) -> dict[Part, int]:
    """The columns by their headers: what names an executive goes before what may be the debtor's own."""
    found: dict[Part, tuple[int, int]] = {}
    for index, header in enumerate(headers):
        for part, rank in _ranks(header):
            if part not in found or rank < found[part][0]:
                found[part] = (rank, index)
    return {part: index for part, (_rank, index) in found.items()}


def _ranks(header: str) -> list[tuple[Part, int]]:
    """What a column may be, and how surely: the least is the surest."""
    words = frozenset(fold(header).split("_"))
    if words & _EXECUTIVE:
        if words & _PHONE:
            return [(Part.PHONE, 0)]
        return [] if "rut" in words else [(Part.NAME, 0)]
    known = recognise(header)
    if known is Field.RUT:
        return [(Part.RUT, 0)]
    if known is Field.PHONE:
        return [(Part.PHONE, 1)]
    if known is Field.NAME:
        return [(Part.NAME, 1)]
    return [(Part.PHONE, 2)] if fold(header) in WEAK_PHONES else []


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that can be a contact."""

    rut: str
    name: str
    phone: str


def read_entry(
    cells: Sequence[Cell], headers: Sequence[str], parts: Mapping[Part, int], country: str
) -> Entry | RowError:
    """A row as a contact, or the first reason why it is none. `parts` has all of Part."""
    texts: dict[Part, str] = {}
    for part in Part:
        cell = cells[parts[part]] if parts[part] < len(cells) else ""
        if isinstance(cell, CellProblem):
            return RowError(cell.code, {"column": headers[parts[part]], "text": cell.text})
        texts[part] = text_of(cell, country).strip()
    entry = make_entry(rut=texts[Part.RUT], name=texts[Part.NAME], phone=texts[Part.PHONE], country=country)
    if isinstance(entry, Entry):
        return entry
    part, error = entry
    params = {"column": headers[parts[part]], "value": _quoted(texts[part]), **error.params}
    return RowError(error.code, params)


def make_entry(*, rut: str, name: str, phone: str, country: str) -> Entry | tuple[Part, RowError]:
    """What was written as a contact, or what of it is wrong and why."""
    plain = normalise_rut(rut, country) if len(rut) <= 2 * MAX_RUT else ""
    if not plain:
        return Part.RUT, RowError(RowProblem.BAD_RUT if rut else NO_RUT, {})
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not clean:
        return Part.NAME, RowError(NO_NAME, {})
    if len(clean) > MAX_NAME:
        return Part.NAME, RowError(RowProblem.TOO_LONG, {"length": len(clean), "limit": MAX_NAME})
    number = parse_phone(phone, country)
    if isinstance(number, PhoneError):
        return Part.PHONE, RowError(number.code, {})
    return Entry(plain[:MAX_RUT], clean, number.e164)


def _quoted(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 1]}…"
