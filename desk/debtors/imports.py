"""The imports, one of them with its progress and report, and its refused rows to correct."""

import tempfile
from pathlib import Path

from bson import ObjectId
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from campaigns.models import Campaign
from debtors import fragments, queries, uploads
from debtors.intake.cells import from_stored
from debtors.intake.reasons import FIELD_LABELS, row_reason
from debtors.intake.rejects import write_rejects
from debtors.models import Import, Upload, UploadStatus
from debtors.uploads import UploadError
from lib.htmx import go_to
from lib.paging import keyset_page
from systemlog.audit import record

UNFINISHED = 20
MOST_REJECTS = 50_000
"""Rows of a file of refused ones: more are seconds of this process's time."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def import_list(request: HttpRequest) -> HttpResponse:
    """All imports, the latest first, and above them the files that nobody went on with."""
    page = keyset_page(Import.objects.all(), by="-started_at", mark=request.GET.get("mark", ""))
    waiting = Upload.objects.exclude(status=UploadStatus.IMPORTED.value).order_by("-created_at")[:UNFINISHED]
    return render(
        request,
        "debtors/imports.html",
        {
            "page": page,
            "rows": [(each.pk, fragments.shown(each)) for each in page.rows],
            "uploads": list(waiting) if not request.GET.get("mark") else [],
        },
    )


def import_detail(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """One import."""
    found = get_object_or_404(Import.objects.select_related("owner"), pk=pk)
    upload = Upload.objects.filter(pk=found.upload).first() if found.upload else None
    sender = User.objects.filter(pk=getattr(upload, "user_id", None)).first() if upload else None
    return render(
        request,
        "debtors/import.html",
        {
            "import": found,
            "fields": [(FIELD_LABELS.get(field, field), header) for field, header in found.mapping.items()],
            "campaign": Campaign.objects.filter(pk=found.campaign).first() if found.campaign else None,
            "sender": sender,
        },
    )


@require_POST
def stop(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Stop it after the rows that are being stored."""
    found = get_object_or_404(Import, pk=pk)
    if uploads.stop(pk):
        record(request.user, "debtors.import_stop", kind="import", id=pk, name=found.file_name)
    else:
        messages.error(request, _("It is not running, so there is nothing to stop."))
    return go_to(request, "debtors:import", pk)


@require_POST
def go_on(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Go on with one that stopped or failed."""
    found = get_object_or_404(Import, pk=pk)
    try:
        uploads.go_on(pk)
    except UploadError as error:
        messages.error(request, str(error))
    else:
        record(request.user, "debtors.import_go_on", kind="import", id=pk, name=found.file_name)
    return go_to(request, "debtors:import", pk)


def rejects(request: HttpRequest, pk: ObjectId) -> FileResponse:
    """The rejected and duplicate rows as a spreadsheet, with the reasons, to correct and import."""
    found = get_object_or_404(Import, pk=pk)
    if not found.rejected + found.duplicate:
        raise Http404
    rows = queries.refused_rows(pk)[:MOST_REJECTS].iterator(chunk_size=1_000)
    with tempfile.TemporaryDirectory(prefix="whatsmassive-") as folder:
        path = Path(folder) / "rejects.xlsx"
        write_rejects(path, found.headers, ((from_stored(r.values or []), row_reason(r.code, r.params)) for r in rows))
        file = path.open("rb")  # it stays readable when its name is gone
    name = _("rejected") + f"-{Path(found.file_name).stem}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)
