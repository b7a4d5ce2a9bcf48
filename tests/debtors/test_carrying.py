"""Files that pages sent: looked at, imported under a lease, stopped, gone on with, given to a campaign."""

import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bson import ObjectId
from django.db import connection
from django.utils import timezone

from campaigns.models import AudienceKind, Campaign
from debtors import carrying, commands, stored_files, uploads
from debtors.intake.load import Loader
from debtors.models import Debtor, Import, ImportRow, Upload, UploadChunk
from debtors.uploads import UploadError
from domain.states import CampaignStatus
from engine import uploads as engine
from lib.mongo import collection
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_csv, write_xlsx
from tests.factories.sending import make_campaign, make_pool

pytestmark = pytest.mark.django_db


def kept(path: Path, **options: Any) -> Upload:
    with path.open("rb") as file:
        pieces = iter(lambda: file.read(stored_files.CHUNK_BYTES), b"")
        return uploads.keep(pieces, file_name=path.name, user=None, country="CL", **options)


def looked_at(path: Path, **options: Any) -> Upload:
    upload = kept(path, **options)
    look(upload)
    return upload


def look(upload: Upload) -> None:
    token = carrying.lease(carrying.LOOK, upload.pk)
    assert token
    carrying.look(upload.pk, token)
    upload.refresh_from_db()


def work(import_id: ObjectId) -> Import:
    token = carrying.lease(carrying.IMPORT, import_id)
    assert token
    carrying.run_import(import_id, token)
    return Import.objects.get(pk=import_id)


def file_of(tmp_path: Path, rows: int, *more: tuple[Any, ...]) -> Path:
    return write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(rows), *more])


def test_content_comes_back_as_it_was_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_files, "CHUNK_BYTES", 1000)
    sent = file_of(tmp_path, 200)
    upload = kept(sent)
    assert UploadChunk.objects.filter(upload=upload.pk).count() == -(-sent.stat().st_size // 1000)
    stored_files.fetch(upload, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == sent.read_bytes()
    UploadChunk.objects.filter(upload=upload.pk, number=1).delete()
    with pytest.raises(stored_files.FileGone):
        stored_files.fetch(upload, tmp_path / "back")


def test_files_go_by_themselves_when_their_time_has_come() -> None:
    for model in (Upload, UploadChunk):
        kinds = [index for index in collection(model).list_indexes() if "expireAfterSeconds" in index]
        assert [(dict(each["key"]), each["expireAfterSeconds"]) for each in kinds] == [({"expires_at": 1}, 0)]


def test_look_finds_sheets_columns_and_first_rows(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [("Cartera",), HEADERS, *debtor_rows(9)], Otra=[("x",)])
    upload = looked_at(path)
    assert (upload.status, upload.error, upload.sheets) == ("ready", "", ["Deudores", "Otra"])
    assert (upload.sheet, upload.headers, upload.header_row, upload.height) == ("Deudores", list(HEADERS), 2, 11)
    assert (len(upload.sample), upload.sample[0]) == (
        8, [3, ["Deudor 0", "980000000", 1000.0, "7000000-0", "ejecutivo0"]])  # fmt: skip


def test_another_sheet_can_be_looked_at(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "a.xlsx", [], Buena=[HEADERS, *debtor_rows(1)])
    upload = looked_at(path)
    assert (upload.status, upload.error, upload.sheets) == ("ready", "empty_sheet", ["Deudores", "Buena"])
    uploads.look_at_sheet(upload, "Buena")
    look(upload)
    assert (upload.error, upload.sheet, upload.headers) == ("", "Buena", list(HEADERS))
    with pytest.raises(UploadError):
        uploads.look_at_sheet(upload, "Otra")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"PK\x03\x04" + b"\0" * 100, "damaged"),
        (b"%PDF-1.7 x", "not_a_spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password_protected"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "old_format"),
        (b"\r\n", "empty_sheet"),
    ],
)
def test_bad_file_is_refused_with_its_reason(tmp_path: Path, content: bytes, code: str) -> None:
    (tmp_path / "malo.xlsx").write_bytes(content)
    upload = looked_at(tmp_path / "malo.xlsx")
    assert (upload.status, upload.error) == ("refused", code)
    assert upload.expires_at < timezone.now() + timedelta(hours=25)


def test_import_of_an_upload_reports_every_row(tmp_path: Path) -> None:
    upload = looked_at(file_of(tmp_path, 5, ("Malo", "12", 1, "", ""), ("Otra", "980000000", 1, "7000000-0", "")))
    found = work(uploads.begin(upload, {}))
    assert (found.status, found.rows, found.created, found.rejected, found.duplicate) == ("done", 7, 5, 1, 1)
    assert (found.position, found.height, found.work_token) == (8, 8, "")
    assert UploadChunk.objects.first().expires_at < timezone.now() + timedelta(hours=25)
    with pytest.raises(UploadError, match="imported already"):
        uploads.begin(upload, {})


def test_chosen_columns_are_taken_as_chosen(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [("Nombre", "Contacto", "Nota"), ("Ana", "987654321", "x")])
    upload = looked_at(path)
    assert upload.status == "ready"
    with pytest.raises(UploadError, match="No column is the phone"):
        uploads.begin(upload, {})
    work(uploads.begin(upload, {"Nombre": "keep", "Contacto": "phone", "Nota": "ignore"}))
    debtor = Debtor.objects.get()
    assert (debtor.name, debtor.phone, debtor.metadata) == ("", "+56987654321", {"nombre": "Ana"})


def test_signs_that_mongodb_knows_are_texts_like_others(tmp_path: Path) -> None:
    headers = ("Fono", "$", "$Nota", "a.b", "Motivo del rechazo")
    path = write_csv(tmp_path / "a.csv", [headers, ("987654321", "$phone", "$$NOW", "x", ""), ("1", "$2", "", "", "")])
    upload = looked_at(path)
    assert (upload.headers, upload.sample[0][1][:3]) == (list(headers), ["987654321", "$phone", "$$NOW"])
    found = work(uploads.begin(upload, {"$Nota": "ignore", "$": "keep", "a.b": "name", "Fono": "phone"}))
    assert (found.status, found.rows, found.rejected) == ("done", 2, 1)
    debtor = Debtor.objects.get()
    assert (debtor.name, debtor.metadata) == ("x", {"column_b": "$phone"})


def test_debtors_of_before_are_given_what_they_are_found_by() -> None:
    debtor = make_debtor("Úrsula Díaz", phone="+56987654321", rut="1-9")
    collection(Debtor).update_one({"_id": debtor.pk}, {"$unset": {"words": 1, "folded_name": 1}})
    import_module("debtors.migrations.0003_found").backfill(None, SimpleNamespace(connection=connection))
    found = Debtor.objects.get(pk=debtor.pk)
    assert (found.folded_name, found.words) == ("ursula_diaz", ["ursula", "diaz", "19", "56987654321", "987654321"])


def die_after(batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker ends in mid-import, as by kill -9: neither its lease is given back nor its import marked."""
    load = Loader.load
    left = iter(range(batches))

    def until(self: Loader, batch: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return load(self, batch)

    monkeypatch.setattr(Loader, "load", until)
    monkeypatch.setattr(carrying._Held, "release", lambda self: self._end.set())


def test_import_goes_on_where_its_worker_died(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "BATCH_ROWS", 10)
    repeated = ("Otro nombre", "980000003", 1, "7000003-3", "")
    key = uploads.begin(looked_at(file_of(tmp_path, 40, ("Malo", "x", 1, "", ""), repeated)), {})
    with monkeypatch.context() as context:
        die_after(2, context)
        with pytest.raises(KeyboardInterrupt):
            work(key)
    dead = Import.objects.get(pk=key)
    assert (dead.status, dead.rows, dead.position, dead.starts) == ("running", 20, 21, 0)
    assert carrying.lease(carrying.IMPORT, key) is None
    assert (carrying.IMPORT, key) not in carrying.needs_work()
    Import.objects.filter(pk=key).update(work_until=timezone.now() - timedelta(seconds=1))
    assert carrying.needs_work() == [(carrying.IMPORT, key)]
    found = work(key)
    assert (found.status, found.rows, found.created, found.unchanged) == ("done", 42, 40, 0)
    assert (found.rejected, found.duplicate) == (1, 1)
    assert ImportRow.objects.filter(source=key).count() == 42
    assert Debtor.objects.get(phone="+56980000003").name == "Deudor 3"


def test_worker_that_lost_its_lease_stores_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "BATCH_ROWS", 10)
    key = uploads.begin(looked_at(file_of(tmp_path, 30)), {})
    load = Loader.load

    def taken_over(self: Loader, batch: Any) -> Any:
        stored = load(self, batch)
        Import.objects.filter(pk=key).update(work_token="another")
        return stored

    with monkeypatch.context() as context:
        context.setattr(Loader, "load", taken_over)
        found = work(key)
    assert (found.status, found.rows, found.work_token) == ("running", 10, "another")
    assert ImportRow.objects.filter(source=key).count() == 10


def test_stopped_import_keeps_what_it_has_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "BATCH_ROWS", 10)
    key = uploads.begin(looked_at(file_of(tmp_path, 30)), {})
    load = Loader.load

    def stopped(self: Loader, batch: Any) -> Any:
        done = load(self, batch)
        uploads.stop(key)
        return done

    with monkeypatch.context() as context:
        context.setattr(Loader, "load", stopped)
        found = work(key)
    assert (found.status, found.stop_requested) == ("stopped", False)
    assert 10 <= found.rows < 30
    assert carrying.needs_work() == []
    uploads.go_on(key)
    found = work(key)
    assert (found.status, found.rows, found.created) == ("done", 30, 30)


def test_waiting_import_is_stopped_at_once(tmp_path: Path) -> None:
    key = uploads.begin(looked_at(file_of(tmp_path, 1)), {})
    assert uploads.stop(key)
    assert Import.objects.get(pk=key).status == "stopped"
    assert not uploads.stop(key)


def test_import_whose_file_is_gone_says_so(tmp_path: Path) -> None:
    key = uploads.begin(looked_at(file_of(tmp_path, 1)), {})
    UploadChunk.objects.all().delete()
    found = work(key)
    assert (found.status, found.error) == ("failed", "file_gone")
    with pytest.raises(UploadError, match="no longer here"):
        uploads.go_on(key)


def test_copies_of_killed_workers_are_cleared_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = file_of(tmp_path, 1)
    monkeypatch.setattr(carrying.tempfile, "tempdir", str(tmp_path))
    old, new = (tmp_path / f"{carrying.FOLDERS}{name}" for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir()
        (folder / "upload").write_bytes(b"x")
    os.utime(old, (0, 0))
    looked_at(sent)
    assert (old.exists(), new.exists()) == (False, True)


def test_file_that_kills_its_workers_is_given_up(tmp_path: Path) -> None:
    key = uploads.begin(looked_at(file_of(tmp_path, 1)), {})
    Import.objects.filter(pk=key).update(starts=carrying.MOST_STARTS)
    found = work(key)
    assert (found.status, found.error) == ("failed", "gave_up")


def test_leaving_worker_gives_its_import_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "BATCH_ROWS", 10)
    key = uploads.begin(looked_at(file_of(tmp_path, 30)), {})
    with monkeypatch.context() as context:
        context.setattr(carrying.leaving, "is_set", lambda: True)
        found = work(key)
    assert (found.status, found.work_token) == ("running", "")
    assert carrying.needs_work() == [(carrying.IMPORT, key)]
    assert work(key).status == "done"


def test_one_import_at_a_time_and_one_look_beside_it(tmp_path: Path) -> None:
    first = uploads.begin(looked_at(file_of(tmp_path, 1)), {})
    second = uploads.begin(looked_at(file_of(tmp_path, 2)), {})
    waiting = kept(file_of(tmp_path, 3))
    assert carrying.needs_work() == [(carrying.IMPORT, first), (carrying.LOOK, waiting.pk)]
    carrying.lease(carrying.IMPORT, first)
    assert carrying.needs_work() == [(carrying.LOOK, waiting.pk)]
    Import.objects.filter(pk=first).update(status="done", work_token="", work_until=None)
    assert carrying.needs_work()[0] == (carrying.IMPORT, second)


def attached(key: ObjectId) -> Import:
    assert engine.to_attach() == [key]
    token = carrying.lease(carrying.IMPORT, key)
    assert token
    engine.attach(key, token)
    assert engine.to_attach() == []
    return Import.objects.get(pk=key)


def test_draft_gets_the_debtors_of_its_file(tmp_path: Path) -> None:
    draft = make_campaign(make_pool(), "Noviembre", status=CampaignStatus.DRAFT)
    Campaign.objects.update(audience=AudienceKind.NONE.value)
    key = uploads.begin(looked_at(file_of(tmp_path, 3), campaign=draft.pk), {})
    assert engine.to_attach() == []
    work(key)
    found = attached(key)
    assert (found.campaign_refused, "3" in found.campaign_note) == (False, True)
    assert Campaign.objects.get(pk=draft.pk).audience_imports == [key]


def test_draft_that_can_not_have_them_says_why(tmp_path: Path) -> None:
    running = make_campaign(make_pool(), "Noviembre")
    key = uploads.begin(looked_at(file_of(tmp_path, 3), campaign=running.pk), {})
    work(key)
    found = attached(key)
    assert found.campaign_refused
    assert "can't change any more" in found.campaign_note
