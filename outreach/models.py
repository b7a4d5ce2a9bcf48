"""Whom the agency itself writes to and asks about: the book of contacts, digests for executives, checks of numbers."""

from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_mongodb_backend.fields import ArrayField, ObjectIdField

from domain.finding import search_words
from domain.folding import fold
from domain.rows import MAX_NAME, MAX_RUT


# The book of contacts -------------------------------------------------------------------------------------------------
class Contact(models.Model):
    """The executive of the debtor with that RUT, who need not be a user: of a user's phone it is that user."""

    rut = models.CharField(max_length=MAX_RUT, unique=True)
    """As debtors have it (domain.rows.normalise_rut)."""
    name = models.CharField(max_length=MAX_NAME)
    phone = models.CharField(max_length=20)
    """E.164."""
    digests = models.BooleanField(default=True)
    """Whether the executive is told of this debtor's replies."""
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    folded_name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    """What the list is ordered by."""
    words: Any = ArrayField(models.CharField(max_length=MAX_NAME), default=list)
    """What it is found by: see domain.finding."""

    class Meta:
        indexes = (
            models.Index(fields=["folded_name", "id"], name="contact_name"),
            models.Index(fields=["phone", "folded_name", "id"], name="contact_phone"),
            models.Index(fields=["words"], name="contact_words"),
        )

    def __str__(self) -> str:
        return f"{self.rut}: {self.name}"


def contact_values(*, rut: str, name: str, phone: str) -> dict[str, Any]:
    """These values of a contact with what is stored beside them so that lists and searches find it."""
    words = search_words(name=name, rut=rut, external_id="", phone=phone)
    return {"rut": rut, "name": name, "phone": phone, "folded_name": fold(name)[:MAX_NAME], "words": words}


class BookImport(models.Model):
    """A file of contacts: what its columns are taken for, and what became of its rows. It goes at `expires_at`."""

    file_name = models.CharField(max_length=255)
    user = ObjectIdField(null=True)
    """Who sent it."""
    country = models.CharField(max_length=2)
    """ISO 3166 code of RUTs, and of phones without a prefix."""
    headers: Any = models.JSONField(default=list)
    mapping: Any = models.JSONField(default=dict)
    """{"rut", "name", "phone": the column's place}; what has no column is not there."""
    ready = models.BooleanField(default=False)
    """Whether all of its rows are stored: a file that was sent halfway is none."""
    done_at = models.DateTimeField(null=True)
    """When it was taken into the book; empty while it is looked at."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.file_name


class BookOutcome(models.TextChoices):
    """What becomes, or became, of a row of a file of contacts."""

    CREATED = "created", pgettext_lazy("a row of a file", "new")
    UPDATED = "updated", pgettext_lazy("a row of a file", "changed")
    UNCHANGED = "unchanged", pgettext_lazy("a row of a file", "unchanged")
    DUPLICATE = "duplicate", pgettext_lazy("a row of a file", "duplicate")
    REJECTED = "rejected", pgettext_lazy("a row of a file", "rejected")


class BookRow(models.Model):
    """A row of a file of contacts, as it was written and as it was understood."""

    source = ObjectIdField()
    number = models.IntegerField()
    """As the spreadsheet shows it."""
    values: Any = models.JSONField(default=list)
    """Its cells (debtors.intake.cells)."""
    rut = models.CharField(max_length=MAX_RUT, blank=True, default="")
    name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    phone = models.CharField(max_length=20, blank=True, default="")
    outcome = models.CharField(max_length=10, choices=BookOutcome.choices)
    code = models.CharField(max_length=40, blank=True, default="")
    """Why it is duplicate or rejected: a stable word (debtors.intake.reasons)."""
    params: Any = models.JSONField(default=dict)
    taken = models.BooleanField(default=False)
    """Whether it is in the book: stored together with that."""
    expires_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "number"], name="book_row_once"),)
        indexes = (models.Index(fields=["source", "outcome", "number"], name="book_row_outcome"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"


# Digests --------------------------------------------------------------------------------------------------------------
class DigestSetting(models.Model):
    """What a user has chosen for the digests that they get; what is empty is the installation's."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest_setting")
    user_id: ObjectId
    active = models.BooleanField(default=True)
    every = models.IntegerField(null=True)
    """Seconds between two digests."""
    most = models.IntegerField(null=True)
    """People whom a digest names; of the others it says how many."""
    gateway = ObjectIdField(null=True)
    """The session's line that sends them; empty is any of the installation's pool."""

    def __str__(self) -> str:
        return str(self.user)


class DigestItem(models.Model):
    """A reply that somebody has to be told of, or was: once for each text and reader, whatever happens."""

    text = ObjectIdField()
    """The IncomingText."""
    reader = models.CharField(max_length=20)
    """The executive's phone."""
    debtor = ObjectIdField(null=True)
    at = models.DateTimeField()
    """When it was found."""
    told_at = models.DateTimeField(null=True)
    """When it went into a digest, or was dropped; empty while it waits. Kept 30 days from then."""
    digest = ObjectIdField(null=True)
    """The Digest that tells of it; empty where its reader wants none any more."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["text", "reader"], name="digest_item_once"),)
        # By `told_at` alone there is the index that forgets (migrations).
        indexes = (models.Index(fields=["told_at", "reader", "id"], name="digest_item_waiting"),)

    def __str__(self) -> str:
        return f"{self.text} {self.reader}"


class DigestReader(models.Model):
    """When somebody was last told, by phone: what two engines that build a digest at once meet at."""

    phone = models.CharField(max_length=20, unique=True)
    last_at = models.DateTimeField(null=True)
    gateway = ObjectIdField(null=True)
    """The line of the last digest: the reader knows it."""

    def __str__(self) -> str:
        return self.phone


class Digest(models.Model):
    """A digest that was made: to whom, by which line, of how many. Its text and state are its Message's, of its key."""

    phone = models.CharField(max_length=20)
    name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    user = ObjectIdField(null=True)
    gateway = ObjectIdField()
    people = models.IntegerField(default=0)
    texts = models.IntegerField(default=0)
    test = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["created_at", "id"], name="digest_created"),
            models.Index(fields=["phone", "created_at", "id"], name="digest_phone"),
        )

    def __str__(self) -> str:
        return f"{self.phone} {self.created_at}"


class DigestCursor(models.Model):
    """Up to when replies were looked for, as keys of that second; there is one, of the name `digests`."""

    name = models.CharField(max_length=20, unique=True)
    since = ObjectIdField()
    """The earliest that is told: digests were switched on then."""
    upto = ObjectIdField()
    next_at = models.DateTimeField(null=True)
    """When they are looked at next."""

    def __str__(self) -> str:
        return self.name


# Checks of numbers ----------------------------------------------------------------------------------------------------
class CheckStatus(models.TextChoices):
    FILLING = "filling", _("being prepared")
    RUNNING = "running", _("running")
    STOPPED = "stopped", _("stopped")
    DONE = "done", _("done")


class NumberCheck(models.Model):
    """A batch of numbers whose presence on WhatsApp is asked, slowly. Its counts are those of its numbers, always."""

    name = models.CharField(max_length=120)
    pool = ObjectIdField()
    """Whose sessions ask."""
    per_hour = models.IntegerField()
    """Questions of one session in an hour, at most."""
    status = models.CharField(max_length=10, choices=CheckStatus.choices, default=CheckStatus.FILLING.value)
    total = models.IntegerField(default=0)
    yes = models.IntegerField(default=0)
    no = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    invalid = models.IntegerField(default=0)
    remembered = models.IntegerField(default=0)
    """Answers, among those, that were known and not asked."""
    user = ObjectIdField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["created_at", "id"], name="check_created"),
            models.Index(fields=["status", "pool"], name="check_status"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def answered(self) -> int:
        return self.yes + self.no + self.failed + self.invalid

    @property
    def waiting(self) -> int:
        return max(0, self.total - self.answered)


class Answer(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("a number", "waiting")
    YES = "yes", _("on WhatsApp")
    NO = "no", _("not on WhatsApp")
    FAILED = "failed", _("no answer")
    INVALID = "invalid", _("no phone")


class CheckedNumber(models.Model):
    """One number of a check. Its answer's age counts from `answered_at`, when WhatsApp gave it."""

    batch = ObjectIdField()
    place = models.IntegerField()
    raw = models.CharField(max_length=100, blank=True, default="")
    """As it was written."""
    phone = models.CharField(max_length=20, blank=True, default="")
    """E.164; empty where it is none."""
    name = models.CharField(max_length=MAX_NAME, blank=True, default="")
    status = models.CharField(max_length=10, choices=Answer.choices, default=Answer.WAITING.value)
    reason = models.CharField(max_length=40, blank=True, default="")
    """Why it is no phone, or had no answer: a stable word."""
    answered_at = models.DateTimeField(null=True)
    remembered = models.BooleanField(default=False)
    gateway = ObjectIdField(null=True)
    """The line that asked."""
    due_at = models.DateTimeField(null=True)
    """When it may be asked; while somebody asks, when it is believed that nobody does any more."""
    tries = models.IntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["batch", "place"], name="checked_number_once"),)
        indexes = (
            models.Index(fields=["batch", "status", "due_at"], name="checked_number_due"),
            models.Index(fields=["batch", "status", "place"], name="checked_number_list"),
        )

    def __str__(self) -> str:
        return self.phone or self.raw


class AskingPace(models.Model):
    """When a session may ask about a number next, whichever check it is of."""

    gateway = ObjectIdField(unique=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.gateway)
