"""xlsx files as they come: good ones, odd ones, and those that must be refused before they do harm."""

import random
import struct
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from debtors.intake import workbook
from debtors.intake.sheet import SheetError, open_sheet
from debtors.intake.workbook import scan_sheet
from domain.cells import Cell, CellProblem
from tests.factories.debtors import HEADERS, debtor_rows, write_xlsx


def rows_of(path: Path, sheet: str | None = None) -> list[tuple[int, list[Cell]]]:
    return list(open_sheet(path, sheet).rows())


def refusal(path: Path, sheet: str | None = None) -> tuple[str, dict[str, Any]]:
    with pytest.raises(SheetError) as caught:
        open_sheet(path, sheet)
    return caught.value.code, caught.value.params


def test_rows_have_the_numbers_a_spreadsheet_shows(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [(), (None, "Fono"), (), (None, "987654321")])
    sheet = open_sheet(path)
    assert list(sheet.rows()) == [(1, ["", ""]), (2, ["", "Fono"]), (3, ["", ""]), (4, ["", "987654321"])]
    assert (sheet.name, sheet.height, sheet.delimiter) == ("Deudores", 4, "")


def test_rows_can_be_read_again(tmp_path: Path) -> None:
    sheet = open_sheet(write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(3)]))
    assert list(sheet.rows()) == list(sheet.rows())


def test_cells_keep_their_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, [1.5, 987654321, True, "=1+1"], book.add_format({"num_format": "@"}))
        page.write_datetime(1, 0, datetime(2026, 3, 5), book.add_format({"num_format": "dd/mm/yyyy"}))
        page.write_datetime(1, 1, datetime(2026, 3, 5, 14, 30), book.add_format({"num_format": "dd/mm/yyyy hh:mm"}))
        page.write_datetime(1, 2, time(14, 30), book.add_format({"num_format": "hh:mm"}))
        page.write_number(1, 3, 1.5, book.add_format({"num_format": "[h]:mm"}))
    formula = CellProblem("cell_formula")
    assert rows_of(path)[0][1][:3] == [1.5, 987654321.0, True]
    assert rows_of(path)[0][1][3] in (0.0, formula)
    assert rows_of(path)[1][1] == [date(2026, 3, 5), datetime(2026, 3, 5, 14, 30), time(14, 30), timedelta(hours=36)]


def test_a_formula_gives_its_calculated_value(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_formula(0, 0, "=1+1", None, 2)
        page.write_formula(0, 1, '="a"&"b"', None, "ab")
        page.write_formula(0, 2, "=1=1", None, True)
    assert rows_of(path) == [(1, [2.0, "ab", True])]


def test_a_formula_that_gives_no_text_is_blank(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [("a", "b")])
    edit_sheet(path, b"</row>", b'<c r="C1" t="str"><f>IF(TRUE,"","")</f><v></v></c></row>')
    assert rows_of(path)[0][1][:2] == ["a", "b"]
    assert rows_of(path)[0][1][2:] in ([], [""])


def test_a_formula_without_a_value_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["Fono", "Deuda"])
    book.active.append(["987654321", "=A1*2"])
    book.active.append(["=A2", None])
    book.save(path)
    formula = CellProblem("cell_formula")
    assert rows_of(path) == [(1, ["Fono", "Deuda"]), (2, ["987654321", formula]), (3, [formula])]


def test_rows_of_nothing_but_problems_are_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["Fono"])
    book.active["C5"] = "=A1"
    book.save(path)
    assert (5, ["", "", CellProblem("cell_formula")]) in [(number, cells) for number, cells in rows_of(path)]
    assert open_sheet(path).height == 5


def test_error_cells_are_told_with_their_error(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Fono", "Deuda"])
        page.write_formula(1, 0, "=NA()", None, "#N/A")
        page.write_formula(1, 1, "=A1/0", None, "#DIV/0!")
    errors = [CellProblem("cell_error", "#N/A"), CellProblem("cell_error", "#DIV/0!")]
    assert rows_of(path)[1] == (2, errors)


def test_the_first_visible_sheet_is_read_or_the_named_one(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("Oculta", "Enero", "Febrero"):
            book.add_worksheet(name).write(0, 0, f"Fono {name}")
        book.worksheets()[0].hide()
        book.worksheets()[1].activate()
    assert open_sheet(path).name == "Enero"
    assert rows_of(path, "Febrero") == [(1, ["Fono Febrero"])]
    assert open_sheet(path, " febrero ").name == "Febrero"
    assert rows_of(path, "Oculta") == [(1, ["Fono Oculta"])]
    assert refusal(path, "Marzo") == ("no_such_sheet", {"sheet": "Marzo", "sheets": ["Oculta", "Enero", "Febrero"]})


def test_an_empty_sheet_is_told(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [], sheet="Vacía", Otra=[("Fono",)])
    assert refusal(path) == ("empty_sheet", {"sheet": "Vacía"})


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "deudores.csv", [("Fono",), ("987654321",)])
    assert rows_of(path)[1] == (2, ["987654321"])


# What is no xlsx, or no good one -------------------------------------------------------------------------------------
def compound_file(*names: str) -> bytes:
    """An OLE file (header, FAT, directory) with entries of these names."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    header = header.ljust(44, b"\0") + struct.pack("<II", 1, 1)
    header = header.ljust(76, b"\0") + struct.pack("<I", 0) + b"\xff" * 432
    fat = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    directory = b""
    for kind, name in ((5, "Root Entry"), *((2, each) for each in names)):
        text = (name + "\0").encode("utf-16-le")
        directory += text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1) + b"\xff" * 12 + b"\0" * 48
    return header + fat + directory.ljust(512 * (len(directory) // 512 + 1), b"\0")


def test_a_password_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(compound_file("EncryptionInfo", "\x06DataSpaces", "EncryptedPackage"))
    assert refusal(path) == ("password_protected", {})


@pytest.mark.parametrize("stream", ["Workbook", "Book"])
def test_the_old_excel_format_is_told(tmp_path: Path, stream: str) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(compound_file(stream))
    assert refusal(path) == ("old_format", {})


def test_a_word_document_of_old_is_no_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(compound_file("WordDocument"))
    assert refusal(path) == ("not_a_spreadsheet", {})


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["word/document.xml"], ("not_a_spreadsheet", {})),
        (["xl/workbook.bin"], ("other_format", {"format": "xlsb"})),
        (["mimetype", "content.xml"], ("other_format", {"format": "ods"})),
    ],
)
def test_other_archives_are_told(tmp_path: Path, entries: list[str], expected: tuple[str, dict[str, str]]) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for entry in entries:
            archive.writestr(entry, "x")
    assert refusal(path) == expected


def test_an_archive_of_nothing_is_no_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    zipfile.ZipFile(path, "w").close()
    assert refusal(path) == ("not_a_spreadsheet", {})


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told(tmp_path: Path, share: float) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(200)])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert refusal(path) == ("damaged", {})


def test_a_damaged_file_is_told_or_harmless(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(50)])
    content, expected = path.read_bytes(), rows_of(path)
    chance = random.Random(7)
    outcomes = set()
    for _attempt in range(300):
        spoilt = bytearray(content)
        for _flip in range(chance.randint(1, 4)):
            spoilt[chance.randrange(4, len(spoilt))] ^= 1 << chance.randrange(8)
        path.write_bytes(spoilt)
        try:
            outcomes.add("read" if rows_of(path) == expected else "wrong")
        except SheetError as error:
            outcomes.add(error.code)
    assert "damaged" in outcomes
    assert outcomes <= {"read", "damaged", "not_a_spreadsheet", "password_protected", "zip_bomb", "no_sheets"}


def edit_sheet(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes in the first sheet's XML, in an archive that is otherwise the same."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    part = "xl/worksheets/sheet1.xml"
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_zip_bomb_is_not_opened(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [("Fono",)])
    edit_sheet(path, b"</worksheet>", b" " * 20_000_000 + b"</worksheet>")
    assert path.stat().st_size < 100_000
    assert refusal(path) == ("zip_bomb", {"limit": workbook.MAX_UNPACKED_BYTES})


def test_many_parts_that_are_too_large_together_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(200)])
    monkeypatch.setattr(workbook, "MAX_UNPACKED_BYTES", 10_000)
    assert refusal(path) == ("zip_bomb", {"limit": 10_000})


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/sharedStrings.xml"])
def test_an_archive_that_lies_about_its_sizes_is_not_opened(tmp_path: Path, part: str) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(200)])
    content = bytearray(path.read_bytes())
    record = content.rfind(b"PK\x01\x02", 0, content.rfind(part.encode()))
    assert content[record + 46 : record + 46 + len(part)].decode() == part
    size = struct.unpack_from("<I", content, record + 24)[0]
    struct.pack_into("<I", content, record + 24, size // 2)
    path.write_bytes(content)
    assert refusal(path) == ("zip_bomb", {"limit": workbook.MAX_UNPACKED_BYTES})


def test_a_stray_cell_far_out_is_told_instead_of_taking_all_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "Fono"
    book.active["XFD1048576"] = "x"
    book.save(path := tmp_path / "a.xlsx")
    assert refusal(path) == ("too_many_columns", {"columns": 16384, "limit": 256, "row": 0})


def test_a_sheet_that_covers_too_much_is_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "Fono"
    book.active["IV1048576"] = "x"
    book.save(path := tmp_path / "a.xlsx")
    assert refusal(path) == ("too_many_cells", {"cells": 256 * 1048576, "limit": workbook.MAX_CELLS})


def test_formats_far_out_hold_nothing_and_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet()
        page.write(0, 0, "Fono")
        page.write(1, 0, "987654321")
        page.write_blank(0, 16383, None, book.add_format({"border": 1}))
    assert [cells[0] for _number, cells in rows_of(path)] == ["Fono", "987654321"]


def test_cells_that_do_not_say_where_they_are_are_counted() -> None:
    row = b"<row>" + b"<c><v>1</v></c>" * 300 + b"</row>"
    scan = scan_sheet([b"<worksheet><sheetData>", row, row, b"</sheetData></worksheet>"])
    assert (scan.last_row, scan.last_column) == (2, 300)
    with pytest.raises(SheetError, match="too_many_columns"):
        scan.check()


def test_a_formula_that_does_not_say_where_it_is_is_told() -> None:
    scan = scan_sheet([b"<worksheet><sheetData><row><c><f>1</f></c></row></sheetData></worksheet>"])
    with pytest.raises(SheetError, match="unplaced_formulas"):
        scan.check()


@pytest.mark.parametrize("size", [1, 7, 50, 10_000])
def test_the_scan_does_not_depend_on_where_the_content_is_cut(size: int) -> None:
    content = b"<x:worksheet><x:sheetData>" + b"".join(
        b'<x:row r="%d"><x:c r="A%d"><x:v>1</x:v></x:c><x:c r="B%d" t="e"><x:v>#N/A</x:v></x:c></x:row>' % (n, n, n)
        for n in range(1, 6)
    )
    scan = scan_sheet(content[start : start + size] for start in range(0, len(content), size))
    assert (scan.last_row, scan.last_column) == (5, 2)
    assert scan.problems == {number: {1: CellProblem("cell_error", "#N/A")} for number in range(1, 6)}


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert refusal(path) == ("not_found", {"path": str(path)})
    assert refusal(tmp_path)[0] == "unreadable"


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").touch()
    assert refusal(tmp_path / "a.xlsx") == ("empty_file", {})


def test_a_file_that_is_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("debtors.intake.sheet.MAX_FILE_BYTES", 10)
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS])
    assert refusal(path) == ("too_large", {"size": path.stat().st_size, "limit": 10})
