"""The pages of conversations: the list of people beside the texts with one of them, with a reply."""

import re
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Scope, scope_of
from campaigns.models import Attachment
from desk.conversations import card, commands, heads, queries, quick_replies, threads, wanted
from desk.conversations.forms import ReplyForm
from desk.conversations.fragments import head_key, newer_key, thread_key, thread_values
from desk.conversations.people import Person, person, ways
from domain.phones import shown_phone
from lib.htmx import go_to, is_part
from lib.kept_files import kept_file
from messaging import attention
from messaging.models import Message
from systemlog.audit import record

MOST_UNREAD = 1_000_000
"""Far above any number of texts that a page can have told of."""
LONGEST_FIND = 100
SINCE, THREAD = "Inbox-Since", "Inbox-Thread"
"""Headers in which a page says since when its list, and from where on its texts, are on the screen."""
MARKS = re.compile(r"[0-9]{1,14}(\.[0-9]{1,14})?")


@require_safe
def conversations(request: HttpRequest) -> HttpResponse:
    """The people who wrote or were answered, those with unread texts first."""
    return render(request, "messages/inbox.html", inbox(request))


@require_safe
def conversation(request: HttpRequest, address: str) -> HttpResponse:
    """All texts with a person; `before` shows earlier ones, `find` those with these words.

    `part=earlier` is what the page puts above the texts that it has.
    """
    found = _person(request, address)
    if request.GET.get("part") == "earlier":
        texts = threads.thread(found.phone, before=request.GET.get("before", ""))
        return render(request, "messages/_earlier.html", {"thread": texts, "person_key": found.key})
    return _page(request, found)


@require_POST
def reply(request: HttpRequest, address: str) -> HttpResponse:
    """Answer by a line. The page's form gets the conversation as it is then; a plain form is sent on to it."""
    found = _person(request, address)
    form = ReplyForm(request.POST, request.FILES, ways=ways(found))
    if form.is_valid():
        data = form.cleaned_data
        try:
            new = commands.reply(
                found,
                gateway=data["line"],
                text=data["text"],
                id=data["id"],
                attachment=form.attachment,
                although_opted_out=data["sure"],
            )
        except commands.ReplyError as error:
            form.add_error("file" if isinstance(error, commands.FileRefusedError) else "text", str(error))
        else:
            if new:
                name = found.name or shown_phone(found.phone)
                told = {"opted_out": True} if found.opted_out else {}
                record(request.user, "message.reply", kind="conversation", id=found.key, name=name, data=told)
            if found.conversation is not None:
                attention.stop_answering(found.conversation, user_id(request))
            if is_part(request):
                return _page(request, _person(request, found.key))
            return go_to(request, "desk:conversation", found.key)
    messages.error(request, _("The reply was not sent: see below."))
    return _page(request, found, form=form)


@require_POST
def seen(request: HttpRequest, address: str) -> HttpResponse:
    """Its texts were on somebody's screen, up to those that the page knew of."""
    found = _person(request, address)
    try:
        number = int(request.POST["unread"])
        last = datetime.fromisoformat(request.POST["at"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return HttpResponse(status=400)
    if found.conversation is not None and 0 < number < MOST_UNREAD:
        attention.mark_read(found.conversation, unread=number, last_in_at=last)
    return HttpResponse(status=204)


@require_POST
def answering(request: HttpRequest, address: str) -> HttpResponse:
    """Somebody writes an answer, or (`off`) no longer does: others are told, and nobody is kept from it."""
    found = _person(request, address).conversation
    if found is not None:
        act = attention.stop_answering if request.POST.get("off") else attention.answering
        act(found, user_id(request))
    return HttpResponse(status=204)


@require_safe
def file(request: HttpRequest, address: str, pk: ObjectId) -> HttpResponse:
    """A file that was sent to the person."""
    found = _person(request, address)
    if not Message.objects.filter(phone=found.phone, attachment=pk).exists():
        raise Http404
    kept = get_object_or_404(Attachment, pk=pk)
    return kept_file(bytes(kept.data), mimetype=kept.mimetype, filename=kept.filename)


def user_id(request: HttpRequest) -> ObjectId:
    return ObjectId(str(request.user.pk))


def _person(request: HttpRequest, address: str) -> Person:
    found = person(address, scope=scope_of(request.user))
    if found is None:
        raise Http404
    return found


def inbox(request: HttpRequest) -> dict[str, Any]:
    """The list, as the page's address asks for it."""
    asked, scope, user = wanted.read(request.GET), scope_of(request.user), user_id(request)
    mark = request.GET.get("mark", "")
    first, page = queries.page_of(asked, scope=scope, user=user, mark=mark)
    more = len(first) > queries.MOST_FIRST
    first = first[: queries.MOST_FIRST]
    shown = [*first, *page.rows]
    rows = [(values["conversation"].key, values) for values in queries.rows(shown)]
    lines = queries.lines()
    latest = max((one.last_at for one in shown), default=None)
    since_mark = _kept(request, SINCE, beside="talk") or (threads.millis(latest) if latest else "0")
    since = newer_key(since_mark, asked, scope=scope, user=user)
    return {
        "page": page,
        "first": rows[: len(first)],
        "rows": rows[len(first) :],
        "more_unread": more,
        "wanted": asked,
        "query": asked.query,
        "back": f"{reverse('desk:conversations')}{'?' + urlencode(asked.query) if asked.query else ''}",
        "shows": list(wanted.SHOWS.items()),
        "lines": lines,
        "line": next((line for line in lines if line.pk == asked.line), None),
        # Only the first page, whole, can say what is new since: a search has its own order of things.
        "since_mark": since_mark,
        "since": since if not asked.search and not page.previous else "",
        "empty": not shown and not asked.query and not mark,
    }


def _kept(request: HttpRequest, header: str, **beside: str) -> str:
    """What a page says that it shows already in a live part which stays as it is, because another part comes anew."""
    htmx = getattr(request, "htmx", None)
    text = request.headers.get(header, "")
    stays = htmx is not None and bool(htmx) and htmx.target in beside.values()
    return text if stays and MARKS.fullmatch(text) else ""


def _page(request: HttpRequest, found: Person, *, form: ReplyForm | None = None) -> HttpResponse:
    return render(request, "messages/inbox.html", {**inbox(request), **_talk(request, found, form)})


def _talk(request: HttpRequest, found: Person, form: ReplyForm | None) -> dict[str, Any]:
    """The conversation, the reply and the debtor's card."""
    scope: Scope = scope_of(request.user)
    before, words = request.GET.get("before", ""), request.GET.get("find", "").strip()[:LONGEST_FIND]
    conversation, user = found.conversation, user_id(request)
    lines = ways(found)
    since, _dot, unread = _kept(request, THREAD, beside="inbox-list", or_beside="found").partition(".")
    unread = unread or threads.unread_since(found.phone, conversation.unread if conversation else 0)
    earlier = bool(before or words)
    texts = threads.thread(found.phone, before=before, since=since, unread=unread) if not words else threads.Thread([])
    return {
        "person": found,
        "ways": lines,
        "known": next((way for way in lines if way.known), None),
        "form": form or ReplyForm(ways=lines),
        "before": before,
        "find": words,
        "found": threads.found(found.phone, words) if words else [],
        "earlier": earlier,
        "thread": texts,
        "thread_key": thread_key(found.key, texts.since, unread),
        "thread_marks": f"{texts.since}.{unread}",
        "thread_values": thread_values(texts, conversation, found.key),
        "person_key": found.key,
        "head_key": head_key(found.key, user),
        "head_values": heads.head(found.key, user),
        "quick_replies": quick_replies.filled(found.debtor) if found.writable and lines and not earlier else [],
        **card.card(found, scope=scope),
    }
