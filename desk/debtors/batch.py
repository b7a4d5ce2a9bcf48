"""Acts on one, on chosen, or on all debtors that a list shows: counted, shown, confirmed, then watched."""

from typing import Any

from bson import ObjectId
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from debtors.edit_form import OwnerForm
from debtors.models import DebtorAct, DebtorWork
from desk.debtors import work as intent
from desk.debtors.fragments import shown
from desk.debtors.selecting import SelectionError
from domain.clean_up import LEAST_DAYS, MOST_DAYS, USUAL_DAYS, CleanRules
from lib.converters import object_id
from lib.htmx import go_to
from lib.paging import keyset_page
from systemlog.audit import record

LISTED = 20


class CleanForm(forms.Form):
    """The rules of a clean-up."""

    days = forms.IntegerField(
        label=gettext_lazy("They came more than so many days ago"),
        min_value=LEAST_DAYS,
        max_value=MOST_DAYS,
        initial=USUAL_DAYS,
    )
    without_name = forms.BooleanField(label=gettext_lazy("and have no name"), required=False)
    without_debt = forms.BooleanField(label=gettext_lazy("and owe nothing"), required=False)
    without_owner = forms.BooleanField(label=gettext_lazy("and have no executive"), required=False)


@require_POST
def batch(request: HttpRequest) -> HttpResponse:
    """Have it counted what an act would change: `act`, and `pk` (repeated) or `filter` (the list's query string)."""
    given = request.POST.get("act", "")
    if given not in DebtorAct.values or given == DebtorAct.CLEAN:
        raise Http404
    act = DebtorAct(given)
    # The list's bar sends the chosen ones in one field.
    texts = [*request.POST.getlist("pk"), *request.POST.get("debtors", "").split(",")]
    chosen = [key for key in map(object_id, texts) if key][: intent.MOST_CHOSEN]
    if not chosen and "filter" not in request.POST:
        messages.error(request, _("Choose at least one debtor."))
        return go_to(request, "debtors:list")
    owner = None
    if act is DebtorAct.OWNER:
        form = OwnerForm(request.POST if "owner" in request.POST else None)
        if not form.is_valid():
            more = {"form": form, "chosen": chosen, "filter": request.POST.get("filter"), "act": act}
            return render(request, "debtors/give.html", more)
        owner = object_id(form.cleaned_data["owner"])
    try:
        work = intent.begin(
            act,
            request.user,  # type: ignore[arg-type]  # every page is for signed-in users
            chosen=chosen,
            filter=request.POST.get("filter", "").lstrip("?")[:2_000],
            owner=owner,
        )
    except SelectionError as error:
        messages.error(request, str(error))
        return go_to(request, "debtors:list")
    return go_to(request, "debtors:work", work.pk)


def works(request: HttpRequest) -> HttpResponse:
    """The rules of a clean-up, which is counted first; and the work on debtors there was."""
    form = CleanForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        rules = CleanRules(**form.cleaned_data)
        work = intent.begin(DebtorAct.CLEAN, request.user, rules=rules)  # type: ignore[arg-type]
        return go_to(request, "debtors:work", work.pk)
    page = keyset_page(
        DebtorWork.objects.select_related("user"), by="-created_at", mark=request.GET.get("mark", ""), size=LISTED
    )
    return render(request, "debtors/works.html", {"form": form, "page": page, "rows": shown(page.rows).items()})


def work_detail(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """What it would change, the question, and how far it is."""
    return render(request, "debtors/work.html", {"work": get_object_or_404(DebtorWork, pk=pk)})


ACTS = {"confirm": intent.confirm, "stop": intent.stop, "go-on": intent.go_on}


@require_POST
def work_act(request: HttpRequest, pk: ObjectId, name: str) -> HttpResponse:
    """Say yes to it, stop it, or go on with it."""
    work = get_object_or_404(DebtorWork, pk=pk)
    if name not in ACTS:
        raise Http404
    if ACTS[name](work):
        _record(request, name, work)
    else:
        messages.error(request, _("Somebody was faster: it is not waiting for that any more."))
    return go_to(request, "debtors:work", pk)


def _record(request: HttpRequest, name: str, work: DebtorWork) -> None:
    data: dict[str, Any] = {"counted": work.found, "chosen": len(work.chosen), "filter": work.filter, **work.rules}
    source = {"confirm": f"debtors.{work.act}", "stop": "debtors.work_stop", "go-on": "debtors.work_go_on"}[name]
    record(request.user, source, kind="debtorwork", id=work.pk, name=str(DebtorAct(work.act).label), data=data)
    if name == "confirm" and work.act != DebtorAct.DELETE:
        for key in work.chosen[: intent.AT_ONCE]:
            record(request.user, f"debtor.{work.act}", kind="debtor", id=key)
