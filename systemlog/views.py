"""The log's page: what happened, filtered, with a live tail."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lib.paging import keyset_page
from systemlog.queries import Filter, entries, latest


def log(request: HttpRequest) -> HttpResponse:
    """The newest entries, live; with `mark` older ones, with `frozen` the newest as they were at this moment."""
    wanted = Filter.of(request.GET)
    mark, frozen = request.GET.get("mark", ""), "frozen" in request.GET
    page = keyset_page(entries(wanted), by="-at", mark=mark, size=100)
    return render(
        request,
        "systemlog/log.html",
        {
            "wanted": wanted,
            "page": page,
            "rows": page.rows,
            "frozen": frozen,
            "older": bool(mark),
            "empty": not page.rows and not latest(Filter(), most=1),
        },
    )
