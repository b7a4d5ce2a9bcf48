"""The pages of a line's log of calls: what went to and fro, the latest live; and one call, whole."""

from typing import Any

from bson import ObjectId
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse

from domain.delivery import Purpose, Verdict
from domain.people import person_key
from gateways import call_list, tried
from gateways.kinds import KINDS
from gateways.models import PURPOSE_LABELS, Call, Gateway
from lib.paging import keyset_page
from messaging import carried
from messaging.models import Kind, Message
from preferences import queries as preferences

MOST_MESSAGES = 20


def _line(pk: ObjectId) -> Gateway:
    """The line, also a deleted one: what it said is of use after it. A session's has a browser in place of calls."""
    found = get_object_or_404(Gateway.objects.select_related("pool").defer("secrets"), pk=pk)
    kind = KINDS.get(found.kind)
    if kind is not None and kind.needs_session:
        raise Http404
    return found


def calls(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """The latest calls, live; with `mark` older ones."""
    line = _line(pk)
    asked = call_list.Asked.of(line.pk, request.GET)
    mark = request.GET.get("mark", "")
    page = keyset_page(call_list.calls_of(asked), by="-at", mark=mark, size=call_list.PAGE)
    rows = [tried.row(each) for each in page.rows]
    context = {
        "gateway": line,
        "asked": asked,
        "page": page,
        "rows": rows,
        "values": {"asked": asked, "rows": rows},
        "live": not mark,
        "purposes": [(each.value, PURPOSE_LABELS[each]) for each in Purpose],
        "verdicts": [each.value for each in Verdict],
        "days": int(preferences.get("log.calls_days")),
    }
    return render(request, "gateways/calls.html", context)


def call(request: HttpRequest, pk: ObjectId, call: ObjectId) -> HttpResponse:
    """One call: what was asked, what was answered, and which messages it carried."""
    line = _line(pk)
    found = get_object_or_404(Call, pk=call, gateway=line.pk)
    shown: dict[str, Any] = tried.shown(found)
    found_messages = carried.messages_of(found.attempts, most=MOST_MESSAGES)
    context = {
        "gateway": line,
        "one": shown,
        "row": tried.row(found),
        "purpose": PURPOSE_LABELS[Purpose(found.purpose)],
        "carried": [(message, _address_of(message)) for message in found_messages],
        "others": max(0, len(found.attempts) - len(found_messages)) if len(found_messages) == MOST_MESSAGES else 0,
        "about_link": f"?{call_list.Asked(str(line.pk), about=found.attempts[0]).query}" if found.attempts else "",
    }
    return render(request, "gateways/call.html", context)


def _address_of(message: Message) -> str:
    """The page that shows a message; empty where there is none."""
    try:
        if message.campaign is not None:
            return reverse("campaigns:message", args=[message.campaign, message.pk])
        if message.kind == Kind.TEST:
            return reverse("gateways:line", args=[message.gateway]) if message.gateway else ""
        return reverse("desk:conversation", args=[person_key(message.phone)])
    except NoReverseMatch:
        return ""
