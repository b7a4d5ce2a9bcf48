"""The list of debtors."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import lists
from accounts.models import User
from campaigns.models import ChosenDebtors
from debtors import queries
from debtors.forms import owners
from debtors.listing import PATIENT, QUICK, Found, Listing
from debtors.models import Debtor, Import
from desk.debtors import asked as asking
from desk.debtors import columns as showing
from desk.debtors.asked import NO, NOBODY, YES, Asked
from domain.roles import Role
from domain.states import ImportStatus
from lib.htmx import is_part
from lib.tables import WORKBOOK_ROWS

LIST = "debtors"
"""What users' own filters and columns of this list are kept by."""
PATIENT_LOOK = "patient"
"""The parameter of a page that asks for itself once more, because the quick look did not fill it."""
OFFERED = 100
"""Campaigns and files, the latest ones, that the list can be filtered by."""


def debtor_list(request: HttpRequest) -> HttpResponse:
    """The debtors that the address asks for (asked.PARAMETERS), in an `order`, with the columns of who looks."""
    user: User = request.user  # type: ignore[assignment]  # every page is for signed-in users
    view = lists.view_of(user, LIST)
    if not request.GET and view.opens_with and view.opens_with.query:
        return HttpResponseRedirect(f"?{view.opens_with.query}")
    asked = asking.read(request.GET, user)
    listing = asked.listing(request.GET.get("order", ""))
    patient = bool(request.GET.get(PATIENT_LOOK))
    longest = PATIENT if patient else QUICK
    found = Found([]) if asked.problems else listing.page(request.GET.get("mark", ""), longest=longest)
    columns = showing.known(queries.known_columns())
    chosen = showing.chosen(view.columns, columns)
    address = _address(asked, listing, request.GET.get("mark", ""))
    values = {
        "asked": asked,
        "page": found,
        "fills": found.further and not patient,
        "rows": rows_of(found.keys, chosen),
        "columns": chosen,
        "choosable": _choosable(chosen, columns),
        "usual": not view.columns,
        "orders": _orders(listing),
        "in_own_order": listing.in_own_order,
        "query": asked.query.urlencode(),
        "view": view,
        "editable": {each.pk for each in view.filters if lists.may_change(user, each)},
        "here": next((each for each in view.filters if each.query == asked.query.urlencode()), None),
        "may_share": user.has_role(Role.SUPERVISOR),
        "as_workbook": found.number <= WORKBOOK_ROWS,
        "most_chosen": ChosenDebtors.MOST,
        "empty": asked.empty and not found.keys and not queries.count_debtors(),
    }
    request.GET = address  # type: ignore[assignment]  # links of the page begin with what it shows, nothing empty
    if is_part(request):
        answer = render(request, "debtors/list.html", values)
        if not patient:
            answer["HX-Push-Url"] = f"{reverse('debtors:list')}?{address.urlencode()}"
        return answer
    return render(request, "debtors/list.html", values | _choices(asked, columns))


def _address(asked: Asked, listing: Listing, mark: str) -> QueryDict:
    address = asked.query.copy()
    if listing.order != listing.orders[0]:
        address["order"] = listing.order
    if mark:
        address["mark"] = mark
    if not address:
        address["show"] = "all"
    return address


def rows_of(keys: Sequence[ObjectId], columns: Sequence[showing.Column]) -> list[dict[str, Any]]:
    """The debtors of these keys in their order, each with its values in the columns; those that are gone left out."""
    found = Debtor.objects.defer(*showing.fields(columns)).in_bulk(list(keys))
    debtors = [found[key] for key in keys if key in found]
    known = owners_of(debtors)
    return [{"debtor": debtor, "cells": showing.cells(debtor, columns, known)} for debtor in debtors]


def owners_of(debtors: Sequence[Any]) -> dict[Any, User]:
    return User.objects.in_bulk({each.owner_id for each in debtors if each.owner_id})


def _choosable(chosen: Sequence[showing.Column], columns: dict[str, showing.Column]) -> list[tuple[Any, bool]]:
    """All columns with whether each is shown: those that are, in their order, then the others."""
    there = {column.name for column in chosen}
    rest = [column for name, column in columns.items() if name not in there]
    return [*((column, True) for column in chosen), *((column, False) for column in rest)]


def _orders(listing: Listing) -> list[tuple[str, str, bool]]:
    """(name, words, whether it is this one) of the orders that the list can have."""
    words = {
        "latest": _("Latest change"),
        "name": _("By name"),
        "answered": _("Latest answer"),
        "debt": _("Largest debt"),
        "due": _("First due"),
    }
    return [(name, words[name], name == listing.order) for name in listing.orders]


def _choices(asked: Asked, columns: dict[str, showing.Column]) -> dict[str, Any]:
    """What the form of filters offers, each with what is chosen."""
    files = Import.objects.filter(status=ImportStatus.DONE.value, **asked.scope.where()).order_by("-pk")[:OFFERED]
    campaigns = asking.offered_campaigns(asked.scope).order_by("-pk")[:OFFERED].values_list("pk", "name")
    query = asked.query
    pairs = asking.pairs_of(query) or [("", "")]
    selects = [
        (
            "campaign",
            _("Campaign"),
            _with_chosen(query, "campaign", [(str(pk), name) for pk, name in campaigns], asked),
        ),
        ("state", _("State of its message"), asking.state_choices()),
        ("answered", _("Answers"), [(YES, _("Has answered")), (NO, _("Never answered"))]),
        ("suppressed", _("Opt-out"), [(YES, _("Opted out")), (NO, _("Not opted out"))]),
        ("import", _("File"), _with_chosen(query, "import", [(str(e.pk), e.file_name) for e in files], asked)),
    ]
    if asked.scope.everything:
        people = [(NOBODY, _("Nobody's")), *owners()]
        selects.insert(0, ("owner", _("Executive"), _with_chosen(query, "owner", people, asked)))
    return {
        "selects": [(name, title, options, query.get(name, "")) for name, title, options in selects],
        "typed": {name: query.get(name, "") for name in asking.TYPED},
        "pairs": pairs,
        "keys": [(name.removeprefix(showing.METADATA), c.title) for name, c in columns.items() if c.of_a_file],
    }


def _with_chosen(query: QueryDict, name: str, options: list[tuple[str, str]], asked: Asked) -> list[tuple[str, str]]:
    """The options, and that which is chosen where it is none of the latest."""
    chosen = query.get(name, "")
    words = next((words for parameter, _value, words in asked.words if parameter == name), "")
    return options if not words or chosen in dict(options) else [(chosen, words), *options]
