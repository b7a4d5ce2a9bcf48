"""The list of debtors, and one of them with what was written to it and what it wrote."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import formats

from accounts.models import User
from campaigns.models import Campaign, ChosenDebtors
from debtors import queries
from debtors.forms import owners
from debtors.models import Debtor, Import
from domain.people import can_be_written_to, person_key
from domain.values import money
from lib.converters import object_id
from lib.paging import PAGE_SIZE, Page, keyset_page
from messaging.models import IncomingText, Message

ORDERS = {"latest": "-updated_at", "name": "folded_name"}
TEXTS = 15
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


def debtor_detail(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """One debtor."""
    debtor = get_object_or_404(Debtor.objects.select_related("owner"), pk=pk)
    texts = _texts(debtor.phone)
    campaigns = Campaign.objects.in_bulk({each.campaign for _at, each in texts if isinstance(each, Message)} - {None})
    return render(
        request,
        "debtors/debtor.html",
        {
            "debtor": debtor,
            "debt": money(debtor.debt, debtor.country) if debtor.debt is not None else "",
            "due": formats.date_format(debtor.due_date, "SHORT_DATE_FORMAT") if debtor.due_date else "",
            "metadata": [(key, text) for key, text in debtor.metadata.items() if text],
            "rows": queries.rows_of(debtor.pk),
            "texts": [
                {"at": at, "text": each, "ours": isinstance(each, Message), "campaign": _campaign(each, campaigns)}
                for at, each in texts
            ],
            "person": person_key(debtor.phone) if can_be_written_to(debtor.phone) else "",
        },
    )


def _texts(phone: str) -> list[tuple[Any, Message | IncomingText]]:
    """The latest texts from and to a phone, oldest first."""
    sent = Message.objects.filter(phone=phone).order_by("-created_at")[:TEXTS]
    came = IncomingText.objects.filter(phone=phone).order_by("-at")[:TEXTS]
    both: list[tuple[Any, Message | IncomingText]] = [(each.created_at, each) for each in sent]
    both += [(each.at, each) for each in came]
    return sorted(both, key=lambda pair: pair[0])[-TEXTS:]


def _campaign(text: Message | IncomingText, campaigns: dict[Any, Campaign]) -> Campaign | None:
    return campaigns.get(text.campaign) if isinstance(text, Message) else None
