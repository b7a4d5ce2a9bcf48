"""The sessions' pages: the list, one session, a new one."""

from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.sessions import batch, filters, pairing, shown
from desk.sessions.forms import LimitsForm, NewSessionForm, TestForm, whatsapp_pools
from gateways import commands, sessions
from gateways.errors import GatewayError
from gateways.sessions import SessionRow
from lib.htmx import go_to
from lib.paging import PAGE_SIZE
from messaging.models import Kind, Message
from sessions_app import commands as intent
from sessions_app.models import Session
from sessions_app.queries import all_sessions
from systemlog.audit import record

SHOWN = 2 * PAGE_SIZE
"""Sessions on one page; where there are more, a search finds them."""


@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    """All sessions as cards, those that need a hand first; the order stays until the page is loaded again."""
    chosen, words = filters.read(request.GET)
    everyone = sessions.rows(all_sessions())
    found = filters.chosen_of(everyone, chosen=chosen, words=words)
    shown_rows = found[:SHOWN]
    values = shown.cards(shown_rows)
    return render(
        request,
        "sessions/list.html",
        {
            "cards": [(row.session, card) for row, card in zip(shown_rows, values, strict=True)],
            "more": max(0, len(found) - SHOWN),
            "any": bool(everyone),
            "words": words,
            "longest": filters.LONGEST_SEARCH,
            "chosen": chosen,
            "chips_key": filters.key(chosen, words),
            "chips": filters.chips(everyone, chosen=chosen, words=words),
            "batch_acts": batch.ACTS,
            **pairing.opened(request),
        },
    )


def new(request: HttpRequest) -> HttpResponse:
    """A form for a session and its line."""
    form = NewSessionForm(request.POST or None, initial={"pool": request.GET.get("pool", "")})
    if request.method == "POST" and form.is_valid():
        try:
            session, _line = commands.create_session(
                name=form.cleaned_data["name"], pool=form.cleaned_data["pool"], fields=form.limits
            )
        except GatewayError as error:
            form.add_error("name", str(error))
        else:
            record(request.user, "session.create", kind="session", id=session.pk, name=session.name)
            if "later" not in request.POST:
                intent.connect(session.name)
                record(request.user, "session.connect", kind="session", id=session.pk, name=session.name)
                return go_to(request, "desk:session", session.pk, pair=str(session.pk))
            messages.success(request, _("“%(name)s” was added. Connect it to link its phone.") % {"name": session.name})
            return go_to(request, "desk:session", session.pk)
    return render(request, "sessions/new.html", {"form": form, "pools": whatsapp_pools(), "new_pool": _new_pool()})


def _new_pool() -> str:
    """Where a pool is made."""
    try:
        return reverse("gateways:pool-new")
    except NoReverseMatch:
        return ""


@require_safe
def session_detail(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """One session: its state, what to do, its QR, its history."""
    return session_page(request, get_object_or_404(Session, pk=pk))


def session_page(request: HttpRequest, session: Session, **forms: Any) -> HttpResponse:
    """The page, with forms that were sent and are wrong in the place of fresh ones."""
    row = sessions.row(session)
    return render(
        request,
        "sessions/detail.html",
        {
            "session": session,
            "gateway": row.gateway,
            "state": shown.state(row),
            "test_form": TestForm(),
            "limits_form": LimitsForm(initial=row.limits),
            "test": _test(request, row),
            "picture": shown.picture(session),
            **pairing.opened(request, session),
            **forms,
        },
    )


def _test(request: HttpRequest, row: SessionRow) -> ObjectId | None:
    """The test message that the address names, if it is this session's."""
    named = request.GET.get("test", "")
    if row.gateway is None or not ObjectId.is_valid(named):
        return None
    return (
        Message.objects.filter(pk=ObjectId(named), kind=Kind.TEST, gateway=row.gateway.pk)
        .values_list("pk", flat=True)
        .first()
    )
