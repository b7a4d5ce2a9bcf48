"""Campaigns, for data fixes: their state changes by the commands that the pages use."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
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
    list_filter = ("status", "channel")
    list_select_related = ("owner",)
    hidden = ("work_token",)
    prefixes = ("name",)
    editable = ("owner",)
    raw_id_fields = ("owner",)
    actions = ("pause", "resume", "cancel")

    @admin.action(description=_("Pause"))
    def pause(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._each(request, queryset, commands.pause)

    @admin.action(description=_("Resume"))
    def resume(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._each(request, queryset, commands.resume)

    @admin.action(description=_("Cancel: what was not sent yet is skipped"))
    def cancel(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        self._each(request, queryset, commands.cancel)

    def _each(self, request: HttpRequest, queryset: QuerySet[Campaign], command: Callable[[str], Any]) -> None:
        for campaign in queryset:
            try:
                command(campaign.name)
            except CampaignError as error:
                messages.error(request, str(error))
            else:
                self._audit(request, f"campaign.{command.__name__}", campaign)


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
