"""What happened, for the people who run the product: what its processes logged, and who did what."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    INFO = "info", _("information")
    WARNING = "warning", _("warning")
    ERROR = "error", _("error")


class SystemLog(models.Model):
    """One thing that happened: somebody's act, or a process's own word.

    `kind` and `object_id` name the object it is about, as live events do (`campaign`, `session`, …); both are empty
    where it is about none.
    """

    at = models.DateTimeField()
    level = models.CharField(max_length=10, choices=Level.choices)
    source = models.CharField(max_length=60)
    """The logger, or for an act its name: `campaign.start`."""
    message = models.TextField()
    """In English for a process's word; of an act it is the object's name."""
    act = models.BooleanField(default=False)
    """Whether a person did it, rather than a process said it."""
    actor = models.CharField(max_length=150, blank=True, default="")
    kind = models.CharField(max_length=20, blank=True, default="")
    object_id = models.CharField(max_length=24, blank=True, default="")
    process = models.CharField(max_length=80, blank=True, default="")
    """Which process said it: its name, host and pid."""
    data: Any = models.JSONField(default=dict)

    class Meta:
        # The key ends each, as it ends the order of pages. `at` alone forgets what is too old (retention.py).
        indexes = (
            models.Index(fields=["at", "id"], name="systemlog_at"),
            models.Index(fields=["level", "at", "id"], name="systemlog_level"),
            models.Index(fields=["source", "at", "id"], name="systemlog_source"),
            models.Index(fields=["kind", "object_id", "at", "id"], name="systemlog_object"),
            models.Index(fields=["act", "at", "id"], name="systemlog_act"),
            models.Index(fields=["actor", "at", "id"], name="systemlog_actor"),
            models.Index(fields=["kind", "at", "id"], name="systemlog_kind"),
        )

    def __str__(self) -> str:
        return f"{self.level}: {self.message[:60]}"


class Beat(models.Model):
    """When a process that matters last said that it is at work (systemlog/presence.py)."""

    name = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
