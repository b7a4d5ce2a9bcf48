"""Digests: what was told to whom, what waits, one's own choice, a test, and the installation's settings."""

from typing import Any, cast

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from accounts.roles import scope_of
from desk.outreach.forms import DigestForm, PreferencesForm
from desk.outreach.fragments import digest_rows
from domain.phones import shown_phone
from lib.htmx import go_to
from lib.paging import keyset_page
from outreach import commands, queries, readers
from outreach import digests as digest
from outreach.errors import OutreachError
from preferences import commands as preferences
from preferences import queries as stored
from preferences.errors import ChangedMeanwhile, InvalidPreference
from preferences.registry import CHECKS, DIGESTS
from systemlog.audit import record

HOME = {DIGESTS.name: "outreach:digests", CHECKS.name: "outreach:checks"}


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
        "form": form or _form(user),
        "gets": bool(user.phone),
    }
    return render(request, "outreach/digests.html", context, status=status)


def _form(user: User, data: Any = None) -> DigestForm:
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
    form = _form(user, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    changes = commands.choose_digests(user, **form.cleaned_data)
    if changes:
        record(
            user, "digests.choose", kind="user", id=user.pk, name=user.get_username(), data={"changes": dict(changes)}
        )
    messages.success(request, _("Saved.") if changes else _("Nothing was changed."))
    return go_to(request, "outreach:digests")


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
    return go_to(request, "outreach:digests")


def settings_page(request: HttpRequest, group: str) -> HttpResponse:
    """The settings of digests, or of checks."""
    stored.forget()  # whoever changes settings sees them as they are
    current = stored.current(group)
    pools = list(dict.fromkeys(line.pool.name for line in digest.sending_lines())) if group == DIGESTS.name else []
    form = PreferencesForm(request.POST if request.method == "POST" else None, current=current, pools=pools)
    if request.method == "POST" and form.is_valid():
        revision = form.cleaned_data["revision"] or 0
        try:
            changes = preferences.change(group, form.wanted(), actor=request.user, revision=revision)
        except InvalidPreference as error:
            form.refuse_setting(error)
        except ChangedMeanwhile:
            form.add_error(
                None, _("Somebody else changed these settings meanwhile. Open the page again: nothing was saved.")
            )
        else:
            messages.success(request, _("Saved.") if changes else _("Nothing was changed."))
            return go_to(request, HOME[group])
    context = {"form": form, "group": current.group, "home": HOME[group], "here": group, "window": readers.window()}
    return render(request, "outreach/settings.html", context, status=422 if form.is_bound else 200)
