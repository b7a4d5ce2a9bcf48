"""Files of the suppression list: a spreadsheet that is looked at before it counts, and what is listed as a csv."""

import io
import tempfile
from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path

from bson import ObjectId
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_safe

from debtors import stored_files, suppression_files
from debtors.intake.reasons import page_error
from debtors.intake.sheet import SheetError
from debtors.models import Suppression, SuppressionFile, SuppressionSource
from desk.suppressions import queries
from desk.suppressions.forms import FileForm
from lib.htmx import go_to
from lib.tables import CSV_ROWS, CsvDownload
from messaging import optouts
from systemlog.audit import record

SHOWN_REFUSED = 20


def upload(request: HttpRequest) -> HttpResponse:
    """Choose a file; nothing of it counts yet."""
    if request.method != "POST":
        return render(request, "suppressions/upload.html", {"form": FileForm()})
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "suppressions/upload.html", {"form": form}, status=422)
    chosen = form.cleaned_data
    kept = suppression_files.keep(
        chosen["file"].chunks(stored_files.CHUNK_BYTES),
        file_name=chosen["file"].name,
        country=chosen["country"],
        actor=request.user.get_username(),
        reason=chosen["reason"],
    )
    return go_to(request, "suppressions:check", kept.pk)


def check(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """What the file would do, with its first rows; putting its people onto the list."""
    kept = get_object_or_404(SuppressionFile, pk=pk)
    begins = request.method == "POST"
    if begins and kept.added is not None:
        return go_to(request, "suppressions:check", pk)  # a second click
    try:
        with suppression_files.opened(kept) as people:
            store = optouts.suppress if begins else None
            outcome = suppression_files.carry_out(people, store, most=suppression_files.MOST_ROWS)
    except SheetError as error:
        return render(request, "suppressions/check.html", {"kept": kept, "wrong": page_error(error.code, error.params)})
    except stored_files.FileGone:
        return render(request, "suppressions/check.html", {"kept": kept, "wrong": page_error("file_gone", {})})
    if begins:
        SuppressionFile.objects.filter(pk=pk, added=None).update(added=outcome.added)
        data = {"added": outcome.added, "already": outcome.already, "refused": len(outcome.refused)}
        record(request.user, "suppression.import", kind="suppression", id=pk, name=kept.file_name, data=data)
        said = ngettext(
            "%(number)s person was put onto the list.", "%(number)s people were put onto the list.", outcome.added
        )
        messages.success(request, said % {"number": outcome.added})
        return go_to(request, "suppressions:check", pk)
    shown = {
        "outcome": outcome,
        "refused": outcome.refused[:SHOWN_REFUSED],
        "more": len(outcome.refused) - SHOWN_REFUSED,
    }
    return render(request, "suppressions/check.html", {"kept": kept, **shown})


@require_safe
def rejects(request: HttpRequest, pk: ObjectId) -> HttpResponse | FileResponse:
    """The rows that can't be used, with the reasons, to be corrected."""
    kept = get_object_or_404(SuppressionFile, pk=pk)
    content = io.BytesIO()
    try:
        with suppression_files.opened(kept) as people, tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.xlsx"
            suppression_files.rejects(people, (row for row in people.rows() if row.entry is None), out)
            content.write(out.read_bytes())
    except (SheetError, stored_files.FileGone):
        messages.error(request, page_error("file_gone", {}))
        return go_to(request, "suppressions:check", pk)
    content.seek(0)
    name = _("%(name)s - rejected rows") % {"name": Path(kept.file_name).stem} + ".xlsx"
    return FileResponse(content, as_attachment=True, filename=name)


@require_safe
def export(request: HttpRequest) -> CsvDownload:
    """What is listed as a csv, of any length; its file can be imported again."""
    found = queries.listed(queries.read(request.GET)).order_by("-at", "-pk")
    name = _("suppression list %(day)s") % {"day": timezone.localdate().isoformat()}
    record(request.user, "suppression.export", kind="suppression", data={"query": request.GET.urlencode()[:300]})
    titles = [
        *(_("Phone"), _("RUT"), _("Name"), _("Source"), _("Reason"), _("Text"), pgettext("who did it", "By")),
        *(_("Since"), _("Until"), _("Lifted at"), _("Lifted by"), _("Why lifted")),
    ]
    # Words and zone of now: the rows are read while the file is sent, when the page's own are gone.
    sources, zone = {each.value: str(each.label) for each in SuppressionSource}, timezone.get_current_timezone()
    rows = (_cells(each, sources, zone) for each in found.iterator(chunk_size=CSV_ROWS))
    return CsvDownload(titles, rows, name=name)


def _cells(entry: Suppression, sources: Mapping[str, str], zone: tzinfo) -> list[str]:
    phone = entry.phone if entry.phone != entry.identity else ""
    rut = entry.identity.removeprefix("rut:") if entry.identity.startswith("rut:") else ""
    typed = [entry.name, sources.get(entry.source, entry.source), entry.reason, entry.said, entry.actor]
    last = queries.last_day(entry.until)
    times = [_day(entry.at, zone), last.isoformat() if last else "", _day(entry.lifted_at, zone)]
    return [phone, rut, *typed, *times, entry.lifted_by, entry.lift_reason]


def _day(moment: datetime | None, zone: tzinfo) -> str:
    return f"{timezone.localtime(moment, zone):%Y-%m-%d %H:%M}" if moment else ""
