"""Campaigns: what staff want sent, to whom, by which ways and at what hours. The engine reads them."""

from datetime import time
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ArrayField, EmbeddedModelArrayField, ObjectIdField
from django_mongodb_backend.models import EmbeddedModel

from domain.folding import fold
from domain.pacing import Window
from domain.pauses import NO_PAUSES, PauseChannels, PauseMode, PausePlan, Stretch, parse_durations
from domain.states import CampaignStatus
from gateways.models import Pool
from preferences.sending import CHANNELS, MODES


class CampaignChannel(models.TextChoices):
    WHATSAPP = "whatsapp", _("WhatsApp")
    SMS = "sms", _("SMS")
    WHATSAPP_FALLBACK_SMS = "whatsapp_fallback_sms", _("WhatsApp, and SMS where it can't be reached")


class RotationChoice(models.TextChoices):
    NONE = "none", _("Always the message itself")
    ROUND_ROBIN = "round_robin", _("The message and its variants in turn")
    RANDOM = "random", _("One of the texts, drawn at random")


class AudienceKind(models.TextChoices):
    NONE = "none", _("Not chosen yet")
    IMPORTS = "imports", _("The valid rows of imported files")
    ALL = "all", _("All debtors")
    FILTER = "filter", _("Debtors that fit a filter")
    RANGE = "range", _("A range of rows")
    SELECTION = "selection", _("Chosen one by one")


class NoSessionPolicy(models.TextChoices):
    PAUSE = "pause", _("Pause the campaign at once")
    WAIT = "wait", _("Wait some minutes, then pause")
    BORROW = "borrow", _("Send through the sessions of other pools")


STATUS_LABELS = {
    CampaignStatus.DRAFT: _("draft"),
    CampaignStatus.SCHEDULED: _("scheduled"),
    CampaignStatus.RUNNING: _("running"),
    CampaignStatus.PAUSED: _("paused"),
    CampaignStatus.COMPLETED: _("completed"),
    CampaignStatus.CANCELLED: _("cancelled"),
}


class Attachment(models.Model):
    """A file that campaigns send. Kept in MongoDB, where every worker finds it; at most 12 MB (a document holds 16)."""

    filename = models.CharField(max_length=120)
    mimetype = models.CharField(max_length=60)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["sha256", "filename"], name="attachment_once"),)

    def __str__(self) -> str:
        return self.filename


class RetryRequest(EmbeddedModel):
    """Somebody's wish to send failed messages again: those that had failed when it was made, and no later ones."""

    reasons = ArrayField(models.CharField(max_length=40), default=list)
    """Of these causes alone; empty for all."""
    messages = ArrayField(ObjectIdField(), default=list)
    """These messages alone; empty for all."""
    before = models.DateTimeField()


class Campaign(models.Model):
    """A message for an audience. Its state changes by compare-and-set only, in commands.py and in the engine."""

    name = models.CharField(max_length=120, unique=True)
    folded_name = models.CharField(max_length=400, editable=False, default="")
    """The name as it is searched for: without case and accents."""
    revision = models.IntegerField(default=0)
    """Counts the changes of a draft, so that of two people who edit it one does not undo what the other did."""
    edits: Any = models.JSONField(default=dict)
    """Who changed a draft last, by step: {step: {"by": name, "at": time, "page": the page's own word}}; `at` is the
    step at which it was left."""
    unfinished: Any = models.JSONField(default=dict)
    """What was typed into a draft and can't be used: {step: {field: [texts]}}. Nothing starts while there is any."""
    channel = models.CharField(max_length=30, choices=CampaignChannel.choices, blank=True, default="")
    """Empty in a draft for which none is chosen yet, as every other choice may be."""
    status = models.CharField(
        max_length=10, choices=[(s.value, STATUS_LABELS[s]) for s in CampaignStatus], default=CampaignStatus.DRAFT.value
    )
    pause_reason = models.CharField(max_length=300, blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    owner_id: ObjectId | None

    message = models.TextField(blank=True, default="")
    variants: Any = models.JSONField(default=list)
    transliterate = models.BooleanField(default=False)
    """Whether its SMS are written without accents where those would make them longer (domain/sms_text.py)."""
    rotation = models.CharField(max_length=12, choices=RotationChoice.choices, default=RotationChoice.NONE)
    whatsapp_pool = models.ForeignKey(Pool, null=True, on_delete=models.PROTECT, related_name="whatsapp_campaigns")
    whatsapp_pool_id: ObjectId | None
    sms_pool = models.ForeignKey(Pool, null=True, on_delete=models.PROTECT, related_name="sms_campaigns")
    sms_pool_id: ObjectId | None

    attachment = models.ForeignKey("Attachment", null=True, on_delete=models.PROTECT)
    attachment_id: ObjectId | None
    """The image or PDF that goes with the text on WhatsApp; an SMS goes without it."""
    no_session_policy = models.CharField(
        max_length=10, choices=NoSessionPolicy.choices, default=NoSessionPolicy.WAIT.value
    )
    """What happens while fewer than `min_sessions` of the WhatsApp pool's sessions are connected."""
    no_session_minutes = models.FloatField(default=10)
    """How long WAIT waits before it pauses, and any policy before SMS takes over where that is allowed."""
    min_sessions = models.IntegerField(default=1)
    without_sessions_since = models.DateTimeField(null=True)
    """Since when too few sessions are connected; the engine's."""

    audience = models.CharField(max_length=10, choices=AudienceKind.choices, default=AudienceKind.NONE)
    audience_imports = ArrayField(ObjectIdField(), default=list)
    audience_spec: Any = models.JSONField(default=dict)
    """What the other kinds need, each under its name, as it was typed (domain/audiences.py): a draft that changes its
    kind keeps what was written for another one. A selection's debtors are in ChosenDebtors; here is their `digest`."""
    strict = models.BooleanField(default=False)
    """Whether a row with a missing value refuses the campaign, instead of being skipped."""

    window_start = models.CharField(max_length=5, blank=True, default="")
    window_end = models.CharField(max_length=5, blank=True, default="")
    window_days = ArrayField(models.IntegerField(), default=list)
    timezone = models.CharField(max_length=50)
    pause_mode = models.CharField(
        max_length=10, choices=[(mode.value, MODES[mode.value]) for mode in PauseMode], default=PauseMode.OFF.value
    )
    pause_count = models.IntegerField(default=3)
    pause_every = models.IntegerField(default=30)
    pause_durations = models.CharField(max_length=100, default="5,10,20,30")
    """In minutes, as domain.pauses.parse_durations reads them."""
    pause_channels = models.CharField(
        max_length=10,
        choices=[(each.value, CHANNELS[each.value]) for each in PauseChannels],
        default=PauseChannels.BOTH.value,
    )
    country = models.CharField(max_length=2)

    archived = models.BooleanField(default=False)
    """Whether it was put out of the list's sight; nothing else changes by it. Only what has ended can be."""

    created_at = models.DateTimeField(auto_now_add=True)
    scheduled_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    # What the engine still has to do for the whole campaign, in a task of its own under a lease.
    enrolled_at = models.DateTimeField(null=True)
    enroll_cursor: Any = models.JSONField(default=dict)
    retry_requested = models.BooleanField(default=False)
    retry_wanted: Any = EmbeddedModelArrayField(RetryRequest, default=list)
    """The requests that are not carried out yet, in their order: `retry_requested` says whether there are any."""
    sweep_requested = models.BooleanField(default=False)
    """Whether it was cancelled and its unsent messages are still to be skipped."""
    work_token = models.CharField(max_length=32, blank=True, default="")
    work_until = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["status", "archived", "created_at", "id"], name="campaign_status"),
            models.Index(fields=["archived", "created_at", "id"], name="campaign_created"),
            models.Index(fields=["archived", "folded_name", "id"], name="campaign_name"),
            models.Index(fields=["owner", "archived", "created_at", "id"], name="campaign_owner"),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded_name = fold(self.name)
        super().save(*args, **kwargs)

    @property
    def texts(self) -> list[str]:
        """The message, then its variants."""
        return [self.message, *self.variants]

    @property
    def window(self) -> Window:
        """When it may send."""
        hours = [time.fromisoformat(text) if text else None for text in (self.window_start, self.window_end)]
        return Window(hours[0], hours[1], frozenset(self.window_days), self.timezone)

    @property
    def pauses(self) -> PausePlan:
        """When it rests, and for how long."""
        return PausePlan(
            PauseMode(self.pause_mode),
            self.pause_count,
            self.pause_every,
            parse_durations(self.pause_durations),
            PauseChannels(self.pause_channels),
        )

    def pauses_by(self, channel: str) -> PausePlan:
        """When its messages of a channel rest."""
        return self.pauses if self.pauses.applies_to(channel) else NO_PAUSES


class CampaignStretch(models.Model):
    """What a campaign with pauses may still send by one channel before the next one (domain/pauses.py).

    It is made when the first place is taken, and changes by compare-and-set only: engine/rests.py, and a person who
    ends a pause.
    """

    campaign = ObjectIdField()
    channel = models.CharField(max_length=10)
    total = models.IntegerField()
    """How many messages the campaign had when it began: its pauses are spread over them."""
    number = models.IntegerField(default=0)
    length = models.IntegerField(null=True)
    used = models.IntegerField(default=0)
    rests_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["campaign", "channel"], name="campaign_stretch"),)

    def __str__(self) -> str:
        return f"{self.campaign} {self.channel} {self.number}: {self.used}/{self.length}"

    @property
    def stretch(self) -> Stretch:
        return Stretch(self.number, self.length, self.used, self.rests_until)


class ChosenDebtors(models.Model):
    """The debtors of a campaign whose audience was chosen one by one, in the order in which they were chosen."""

    MOST = 5_000

    campaign = ObjectIdField(unique=True)
    debtors = ArrayField(ObjectIdField(), default=list)

    def __str__(self) -> str:
        return str(self.campaign)


class AudienceCheck(models.Model):
    """Whether every row of an audience has the values that the texts need, by version of both.

    `version` changes with the texts and with the audience, so that a check never speaks of another message.
    """

    campaign = ObjectIdField()
    version = models.CharField(max_length=64)
    rows = models.IntegerField(default=0)
    incomplete = models.IntegerField(default=0)
    """How many rows lack a value; `listed` holds the first of them: [{"row", "name", "missing": [names]}]."""
    listed: Any = models.JSONField(default=list)
    columns: Any = models.JSONField(default=list)
    checked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["campaign", "version"], name="audience_check_version"),)

    def __str__(self) -> str:
        return f"{self.campaign} {self.version}"
