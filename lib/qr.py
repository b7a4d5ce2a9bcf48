"""A QR code's modules, and the drawing of them for a page."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from qrcode.constants import ERROR_CORRECT_L
from qrcode.main import QRCode

STANDARD_QUIET = 4
"""Light modules around the code, which every scanner is content with."""


def modules(text: str, *, quiet: int) -> list[list[bool]]:
    """The code's modules, row by row, dark ones True, with `quiet` light ones around."""
    code = QRCode(error_correction=ERROR_CORRECT_L, border=quiet)
    code.add_data(text)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def svg(text: str, *, label: str) -> SafeString:
    """The code as an SVG, black on white in every theme; `label` is what it is to who can't see it."""
    rows = modules(text, quiet=STANDARD_QUIET)
    size = len(rows)
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{1}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{0}v{0}H0z"/><path fill="#000" d="{2}"/></svg>',
        size,
        label,
        "".join(_runs(rows)),
    )


def _runs(rows: list[list[bool]]) -> list[str]:
    """One rectangle for each row's run of dark modules."""
    drawn = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            begin = x
            while x < len(row) and row[x]:
                x += 1
            if x > begin:
                drawn.append(f"M{begin} {y}h{x - begin}v1h-{x - begin}z")
            x += 1
    return drawn
