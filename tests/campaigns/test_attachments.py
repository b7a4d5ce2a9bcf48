"""Files that go with a campaign: known by content, whole, of a size that can be stored, and stored once."""

from pathlib import Path

import pytest

from campaigns import attachments
from campaigns.errors import CampaignError
from campaigns.models import Attachment

JPEG = b"\xff\xd8\xff\xe0" + b"j" * 50 + b"\xff\xd9"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"p" * 50 + b"IEND\xaeB`\x82"
WEBP = b"RIFF" + (4 + 30).to_bytes(4, "little") + b"WEBP" + b"w" * 30
PDF = b"%PDF-1.7\n" + b"f" * 50 + b"\n%%EOF\n"


@pytest.mark.parametrize(
    ("name", "data", "mimetype", "stored_name"),
    [
        ("foto.jpg", JPEG, "image/jpeg", "foto.jpg"),
        ("FOTO.JPEG", JPEG, "image/jpeg", "FOTO.JPEG"),
        ("foto.jpg", PNG, "image/png", "foto.png"),
        ("foto", WEBP, "image/webp", "foto.webp"),
        ("aviso de cobro.pdf", PDF, "application/pdf", "aviso de cobro.pdf"),
        ("v1.2", PDF, "application/pdf", "v1.2.pdf"),
        ("../../etc/x\n.pdf", PDF, "application/pdf", "x.pdf"),
        ("ñ" * 300 + ".pdf", PDF, "application/pdf", "ñ" * 116 + ".pdf"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_a_file_holds_decides_what_it_is(name: str, data: bytes, mimetype: str, stored_name: str) -> None:
    found = attachments.checked(name, data)
    assert (found.mimetype, found.filename, found.size) == (mimetype, stored_name, len(data))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"MZ a program called foto.jpg", "no JPEG, PNG or WebP image and no PDF"),
        (b"<html>", "no JPEG, PNG or WebP image and no PDF"),
        (b"RIFF\x00\x00\x00\x00WAVE", "no JPEG, PNG or WebP image and no PDF"),
        (JPEG[:-2], "is cut short"),
        (PNG[:30], "is cut short"),
        (WEBP[:-1], "is cut short"),
        (PDF[:20], "is cut short"),
        (JPEG + b"x" * attachments.MAX_BYTES, "at most 12 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_sent_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "foto.jpg"
    path.write_bytes(data)
    with pytest.raises(CampaignError, match=words):
        attachments.read(path)
    with pytest.raises(CampaignError, match=words):
        attachments.checked("foto.jpg", data)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="can't be read: No such file"):
        attachments.read(tmp_path / "nada.pdf")
    with pytest.raises(CampaignError, match="can't be read: Is a directory"):
        attachments.read(tmp_path)


@pytest.mark.django_db
def test_the_same_file_is_stored_once_and_read_back_whole() -> None:
    large = PDF[:9] + b"f" * (attachments.MAX_BYTES - len(PDF)) + PDF[9:]
    kept = [attachments.keep(attachments.checked("aviso.pdf", large)).pk for _ in range(2)]
    other = attachments.keep(attachments.checked("otro.pdf", large)).pk
    assert kept[0] == kept[1] != other
    stored = Attachment.objects.get(pk=kept[0])
    assert bytes(stored.data) == large
    assert (stored.mimetype, stored.size, Attachment.objects.count()) == ("application/pdf", len(large), 2)
