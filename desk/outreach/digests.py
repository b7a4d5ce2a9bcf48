"""Digests: what was told to whom, what waits, one's own choice, and a test."""

from typing import Any, cast

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.roles import scope_of
from desk.outreach.forms import DigestForm
from desk.outreach.fragments import digest_rows
from domain.phones import shown_phone
from lib.htmx import go_to
from lib.paging import keyset_page
from outreach import commands, queries
from outreach import digests as digest
from outreach.errors import OutreachError
from preferences import queries as stored
from preferences.registry import DIGESTS
from systemlog.audit import record


@require_safe
def digest_list(request: HttpRequest) -> HttpResponse:
    """The digests that were made, the latest first, and how they are set."""
    return _page(request, None)


def _page(request: HttpRequest, form: DigestForm | None, *, status: int = 200) -> HttpResponse:
    user = cast(User, request.user)
    scope = scope_of(user)
    mark = request.GET.get("mark", "")
    page = keyset_page(queries.digests(scope), by="-created_at", mark=mark)
    own = queries.own_phone(scope)
    context = {
        "page": page,
        "rows": digest_rows(page.rows),
        "waiting_key": "" if own is None else own.lstrip("+") or "none",
        "settings": stored.current(DIGESTS.name),
        "form": form or own_form(user),
        "gets": bool(user.phone),
    }
    return render(request, "outreach/digests.html", context, status=status)


def own_form(user: User, data: Any = None) -> DigestForm:
    """What the user has chosen, for this page and for their profile."""
    chosen = queries.setting_of(user)
    initial: dict[str, Any] = {"active": True}
    if chosen is not None:
        initial = {name: getattr(chosen, name) for name in ("active", "every", "most")}
        initial["gateway"] = str(chosen.gateway or "")
    lines = [(str(line.pk), line.name) for line in digest.lines()]
    return DigestForm(data, lines=lines, usual=stored.current(DIGESTS.name), initial=initial)


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Store what one chose for oneself."""
    user = cast(User, request.user)
    form = own_form(user, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    changes = commands.choose_digests(user, **form.cleaned_data)
    if changes:
        record(
            user, "digests.choose", kind="user", id=user.pk, name=user.get_username(), data={"changes": dict(changes)}
        )
    messages.success(request, _("Saved.") if changes else _("Nothing was changed."))
    return _back(request)


@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    """Send a digest of nothing to oneself, to see whether it arrives."""
    user = cast(User, request.user)
    try:
        if not user.phone:
            raise OutreachError(_("You have no phone in your profile: digests go there."))
        key = digest.send_test(user.phone)
    except OutreachError as error:
        messages.error(request, str(error))
    else:
        record(
            user,
            "digests.test",
            kind="user",
            id=ObjectId(user.pk),
            name=user.get_username(),
            data={"message": str(key)},
        )
        said = _("A test is on its way to %(phone)s; the list shows whether it arrives.")
        messages.success(request, said % {"phone": shown_phone(user.phone)})
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page of the two whose form it was."""
    return go_to(request, "accounts:profile" if request.POST.get("from") == "profile" else "outreach:digests")
