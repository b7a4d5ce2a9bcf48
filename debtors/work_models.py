"""What staff do with debtors and what is remembered of it: work on many at once, merges, notes, chosen columns."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_mongodb_backend.fields import ArrayField, ObjectIdField


class DebtorAct(models.TextChoices):
    """What may be done to many debtors at once."""

    RELEASE = "release", _("Take out of what waits")
    RESET = "reset", _("Start over")
    OWNER = "owner", _("Give to an executive")
    DELETE = "delete", _("Delete")
    CLEAN = "clean", _("Clean up")


class WorkStatus(models.TextChoices):
    """Of work on debtors: first it is only looked at what would change, then somebody says yes."""

    LOOKING = "looking", pgettext_lazy("work on debtors", "being counted")
    READY = "ready", pgettext_lazy("work on debtors", "waits for your yes")
    RUNNING = "running", pgettext_lazy("work on debtors", "running")
    DONE = "done", pgettext_lazy("work on debtors", "done")
    STOPPED = "stopped", pgettext_lazy("work on debtors", "stopped")
    FAILED = "failed", pgettext_lazy("work on debtors", "failed")


class DebtorWork(models.Model):
    """One act on chosen debtors, or on all that a filter gives, page by page from a stored place.

    Each page is one transaction with the counts and the place behind it: whoever goes on does none of it twice.
    """

    act = models.CharField(max_length=10, choices=DebtorAct.choices)
    status = models.CharField(max_length=10, choices=WorkStatus.choices, default=WorkStatus.LOOKING.value)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    chosen: Any = ArrayField(ObjectIdField(), default=list)
    """The debtors; empty where a filter or rules say which."""
    filter = models.TextField(blank=True, default="")
    """The query string of the list that was looked at."""
    rules: Any = models.JSONField(default=dict)
    """Of a clean-up: domain/clean_up.py."""
    owner = ObjectIdField(null=True)
    """Whom they are given to; empty is nobody."""
    language = models.CharField(max_length=10, blank=True, default="")
    last = ObjectIdField(null=True)
    """The last debtor there was when it began: who came later is not meant."""
    cursor = ObjectIdField(null=True)
    """The debtor behind which it goes on."""
    looked = models.IntegerField(default=0)
    """How many debtors the present round has looked at."""
    found: Any = models.JSONField(default=dict)
    """What would change, as the first round counted it: {what: number}."""
    sample: Any = models.JSONField(default=list)
    """The first debtors of those: [{"pk", "name", "phone", "what"}]."""
    done: Any = models.JSONField(default=dict)
    """What was changed, in the same words as `found`."""
    stop_requested = models.BooleanField(default=False)
    starts = models.IntegerField(default=0)
    """How many workers began it since the last stored page."""
    work_token = models.CharField(max_length=32, blank=True, default="")
    work_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["status"], name="debtor_work_status"),
            models.Index(fields=["created_at", "id"], name="debtor_work_created"),
        )

    def __str__(self) -> str:
        return f"{self.act} {self.status}"


class DebtorMerge(models.Model):
    """A debtor that became part of another: where its address leads, and whose the messages are that kept its id."""

    gone = ObjectIdField(unique=True)
    kept = ObjectIdField()
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["kept"], name="debtor_merge_kept"),)

    def __str__(self) -> str:
        return f"{self.gone} → {self.kept}"


class DebtorNote(models.Model):
    """What somebody wrote down about a debtor."""

    MOST = 2_000

    debtor = ObjectIdField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    author = models.CharField(max_length=150)
    """Their name, also when the user is gone."""
    text = models.TextField(max_length=MOST)
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["debtor", "at"], name="debtor_note_debtor"),)

    def __str__(self) -> str:
        return self.text[:60]


class ColumnMemory(models.Model):
    """What somebody said that the columns of files with these headers are."""

    headers = models.CharField(max_length=64, unique=True)
    """Their digest: domain.columns.headers_digest."""
    mapping: Any = models.JSONField(default=dict)
    """{folded header: field, "ignore" or "keep"}."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    file_name = models.CharField(max_length=255)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.file_name
