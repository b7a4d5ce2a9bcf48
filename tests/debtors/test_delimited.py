"""csv files in the encodings and with the delimiters that people have, and those that must be refused."""

from pathlib import Path
from typing import Any

import pytest

from debtors.intake.delimited import DelimitedSheet
from debtors.intake.sheet import SheetError, open_sheet
from domain.cells import Cell
from tests.factories.debtors import write_csv

ROWS = [("Nombre", "Teléfono", "Dirección"), ("José Núñez", "987654321", "Av. Ñuñoa 12"), ("Ana", "912345678", "")]


def content_of(path: Path) -> list[list[Cell]]:
    return [cells for _number, cells in open_sheet(path).rows()]


def refusal(path: Path, sheet: str | None = None) -> tuple[str, dict[str, Any]]:
    with pytest.raises(SheetError) as caught:
        open_sheet(path, sheet)
    return caught.value.code, caught.value.params


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "cp1252", "latin-1", "cp850", "mac_roman", "utf-16", "utf-16-le", "utf-16-be"],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found_out(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS, encoding=encoding, delimiter=delimiter)
    assert content_of(path) == [list(row) for row in ROWS]


def test_a_file_of_one_column_needs_no_delimiter(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [("Fono",), ("987654321",)])
    assert content_of(path) == [["Fono"], ["987654321"]]


def test_a_comma_in_the_amounts_is_not_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Nombre;Fono;Deuda\nAna;987654321;1.234,50\nLuis;987654322;2.345,60\n")
    assert content_of(path)[1] == ["Ana", "987654321", "1.234,50"]


def test_the_delimiter_is_found_under_a_title(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Cartera, marzo, Santiago, Chile\n\nNombre;Fono\nAna;987654321\n")
    assert content_of(path)[2:] == [["Nombre", "Fono"], ["Ana", "987654321"]]


def test_the_delimiter_that_the_file_declares_is_used(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=|\nNombre|Fono\nAna|987654321\n")
    assert list(open_sheet(path).rows()) == [(1, ["Nombre", "Fono"]), (2, ["Ana", "987654321"])]


def test_rows_are_counted_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('Nombre,Fono\n\n"Ana\nSoto",987654321\nLuis,987654322\n')
    sheet = DelimitedSheet(path)
    assert list(sheet.rows()) == [
        (1, ["Nombre", "Fono"]),
        (2, []),
        (3, ["Ana\nSoto", "987654321"]),
        (4, ["Luis", "987654322"]),
    ]
    assert sheet.height == 4


def test_texts_that_look_like_formulas_stay_texts(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [("Fono", "Nota"), ("+56987654321", "=1+1"), ("-9", "@x")])
    assert content_of(path)[1:] == [["+56987654321", "=1+1"], ["-9", "@x"]]


def test_mixed_encodings_are_told_with_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    unicode = "".join(f"José {i},98765432{i}\n" for i in range(5)).encode()
    path.write_bytes(b"Nombre,Fono\n" + unicode + "Muñoz,987654329\nPeña,987654328\n".encode("cp1252"))
    assert refusal(path) == ("mixed_encodings", {"lines": [7, 8], "encoding": "UTF-8"})
    path.write_bytes("Nombre,Teléfono\nMuñoz,1\nPeña,2\n".encode("cp1252") + "José,3\n".encode())
    assert refusal(path) == ("mixed_encodings", {"lines": [4], "encoding": "Windows-1252"})


def test_broken_utf_16_is_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS, encoding="utf-16")
    path.write_bytes(path.read_bytes() + b"\x00\xd8\x20\x00")
    code, params = refusal(path)
    assert (code, params["encoding"]) == ("mixed_encodings", "utf-16")


def test_nul_bytes_are_told_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"Nombre,Fono\nAna,987654321\nLu\0is,987654322\n")
    assert refusal(path) == ("nul_bytes", {"line": 3})


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"\x7fELF\x02\x01\x01\0",
        b"<html><table><tr><td>Fono</td></tr></table></html>",
        b'  <?xml version="1.0"?>',
        b"{\\rtf1 Fono}",
        bytes(range(256)),
    ],
)
def test_what_is_no_spreadsheet_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "deudores.csv"
    path.write_bytes(content)
    assert refusal(path) == ("not_a_spreadsheet", {})


@pytest.mark.parametrize("row", ['"Luis,987654322', '"Luis" Soto,987654322'])
def test_quotes_that_do_not_match_are_told(tmp_path: Path, row: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"Nombre,Fono\nAna,987654321\n{row}\nEva,987654323\n")
    assert refusal(path) == ("bad_quotes", {"line": 3})


def test_quotes_within_a_text_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('Nombre,Fono\nLuis "Lucho" Soto,1\n"Eva ""Evita"" Paz",2\n')
    assert content_of(path)[1:] == [['Luis "Lucho" Soto', "1"], ['Eva "Evita" Paz', "2"]]


def test_too_many_columns_are_told(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [["Fono"], ["x"] * 257])
    assert refusal(path) == ("too_many_columns", {"columns": 257, "limit": 256, "row": 2})


@pytest.mark.parametrize("content", ["\n\n", " , \n".replace(" ", ""), "\ufeff"])
def test_a_file_without_values_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    assert refusal(path) == ("empty_sheet", {"sheet": ""})


def test_a_csv_has_no_sheets(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ROWS)
    assert refusal(path, "Hoja 1") == ("sheets_of_text", {})
