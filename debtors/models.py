"""Debtors, and the imports that brought them: every row of every file keeps its outcome."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from domain.money import DECIMAL_PLACES, MAX_WHOLE_DIGITS
from domain.rows import MAX_EXTERNAL_ID, MAX_NAME, MAX_RUT
from domain.states import ImportStatus

STATUS_LABELS = {
    ImportStatus.RUNNING: _("running"),
    ImportStatus.DONE: _("done"),
    ImportStatus.FAILED: _("failed"),
}


class Outcome(models.TextChoices):
    """What became of a row of a file."""

    CREATED = "created", _("Created")
    UPDATED = "updated", _("Updated")
    UNCHANGED = "unchanged", _("Unchanged")
    DUPLICATE = "duplicate", _("Duplicate")
    REJECTED = "rejected", _("Rejected")


class Debtor(models.Model):
    """Somebody who owes. `identity` (see domain.rows.identity_of) says who it is from file to file."""

    identity = models.CharField(max_length=MAX_EXTERNAL_ID + 10, unique=True)
    name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    phone = models.CharField(max_length=20)
    """E.164."""
    phone_raw = models.CharField(max_length=100)
    """What the file said."""
    country = models.CharField(max_length=2)
    """ISO 3166 code of the country that the phone belongs to."""
    debt = models.DecimalField(max_digits=MAX_WHOLE_DIGITS + DECIMAL_PLACES, decimal_places=DECIMAL_PLACES, null=True)
    rut = models.CharField(max_length=MAX_RUT, blank=True, default="")
    external_id = models.CharField(max_length=MAX_EXTERNAL_ID, blank=True, default="")
    due_date = models.DateField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="debtors")
    metadata: Any = models.JSONField(default=dict)
    """{column's key: text}: what placeholders find besides the fields. Columns of several files gather here."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    """When one of its values last changed: an import that brings nothing new leaves it."""

    class Meta:
        indexes = (models.Index(fields=["phone"], name="debtor_phone"),)

    def __str__(self) -> str:
        return self.name or self.phone


class Import(models.Model):
    """One reading of one file. Its counts are those of its rows, at any moment: both are stored together."""

    file_name = models.CharField(max_length=255)
    sheet = models.CharField(max_length=100, blank=True, default="")
    """Blank for a csv."""
    sha256 = models.CharField(max_length=64)
    country = models.CharField(max_length=2)
    """ISO 3166 code of phones without a prefix, of money and of dates in the file."""
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="imports")
    """Whose its debtors are."""
    headers: Any = models.JSONField(default=list)
    """Every header, in the file's order; blank where there is none."""
    columns: Any = models.JSONField(default=list)
    """The metadata columns: [{"key", "header"}]."""
    mapping: Any = models.JSONField(default=dict)
    """{field: header} of the columns that became fields."""
    status = models.CharField(
        max_length=10, choices=[(s.value, STATUS_LABELS[s]) for s in ImportStatus], default=ImportStatus.RUNNING.value
    )
    error = models.CharField(max_length=40, blank=True, default="")
    """Why it failed: `interrupted` (stopped or killed) or `unexpected` (see the log)."""
    rows = models.IntegerField(default=0)
    """Rows read so far, blank ones left out: the sum of the counts below."""
    created = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    unchanged = models.IntegerField(default=0)
    duplicate = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    """When its process last stored a batch."""
    finished_at = models.DateTimeField(null=True)
    host = models.CharField(max_length=255, blank=True, default="")
    pid = models.IntegerField(default=0)
    """Which process reads it: a running import whose process is gone was interrupted."""

    class Meta:
        indexes = (models.Index(fields=["status"], name="import_status"),)

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """What became of one row of a file; the rows with a debtor are a campaign's audience."""

    # `import` is a word of the language.
    source = models.ForeignKey(
        Import, db_column="import_id", on_delete=models.CASCADE, related_name="import_rows", db_index=False
    )
    number = models.IntegerField()
    """The row's number as the spreadsheet shows it: the header has one too."""
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    debtor = models.ForeignKey(Debtor, null=True, on_delete=models.SET_NULL, related_name="import_rows")
    """Empty for duplicate and rejected rows."""
    code = models.CharField(max_length=40, blank=True, default="")
    """Why it is duplicate or rejected: a stable word; debtors.intake.reasons turns it into a sentence."""
    params: Any = models.JSONField(default=dict)
    values: Any = models.JSONField(null=True)
    """The cells of a duplicate or rejected row (see debtors.intake.cells), so that it can be corrected."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "number"], name="import_row_once"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
