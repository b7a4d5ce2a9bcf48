"""One's own account: name, language, time zone and theme, and the browsers in which one is signed in."""

from typing import cast

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import commands, sign_ins
from accounts.forms import ProfileForm
from accounts.models import SignIn, Theme, User
from lib.htmx import go_to
from live.viewers import language_of
from systemlog import audit


def profile(request: HttpRequest) -> HttpResponse:
    """Who one is, and how the pages look: kept with the user, so that it follows to another device."""
    user = cast(User, request.user)
    form = ProfileForm(request.POST if request.method == "POST" else None, user=user)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form}, status=422 if form.is_bound else 200)
    changes = {name: [getattr(user, name), now] for name, now in form.chosen.items() if getattr(user, name) != now}
    if changes:
        User.objects.filter(pk=user.pk).update(**{name: now for name, (_was, now) in changes.items()})
        data = {"changes": changes}
        audit.record(user, "account.profile", kind="user", id=user.pk, name=user.get_username(), data=data)
    user.language = form.cleaned_data["language"]
    with translation.override(language_of(user, request.COOKIES)):
        messages.success(request, _("Saved.") if changes else _("Nothing was changed."))
    return go_to(request, "accounts:profile")


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme that was chosen in the menu; the page shows it already."""
    theme = request.POST.get("theme", "")
    if theme not in Theme.values:
        return HttpResponse(status=422)
    User.objects.filter(pk=request.user.pk).update(theme=theme)
    return HttpResponse(status=204)


def sign_in_list(request: HttpRequest) -> HttpResponse:
    """The browsers in which one is signed in."""
    context = {"sign_ins": sign_ins.of_user(request.user), "this": request.session.session_key}
    return render(request, "accounts/sign_ins.html", context)


@require_POST
def end_sign_in(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Sign out of one of one's other browsers."""
    user = cast(User, request.user)
    found = get_object_or_404(SignIn, pk=pk, user=user)
    if found.session_key == request.session.session_key:
        messages.warning(request, _("That is the browser in which you are: sign out instead."))
    else:
        commands.sign_out(user, found, actor=user)
        messages.success(request, _("Signed out there."))
    return go_to(request, "accounts:sign-ins")


@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere else."""
    user = cast(User, request.user)
    ended = commands.sign_out(user, but=request.session.session_key, actor=user)
    sentence = ngettext("Signed out of %(number)s other browser.", "Signed out of %(number)s other browsers.", ended)
    messages.success(request, sentence % {"number": ended} if ended else _("You are signed in nowhere else."))
    return go_to(request, "accounts:sign-ins")
