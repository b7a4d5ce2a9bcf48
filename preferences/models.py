"""What the staff have set for the whole installation, where it differs from what is declared (registry.py)."""

from typing import Any

from django.db import models


class Stored(models.Model):
    """One group's settings: `values` by name, only those that are not the default. Changed by compare-and-set."""

    group = models.CharField(max_length=30, unique=True)
    values: Any = models.JSONField(default=dict)
    revision = models.IntegerField(default=0)
    touched: Any = models.JSONField(default=dict)
    """{name: the revision that changed it last}: what a stale page is told that others changed."""
    changed_at = models.DateTimeField(null=True)
    changed_by = models.CharField(max_length=150, blank=True, default="")

    def __str__(self) -> str:
        return self.group
