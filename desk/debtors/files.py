"""A file of debtors on its way in: choose it, then check what its columns are, then import it."""

from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.models import Campaign
from debtors import stored_files, uploads
from debtors.carrying import shown_cell
from debtors.forms import ColumnsForm, UploadForm
from debtors.intake.cells import from_stored
from debtors.intake.load import Duplicates, RowResult, read_row
from debtors.intake.reasons import page_error, row_reason
from debtors.models import Outcome, Upload, UploadStatus
from debtors.uploads import UploadError
from domain.columns import ColumnsError, choose_columns
from domain.rows import RowReader
from domain.states import CampaignStatus
from domain.values import money
from lib.htmx import go_to
from systemlog.audit import record

DRAFTS = 50
EXAMPLES = 4


def _drafts() -> list[tuple[str, str]]:
    """The drafts that may get the debtors of a file."""
    latest = Campaign.objects.filter(status=CampaignStatus.DRAFT.value).order_by("-created_at")[:DRAFTS]
    return [(str(pk), name) for pk, name in latest.values_list("pk", "name")]


def upload(request: HttpRequest) -> HttpResponse:
    """Choose a file; it is kept, and a worker looks at it."""
    if request.method != "POST":
        form = UploadForm(campaigns=_drafts(), initial={"campaign": request.GET.get("campaign", "")})
        return render(request, "debtors/upload.html", {"form": form})
    form = UploadForm(request.POST, request.FILES, campaigns=_drafts())
    if not form.is_valid():
        return render(request, "debtors/upload.html", {"form": form})
    chosen = form.cleaned_data
    file = chosen["file"]
    kept = uploads.keep(
        file.chunks(stored_files.CHUNK_BYTES),
        file_name=file.name,
        user=request.user,  # type: ignore[arg-type]  # every page is for signed-in users
        country=chosen["country"],
        owner=chosen["owner"],
        campaign=chosen.get("campaign"),
    )
    record(request.user, "debtors.upload", kind="upload", id=kept.pk, name=kept.file_name, data={"size": kept.size})
    return go_to(request, "debtors:check", kept.pk)


def check(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """What the first look found; importing it."""
    kept = get_object_or_404(Upload.objects.select_related("owner"), pk=pk)
    if kept.import_id:
        return redirect("debtors:import", kept.import_id)
    form = memory = None
    if kept.status == UploadStatus.READY and not kept.error:
        memory = uploads.remembered(kept)
        given = request.POST if request.method == "POST" else None
        form = ColumnsForm(kept, given, remembered=memory.mapping if memory else None)
        if request.method == "POST" and form.is_valid():
            try:
                begun = uploads.begin(kept, form.mapping)
            except UploadError as error:
                form.add_error(None, str(error))
            else:
                record(request.user, "debtors.import", kind="import", id=begun, name=kept.file_name)
                return go_to(request, "debtors:import", begun)
    more = {"upload": kept, "form": form, "memory": memory, "read": _read(kept, form) if form else None}
    return render(request, "debtors/check.html", {**more, **_shown(kept, form)})


@require_POST
def understood(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """The first rows as they will be understood by what is chosen now."""
    kept = get_object_or_404(Upload, pk=pk, status=UploadStatus.READY.value)
    read = _read(kept, ColumnsForm(kept, request.POST))
    return render(request, "debtors/_understood.html", {"upload": kept, "read": read})


def _read(kept: Upload, form: ColumnsForm) -> dict[str, Any]:
    """The first rows with these columns, and why some would be refused; or why none can be read."""
    if form.is_bound and not form.is_valid():
        return {"wrong": " ".join(str(text) for texts in form.errors.values() for text in texts)}
    try:
        columns = choose_columns(kept.headers, form.mapping if form.is_bound else form.usual)
    except ColumnsError as error:
        return {"wrong": page_error(error.code, error.params)}
    reader, duplicates = RowReader(columns, kept.country, delimiter=kept.delimiter), Duplicates()
    rows = [read_row(reader, duplicates, number, from_stored(cells)) for number, cells in kept.sample]
    outcomes = [row.outcome for row in rows]
    return {
        "rows": [{"number": row.number, **_as_read(row)} for row in rows],
        "others": [column.header for column in columns.metadata],
        "refused": outcomes.count(Outcome.REJECTED),
        "repeated": outcomes.count(Outcome.DUPLICATE),
    }


def _as_read(result: RowResult) -> dict[str, Any]:
    row = result.row
    if row is None:
        return {"reason": row_reason(result.code, result.params)}
    return {
        "debtor": row,
        "debt": money(row.debt, row.country) if row.debt is not None else "",
        "due": formats.date_format(row.due_date, "SHORT_DATE_FORMAT") if row.due_date else "",
        "more": [text for text in row.metadata.values() if text],
    }


def _shown(kept: Upload, form: ColumnsForm | None) -> dict[str, Any]:
    columns = [
        {
            "header": header,
            "field": form[f"column-{index}"] if form and f"column-{index}" in form.fields else None,
            "examples": _examples(kept, index),
        }
        for index, header in enumerate(kept.headers)
    ]
    return {
        "columns": columns,
        "reason": page_error(kept.error, kept.error_params) if kept.error else "",
        "campaign": Campaign.objects.filter(pk=kept.campaign).first() if kept.campaign else None,
        "rows": max(0, kept.height - kept.header_row),
    }


def _examples(kept: Upload, index: int) -> list[str]:
    """The first values of a column that differ."""
    cells = (from_stored(cells)[index] for _row, cells in kept.sample if index < len(cells))
    texts = (shown_cell(cell, kept.country) for cell in cells)
    return list(dict.fromkeys(text for text in texts if text))[:EXAMPLES]


@require_POST
def choose_sheet(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Look at another sheet of the file."""
    kept = get_object_or_404(Upload, pk=pk)
    try:
        uploads.look_at_sheet(kept, request.POST.get("sheet", ""))
    except UploadError as error:
        messages.error(request, str(error))
    return go_to(request, "debtors:check", pk)


@require_POST
def drop(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Throw the file away."""
    kept = get_object_or_404(Upload, pk=pk)
    if uploads.drop(kept):
        record(request.user, "debtors.drop", kind="upload", id=pk, name=kept.file_name)
        messages.success(request, _("“%(name)s” was thrown away; nothing was imported.") % {"name": kept.file_name})
    else:
        messages.error(request, page_error("already_begun", {}))
    return go_to(request, "debtors:imports")
