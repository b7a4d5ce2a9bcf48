"""A campaign's messages: the list, and one of them with its attempts."""

from typing import Any

from bson import ObjectId
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from campaigns import watching, wording
from campaigns.models import Campaign
from domain.states import MessageStatus
from gateways.models import Gateway
from lib.htmx import is_part
from lib.paging import keyset_page
from messaging.filters import MessageFilter, filtered
from messaging.models import Message
from messaging.reasons import reason_sentence


def message_list(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """All messages in the order of the audience, or with `status` those in one state."""
    campaign = get_object_or_404(Campaign, pk=pk)
    status = request.GET.get("status", "")
    status = status if status in list(MessageStatus) else ""
    page = keyset_page(filtered(campaign.pk, MessageFilter(status=status)), by="pk", mark=request.GET.get("mark", ""))
    return render(
        request,
        "campaigns/messages.html",
        {
            "campaign": campaign,
            "page": page,
            "rows": wording.shown_messages(page.rows),
            "status": status,
            "figures": watching.standings([campaign])[0].progress.counts,
        },
    )


def message_detail(request: HttpRequest, pk: ObjectId, message: ObjectId) -> HttpResponse:
    """One message as its recipient sees it, with every attempt: a page, or the panel beside a list."""
    campaign = get_object_or_404(Campaign.objects.select_related("attachment").defer("attachment__data"), pk=pk)
    found = get_object_or_404(Message, pk=message, campaign=pk)
    [(_message, line, reason)] = wording.shown_messages([found])
    names = dict(Gateway.objects.filter(pk__in={each.gateway for each in found.attempts}).values_list("pk", "name"))
    context: dict[str, Any] = {
        "campaign": campaign,
        "message": found,
        "line": line,
        "reason": reason,
        "attempts": [
            (each, names.get(each.gateway, ""), reason_sentence(each.code) if each.code else "")
            for each in found.attempts
        ],
    }
    return render(request, "campaigns/_message.html" if is_part(request) else "campaigns/message.html", context)
