"""Acts on conversations, one or several at once, each with its way back in a toast."""

import json
from collections.abc import Callable, Mapping, Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.roles import scope_of
from desk.conversations import acts, heads
from desk.conversations.acts import Chosen, Done
from desk.conversations.queries import seen_mark
from domain.phones import shown_phone
from lib.converters import object_id
from systemlog.audit import record

AUDITED = {"archive", "unarchive", "assign"}
"""What is kept in the log: whether something is read is nobody's business later."""


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do one thing with the conversations that the form names, as far as they are as it saw them."""
    name = request.POST.get("act", "")
    do = ACTS.get(name)
    some = acts.chosen(request.POST.getlist("key"), scope=scope_of(request.user))
    if do is None:
        return HttpResponse(status=400)
    done = do(request, some)
    if name in AUDITED:
        for one in done.changed:
            data = {"to": _called(request.POST.get("to", ""))} if name == "assign" else {}
            called = one.name or shown_phone(one.phone)
            record(request.user, f"conversation.{name}", kind="conversation", id=one.key, name=called, data=data)
    _tell(request, name, done)
    return _back(request)


def _assign(request: HttpRequest, some: Sequence[Chosen]) -> Done:
    return acts.assign(some, object_id(request.POST.get("to", "")), was=request.POST.get("was"))


ACTS: Mapping[str, Callable[[HttpRequest, Sequence[Chosen]], Done]] = {
    "read": lambda _request, some: acts.read(some),
    "unread": lambda _request, some: acts.unread(some),
    "archive": lambda _request, some: acts.archive(some),
    "unarchive": lambda request, some: acts.unarchive(some, unread=request.POST.getlist("unread")),
    "assign": _assign,
}


def _tell(request: HttpRequest, name: str, done: Done) -> None:
    number = len(done.changed)
    if number:
        said = _said(request, name, number)
        values = _way_back(name, done)
        if values is None or request.POST.get("undo"):
            messages.success(request, said)
        else:
            button = format_html(
                '<button class="btn btn-sm undo" type="button" data-act="{}">{}</button>',
                json.dumps({**values, "undo": "1"}),
                _("Undo"),
            )
            messages.success(request, format_html("{} {}", said, button))
    if done.left and not number:
        left = ngettext(
            "Nothing was done: the conversation has changed meanwhile. Look at it again.",
            "Nothing was done: the conversations have changed meanwhile. Look at them again.",
            done.left,
        )
        messages.warning(request, left)
    elif done.left:
        left = ngettext(
            "%(number)s conversation was left as it is: it has changed meanwhile, or is like that already.",
            "%(number)s conversations were left as they are: they have changed meanwhile, or are like that already.",
            done.left,
        )
        messages.warning(request, left % {"number": done.left})


def _said(request: HttpRequest, name: str, number: int) -> str:
    values = {"number": number, "name": _called(request.POST.get("to", ""))}
    match name:
        case "read":
            return ngettext("Marked as read.", "%(number)s marked as read.", number) % values
        case "unread":
            return ngettext("Marked as unread.", "%(number)s marked as unread.", number) % values
        case "archive":
            return ngettext("Archived.", "%(number)s archived.", number) % values
        case "unarchive":
            return ngettext("Listed again.", "%(number)s listed again.", number) % values
    if not values["name"]:
        return ngettext("Assigned to nobody.", "%(number)s assigned to nobody.", number) % values
    return ngettext("Assigned to %(name)s.", "%(number)s assigned to %(name)s.", number) % values


def _way_back(name: str, done: Done) -> dict[str, object] | None:
    """The form that undoes it; None where they were not all alike before."""
    keys = [f"{one.key}@{seen_mark(one)}" for one in done.changed]
    match name:
        case "read":
            return {"act": "unread", "key": keys}
        case "unread":
            return {"act": "read", "key": keys}
        case "archive":
            return {"act": "unarchive", "key": keys, "unread": [one.key for one in done.changed if one.is_unread]}
        case "assign":
            before = {one.assigned for one in done.changed}
            return {"act": "assign", "key": keys, "to": str(before.pop() or "")} if len(before) == 1 else None
    return None


def _called(pk: str) -> str:
    user = User.objects.filter(pk=object_id(pk)).first() if object_id(pk) else None
    return heads.called(user) if user is not None else ""


def _back(request: HttpRequest) -> HttpResponse:
    """To the page where it was asked for: it is told to show its list anew, and, where `close` takes leave of a
    conversation, goes to the list alone."""
    path = _path_of(request)
    if not getattr(request, "htmx", None):
        return HttpResponse(status=303, headers={"Location": path})
    if not request.POST.get("close"):
        # What is told goes with this answer, not with the list's: of two acts at once none loses its way back.
        answer = render(request, "messages/_told.html")
        answer["HX-Trigger"] = "inboxChanged"
        return answer
    told = {"path": path, "target": "#inbox", "select": "#inbox", "swap": "outerHTML"}
    return HttpResponse(status=204, headers={"HX-Location": json.dumps(told)})


def _path_of(request: HttpRequest) -> str:
    """The path with its query of the page that asks, where that is one of these; else that of all conversations."""
    root = reverse("desk:conversations")
    htmx = getattr(request, "htmx", None)
    path = (htmx.current_url_abs_path if htmx else request.POST.get("next", "")) or ""
    if not path.startswith(root):
        return root
    return root + ("?" + path.partition("?")[2] if "?" in path else "") if request.POST.get("close") else path
