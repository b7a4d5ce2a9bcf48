"""Campaigns, for data fixes: their state changes by the commands that the pages use."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from campaigns import commands
from campaigns.errors import CampaignError
from campaigns.models import Attachment, AudienceCheck, Campaign, CampaignStretch, ChosenDebtors
from systemlog.lean_admin import LeanAdmin


@admin.register(Campaign)
class CampaignAdmin(LeanAdmin):
    list_display = ("name", "channel", "status", "owner", "created_at", "started_at", "completed_at")
    list_filter = ("status", "channel", "archived")
    list_select_related = ("owner",)
    hidden = ("work_token",)
    prefixes = ("name",)
    editable = ("owner",)
    raw_id_fields = ("owner",)
    actions = ("pause", "resume", "cancel", "retry_failed", "archive", "unarchive")

    @admin.action(description=_("Pause"))
    def pause(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._by(commands.pause, request, queryset)

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._by(commands.resume, request, queryset)

    @admin.action(description=_("Cancel: what was not sent yet is skipped"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._by(commands.cancel, request, queryset)

    @admin.action(description=_("Send the failed ones again"))
    def retry_failed(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._by(commands.retry_failed, request, queryset)

    @admin.action(description=_("Archive"))
    def archive(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._by(commands.archive, request, queryset)

    @admin.action(description=_("Back from the archive"))
    def unarchive(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._by(commands.unarchive, request, queryset)

    def _by(self, command: Callable[[str], Any], request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        action = f"campaign.{command.__name__}"
        self.each(request, queryset, action, lambda campaign: command(campaign.name), CampaignError)


@admin.register(Attachment)
class AttachmentAdmin(LeanAdmin):
    list_display = ("filename", "mimetype", "size", "created_at")
    hidden = ("data",)


@admin.register(AudienceCheck)
class AudienceCheckAdmin(LeanAdmin):
    list_display = ("campaign", "rows", "incomplete", "checked_at")
    ids = ("campaign",)


@admin.register(CampaignStretch)
class CampaignStretchAdmin(LeanAdmin):
    list_display = ("campaign", "channel", "number", "used", "length", "rests_until")
    ids = ("campaign",)


@admin.register(ChosenDebtors)
class ChosenDebtorsAdmin(LeanAdmin):
    list_display = ("campaign",)
    hidden = ("debtors",)
    ids = ("campaign",)
