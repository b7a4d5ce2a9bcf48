"""What administrators do to a user at once: deactivate, let in again, give another password, sign out."""

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import commands
from accounts.errors import UserError
from accounts.models import SignIn, User
from desk.users.pages import show_password
from lib.htmx import go_to


@require_POST
def deactivate(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    found = get_object_or_404(User, pk=pk)
    try:
        done = commands.deactivate(found, actor=request.user)
    except UserError as error:
        messages.error(request, error.sentence)
    else:
        sentence = _("%(name)s was deactivated, and is signed out.") if done else _("%(name)s is deactivated already.")
        messages.success(request, sentence % {"name": _name(found)})
    return go_to(request, "users:user", pk)


@require_POST
def activate(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    found = get_object_or_404(User, pk=pk)
    done = commands.activate(found, actor=request.user)
    sentence = _("%(name)s may sign in again.") if done else _("%(name)s is active already.")
    messages.success(request, sentence % {"name": _name(found)})
    return go_to(request, "users:user", pk)


def reset_password(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Another password for once, in the answer alone: whoever comes back to its address sees the user."""
    found = get_object_or_404(User, pk=pk)
    if request.method != "POST":
        return go_to(request, "users:user", pk)
    if found.pk == request.user.pk:
        return go_to(request, "accounts:password")
    return show_password(request, found, commands.reset_password(found, actor=request.user), made=False)


@require_POST
def sign_out(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """End all of a user's sign-ins; of one's own all but this."""
    found = get_object_or_404(User, pk=pk)
    ended = commands.sign_out(found, but=request.session.session_key, actor=request.user)
    sentence = ngettext("%(number)s sign-in was ended.", "%(number)s sign-ins were ended.", ended)
    messages.success(request, sentence % {"number": ended})
    return go_to(request, "users:user", pk)


@require_POST
def end_sign_in(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """End one sign-in, whosever it is."""
    chosen = get_object_or_404(SignIn.objects.select_related("user"), pk=pk)
    found = chosen.user
    if chosen.session_key == request.session.session_key:
        messages.warning(request, _("That is the browser in which you are: sign out instead."))
    else:
        commands.sign_out(found, chosen, actor=request.user)
        messages.success(request, _("The sign-in was ended."))
    return go_to(request, "users:user", found.pk)


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()
