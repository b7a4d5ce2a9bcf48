"""A QR in a terminal: the same modules that the library makes, dark where they are meant to be dark."""

import pytest
from qrcode.constants import ERROR_CORRECT_L
from qrcode.main import QRCode

from campaigns.management.qr import BLACK_ON_WHITE, BLOCKS, QUIET, RESET, WHITE_ON_BLACK, qr_lines

TEXT = "2@" + "A1b2C3d4" * 28 + ",k,l,1"  # as long as WhatsApp's
PAIRS = {block: pair for pair, block in BLOCKS.items()}


def modules(lines: list[str]) -> list[list[bool]]:
    """Where characters were drawn, row by row."""
    rows = []
    for line in lines:
        upper, lower = zip(*(PAIRS[block] for block in line), strict=True)
        rows += [list(upper), list(lower)]
    return rows


def expected(text: str) -> list[list[bool]]:
    code = QRCode(error_correction=ERROR_CORRECT_L, border=QUIET)
    code.add_data(text)
    code.make(fit=True)
    rows = [[bool(module) for module in row] for row in code.get_matrix()]
    return rows if len(rows) % 2 == 0 else [*rows, [False] * len(rows[0])]


@pytest.mark.parametrize("text", [TEXT, "short"])
def test_without_colours_what_is_drawn_is_light(text: str) -> None:
    dark = expected(text)
    assert modules(qr_lines(text, colours=False)) == [[not module for module in row] for row in dark]
    assert modules(qr_lines(text, colours=False, invert=True)) == dark


@pytest.mark.parametrize(("invert", "colour"), [(False, BLACK_ON_WHITE), (True, WHITE_ON_BLACK)])
def test_with_colours_what_is_drawn_is_dark_whatever_the_theme(invert: bool, colour: str) -> None:
    lines = qr_lines(TEXT, colours=True, invert=invert)
    assert {(line.startswith(colour), line.endswith(RESET)) for line in lines} == {(True, True)}
    assert modules([line.removeprefix(colour).removesuffix(RESET) for line in lines]) == expected(TEXT)


def test_it_fits_a_terminal_of_80_columns() -> None:
    lines = qr_lines(TEXT, colours=False)
    assert max(map(len, lines)) <= 79
    assert len(lines) <= 40
