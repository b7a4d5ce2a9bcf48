"""A file of debtors on its way in: choose it, then check what its columns are, then import it."""

from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.models import Campaign
from debtors import stored_files, uploads
from debtors.forms import ColumnsForm, UploadForm
from debtors.intake.reasons import page_error
from debtors.models import Upload, UploadStatus
from debtors.uploads import UploadError
from domain.states import CampaignStatus
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
    form = None
    if kept.status == UploadStatus.READY and not kept.error:
        form = ColumnsForm(kept, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                begun = uploads.begin(kept, form.mapping)
            except UploadError as error:
                form.add_error(None, str(error))
            else:
                record(request.user, "debtors.import", kind="import", id=begun, name=kept.file_name)
                return go_to(request, "debtors:import", begun)
    return render(request, "debtors/check.html", {"upload": kept, "form": form, **_shown(kept, form)})


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
    values = (cells[index] for _row, cells in kept.sample if index < len(cells) and cells[index])
    return list(dict.fromkeys(values))[:EXAMPLES]


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
