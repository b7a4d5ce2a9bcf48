"""What a worker does with a file that a page sent: looks at it first, then imports it, under a lease.

A worker that dies is followed by another one as soon as the lease has ended: it reads the file again up to the last
row that is stored, for a later row may repeat an earlier one, and stores those behind it.
"""

import itertools
import logging
import os
import secrets
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.db import DatabaseError, connection
from django.db.models import F
from django.utils import timezone
from pymongo.errors import PyMongoError

from debtors import stored_files
from debtors.commands import ImportRefused, load_rows, open_reading
from debtors.intake.cells import to_stored
from debtors.intake.load import LeaseLost, Loader
from debtors.intake.sheet import SheetError, open_sheet, sheet_names
from debtors.models import Import, Upload, UploadStatus
from debtors.stored_files import FileGone
from debtors.uploads import KEPT_AFTER
from domain.cells import Cell, CellProblem, text_of
from domain.columns import HEADER_SEARCH_ROWS, ColumnWarning, find_header, text_of_header
from domain.states import ImportStatus
from lib.mongo import collection, compare_and_set, from_now, is_unavailable, retry_unavailable
from live.events import ImportChanged
from live.publish import publish

logger = logging.getLogger(__name__)

ISSUED_SECONDS = 12
"""How long an issued task may take to begin, before another one is issued."""
LEASE_SECONDS = 30
RENEWAL_SECONDS = 5.0
MOST_STARTS = 5
"""Workers that may die over one stretch of a file: then it is the file that kills them."""
SAMPLE_ROWS = 8
SAMPLE_TEXT = 60

FOLDERS = "whatsmassive-upload-"
"""How the folders of this machine's copies begin."""
ABANDONED_SECONDS = 24 * 3600

LOOK, IMPORT = "debtors.look_at_upload", "debtors.import_upload"
ALIVE = [ImportStatus.WAITING.value, ImportStatus.RUNNING.value]

leaving = threading.Event()
"""Set when this process is asked to end: what runs gives its lease back after the batch."""

_FREE: list[dict[str, Any]] = [{"work_until": None}, {"$expr": {"$lte": ["$work_until", "$$NOW"]}}]


# The lease -----------------------------------------------------------------------------------------------------------
def needs_work() -> list[tuple[str, ObjectId]]:
    """(task's name, id) of what waits for a worker: one import at a time, and one file to look at."""
    found: list[tuple[str, ObjectId]] = []
    imports = collection(Import)
    held = {"status": {"$in": ALIVE}, "upload": {"$ne": None}, "$nor": _FREE}
    if imports.find_one(held, {"_id": 1}) is None:
        waiting = {"status": {"$in": ALIVE}, "upload": {"$ne": None}, "$or": _FREE}
        found += [(IMPORT, row["_id"]) for row in imports.find(waiting, {"_id": 1}).sort("_id", 1).limit(1)]
    looks = {"status": UploadStatus.LOOKING.value, "$or": _FREE}
    oldest = collection(Upload).find(looks, {"_id": 1}).sort("created_at", 1).limit(1)
    return [*found, *((LOOK, row["_id"]) for row in oldest)]


def lease(task: str, key: ObjectId) -> str | None:
    """Take the lease for a task; its token, or None when somebody else has it."""
    token = secrets.token_hex(16)
    taken = collection(Import if task == IMPORT else Upload).update_one(
        {"_id": key, "$or": _FREE}, [{"$set": {"work_token": token, "work_until": from_now(ISSUED_SECONDS)}}]
    )
    return token if taken.matched_count else None


class _Held:
    """A lease that is renewed while it is needed."""

    def __init__(self, model: type[Import] | type[Upload], key: ObjectId, token: str) -> None:
        self._model, self._mine = model, {"_id": key, "work_token": token}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._renew_on, name="lease", daemon=True)

    def renew(self) -> bool:
        renewed = collection(self._model).update_one(self._mine, [{"$set": {"work_until": from_now(LEASE_SECONDS)}}])
        return bool(renewed.matched_count)

    def start(self) -> None:
        self._thread.start()

    def release(self) -> None:
        self._end.set()
        self._thread.join()
        collection(self._model).update_one(self._mine, {"$set": {"work_token": "", "work_until": None}})

    def _renew_on(self) -> None:
        try:
            while not self._end.wait(RENEWAL_SECONDS):
                try:
                    self.renew()
                except PyMongoError:
                    logger.warning("The lease of an import could not be renewed.")
        finally:
            connection.close()  # the thread's own


@contextmanager
def leased(model: type[Import] | type[Upload], key: ObjectId, token: str) -> Iterator[Any]:
    """The object while its lease is held; None when it is somebody else's. A database that is away ends the work."""
    held = _Held(model, key, token)
    try:
        found = model.objects.filter(pk=key).first() if held.renew() else None
        if found is None:
            yield None
            return
        held.start()
        try:
            yield found
        finally:
            held.release()
    except (DatabaseError, PyMongoError) as error:
        if not is_unavailable(error):
            raise
        logger.warning("MongoDB is away: the work on a file goes on when it is back.")


@contextmanager
def _content(upload: Upload | None) -> Iterator[Path]:
    """The upload's content as a file of this machine. Raises FileGone."""
    if upload is None:
        raise FileGone
    _clear_after_the_killed()
    with tempfile.TemporaryDirectory(prefix=FOLDERS) as folder:
        path = Path(folder) / "upload"
        stored_files.fetch(upload, path)
        yield path


def _clear_after_the_killed() -> None:
    """A worker that was killed left its copy behind: nobody reads one for a day."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(folder)


# The first look ------------------------------------------------------------------------------------------------------
def look(upload_id: ObjectId, token: str) -> None:
    """Find out which sheets, columns and first rows a file has, or why it can't be used."""
    with leased(Upload, upload_id, token) as upload:
        if upload is None or upload.status != UploadStatus.LOOKING:
            return
        Upload.objects.filter(pk=upload_id).update(starts=F("starts") + 1)
        try:
            if upload.starts >= MOST_STARTS:
                raise SheetError("gave_up")
            with _content(upload) as path:
                seen = _seen(path, upload)
        except SheetError as error:
            seen = {"status": UploadStatus.REFUSED.value, "error": error.code, "error_params": error.params}
        except FileGone:
            seen = {"status": UploadStatus.REFUSED.value, "error": "file_gone"}
        except (DatabaseError, PyMongoError):
            raise
        except Exception:
            logger.exception("The file %s can't be looked at", upload_id, extra={"code": "import.fault"})
            seen = {"status": UploadStatus.REFUSED.value, "error": "unexpected"}
        mine = {"status": UploadStatus.LOOKING.value, "work_token": token}
        if compare_and_set(Upload, upload_id, mine, seen):
            if seen["status"] == UploadStatus.REFUSED.value:
                stored_files.keep_until(upload_id, timezone.now() + KEPT_AFTER)
            publish(ImportChanged(str(upload_id)))


def _seen(path: Path, upload: Upload) -> dict[str, Any]:
    """What there is to store of a file that opens. Raises SheetError."""
    sheets = sheet_names(path)
    seen: dict[str, Any] = {"status": UploadStatus.READY.value, "sheets": sheets, "headers": [], "sample": []}
    try:
        opened = open_sheet(path, upload.sheet or None)
    except SheetError as error:
        if len(sheets) > 1:  # another sheet may be the right one
            return {**seen, "error": error.code, "error_params": error.params, "sheet": upload.sheet or sheets[0]}
        raise
    first = list(itertools.islice(opened.rows(), HEADER_SEARCH_ROWS + SAMPLE_ROWS))
    index = find_header([cells for _number, cells in first], {})
    if index is None:
        raise SheetError("empty_sheet", sheet=opened.name)
    number, cells = first[index]
    below = [row for row in first[index + 1 :] if any(shown_cell(cell, upload.country) for cell in row[1])]
    return {
        **seen,
        "sheet": opened.name,
        "headers": [text_of_header(cell) for cell in cells],
        "header_row": number,
        "height": opened.height,
        "delimiter": opened.delimiter,
        "sample": [[row, to_stored(cells)] for row, cells in below[:SAMPLE_ROWS]],
        **({} if below else {"error": "no_rows"}),
    }


def shown_cell(cell: Cell, country: str) -> str:
    """A cell as pages show it."""
    text = cell.text or "#N/A" if isinstance(cell, CellProblem) else text_of(cell, country)
    return text if len(text) <= SAMPLE_TEXT else f"{text[: SAMPLE_TEXT - 1]}…"


# The import ----------------------------------------------------------------------------------------------------------
def run_import(import_id: ObjectId, token: str) -> None:
    """Import the file, from where the last worker stopped."""
    with leased(Import, import_id, token) as found:
        if found is None or found.status not in ALIVE:
            return
        Import.objects.filter(pk=import_id).update(starts=F("starts") + 1)
        upload = Upload.objects.filter(pk=found.upload).first()
        try:
            if found.starts >= MOST_STARTS:
                _finish(found, token, ImportStatus.FAILED, "gave_up")
                return
            with _content(upload) as path:
                _import(found, upload, path, token)
        except LeaseLost:
            logger.info("Another worker goes on with import %s", import_id)
        except FileGone:
            _finish(found, token, ImportStatus.FAILED, "file_gone")
        except ImportRefused as refused:
            _finish(found, token, ImportStatus.FAILED, refused.code, refused.params)
        except (DatabaseError, PyMongoError) as error:
            if is_unavailable(error):
                raise
            logger.exception("Import %s failed", import_id, extra={"code": "import.fault"})
            _finish(found, token, ImportStatus.FAILED, "unexpected")
        except Exception:
            logger.exception("Import %s failed", import_id, extra={"code": "import.fault"})
            _finish(found, token, ImportStatus.FAILED, "unexpected")


def _import(found: Import, upload: Any, path: Path, token: str) -> None:
    """Store what is not stored yet. Raises LeaseLost, ImportRefused."""
    if found.stop_requested:
        _finish(found, token, ImportStatus.STOPPED)
        return
    reading = open_reading(path, sheet=found.sheet or None, mapping=upload.mapping)
    columns = reading.columns
    begun = {
        "status": ImportStatus.RUNNING.value,
        "height": reading.sheet.height,
        "resumed_at": timezone.now(),
        "resumed_from": found.position,
        "host": socket.gethostname(),
        "pid": os.getpid(),
    }
    if not compare_and_set(Import, found.pk, {"work_token": token, "status__in": ALIVE}, begun):
        return
    publish(ImportChanged(str(found.pk)))
    warnings = list(found.warnings)

    def warn(warning: ColumnWarning) -> None:
        each = {"code": warning.code, "params": dict(warning.params)}
        if each not in warnings:
            warnings.append(each)

    owner = found.owner.pk if found.owner else None
    loader = Loader(import_id=found.pk, fields=frozenset(columns.fields), owner_id=owner, token=token)
    with closing(load_rows(reading, loader, country=found.country, after=found.position, warn=warn)) as loaded:
        for _batch, _counts in loaded:
            publish(ImportChanged(str(found.pk)))
            if leaving.is_set():
                return
            if Import.objects.filter(pk=found.pk, stop_requested=True).exists():
                _finish(found, token, ImportStatus.STOPPED, warnings=warnings)
                return
    _finish(found, token, ImportStatus.DONE, warnings=warnings)


def _finish(
    found: Import,
    token: str,
    status: ImportStatus,
    error: str = "",
    params: Any = None,
    *,
    warnings: list[Any] | None = None,
) -> None:
    now = timezone.now()
    changes = {
        "status": status.value,
        "error": error,
        "error_params": dict(params or {}),
        "finished_at": now,
        "stop_requested": False,
        **({} if warnings is None else {"warnings": warnings}),
    }
    mine = {"work_token": token, "status__in": ALIVE}
    if not retry_unavailable(lambda: compare_and_set(Import, found.pk, mine, changes), seconds=60):
        return
    if status is ImportStatus.DONE and found.upload:
        stored_files.keep_until(found.upload, now + KEPT_AFTER)
    publish(ImportChanged(str(found.pk)))
