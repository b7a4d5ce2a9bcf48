"""What staff do to a session by its page's buttons and forms."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from desk.sessions.forms import LimitsForm, TestForm
from desk.sessions.pages import session_page
from gateways import commands
from gateways.errors import GatewayError
from lib.htmx import go_to
from sessions_app import commands as intent
from sessions_app.errors import SessionError
from sessions_app.models import Session
from sessions_app.queries import picture_of
from systemlog.audit import record


@dataclass(frozen=True, slots=True)
class Act:
    """A command on the session of a name, and what is said when it was stored.

    `quiet`: the page's live parts say it all, and it stays as it is.
    """

    command: Callable[[str], Any]
    said: Any
    quiet: bool = False


ACTS = {
    "connect": Act(intent.connect, gettext_lazy("“%(name)s” is being connected.")),
    "disconnect": Act(intent.disconnect, gettext_lazy("“%(name)s” is being disconnected; the phone stays linked.")),
    "reload": Act(intent.reload, gettext_lazy("The page of “%(name)s” is being loaded again.")),
    "reconnect": Act(
        intent.reconnect, gettext_lazy("“%(name)s” is being reconnected: its browser closes and starts again.")
    ),
    "verify": Act(intent.verify, gettext_lazy("“%(name)s” is being checked."), quiet=True),
    "picture": Act(intent.take_picture, gettext_lazy("The picture comes in some seconds."), quiet=True),
    "logout": Act(intent.logout, gettext_lazy("“%(name)s” is being unlinked from the phone.")),
    "reset": Act(intent.reset, gettext_lazy("The login of “%(name)s” is being thrown away: a new QR links it again.")),
    "activate": Act(
        lambda name: commands.set_gateway_active(name=name, active=True),
        gettext_lazy("The line of “%(name)s” is switched on."),
    ),
    "deactivate": Act(
        lambda name: commands.set_gateway_active(name=name, active=False),
        gettext_lazy("The line of “%(name)s” is switched off: campaigns don't send through it."),
    ),
    "delete": Act(
        lambda name: commands.delete_session(name=name),
        gettext_lazy("“%(name)s” is being deleted: its line is off, and its login goes."),
    ),
}


@require_POST
def act(request: HttpRequest, pk: ObjectId, name: str) -> HttpResponse:
    """Do one of ACTS, and go back to the session; to the list where it goes."""
    session = get_object_or_404(Session, pk=pk)
    chosen = ACTS.get(name)
    if chosen is None:
        raise Http404
    try:
        chosen.command(session.name)
    except (SessionError, GatewayError) as error:
        if _stays(request, chosen):
            return HttpResponse(str(error), status=409, content_type="text/plain; charset=utf-8")
        messages.error(request, str(error))
        return go_to(request, "desk:session", pk)
    _record(request, name, session)
    if _stays(request, chosen):
        return HttpResponse(status=204)
    messages.success(request, str(chosen.said) % {"name": session.name})
    return go_to(request, "desk:sessions") if name == "delete" else go_to(request, "desk:session", pk)


@require_safe
def picture(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """The picture of its browser, which may show people's messages: who looked is kept, and no cache keeps it."""
    session = get_object_or_404(Session, pk=pk)
    found = picture_of(session)
    if found is None:
        raise Http404
    _record(request, "picture-seen", session)
    headers = {"Cache-Control": "no-store, private", "Content-Disposition": "inline"}
    return HttpResponse(bytes(found.image), content_type="image/jpeg", headers=headers)


@require_POST
def set_limits(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Store how much the session may send."""
    session = get_object_or_404(Session, pk=pk)
    form = LimitsForm(request.POST)
    if form.is_valid():
        try:
            commands.set_session_limits(name=session.name, limits=form.limits)
        except GatewayError as error:
            form.add_error(None, str(error))
        else:
            _record(request, "limits", session, data=form.limits)
            messages.success(request, _("The limits of “%(name)s” were changed.") % {"name": session.name})
            return go_to(request, "desk:session", pk)
    return session_page(request, session, limits_form=form)


@require_POST
def send_test(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Send one message through the session, and show what becomes of it."""
    session = get_object_or_404(Session, pk=pk)
    form = TestForm(request.POST)
    if form.is_valid():
        try:
            message = commands.send_test(name=session.name, **form.cleaned_data)
        except GatewayError as error:
            form.add_error(None, str(error))
        else:
            _record(request, "test", session, data={"message": str(message)})
            return go_to(request, "desk:session", pk, test=str(message))
    return session_page(request, session, test_form=form)


def _stays(request: HttpRequest, chosen: Act) -> bool:
    """Whether the page stays as it is, and its live parts show what comes of it."""
    return (chosen.quiet or "stay" in request.POST) and bool(getattr(request, "htmx", None))


def _record(request: HttpRequest, name: str, session: Session, data: dict[str, Any] | None = None) -> None:
    record(request.user, f"session.{name}", kind="session", id=session.pk, name=session.name, data=data)
