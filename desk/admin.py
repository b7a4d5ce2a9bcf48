"""Messages in the administration: looked at here, and sent again by the command of their campaign."""

from collections import defaultdict
from typing import Any

from bson import ObjectId
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns import commands
from campaigns.errors import CampaignError
from campaigns.models import Campaign
from messaging.admin import MessageAdmin
from messaging.models import Message


@admin.register(Message)
class CampaignMessageAdmin(MessageAdmin):
    actions = ("retry",)

    @admin.action(description=gettext_lazy("Send the failed ones again"))
    def retry(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        chosen: dict[ObjectId | None, list[Any]] = defaultdict(list)
        for pk, campaign in queryset.values_list("pk", "campaign"):
            chosen[campaign].append(pk)
        if chosen.pop(None, None):
            messages.error(request, _("Replies and tests are not sent again: write a new one."))
        for campaign in Campaign.objects.filter(pk__in=list(chosen)):
            try:
                number = commands.retry_failed(campaign.name, chosen=chosen[campaign.pk])
            except CampaignError as error:
                messages.error(request, str(error))
                continue
            self._audit(request, "campaign.retry", campaign, messages=number)
            sentence = ngettext(
                "%(count)s message of “%(name)s” is sent again.",
                "%(count)s messages of “%(name)s” are sent again.",
                number,
            )
            messages.success(request, sentence % {"count": number, "name": campaign.name})
