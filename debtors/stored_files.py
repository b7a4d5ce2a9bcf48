"""The content of uploads, in MongoDB, where every worker finds it: in pieces, so that nobody holds all of it."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from bson import Binary, Int64, ObjectId

from debtors.models import SuppressionFile, Upload, UploadChunk
from lib.mongo import collection

CHUNK_BYTES = 1024 * 1024


class FileGone(Exception):
    """The content is not there any more, or not all of it."""


def store(upload: ObjectId, pieces: Iterable[bytes], *, expires_at: datetime) -> tuple[int, str]:
    """Keep the pieces, each of CHUNK_BYTES at most; (size, sha256) of all of them. Outside of a transaction."""
    size, digest = 0, hashlib.sha256()
    for number, piece in enumerate(pieces):
        digest.update(piece)
        size += len(piece)
        document = {"upload": upload, "number": Int64(number), "data": Binary(piece), "expires_at": expires_at}
        collection(UploadChunk).insert_one(document)
    return size, digest.hexdigest()


def fetch(upload: Upload | SuppressionFile, path: Path) -> None:
    """Write the content into a new file. Raises FileGone."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        # A few at a time: an answer may hold 16 MB.
        for piece in collection(UploadChunk).find({"upload": upload.pk}, {"data": 1}, batch_size=8).sort("number", 1):
            digest.update(piece["data"])
            file.write(piece["data"])
    if digest.hexdigest() != upload.sha256:
        raise FileGone


def is_there(upload: ObjectId) -> bool:
    return collection(UploadChunk).find_one({"upload": upload}, {"_id": 1}) is not None


def keep_until(upload: ObjectId, moment: datetime) -> None:
    """Let the upload and its content go at that moment."""
    UploadChunk.objects.filter(upload=upload).update(expires_at=moment)
    Upload.objects.filter(pk=upload).update(expires_at=moment)


def forget(upload: ObjectId) -> None:
    """Delete the content."""
    UploadChunk.objects.filter(upload=upload).delete()
