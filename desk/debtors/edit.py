"""Editing one debtor's values."""

from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debtors.edit_form import DebtorForm, initial_of
from debtors.intake.reasons import FIELD_LABELS
from debtors.models import Debtor
from desk.debtors import changing
from desk.debtors.changing import ChangedMeanwhile, SamePerson
from desk.debtors.detail import own
from lib.htmx import go_to


def edit(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Show the values, or store them."""
    debtor = own(request, pk)
    if request.method != "POST":
        return _page(request, debtor, DebtorForm(debtor))
    form = DebtorForm(debtor, request.POST)
    seen = moment(request.POST.get("seen", ""))
    if form.is_valid() and seen is not None:
        try:
            moved = changing.change(debtor, form.values, seen=seen, user=request.user)  # type: ignore[arg-type]
        except SamePerson as error:
            return _page(request, debtor, form, other=error.other, same=True)
        except ChangedMeanwhile:
            debtor = own(request, pk)
            return _page(request, debtor, form, theirs=_theirs(debtor, form))
        messages.success(request, _said(debtor, moved))
        return go_to(request, "debtors:debtor", pk)
    return _page(request, debtor, form, seen=request.POST.get("seen", ""))


def _page(request: HttpRequest, debtor: Debtor, form: DebtorForm, *, seen: str = "", **more: Any) -> HttpResponse:
    shown = {"debtor": debtor, "form": form, "seen": seen or debtor.updated_at.isoformat(), **more}
    return render(request, "debtors/edit.html", shown)


def _theirs(debtor: Debtor, form: DebtorForm) -> list[tuple[str, str]]:
    """What the debtor's values are now, where they are not what was typed."""
    names = dict(form.fields["owner"].choices)  # type: ignore[attr-defined]
    now = initial_of(debtor)
    labels = {**{name: str(label) for name, label in FIELD_LABELS.items()}, "owner": _("Executive")}
    found = [
        (labels[name], str(names.get(text, text)) if name == "owner" else str(text or "—"))
        for name, text in now.items()
        if form.data.get(name, "") != text
    ]
    typed = form.values.metadata
    keys = dict.fromkeys([*debtor.metadata, *typed])
    return found + [
        (key, debtor.metadata.get(key) or "—") for key in keys if debtor.metadata.get(key, "") != typed.get(key, "")
    ]


def _said(debtor: Debtor, moved: int) -> str:
    said = _("“%(name)s” was changed.") % {"name": debtor}
    if not moved:
        return said
    more = ngettext(
        "%(number)s message that waits, or may be sent again, goes to the new phone.",
        "%(number)s messages that wait, or may be sent again, go to the new phone.",
        moved,
    )
    return f"{said} {more % {'number': moved}}"


def moment(text: str) -> datetime | None:
    """When a page saw a debtor, as it sends it back; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
