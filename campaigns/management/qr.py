"""A QR code as text for a terminal: two modules in one character, dark on light whatever the terminal's colours."""

from lib.qr import modules

QUIET = 2
"""Light modules around the code: phones need fewer than the standard's four, and a terminal has little room."""

BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}

BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m"  # of the 256 fixed colours, which no theme repaints
WHITE_ON_BLACK = "\x1b[38;5;231;48;5;16m"
RESET = "\x1b[0m"


def qr_lines(text: str, *, colours: bool, invert: bool = False) -> list[str]:
    """The code's lines.

    With `colours` they say which is light and which is dark. Without (a file, a pipe) a block is light, which is right
    where text is light on dark; `invert` makes it dark, for text that is dark on light, or for a scanner that wants
    a negative.
    """
    dark = modules(text, quiet=QUIET)
    drawn_dark = colours or invert
    rows = [[module == drawn_dark for module in row] for row in dark]
    if len(rows) % 2:
        rows.append([not drawn_dark] * len(rows[0]))
    lines = [
        "".join(BLOCKS[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
    if not colours:
        return lines
    colour = WHITE_ON_BLACK if invert else BLACK_ON_WHITE
    return [f"{colour}{line}{RESET}" for line in lines]
