"""Replies that come near an opt-out: a person says of each whether it is one."""

from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from desk.suppressions import queries
from domain.people import is_hidden, person_key
from domain.phones import shown_phone
from lib.converters import object_id
from lib.htmx import go_to
from lib.paging import keyset_page
from messaging import optouts
from messaging.models import Review
from systemlog.audit import record

PAGE = 25


@require_safe
def review_list(request: HttpRequest) -> HttpResponse:
    """Those that wait, the oldest first; or those that were decided, the latest first."""
    decided = request.GET.get("show") == "decided"
    by = "-at" if decided else "at"
    page = keyset_page(queries.reviews(decided=decided), by=by, mark=request.GET.get("mark", ""), size=PAGE)
    names = queries.names(page.rows)
    lines = queries.line_names(each.gateway for each in page.rows)
    rows = [
        {
            "review": each,
            "name": names.get(each.phone, ""),
            "hidden": is_hidden(each.phone),
            "person": person_key(each.phone),
            "line": lines.get(each.gateway, "") if each.gateway else "",
            "undoable": optouts.undoable(each),
        }
        for each in page.rows
    ]
    return render(
        request,
        "suppressions/review.html",
        {"page": page, "rows": rows, "decided": decided, "waiting": queries.waiting(), **_last(request)},
    )


def _last(request: HttpRequest) -> dict[str, Any]:
    """The decision that was made a moment ago, which can be taken back."""
    key = object_id(request.GET.get("last", ""))
    last = Review.objects.filter(pk=key).first() if key else None
    if last is None or not optouts.undoable(last):
        return {}
    return {"last": last, "last_name": queries.names([last]).get(last.phone) or shown_phone(last.phone)}


@require_POST
def decide(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """`verdict`: out, not, or undo."""
    review = get_object_or_404(Review, pk=pk)
    actor = request.user.get_username()
    verdict = request.POST.get("verdict", "")
    name = queries.names([review]).get(review.phone) or shown_phone(review.phone)
    if verdict == "out":
        done = optouts.opt_out(review, actor=actor)
    elif verdict == "not":
        done = optouts.dismiss(review, actor=actor)
    elif verdict == "undo":
        done = optouts.undo(review, actor=actor, reason=_("The decision about the reply was taken back."))
    else:
        return HttpResponseBadRequest()
    if done:
        if verdict == "undo":
            messages.success(request, _("The reply of %(who)s waits for a decision again.") % {"who": name})
        record(
            request.user,
            f"review.{verdict}",
            kind="review",
            id=pk,
            name=name,
            data={"text": review.said[:200], "rule": review.rule, "version": review.rule_version},
        )
    else:
        messages.error(request, _("Nothing was done: somebody else decided about it, or it is too long ago."))
    if request.POST.get("show") == "decided":
        return HttpResponse(status=303, headers={"Location": reverse("suppressions:review", query={"show": "decided"})})
    return go_to(request, "suppressions:review", **({"last": str(pk)} if done and verdict != "undo" else {}))
