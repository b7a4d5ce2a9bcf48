"""Files that staff attached, as a browser gets them: shown where nothing in them can run, else only to be saved."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

KEPT_SECONDS = 3600
"""How long a browser keeps one: its content never changes."""
PDF = "application/pdf"
IMAGES = ("image/jpeg", "image/png", "image/webp")
NOTHING_RUNS = "default-src 'none'; sandbox"


def kept_file(data: bytes, *, mimetype: str, filename: str) -> HttpResponse:
    """A file under the name that its recipients see.

    All but a PDF are shut off from the pages whose address they have. A PDF can't be: the browser's own viewer, which
    lets nothing of it reach the pages, does not open in a sandbox.
    """
    shown = mimetype in IMAGES or mimetype == PDF
    answer = HttpResponse(data, content_type=mimetype if shown else "application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(not shown, filename) or "inline"
    answer["Cache-Control"] = f"private, max-age={KEPT_SECONDS}, immutable"
    answer["X-Content-Type-Options"] = "nosniff"
    if mimetype != PDF:
        answer["Content-Security-Policy"] = NOTHING_RUNS
    return answer
