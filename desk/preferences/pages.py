"""The settings' pages: what holds for the whole installation, one page a group, with who changed it before."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from campaigns.day import usual_day
from campaigns.pacing_fields import usual_pacing
from desk.preferences.forms import FORMS, SendingForm, SettingsForm
from lib.htmx import go_to
from preferences import commands, history, queries
from preferences.errors import ChangedMeanwhile, InvalidPreference
from preferences.queries import Settings
from preferences.registry import CHECKS, CONTACT, DIGESTS, LOG, SENDING

PLACES = {
    CONTACT.name: ("suppressions:list", gettext_lazy("See the suppression list")),
    DIGESTS.name: ("outreach:digests", gettext_lazy("See the digests")),
    CHECKS.name: ("outreach:checks", gettext_lazy("See the checks")),
    LOG.name: ("systemlog:list", gettext_lazy("See the log")),
}
"""Where one sees what a group's settings do."""


def settings_page(request: HttpRequest, group: str = SENDING.name) -> HttpResponse:
    """A group's settings, to look at and to change."""
    if group not in FORMS:
        raise Http404
    queries.forget()  # whoever changes settings sees them as they are
    current = queries.current(group)
    if request.method != "POST":
        return _page(request, current, FORMS[group](settings=current))
    form = FORMS[group](request.POST, settings=current)
    if not form.is_valid():
        return _page(request, current, form, status=422)
    try:
        changes = commands.change(group, form.wanted(), actor=request.user, revision=form.cleaned_data["revision"] or 0)
    except InvalidPreference as error:
        form.refuse(error)
        return _page(request, current, form, status=422)
    except ChangedMeanwhile as changed:
        return _changed_meanwhile(request, group, changed.names)
    saved = _("Saved. New campaigns begin with it.") if group == SENDING.name else _("Saved.")
    messages.success(request, saved if changes else _("Nothing was changed."))
    return go_to(request, "preferences:group", group)


@require_POST
def reset(request: HttpRequest, group: str) -> HttpResponse:
    """Back to the default: the setting that is named, or all of the group."""
    if group not in FORMS:
        raise Http404
    current = queries.current(group)
    name = request.POST.get("name", "")
    if name and current.group.named(name) is None:
        raise Http404
    changes = commands.reset(group, [name] if name else None, actor=request.user)
    sentence = _("Back to the default.") if changes else _("Nothing was changed: it is the default already.")
    messages.success(request, sentence)
    return go_to(request, "preferences:group", group)


def _changed_meanwhile(request: HttpRequest, group: str, names: Sequence[str]) -> HttpResponse:
    """What was written stays in the form, beside what others stored; saving once more stores it all the same."""
    current = queries.current(group)
    data = request.POST.copy()
    data["revision"] = str(current.revision)
    form = FORMS[group](data, settings=current)
    form.full_clean()
    theirs = [
        f"{each.label}: {each.in_words(current[each.name])}" for each in current.group.preferences if each.name in names
    ]
    sentence = _(
        "%(who)s changed these settings meanwhile, and nothing of yours was saved. What you wrote is still here: save "
        "once more to put it in the place of theirs, or open the page again to keep theirs."
    )
    form.add_error(None, sentence % {"who": current.changed_by or _("Somebody")})
    return _page(request, current, form, status=409, theirs=theirs)


def _page(
    request: HttpRequest, current: Settings, form: SettingsForm, *, status: int = 200, theirs: Sequence[str] = ()
) -> HttpResponse:
    context: dict[str, Any] = {
        "settings": current,
        "form": form,
        "theirs": theirs,
        "history": history.latest(current.group),
    }
    if not isinstance(form, SendingForm):
        fields = [(form[each.name], each.in_words(each.usual)) for each in current.group.preferences]
        context.update(fields=fields, place=PLACES.get(current.group.name))
        return render(request, "preferences/group.html", context, status=status)
    pacing = form.pacing() if form.is_bound else usual_pacing()
    wrong = [sentence for each in form.errors.values() for sentence in each] if pacing is None else []
    day = usual_day(pacing) if pacing is not None else None
    return render(request, "preferences/sending.html", {**context, "day": day, "wrong": wrong}, status=status)
