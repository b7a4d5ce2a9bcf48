"""The book of contacts: the list, an entry, and files of them on their way in and out."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.roles import Scope, scope_of
from debtors.intake.cells import from_stored
from debtors.intake.reasons import page_error
from debtors.intake.rejects import write_rejects
from debtors.intake.sheet import SheetError
from debtors.models import Debtor
from desk.outreach.forms import BookColumnsForm, BookFileForm, ContactForm
from domain.cells import text_of
from lib.htmx import go_to
from lib.paging import keyset_page
from lib.tables import CsvDownload
from outreach import book_files, commands, queries
from outreach.errors import OutreachError
from outreach.models import BookImport, BookOutcome, BookRow, Contact
from outreach.reasons import book_row_reason
from systemlog.audit import record

LONGEST_SEARCH = 100
SHOWN_ROWS = 20
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def contact_list(request: HttpRequest) -> HttpResponse:
    """The book by `q`, beginnings of words."""
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    mark = request.GET.get("mark", "")
    found = queries.contacts(scope_of(request.user), search=search)
    page = keyset_page(found, by="folded_name", mark=mark)
    count = queries.counted(found)
    users = queries.users_of(each.phone for each in page.rows)
    debtors = _debtors([each.rut for each in page.rows], scope_of(request.user))
    return render(
        request,
        "outreach/contacts.html",
        {
            "page": page,
            "rows": [(each, users.get(each.phone), debtors.get(each.rut)) for each in page.rows],
            "search": search,
            "count": min(count, queries.COUNTED),
            "more": count > queries.COUNTED,
            "empty": not page.rows and not search and not mark,
        },
    )


def _debtors(ruts: list[str], scope: Scope) -> dict[str, Debtor]:
    """The debtors in sight whom these RUTs identify."""
    named = {"identity__in": [f"rut:{rut}" for rut in ruts], **scope.where()}
    found = Debtor.objects.filter(**named).only("rut", "name", "phone")
    return {debtor.rut: debtor for debtor in found}


def new(request: HttpRequest) -> HttpResponse:
    """Put somebody into the book."""
    form = ContactForm(request.POST if request.method == "POST" else None, initial={"rut": request.GET.get("rut", "")})
    if request.method == "POST" and form.is_valid():
        try:
            contact = commands.add_contact(**form.cleaned_data)
        except OutreachError as error:
            form.refuse(error)
        else:
            record(request.user, "contact.add", kind="contact", id=contact.pk, name=str(contact))
            messages.success(request, _("“%(name)s” is in the book.") % {"name": contact.name})
            return go_to(request, "outreach:contacts")
    status = 422 if form.is_bound else 200
    return render(request, "outreach/contact.html", {"form": form, "contact": None}, status=status)


def edit(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Change an entry."""
    contact = get_object_or_404(Contact, pk=pk)
    form = ContactForm(request.POST if request.method == "POST" else None, contact=contact)
    if request.method == "POST" and form.is_valid():
        try:
            changes = commands.change_contact(contact, **form.cleaned_data)
        except OutreachError as error:
            form.refuse(error)
        else:
            if changes:
                data = {"changes": dict(changes)}
                record(request.user, "contact.change", kind="contact", id=pk, name=str(contact), data=data)
            messages.success(request, _("Saved.") if changes else _("Nothing was changed."))
            return go_to(request, "outreach:contacts")
    status = 422 if form.is_bound else 200
    return render(request, "outreach/contact.html", {"form": form, "contact": contact}, status=status)


@require_POST
def delete(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Take an entry out of the book; the toast has the way back."""
    contact = get_object_or_404(Contact, pk=pk)
    token = commands.delete_contact(contact)
    record(request.user, "contact.delete", kind="contact", id=pk, name=str(contact))
    said = _("“%(name)s” (%(rut)s) was taken out of the book.") % {"name": contact.name, "rut": contact.rut}
    button = '{} <button class="btn btn-sm undo" form="form-put-back" name="token" value="{}">{}</button>'
    messages.success(request, format_html(button, said, token, _("Undo")))
    return go_to(request, "outreach:contacts")


@require_POST
def put_back(request: HttpRequest) -> HttpResponse:
    """Undo a deletion."""
    try:
        contact = commands.put_back(request.POST.get("token", ""))
    except OutreachError as error:
        messages.error(request, str(error))
    else:
        record(request.user, "contact.put_back", kind="contact", id=contact.pk, name=str(contact))
        messages.success(request, _("“%(name)s” is in the book again.") % {"name": contact.name})
    return go_to(request, "outreach:contacts")


@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """What the list shows, as a csv that can be imported again."""
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    found = queries.contacts(scope_of(request.user), search=search).order_by("folded_name", "pk")

    def rows() -> Iterator[tuple[str, ...]]:
        for each in found.iterator(chunk_size=1_000):
            yield each.rut, each.name, each.phone

    record(request.user, "contact.export", kind="contact", name=search)
    return CsvDownload((_("RUT"), _("Executive's name"), _("Executive's phone")), rows(), name=_("contacts"))


# Files ----------------------------------------------------------------------------------------------------------------
def send_file(request: HttpRequest) -> HttpResponse:
    """Choose a file of contacts; nothing is in the book yet."""
    form = BookFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            kept = _keep(request, form.cleaned_data["file"])
        except OutreachError as error:
            form.refuse(error)
        except SheetError as error:
            form.add_error("file", page_error(error.code, error.params))
        else:
            return go_to(request, "outreach:book-file", kept.pk)
    waiting = BookImport.objects.filter(ready=True, done_at=None).order_by("-created_at")[:10]
    status = 422 if form.is_bound else 200
    return render(request, "outreach/book_new.html", {"form": form, "waiting": waiting}, status=status)


def _keep(request: HttpRequest, file: Any) -> BookImport:
    with tempfile.TemporaryDirectory(prefix="whatsmassive-") as folder:
        path = Path(folder) / "book"
        with path.open("wb") as copy:
            for piece in file.chunks():
                copy.write(piece)
        user = ObjectId(request.user.pk)
        return book_files.keep(path, file_name=file.name, user=user, country=commands.usual_country())


def file_page(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """What would become of a file's rows, or became of them; choosing other columns."""
    kept = _file(pk)
    form = BookColumnsForm(kept, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            book_files.choose_columns(kept, form.parts)
        except OutreachError as error:
            form.refuse(error)
        else:
            return go_to(request, "outreach:book-file", pk)
    status = 422 if form.is_bound else 200
    return render(request, "outreach/book_file.html", {"form": form, **_shown(kept, request)}, status=status)


def _shown(kept: BookImport, request: HttpRequest) -> dict[str, Any]:
    counts = book_files.counts(kept)
    known = book_files.parts_of(kept) is not None
    outcome = request.GET.get("show", "")
    outcome = outcome if outcome in counts else ""
    rows = BookRow.objects.filter(source=kept.pk, **({"outcome": outcome} if outcome else {})).order_by("number")
    return {
        "file": kept,
        "known": known,
        "show": outcome,
        "show_label": BookOutcome(outcome).label if outcome else "",
        "counts": [(each.value, each.label, counts[each.value]) for each in BookOutcome],
        "rows": [
            {
                "row": row,
                "reason": book_row_reason(row.code, row.params) if row.code else "",
                "cells": [text for cell in from_stored(row.values)[:6] if (text := text_of(cell, kept.country))],
            }
            for row in rows[:SHOWN_ROWS]
        ],
        "shown_rows": SHOWN_ROWS,
        "total": sum(counts.values()),
        "changes": counts[BookOutcome.CREATED] + counts[BookOutcome.UPDATED],
        "new": counts[BookOutcome.CREATED],
        "changed": counts[BookOutcome.UPDATED],
        "refused": counts[BookOutcome.REJECTED] + counts[BookOutcome.DUPLICATE],
    }


@require_POST
def take_file(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Take a file's rows into the book."""
    kept = _file(pk)
    try:
        counts = book_files.take(kept)
    except OutreachError as error:
        messages.error(request, str(error))
        return go_to(request, "outreach:book-file", pk)
    record(request.user, "contact.import", kind="book", id=pk, name=kept.file_name, data=counts)
    done = counts[BookOutcome.CREATED] + counts[BookOutcome.UPDATED]
    said = ngettext("%(n)s contact is in the book or changed.", "%(n)s contacts are in the book or changed.", done)
    messages.success(request, said % {"n": done})
    return go_to(request, "outreach:book-file", pk)


@require_safe
def rejects(request: HttpRequest, pk: ObjectId) -> FileResponse:
    """The rejected and duplicate rows as a spreadsheet, with the reasons, to correct and import."""
    kept = _file(pk)
    rows = book_files.refused(pk)
    if not rows.exists():
        raise Http404
    with tempfile.TemporaryDirectory(prefix="whatsmassive-") as folder:
        path = Path(folder) / "rejects.xlsx"
        told = (
            (from_stored(row.values), book_row_reason(row.code, row.params)) for row in rows.iterator(chunk_size=1_000)
        )
        write_rejects(path, kept.headers, told)
        file = path.open("rb")  # it stays readable when its name is gone
    name = _("rejected") + f"-{Path(kept.file_name).stem}.xlsx"
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)


def _file(pk: ObjectId) -> BookImport:
    return get_object_or_404(BookImport, pk=pk, ready=True)
