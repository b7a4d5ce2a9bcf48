"""Debtors that may be one person: the list of them, and making two of them one."""

from bson import ObjectId
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from debtors.intake.reasons import FIELD_LABELS
from debtors.models import Debtor
from desk.debtors import merging
from desk.debtors.changing import ChangedMeanwhile, SamePerson
from desk.debtors.edit import moment
from domain.rows import identity_of
from lib.converters import object_id
from lib.htmx import go_to

BY = ("phone", "rut")


def duplicates(request: HttpRequest) -> HttpResponse:
    """Debtors that share a phone, or a RUT."""
    by = request.GET.get("by", "")
    by = by if by in BY else "phone"
    found = merging.duplicates(by, behind=request.GET.get("mark", "")[:30])
    return render(request, "debtors/duplicates.html", {"by": by, "found": found, "first": not request.GET.get("mark")})


def merge(request: HttpRequest, pk: ObjectId, other: ObjectId) -> HttpResponse:
    """Two debtors side by side: which value of which, what goes over; then they are one."""
    a, b = _debtor(pk), _debtor(other)
    if pk == other:
        raise Http404
    labels = {**dict(FIELD_LABELS.items()), "owner": _("Executive")}
    chosen = merging.choices(a, b, labels, request.POST)
    values = merging.values_of(a, b, chosen)
    shown = {
        "a": a,
        "b": b,
        "choices": chosen,
        "moves": merging.moves(kept=a, gone=b),
        "identity": identity_of(external_id=values.external_id, rut=values.rut, phone=values.phone),
    }
    if request.method == "POST" and "sure" in request.POST:
        seen = moment(request.POST.get("seen-a", "")), moment(request.POST.get("seen-b", ""))
        try:
            if seen[0] is None or seen[1] is None:
                raise ChangedMeanwhile
            merging.merge(kept=a, gone=b, values=values, seen=(seen[0], seen[1]), user=request.user)  # type: ignore[arg-type]
        except ChangedMeanwhile:
            shown["wrong"] = _("Somebody changed one of the two meanwhile. Look at the values again.")
        except SamePerson as error:
            shown |= {"wrong": _("A third debtor has this identity already."), "third": error.other}
        else:
            messages.success(request, _("“%(name)s” is one debtor now.") % {"name": a})
            return go_to(request, "debtors:debtor", pk)
    return render(request, "debtors/merge.html", shown)


def _debtor(pk: ObjectId) -> Debtor:
    found = Debtor.objects.filter(pk=object_id(str(pk))).select_related("owner").first()
    if found is None:
        raise Http404
    return found
