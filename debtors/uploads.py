"""What pages do with files of debtors: keep one, choose what its columns are, begin, stop and go on importing it.

They store intent; a worker carries it out (debtors.carrying).
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from bson import ObjectId
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from debtors import stored_files
from debtors.intake import reasons
from debtors.intake.load import stored_now
from debtors.models import ColumnMemory, Import, Upload, UploadStatus
from domain.columns import ColumnsError, choose_columns, headers_digest, remember
from domain.states import IMPORT, ImportStatus
from lib.mongo import collection, compare_and_set, run_tx, session
from live.events import ImportChanged
from live.publish import publish

KEPT = timedelta(days=7)
"""How long a file waits for somebody to go on with it."""
KEPT_AFTER = timedelta(hours=24)
"""How long it stays when its import is done, or when it can't be used."""


class UploadError(Exception):
    """Nothing was changed; str() is the translated sentence for the page."""

    def __init__(self, code: str, params: Mapping[str, object] | None = None) -> None:
        super().__init__(reasons.page_error(code, params or {}))
        self.code = code


def keep(
    pieces: Iterable[bytes],
    *,
    file_name: str,
    user: User | None,
    country: str,
    owner: User | None = None,
    campaign: ObjectId | None = None,
) -> Upload:
    """Keep a file (in pieces of stored_files.CHUNK_BYTES) for a worker to look at."""
    key, now = ObjectId(), timezone.now()
    size, sha256 = stored_files.store(key, pieces, expires_at=now + KEPT)
    # Last: what is half stored belongs to nobody, and goes by itself.
    return Upload.objects.create(
        pk=key,
        file_name=file_name[-255:],
        size=size,
        sha256=sha256,
        user=user,
        country=country,
        owner=owner,
        campaign=campaign,
        created_at=now,
        expires_at=now + KEPT,
    )


def look_at_sheet(upload: Upload, sheet: str) -> None:
    """Have another sheet of the file looked at. Raises UploadError."""
    if sheet not in upload.sheets:
        raise UploadError("no_such_sheet", {"sheet": sheet, "sheets": upload.sheets})
    changed = compare_and_set(
        Upload,
        upload.pk,
        {"status__in": [UploadStatus.READY.value, UploadStatus.REFUSED.value]},
        {"status": UploadStatus.LOOKING.value, "sheet": sheet, "starts": 0, "error": "", "error_params": {}},
    )
    if not changed:
        raise UploadError("already_begun")
    publish(ImportChanged(str(upload.pk)))


def begin(upload: Upload, mapping: Mapping[str, str]) -> ObjectId:
    """Have the file imported; the import's id. `mapping` is {header: field, "ignore" or "keep"}. Raises UploadError."""
    try:
        columns = choose_columns(upload.headers, mapping)
    except ColumnsError as error:
        raise UploadError(error.code, error.params) from error
    key = ObjectId()

    def store() -> None:
        chosen = {"status": UploadStatus.IMPORTED.value, "mapping": dict(mapping), "import_id": key}
        if not compare_and_set(Upload, upload.pk, {"status": UploadStatus.READY.value, "error": ""}, chosen):
            raise UploadError("already_begun")
        now = timezone.now()
        Import.objects.create(
            pk=key,
            file_name=upload.file_name,
            sheet=upload.sheet,
            sha256=upload.sha256,
            country=upload.country,
            owner=upload.owner,
            headers=list(columns.headers),
            columns=[{"key": each.key, "header": each.header} for each in columns.metadata],
            mapping={each.value: columns.headers[index] for each, index in columns.fields.items()},
            status=ImportStatus.WAITING.value,
            warnings=[{"code": each.code, "params": dict(each.params)} for each in columns.warnings],
            started_at=now,
            heartbeat_at=now,
            height=upload.height,
            upload=upload.pk,
            campaign=upload.campaign,
            language=get_language() or "",
        )
        _remember(upload, mapping)

    run_tx(store)
    publish(ImportChanged(str(key)))
    return key


def _remember(upload: Upload, mapping: Mapping[str, str]) -> None:
    """For the next file with these columns."""
    chosen = {
        "mapping": remember(mapping),
        "user_id": getattr(upload, "user_id", None),
        "file_name": upload.file_name,
        "at": stored_now(),
    }
    collection(ColumnMemory).update_one(
        {"headers": headers_digest(upload.headers)}, {"$set": chosen}, upsert=True, session=session()
    )


def remembered(upload: Upload) -> ColumnMemory | None:
    """What somebody chose for the last file with the columns of this one."""
    return ColumnMemory.objects.select_related("user").filter(headers=headers_digest(upload.headers)).first()


def drop(upload: Upload) -> bool:
    """Throw away a file that nobody imported; False when somebody did meanwhile."""
    gone, _each = Upload.objects.filter(pk=upload.pk, import_id=None).delete()
    if gone:
        stored_files.forget(upload.pk)
    return bool(gone)


def stop(import_id: ObjectId) -> bool:
    """Stop an import; what it stored stays. False when there is nothing to stop."""
    stopped = compare_and_set(
        Import,
        import_id,
        {"status": ImportStatus.WAITING.value},
        {"status": ImportStatus.STOPPED.value, "finished_at": timezone.now()},
    ) or compare_and_set(
        Import, import_id, {"status": ImportStatus.RUNNING.value, "upload__isnull": False}, {"stop_requested": True}
    )
    if stopped:
        publish(ImportChanged(str(import_id)))
    return stopped


def go_on(import_id: ObjectId) -> None:
    """Have an import that stopped or failed go on where it stopped. Raises UploadError."""
    found = Import.objects.get(pk=import_id)
    if found.upload is None or not stored_files.is_there(found.upload):
        raise UploadError("file_gone")
    origins = [origin.value for origin, targets in IMPORT.items() if ImportStatus.WAITING in targets]
    again = {
        "status": ImportStatus.WAITING.value,
        "stop_requested": False,
        "starts": 0,
        "error": "",
        "finished_at": None,
    }
    if not compare_and_set(Import, import_id, {"status__in": origins}, again):
        raise UploadError("already_begun")
    stored_files.keep_until(found.upload, timezone.now() + KEPT)
    publish(ImportChanged(str(import_id)))
