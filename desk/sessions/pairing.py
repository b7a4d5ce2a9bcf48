"""The dialog that links a phone to a session, by a QR or by a code, from the list and from the session's page.

Its address is the page's with `pair=` and the session's id; what it shows is live.
"""

from collections.abc import Callable
from typing import Any

from bson import ObjectId
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk.sessions import shown
from desk.sessions.forms import LinkForm
from domain.states import Desired
from gateways import sessions
from lib.converters import object_id
from sessions_app import commands as intent
from sessions_app.describe import NEEDS_A_PERSON
from sessions_app.errors import SessionError
from sessions_app.models import Session
from systemlog.audit import record


def opened(request: HttpRequest, session: Session | None = None) -> dict[str, Any]:
    """What a page shows of the dialog that its address asks for; nothing where it asks for none."""
    pk = object_id(request.GET.get("pair", ""))
    if pk is None or (session is not None and session.pk != pk):
        return {}
    found = session or Session.objects.filter(pk=pk).first()
    return {"pair": _values(found)} if found else {}


@require_POST
def open_dialog(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """The dialog; a session that shows no QR, because it is stopped or nobody scanned it in time, begins to."""
    session = get_object_or_404(Session, pk=pk)
    said = _show_qr(request, session) if _must_ask(session) else ""
    session.refresh_from_db()
    return render(request, "sessions/_pair.html", {"pair": {**_values(session), "error": said}})


@require_POST
def new_qr(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Show another QR, in the dialog."""
    session = get_object_or_404(Session, pk=pk)
    return render(request, "sessions/_pair_said.html", {"error": _show_qr(request, session)})


@require_POST
def link(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Ask for a code to link a phone with: the dialog's form, and what came of it."""
    session = get_object_or_404(Session, pk=pk)
    form = LinkForm(request.POST)
    said = ""
    if form.is_valid():
        phone = form.cleaned_data["phone"]
        if error := _stored(request, session, "link-code", lambda name: intent.connect(name, phone=phone)):
            form.add_error("phone", error)
        else:
            said = _("The code is shown above in some seconds.")
    return render(request, "sessions/_pair_code.html", {"session": session, "form": form, "said": said})


def _must_ask(session: Session) -> bool:
    wanted = session.desired == Desired.CONNECTED
    return not session.request and shown.is_linkable(session) and (not wanted or session.cause in NEEDS_A_PERSON)


def _show_qr(request: HttpRequest, session: Session) -> str:
    """Have a QR shown; why not, in words."""
    if session.desired == Desired.CONNECTED:
        return _stored(request, session, "new-qr", intent.refresh_qr)
    return _stored(request, session, "connect", intent.connect)


def _stored(request: HttpRequest, session: Session, act: str, command: Callable[[str], Any]) -> str:
    """Store what is wanted and keep who wanted it; why it was refused, in words."""
    try:
        command(session.name)
    except SessionError as error:
        return str(error)
    record(request.user, f"session.{act}", kind="session", id=session.pk, name=session.name)
    return ""


def _values(session: Session) -> dict[str, Any]:
    return {"session": session, "live": shown.pairing(sessions.row(session)), "form": LinkForm()}
