"""Files that staff attached, as a browser gets them."""

import pytest

from lib.kept_files import kept_file


@pytest.mark.parametrize(
    ("mimetype", "served", "disposition", "policy"),
    [
        ("image/png", "image/png", 'inline; filename="a.x"', "default-src 'none'; sandbox"),
        ("application/pdf", "application/pdf", 'inline; filename="a.x"', None),
        # Nothing else can be attached; should it ever be, it is saved and not shown.
        ("text/html", "application/octet-stream", 'attachment; filename="a.x"', "default-src 'none'; sandbox"),
        ("image/svg+xml", "application/octet-stream", 'attachment; filename="a.x"', "default-src 'none'; sandbox"),
    ],
)
def test_what_can_run_is_never_shown(mimetype: str, served: str, disposition: str, policy: str | None) -> None:
    answer = kept_file(b"%PDF-", mimetype=mimetype, filename="a.x")
    assert answer.content == b"%PDF-"
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (served, disposition)
    assert (answer["X-Content-Type-Options"], answer.get("Content-Security-Policy")) == ("nosniff", policy)


def test_a_name_with_accents_is_kept() -> None:
    answer = kept_file(b"", mimetype="application/pdf", filename="carta «Ñ».pdf")
    assert answer["Content-Disposition"] == "inline; filename*=utf-8''carta%20%C2%AB%C3%91%C2%BB.pdf"
