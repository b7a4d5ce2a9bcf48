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
from django.views.decorators.http import require_POST

from desk.sessions.forms import LimitsForm, LinkForm, TestForm
from desk.sessions.pages import session_page
from gateways import commands
from gateways.errors import GatewayError
from lib.htmx import go_to
from sessions_app import commands as intent
from sessions_app.errors import SessionError
from sessions_app.models import Session
from systemlog.audit import record


@dataclass(frozen=True, slots=True)
class Act:
    """A command on the session of a name, and what is said when it was stored."""

    command: Callable[[str], Any]
    said: Any


ACTS = {
    "connect": Act(intent.connect, gettext_lazy("“%(name)s” is being connected.")),
    "disconnect": Act(intent.disconnect, gettext_lazy("“%(name)s” is being disconnected; the phone stays linked.")),
    "reload": Act(intent.reload, gettext_lazy("The page of “%(name)s” is being loaded again.")),
    "new-qr": Act(intent.refresh_qr, gettext_lazy("“%(name)s” shows a new QR in some seconds.")),
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
        messages.error(request, str(error))
        return go_to(request, "desk:session", pk)
    _record(request, name, session)
    messages.success(request, str(chosen.said) % {"name": session.name})
    return go_to(request, "desk:sessions") if name == "delete" else go_to(request, "desk:session", pk)


@require_POST
def link(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Ask for a code to link a phone with."""
    session = get_object_or_404(Session, pk=pk)
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            intent.connect(session.name, phone=form.cleaned_data["phone"])
        except SessionError as error:
            form.add_error("phone", str(error))
        else:
            _record(request, "link-code", session)
            messages.success(request, _("The code is shown here in some seconds."))
            return go_to(request, "desk:session", pk)
    return session_page(request, session, link_form=form)


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


def _record(request: HttpRequest, name: str, session: Session, data: dict[str, Any] | None = None) -> None:
    record(request.user, f"session.{name}", kind="session", id=session.pk, name=session.name, data=data)
