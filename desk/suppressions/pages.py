"""The suppression list: who is not written to, since when, why and by whom."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from debtors.models import SuppressionSource
from desk.suppressions import queries
from desk.suppressions.forms import AddForm
from lib.paging import keyset_page

COLOURS = {"reply": "state-now", "person": "state-working", "import": "state-waiting", "command": "state-waiting"}


@require_safe
def suppression_list(request: HttpRequest) -> HttpResponse:
    """The entries in force, or those that were lifted, the latest first."""
    return page(request, AddForm())


def page(request: HttpRequest, form: AddForm, *, status: int = 200) -> HttpResponse:
    """The list, with the form to add somebody."""
    wanted = queries.read(request.GET)
    found = queries.listed(wanted)
    # An entry stands where it was put onto the list also after it was lifted: one order, one index.
    listed = keyset_page(found, by="-at", mark=request.GET.get("mark", ""))
    query = request.GET.copy()
    query.pop("mark", None)
    count = queries.counted(found)
    context: dict[str, Any] = {
        "page": listed,
        "rows": queries.shown(listed.rows),
        "colours": COLOURS,
        "wanted": wanted,
        "sources": SuppressionSource.choices,
        "source_label": dict(SuppressionSource.choices).get(wanted.source, ""),
        "count": min(count, queries.COUNTED),
        "more": count > queries.COUNTED,
        "empty": not listed.rows and not wanted.any and not request.GET.get("mark"),
        "form": form,
        "export": f"{reverse('suppressions:export')}?{query.urlencode()}",
    }
    return render(request, "suppressions/list.html", context, status=status)
