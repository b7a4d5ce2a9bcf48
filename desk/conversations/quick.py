"""The page of quick replies, where supervisors keep them."""

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from desk.conversations import quick_replies
from desk.conversations.forms import QuickReplyForm
from lib.htmx import go_to
from messaging.models import QuickReply
from systemlog.audit import record


@require_safe
def replies(request: HttpRequest) -> HttpResponse:
    """All of them, by name."""
    found = quick_replies.all_replies()
    return render(request, "messages/quick_replies.html", {"replies": found, "most": quick_replies.MOST})


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Write one."""
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Write one anew."""
    return _edit(request, get_object_or_404(QuickReply, pk=pk))


def _edit(request: HttpRequest, reply: QuickReply | None) -> HttpResponse:
    form = QuickReplyForm(request.POST or None, reply=reply)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        kept = quick_replies.store(reply, name=data["name"], text=data["text"])
        if kept is not None:
            record(request.user, "quick_reply.store", kind="quick_reply", id=kept.pk, name=kept.name)
            messages.success(request, _("“%(name)s” is stored.") % {"name": kept.name})
            return go_to(request, "desk:quick-replies")
        form.add_error("name", _("There is a quick reply of that name already: change it, or choose another."))
    return render(request, "messages/quick_reply.html", {"form": form, "reply": reply})


@require_POST
def delete(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Take one away; answers that were written with it stay as they are."""
    reply = get_object_or_404(QuickReply, pk=pk)
    reply.delete()
    told = {"text": reply.text}  # so that it can be written again
    record(request.user, "quick_reply.delete", kind="quick_reply", id=pk, name=reply.name, data=told)
    messages.success(request, _("“%(name)s” is deleted.") % {"name": reply.name})
    return go_to(request, "desk:quick-replies")
