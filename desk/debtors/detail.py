"""One debtor: how it stands, all contacts with it, and what may be done; and what somebody notes down."""

from bson import ObjectId
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.roles import scope_of
from debtors import suppressions
from debtors.models import Debtor, DebtorNote
from desk.debtors import changing, history, merging
from desk.debtors.fragments import LINKED
from domain.people import can_be_written_to, person_key
from lib.htmx import go_to


def own(request: HttpRequest, pk: ObjectId) -> Debtor:
    """The debtor, if it is within the user's scope. Raises Http404."""
    scope = scope_of(request.user)
    found = Debtor.objects.filter(pk=pk, **scope.where()).select_related("owner").first()
    if found is None:
        raise Http404
    return found


def debtor_detail(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """One debtor; of one that became part of another, that one."""
    if not Debtor.objects.filter(pk=pk).exists() and (kept := merging.merged_into(pk)):
        return redirect("debtors:debtor", kept)
    debtor = own(request, pk)
    mark = request.GET.get("mark", "")
    everything = scope_of(request.user).everything
    return render(
        request,
        "debtors/debtor.html",
        {
            "debtor": debtor,
            "older": history.history(debtor, mark=mark) if mark else None,
            "person": person_key(debtor.phone) if can_be_written_to(debtor.phone) else "",
            "like": merging.like(debtor) if everything else [],
            "linked": everything,
            "key": f"{debtor.pk}{LINKED}" if everything else debtor.pk,
            "longest_note": DebtorNote.MOST,
            "longest_reason": suppressions.MOST_REASON,
        },
    )


@require_POST
def note(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Keep a note."""
    debtor = own(request, pk)
    text = request.POST.get("text", "").strip()
    if not text:
        messages.error(request, _("Write the note first."))
    elif len(text) > DebtorNote.MOST:
        messages.error(request, _("A note has at most %(most)s characters.") % {"most": DebtorNote.MOST})
    else:
        changing.note(debtor, text, request.user)  # type: ignore[arg-type]  # every page is for signed-in users
    return go_to(request, "debtors:debtor", pk)
