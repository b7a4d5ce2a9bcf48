"""Checks of numbers: the list, a new one, its progress and answers, and its file."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from debtors.intake.reasons import page_error
from debtors.intake.sheet import SheetError
from debtors.models import Import
from desk.outreach.check_form import CheckForm, Source
from desk.outreach.fragments import COLOURS, check_rows, check_state
from lib.htmx import go_to
from lib.paging import keyset_page
from lib.tables import CsvDownload
from outreach import checks, queries
from outreach.checks import Written
from outreach.errors import OutreachError
from outreach.models import Answer, CheckedNumber, NumberCheck
from outreach.reasons import number_reason
from systemlog.audit import record


@require_safe
def check_list(request: HttpRequest) -> HttpResponse:
    """All checks, the latest first."""
    page = keyset_page(queries.checks(), by="-created_at", mark=request.GET.get("mark", ""))
    return render(request, "outreach/checks.html", {"page": page, "rows": check_rows(page.rows)})


def new(request: HttpRequest) -> HttpResponse:
    """Make a check; it begins at once."""
    given = {name: request.GET[name] for name in ("import", "q", "owner") if request.GET.get(name)}
    form = CheckForm(request.POST or None, request.FILES or None, given=given)
    if request.method == "POST" and form.is_valid():
        try:
            check = _create(request, form)
        except OutreachError as error:
            form.refuse(error)
        except SheetError as error:
            form.add_error("file", page_error(error.code, error.params))
        else:
            data = {"numbers": check.total, "pool": str(check.pool), "per_hour": check.per_hour}
            record(request.user, "check.create", kind="check", id=check.pk, name=check.name, data=data)
            return go_to(request, "outreach:check", check.pk)
    return render(request, "outreach/check_new.html", {"form": form}, status=422 if form.is_bound else 200)


def _create(request: HttpRequest, form: CheckForm) -> NumberCheck:
    data = form.cleaned_data
    country = str(settings.DEFAULT_COUNTRY)
    when = formats.date_format(timezone.localtime(), "SHORT_DATETIME_FORMAT")
    return checks.create(
        name=data["name"] or _("Check of %(when)s") % {"when": when},
        pool=form.pool,
        per_hour=data["per_hour"],
        numbers=_numbers(data, country),
        country=country,
        user=ObjectId(request.user.pk),
    )  # fmt: skip


def _numbers(data: dict[str, Any], country: str) -> list[Written]:
    match data["source"]:
        case Source.PASTED:
            return checks.pasted(data["numbers"])
        case Source.FILE:
            with tempfile.TemporaryDirectory(prefix="whatsmassive-") as folder:
                path = Path(folder) / "numbers"
                with path.open("wb") as copy:
                    for piece in data["file"].chunks():
                        copy.write(piece)
                return checks.from_file(path, country)
        case Source.IMPORT:
            return checks.from_import(get_object_or_404(Import, pk=data["import"]))
    return checks.from_debtors(search=data["q"], owner=data["owner"])


@require_safe
def check_page(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Its progress and its answers, in the order of its numbers."""
    check = get_object_or_404(NumberCheck, pk=pk)
    status = request.GET.get("status", "")
    status = status if status in Answer.values else ""
    page = keyset_page(queries.numbers_of(pk, status=status), by="place", mark=request.GET.get("mark", ""))
    return render(
        request,
        "outreach/check.html",
        {
            "check": check,
            "state": check_state(str(pk)),
            "page": page,
            "status": status,
            "rows": [
                (each, Answer(each.status).label, COLOURS[each.status], reason_of(each))
                for each in page.rows
            ],
            "filters": Answer.choices,
        },
    )  # fmt: skip


@require_POST
def act(request: HttpRequest, pk: ObjectId, name: str) -> HttpResponse:
    """Stop it, go on with it, ask again about what had no answer, or delete it."""
    if name not in ("stop", "go-on", "again", "delete"):
        raise Http404
    check = get_object_or_404(NumberCheck, pk=pk)
    done = True
    if name == "stop":
        done = checks.stop(pk)
    elif name == "go-on":
        done = checks.go_on(pk)
    elif name == "again":
        number = checks.ask_failed_again(pk)
        done = bool(number)
        if done:
            said = ngettext("%(n)s number is asked about again.", "%(n)s numbers are asked about again.", number)
            messages.success(request, said % {"n": number})
    else:
        checks.delete(pk)
        messages.success(request, _("“%(name)s” was deleted.") % {"name": check.name})
    if not done:
        messages.error(request, _("It has changed meanwhile: look at its state."))
    else:
        record(request.user, f"check.{name.replace('-', '_')}", kind="check", id=pk, name=check.name)
    return go_to(request, "outreach:checks") if name == "delete" else go_to(request, "outreach:check", pk)


@require_safe
def export(request: HttpRequest, pk: ObjectId) -> HttpResponseBase:
    """What the page shows of its answers, as a csv."""
    check = get_object_or_404(NumberCheck, pk=pk)
    status = request.GET.get("status", "")
    found = queries.numbers_of(pk, status=status if status in Answer.values else "").order_by("place")
    zone = timezone.get_current_timezone()
    labels = {value: str(label) for value, label in Answer.choices}
    headers = (
        _("Number"), _("Phone"), _("Name"), _("On WhatsApp"), _("Answered at (%(zone)s)") % {"zone": zone},
        _("Known before"), _("Reason"),
    )  # fmt: skip
    yes, no = _("yes"), _("no")

    def rows() -> Iterator[tuple[str, ...]]:
        for each in found.iterator(chunk_size=1_000):
            at = timezone.localtime(each.answered_at, zone) if each.answered_at else None
            yield (
                each.raw, each.phone, each.name, labels[each.status], f"{at:%Y-%m-%d %H:%M:%S}" if at else "",
                (yes if each.remembered else no) if at else "", reason_of(each),
            )  # fmt: skip

    record(request.user, "check.export", kind="check", id=pk, name=check.name)
    return CsvDownload(headers, rows(), name=_("numbers"))


def reason_of(each: CheckedNumber) -> str:
    return number_reason(each.reason, each.raw) if each.reason else ""
