"""The list of debtors."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import formats

from accounts.models import User
from campaigns.models import ChosenDebtors
from debtors import queries
from debtors.forms import owners
from debtors.models import Debtor, Import
from domain.values import money
from lib.converters import object_id
from lib.paging import PAGE_SIZE, Page, keyset_page

ORDERS = {"latest": "-updated_at", "name": "folded_name"}
LONGEST_SEARCH = 100


def debtor_list(request: HttpRequest) -> HttpResponse:
    """Debtors by `q` (beginnings of words), `owner`, and `order`; or those of one `import`, in its file's order."""
    mark = request.GET.get("mark", "")
    source = object_id(request.GET.get("import", ""))
    if source and (brought := Import.objects.filter(pk=source).first()):
        return _list(request, _of_import(brought, mark), {"source": brought, "count": brought.rows})
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    owner = object_id(request.GET.get("owner", ""))
    # By time only: an index has one owner's so, and of a rare word's few debtors the index of names would read all
    # before them, where the database took the plan that suits a frequent word.
    order = request.GET.get("order", "") if not owner and not search else ""
    order = order if order in ORDERS else "latest"
    found = queries.listed(search=search, owner=owner)
    page = keyset_page(found, by=ORDERS[order], mark=mark)
    people = owners()
    return _list(
        request,
        page,
        {
            "search": search,
            "order": order,
            "owners": people,
            "owner": str(owner) if owner else "",
            "owner_name": dict(people).get(str(owner), "") if owner else "",
            "count": queries.counted(found),
            "empty": not page.rows and not mark and not search and not owner,
        },
    )


def _list(request: HttpRequest, page: Page[Any], values: dict[str, Any]) -> HttpResponse:
    known = _owners_of(page.rows)
    rows = [
        {
            "debtor": each,
            "debt": money(each.debt, each.country) if each.debt is not None else "",
            "due": formats.date_format(each.due_date, "SHORT_DATE_FORMAT") if each.due_date else "",
            "owner": known.get(getattr(each, "owner_id", None)),
        }
        for each in page.rows
    ]
    count = values["count"]
    values["most_chosen"] = ChosenDebtors.MOST
    many = {"count": min(count, queries.COUNTED), "more": count > queries.COUNTED and "source" not in values}
    return render(request, "debtors/list.html", {**values, **many, "page": page, "rows": rows})


def _owners_of(debtors: Sequence[Any]) -> dict[Any, User]:
    return User.objects.in_bulk({each.owner_id for each in debtors if each.owner_id})


def _of_import(brought: Import, mark: str) -> Page[Any]:
    """The page of an import's debtors: its rows are paged by their numbers, and their debtors asked for at once.

    A mark is `a` and the number after which it begins, or `b` and that before which it ends.
    """
    way, number = mark[:1], int(mark[1:]) if mark[1:].isdecimal() and len(mark) < 12 else 0
    backwards = way == "b" and number > 0
    place = {"before": number} if backwards else {"after": number}
    found = list(queries.brought_by(brought.pk, **place)[: PAGE_SIZE + 1])
    more, rows = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if backwards:
        rows.reverse()
    before = bool(rows) and (more if backwards else number > 0)
    after = bool(rows) and (backwards or more)
    keys: list[Any] = [getattr(row, "debtor_id", None) for row in rows]
    debtors = Debtor.objects.defer("metadata", "words").in_bulk([key for key in keys if key])
    return Page(
        [debtors[key] for key in keys if key in debtors],
        f"b{rows[0].number}" if before else "",
        f"a{rows[-1].number}" if after else "",
    )
