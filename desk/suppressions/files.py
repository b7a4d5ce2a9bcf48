"""Files of the suppression list: a spreadsheet that is looked at before it counts, and what is listed as a csv."""

import codecs
import csv
import io
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bson import ObjectId
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
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
from lib.tables import FORMULA, PARTED_FORMULA
from messaging import optouts
from systemlog.audit import record

PIECE = 500
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
def export(request: HttpRequest) -> StreamingHttpResponse:
    """What is listed as a csv, of any length; its file can be imported again."""
    found = queries.listed(queries.read(request.GET)).order_by("-at", "-pk")
    name = _("suppression list %(day)s") % {"day": timezone.localdate().isoformat()} + ".csv"
    record(request.user, "suppression.export", kind="suppression", data={"query": request.GET.urlencode()[:300]})
    answer = StreamingHttpResponse(_pieces(found.iterator(chunk_size=PIECE)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{_quoted(name)}"
    return answer


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name)


def _pieces(entries: Iterator[Suppression]) -> Iterator[bytes]:
    titles = [
        *(_("Phone"), _("RUT"), _("Name"), _("Source"), _("Reason"), _("Text"), pgettext("who did it", "By")),
        *(_("Since"), _("Until"), _("Lifted at"), _("Lifted by"), _("Why lifted")),
    ]
    yield codecs.BOM_UTF8 + _lines([titles])
    while piece := list(islice(entries, PIECE)):
        yield _lines([_cells(each) for each in piece])


def _lines(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cells(entry: Suppression) -> list[str]:
    phone = entry.phone if entry.phone != entry.identity else ""
    rut = entry.identity.removeprefix("rut:") if entry.identity.startswith("rut:") else ""
    label = str(SuppressionSource(entry.source).label)
    typed = [_text(each) for each in (entry.name, label, entry.reason, entry.said, entry.actor)]
    last = queries.last_day(entry.until)
    times = [_day(entry.at), last.isoformat() if last else "", _day(entry.lifted_at)]
    return [phone, _text(rut), *typed, *times, _text(entry.lifted_by), _text(entry.lift_reason)]


def _day(moment: object) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""  # type: ignore[arg-type]  # a datetime


def _text(text: str) -> str:
    """What people typed must not run as a formula: see campaigns/export.py."""
    return f"'{text}" if text.startswith(FORMULA) else PARTED_FORMULA.sub(r"\1'", text)
