"""The worker that imports a file dies in mid-import: another one goes on, and the report is of every row, once."""

from collections import Counter
from pathlib import Path

import pytest

from debtors import stored_files, uploads
from debtors.models import Debtor, Import, ImportRow, Upload
from tests.factories.debtors import HEADERS, debtor_rows, write_csv
from tests.faults.cluster import Cluster
from tests.faults.progress import until

pytestmark = [pytest.mark.whole_database, pytest.mark.timeout(900)]

ROWS = 30_000


def test_kill_9_of_the_worker_that_imports(cluster: Cluster, tmp_path: Path) -> None:
    rows = [*debtor_rows(ROWS), ("Mala", "12", 1, "", ""), ("Repetida", "980000005", 1, "7000005-5", "")]
    with write_csv(tmp_path / "a.csv", [HEADERS, *rows]).open("rb") as file:
        pieces = iter(lambda: file.read(stored_files.CHUNK_BYTES), b"")
        upload = uploads.keep(pieces, file_name="a.csv", user=None, country="CL")

    def wait(condition: str, value: object) -> None:
        """Until this holds of the import, or of the upload while there is none."""
        until(
            lambda: _holds(condition, value),
            moved=lambda: list(Import.objects.values_list("status", "rows", "work_token")),
            report=lambda: f"{list(Import.objects.values())}\n{cluster.all_logs()}",
        )

    def _holds(condition: str, value: object) -> bool:
        return (Import if Import.objects.exists() else Upload).objects.filter(**{condition: value}).exists()

    wait("status", "ready")
    upload.refresh_from_db()
    key = uploads.begin(upload, {})
    for stored in (1, 10_000):
        wait("rows__gte", stored)
        cluster.restart("campaigns")
        assert Import.objects.get(pk=key).status == "running"
    wait("status", "done")
    found = Import.objects.get(pk=key)
    outcomes = {"created": found.created, "duplicate": found.duplicate, "rejected": found.rejected}
    assert outcomes == {"created": ROWS, "duplicate": 1, "rejected": 1}
    assert (found.rows, found.updated, found.unchanged, found.position) == (ROWS + 2, 0, 0, ROWS + 3)
    assert Counter(ImportRow.objects.filter(source=key).values_list("outcome", flat=True)) == Counter(outcomes)
    assert Debtor.objects.count() == ROWS
