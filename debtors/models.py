"""Debtors, and the imports that brought them: every row of every file keeps its outcome."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_mongodb_backend.fields import ArrayField, ObjectIdField

from debtors.work_models import ColumnMemory, DebtorAct, DebtorMerge, DebtorNote, DebtorWork, WorkStatus
from domain.finding import search_words
from domain.folding import fold
from domain.money import DECIMAL_PLACES, MAX_WHOLE_DIGITS
from domain.rows import MAX_EXTERNAL_ID, MAX_NAME, MAX_RUT
from domain.states import ImportStatus

__all__ = [
    "ROW_LABELS",
    "STATUS_LABELS",
    "ColumnMemory",
    "Debtor",
    "DebtorAct",
    "DebtorMerge",
    "DebtorNote",
    "DebtorWork",
    "Import",
    "ImportRow",
    "Outcome",
    "Upload",
    "UploadChunk",
    "UploadStatus",
    "WorkStatus",
    "found_by",
]

STATUS_LABELS = {
    ImportStatus.WAITING: _("waiting"),
    ImportStatus.RUNNING: _("running"),
    ImportStatus.DONE: _("done"),
    ImportStatus.STOPPED: _("stopped"),
    ImportStatus.FAILED: pgettext_lazy("import", "failed"),
}


class Outcome(models.TextChoices):
    """What became of a row of a file."""

    CREATED = "created", _("Created")
    UPDATED = "updated", _("Updated")
    UNCHANGED = "unchanged", _("Unchanged")
    DUPLICATE = "duplicate", _("Duplicate")
    REJECTED = "rejected", _("Rejected")


ROW_LABELS = {
    Outcome.CREATED: pgettext_lazy("a row of a file", "created"),
    Outcome.UPDATED: pgettext_lazy("a row of a file", "updated"),
    Outcome.UNCHANGED: pgettext_lazy("a row of a file", "unchanged"),
    Outcome.DUPLICATE: pgettext_lazy("a row of a file", "duplicate"),
    Outcome.REJECTED: pgettext_lazy("a row of a file", "rejected"),
}
"""Of one row, where Outcome's labels are of many."""


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
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="debtors", db_index=False
    )
    metadata: Any = models.JSONField(default=dict)
    """{column's key: text}: what placeholders find besides the fields. Columns of several files gather here."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    """When one of its values last changed: an import that brings nothing new leaves it."""
    suppressed = models.BooleanField(default=False)
    """Whether the phone is on the suppression list, copied from there for lists: what may be sent is asked there."""
    answered_at = models.DateTimeField(null=True)
    """When somebody last wrote to us from the phone."""
    folded_name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    """What lists are ordered by."""
    words: Any = ArrayField(models.CharField(max_length=MAX_NAME), default=list)
    """What it is found by: see domain.finding."""

    class Meta:
        indexes = (
            models.Index(fields=["phone"], name="debtor_phone"),
            # By which one person who came twice is found.
            models.Index(fields=["rut"], name="debtor_rut"),
            # The key ends each, as it ends the order of pages.
            models.Index(fields=["updated_at", "id"], name="debtor_updated"),
            models.Index(fields=["folded_name", "id"], name="debtor_name"),
            models.Index(fields=["owner", "updated_at", "id"], name="debtor_owner"),
            models.Index(fields=["words"], name="debtor_words"),
            models.Index(fields=["suppressed", "updated_at", "id"], name="debtor_suppressed"),
            models.Index(fields=["answered_at", "id"], name="debtor_answered"),
            # What audiences are filtered by.
            models.Index(fields=["debt", "id"], name="debtor_debt"),
            models.Index(fields=["due_date", "id"], name="debtor_due"),
            models.Index(fields=["country", "id"], name="debtor_country"),
        )

    def __str__(self) -> str:
        return self.name or self.phone

    def save(self, *args: Any, **kwargs: Any) -> None:
        for name, value in found_by(
            name=self.name, rut=self.rut, external_id=self.external_id, phone=self.phone
        ).items():
            setattr(self, name, value)
        if (only := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*only, "folded_name", "words"}
        super().save(*args, **kwargs)


def found_by(*, name: str, rut: str, external_id: str, phone: str) -> dict[str, Any]:
    """What is stored beside these values of a debtor so that lists and searches find it."""
    words = search_words(name=name, rut=rut, external_id=external_id, phone=phone)
    return {"folded_name": fold(name)[:MAX_NAME], "words": words}


class SuppressionSource(models.TextChoices):
    """How somebody came onto the suppression list."""

    REPLY = "reply", pgettext_lazy("why somebody is not written to", "Their reply")
    PERSON = "person", pgettext_lazy("why somebody is not written to", "Added by hand")
    IMPORT = "import", pgettext_lazy("why somebody is not written to", "A file")
    COMMAND = "command", pgettext_lazy("why somebody is not written to", "The command line")


class Suppression(models.Model):
    """Somebody whom no campaign writes to, or once did not: what is lifted stays, with who lifted it and why.

    One for each phone. Campaigns ask for it by the phone alone; `identity` says whose it is, so that the list follows a
    person who gets another phone. See debtors/suppressions.py.
    """

    phone = models.CharField(max_length=MAX_EXTERNAL_ID + 10, unique=True)
    """E.164; `lid:` and digits of a WhatsApp person whose number is hidden; or the identity itself, of a person whose
    phone is not known yet."""
    identity = models.CharField(max_length=MAX_EXTERNAL_ID + 10, blank=True, default="")
    """As Debtor has it, of a person who is known by more than the phone."""
    name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    words: Any = ArrayField(models.CharField(max_length=MAX_NAME), default=list)
    """What it is found by: see domain.finding."""
    active = models.BooleanField(default=True)
    source = models.CharField(max_length=10, choices=SuppressionSource.choices)
    reason = models.CharField(max_length=300, blank=True, default="")
    actor = models.CharField(max_length=150, blank=True, default="")
    """Who did it, by their name of then; empty for the person's own reply."""
    at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    """When it ends by itself; empty for never."""
    text = ObjectIdField(null=True)
    """The IncomingText that is the cause, where there is one; `said` is how it begins."""
    said = models.CharField(max_length=300, blank=True, default="")
    gateway = ObjectIdField(null=True)
    """The line that it came to."""
    rule = models.CharField(max_length=60, blank=True, default="")
    """Which rule of which version took it for an opt-out (domain/contact_rules.py); empty where a person did."""
    rule_version = models.IntegerField(default=0)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=150, blank=True, default="")
    """Empty for one that ended by itself."""
    lift_reason = models.CharField(max_length=300, blank=True, default="")
    due_at = models.DateTimeField(null=True)
    """When the engine carries out what follows from it, for messages and debtors that are there; empty once it did."""
    looks = models.IntegerField(default=0)
    confirmation = ObjectIdField(null=True)
    """The message that confirms it to the person, chosen beforehand so that there is never a second one."""

    class Meta:
        indexes = (
            models.Index(fields=["active", "at", "id"], name="suppression_listed"),
            models.Index(fields=["active", "source", "at", "id"], name="suppression_source"),
            models.Index(fields=["words"], name="suppression_words"),
            models.Index(fields=["identity"], name="suppression_identity"),
            models.Index(fields=["due_at"], name="suppression_due"),
            models.Index(fields=["until"], name="suppression_until"),
        )

    def __str__(self) -> str:
        return self.name or self.phone


class SuppressionFile(models.Model):
    """A file of people not to be written to, from its preview on. It goes at `expires_at` (migrations)."""

    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    country = models.CharField(max_length=2)
    actor = models.CharField(max_length=150)
    reason = models.CharField(max_length=300, blank=True, default="")
    added = models.IntegerField(null=True)
    """How many it put onto the list; empty while it was only looked at."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.file_name


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
    """Why it failed: `interrupted` (stopped or killed), `unexpected` (see the log), `gave_up` (its workers died again
    and again), `file_gone`, or what the file is refused for (debtors.intake.reasons)."""
    error_params: Any = models.JSONField(default=dict)
    warnings: Any = models.JSONField(default=list)
    """Of its columns: [{"code", "params"}]."""
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

    # Of those that come from a page. Their worker holds a lease: when it dies another one goes on where it stopped.
    upload = ObjectIdField(null=True)
    """Its file (Upload); empty for what the command line imported."""
    campaign = ObjectIdField(null=True)
    """The draft whose audience gets its debtors."""
    attached_at = models.DateTimeField(null=True)
    """When the campaign got them, or refused them."""
    campaign_note = models.TextField(blank=True, default="")
    """What was said of that, in the language of who uploaded the file."""
    campaign_refused = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True, default="")
    position = models.IntegerField(default=0)
    """The number of the last row that is stored."""
    height = models.IntegerField(default=0)
    """The number of the file's last row, 0 until the file is open: what progress is measured by."""
    resumed_at = models.DateTimeField(null=True)
    """When its present worker began to store rows, and at which row: what the rate is measured by."""
    resumed_from = models.IntegerField(default=0)
    stop_requested = models.BooleanField(default=False)
    starts = models.IntegerField(default=0)
    """How many workers began it since the last stored row."""
    work_token = models.CharField(max_length=32, blank=True, default="")
    work_until = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["status"], name="import_status"),
            models.Index(fields=["started_at", "id"], name="import_started"),
        )

    def __str__(self) -> str:
        return self.file_name


class UploadStatus(models.TextChoices):
    LOOKING = "looking", _("being looked at")
    READY = "ready", _("to be checked")
    REFUSED = "refused", _("can't be used")
    IMPORTED = "imported", _("imported")


class Upload(models.Model):
    """A file that was sent by a page: what a first look found in it, and what somebody chose.

    It goes with its content, at `expires_at` (migrations).
    """

    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="uploads")
    """Who sent it."""
    country = models.CharField(max_length=2)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    """Whose its debtors will be."""
    campaign = ObjectIdField(null=True)
    status = models.CharField(max_length=10, choices=UploadStatus.choices, default=UploadStatus.LOOKING.value)
    sheet = models.CharField(max_length=100, blank=True, default="")
    """The sheet that is looked at; blank is the first visible one, and a csv's only one."""
    sheets: Any = models.JSONField(default=list)
    headers: Any = models.JSONField(default=list)
    header_row = models.IntegerField(default=0)
    """The header's number, 0 where none was found."""
    mapping: Any = models.JSONField(default=dict)
    """{header: field, "ignore" or "keep"}, as somebody chose."""
    delimiter = models.CharField(max_length=1, blank=True, default="")
    """Of a csv; blank for a workbook."""
    sample: Any = models.JSONField(default=list)
    """The first rows below the header: [number, cells as debtors.intake.cells stores them]."""
    height = models.IntegerField(default=0)
    error = models.CharField(max_length=40, blank=True, default="")
    """Why it can't be used (debtors.intake.reasons)."""
    error_params: Any = models.JSONField(default=dict)
    import_id = ObjectIdField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    starts = models.IntegerField(default=0)
    """How many workers began to look at it."""
    work_token = models.CharField(max_length=32, blank=True, default="")
    work_until = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["status", "created_at"], name="upload_status"),)

    def __str__(self) -> str:
        return self.file_name


class UploadChunk(models.Model):
    """A piece of an upload's content: a page has no file system that every worker shares."""

    upload = ObjectIdField()
    number = models.IntegerField()
    data = models.BinaryField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["upload", "number"], name="upload_chunk_once"),)

    def __str__(self) -> str:
        return f"{self.upload} {self.number}"


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
        # Those without a debtor have an index of their own, `import_row_refused`, partial (migrations).

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
