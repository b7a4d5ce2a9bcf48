"""The log's pages: what happened, filtered, with a live tail that can be held; one entry; a file of what is shown."""

from collections.abc import Sequence

from bson import ObjectId
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language

from lib.paging import keyset_page
from lib.tables import CsvDownload
from live.consumers import MOST_KEY
from systemlog import audit, export, queries, retention
from systemlog.models import SystemLog
from systemlog.queries import Filter, entries, held_key, latest
from systemlog.words import ACT_WORDS, act_words

PAGE = 100


def log(request: HttpRequest) -> HttpResponse:
    """The newest entries, live; with `held` those until an entry; with `mark` older ones."""
    wanted = Filter.of(request.GET)
    mark, held = request.GET.get("mark", ""), request.GET.get("held", "")
    until = queries.held_at(held)
    found = entries(wanted) if until is None else entries(wanted).filter(at__lte=until)
    page = keyset_page(found, by="-at", mark=mark, size=PAGE)
    choices = queries.choices()
    context = {
        "wanted": wanted,
        "page": page,
        "rows": page.rows,
        "held_at": until,
        "held_key": held_key(held, wanted) if until and len(held_key(held, wanted)) <= MOST_KEY else "",
        # What ended on an earlier day changes no more, and a filter that is too long can't be followed.
        "live": not mark and until is None and not wanted.until and len(wanted.key) <= MOST_KEY,
        "older": bool(mark),
        "choices": choices,
        "sources": _sources(wanted, choices.sources),
        "name": queries.object_name(wanted.kind, wanted.object) if wanted.object else "",
        "empty": not page.rows and not latest(Filter(), most=1),
        "days": retention.kept_days() if not page.rows else 0,
    }
    return render(request, "systemlog/log.html", context)


def _sources(wanted: Filter, known: Sequence[str]) -> Sequence[tuple[str, str]]:
    """The sources that there are, as a choice: of acts their words, of processes their names."""
    acts = sorted(((each, act_words(each)) for each in known if each in ACT_WORDS), key=lambda pair: pair[1])
    others = [(each, each) for each in known if each not in ACT_WORDS]
    chosen = {"acts": acts, "processes": others}.get(wanted.who, [*others, *acts])
    return chosen if not wanted.source or wanted.source in known else [(wanted.source, wanted.source), *chosen]


def entry(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """One entry, whole."""
    return render(request, "systemlog/entry.html", {"row": get_object_or_404(SystemLog, pk=pk)})


def export_log(request: HttpRequest) -> CsvDownload:
    """What the list shows with the same filters, as a csv; who took it is kept."""
    wanted, until = Filter.of(request.GET), queries.held_at(request.GET.get("held", ""))
    zone = timezone.get_current_timezone()
    rows = export.rows(wanted, until=until, zone=zone, language=get_language() or "")
    audit.record(request.user, "log.export", data={"filter": wanted.query} if wanted.query else {})
    name = f"log-{timezone.localtime():%Y%m%d-%H%M}"
    return CsvDownload(export.titles(zone), rows, name=name)
