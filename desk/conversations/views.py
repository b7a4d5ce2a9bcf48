"""The pages of conversations: who wrote, and the texts with one of them, with a reply."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from desk.conversations import commands, queries
from desk.conversations.forms import ReplyForm
from desk.conversations.fragments import newer_key
from desk.conversations.people import Person, person, ways
from domain.phones import shown_phone
from domain.values import money
from lib.htmx import go_to
from lib.paging import keyset_page
from messaging.conversations import mark_read
from systemlog.audit import record

MOST_UNREAD = 1_000_000
"""Far above any number of texts that a page can have told of."""


@require_safe
def conversations(request: HttpRequest) -> HttpResponse:
    """The people who wrote or were answered, the latest text first."""
    unread = request.GET.get("show") == "unread"
    search = " ".join(request.GET.get("q", "").split())[:60]
    mark = request.GET.get("mark", "")
    page = keyset_page(queries.listed(unread=unread, search=search), by="-last_at", mark=mark)
    shown = queries.rows(page.rows)
    # Only the first page, whole, can say what is new since: a search has its own order of things.
    since = newer_key(page.rows[0].last_at if page.rows else None, unread=unread)
    return render(
        request,
        "messages/list.html",
        {
            "page": page,
            "rows": [(values["conversation"].key, values) for values in shown],
            "unread": unread,
            "search": search,
            "since": since if not search and not page.previous else "",
            "empty": not page.rows and not search and not unread,
        },
    )


@require_safe
def conversation(request: HttpRequest, address: str) -> HttpResponse:
    """All texts with a person; `mark` shows earlier ones."""
    return _page(request, _person(address))


@require_POST
def reply(request: HttpRequest, address: str) -> HttpResponse:
    """Answer by a line."""
    found = _person(address)
    form = ReplyForm(request.POST, ways=ways(found))
    if form.is_valid():
        data = form.cleaned_data
        try:
            new = commands.reply(found, gateway=data["line"], text=data["text"], id=data["id"])
        except commands.ReplyError as error:
            form.add_error("text", str(error))
        else:
            if new:
                name = found.name or shown_phone(found.phone)
                record(request.user, "message.reply", kind="conversation", id=found.key, name=name)
            return go_to(request, "desk:conversation", found.key)
    messages.error(request, _("The reply was not sent: see below."))
    return _page(request, found, form=form)


@require_POST
def seen(request: HttpRequest, address: str) -> HttpResponse:
    """Its texts were on somebody's screen, up to those that the page knew of."""
    found = _person(address)
    try:
        number = int(request.POST["unread"])
        last = datetime.fromisoformat(request.POST["at"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return HttpResponse(status=400)
    if found.conversation is not None and 0 < number < MOST_UNREAD:
        mark_read(found.conversation, unread=number, last_in_at=last)
    return HttpResponse(status=204)


def _person(address: str) -> Person:
    found = person(address)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, found: Person, *, form: ReplyForm | None = None) -> HttpResponse:
    mark = request.GET.get("mark", "")
    lines = ways(found)
    known = next((way for way in lines if way.known), None)
    context: dict[str, Any] = {
        "person": found,
        "debtor": found.debtor,
        "debt": money(found.debtor.debt, found.debtor.country)
        if found.debtor and found.debtor.debt is not None
        else "",
        "ways": lines,
        "known": known,
        "form": form or ReplyForm(ways=lines),
        "mark": mark,
        "thread": queries.thread(found.phone, mark=mark) if mark else None,
    }
    return render(request, "messages/conversation.html", context)
