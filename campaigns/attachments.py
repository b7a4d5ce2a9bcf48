"""Files that go with a campaign's text: known by what they hold and not by their name, and stored once each."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bson import Binary, ObjectId
from django.utils.translation import gettext as _

from campaigns.errors import CampaignError
from campaigns.models import Attachment
from lib.mongo import collection, session

MAX_BYTES = 12 * 1024 * 1024
MAX_NAME = 120
TAIL = 2048
"""Bytes at a file's end in which its end mark is looked for: some programs write a little after it."""

SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
}
"""What may be attached, with the endings that its name may have, the usual one first."""

_ALL_SUFFIXES = {suffix for suffixes in SUFFIXES.values() for suffix in suffixes}


@dataclass(frozen=True, slots=True)
class Content:
    """What a file was found to be; `whole` is whether its end is there."""

    mimetype: str
    whole: bool


def read(path: Path) -> Attachment:
    """The file as an attachment, not stored yet. Raises CampaignError for what can't be one."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _too_large(path.name)
        data = path.read_bytes()
    except OSError as error:
        raise CampaignError(
            _("“%(path)s” can't be read: %(why)s.") % {"path": path, "why": error.strerror or error}
        ) from error
    return checked(path.name, data)


def checked(filename: str, data: bytes) -> Attachment:
    """These bytes as an attachment, not stored yet. Raises CampaignError for what can't be one."""
    if len(data) > MAX_BYTES:
        raise _too_large(filename)
    if not data:
        raise CampaignError(_("“%(name)s” is empty.") % {"name": filename})
    content = content_of(data)
    if content is None:
        raise CampaignError(
            _("“%(name)s” can't be attached: its content is no JPEG, PNG or WebP image and no PDF.")
            % {"name": filename}
        )
    if not content.whole:
        raise CampaignError(_("“%(name)s” is cut short: its end is missing. Copy it again.") % {"name": filename})
    return Attachment(
        pk=ObjectId(),
        filename=_filename(filename, content.mimetype),
        mimetype=content.mimetype,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        data=data,
    )


def content_of(data: bytes) -> Content | None:
    """What the bytes are, or None when they are nothing that may be attached."""
    if data.startswith(b"\xff\xd8\xff"):
        return Content("image/jpeg", whole=b"\xff\xd9" in data[-TAIL:])
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return Content("image/png", whole=b"IEND" in data[-TAIL:])
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return Content("image/webp", whole=len(data) >= int.from_bytes(data[4:8], "little") + 8)
    if b"%PDF-" in data[:1024]:
        return Content("application/pdf", whole=b"%%EOF" in data[-TAIL:])
    return None


def keep(attachment: Attachment) -> Attachment:
    """Store it, unless the same file with the same name is there already; the stored one, without its bytes."""
    fields = {
        "mimetype": attachment.mimetype,
        "size": attachment.size,
        "data": Binary(bytes(attachment.data)),
        "created_at": datetime.now(UTC).replace(tzinfo=None),
    }
    key = {"sha256": attachment.sha256, "filename": attachment.filename}
    collection(Attachment).update_one(
        key, {"$setOnInsert": {"_id": attachment.pk, **fields}}, upsert=True, session=session()
    )
    return Attachment.objects.defer("data").get(**key)


def _too_large(filename: str) -> CampaignError:
    return CampaignError(
        _("“%(name)s” is too large: an attachment has at most %(most)s MB.")
        % {"name": filename, "most": MAX_BYTES // 1024 // 1024}
    )


def _filename(name: str, mimetype: str) -> str:
    """The name that recipients see: printable, not too long, and with an ending that fits the content."""
    plain = "".join(c for c in Path(name).name if c.isprintable()).strip() or "file"
    stem, suffix = Path(plain).stem, Path(plain).suffix
    if suffix.lower() not in SUFFIXES[mimetype]:
        if suffix.lower() not in _ALL_SUFFIXES:
            stem = plain
        suffix = SUFFIXES[mimetype][0]
    return stem[: MAX_NAME - len(suffix)] + suffix
