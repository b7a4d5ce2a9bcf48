"""What staff do to several sessions at once: asked once, by a dialog that names them, and each told of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST

from desk.sessions import filters
from desk.sessions.forms import SameLimitsForm
from domain.states import Desired
from gateways import commands, sessions
from gateways.errors import GatewayError
from gateways.sessions import SessionRow
from lib.converters import object_id
from lib.htmx import go_to
from sessions_app import commands as intent
from sessions_app.describe import NEEDS_A_PERSON
from sessions_app.errors import SessionError
from sessions_app.models import Session
from systemlog.audit import record

MOST = 200
MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class BatchAct:
    """A command for each of the selected sessions.

    `text` says what will happen; `idle` why a session has nothing to do, empty where it has. One that does not ask is
    harmless. `form` is for what else the command takes.
    """

    name: str
    label: Any
    icon: str
    command: Callable[..., Any]
    text: Any = ""
    idle: Callable[[SessionRow], Any] = lambda row: ""
    counted: bool = True
    """Whether `text` has a singular and a plural."""
    asks: bool = True
    danger: bool = False
    form: type[Form] | None = None
    button: Any = ""
    """The dialog's button, where the label alone does not say it."""


def _runs(row: SessionRow) -> Any:
    wanted = row.session.desired == Desired.CONNECTED and row.session.cause not in NEEDS_A_PERSON
    return _("it is connected, or on its way") if wanted else ""


def _stands(row: SessionRow) -> Any:
    return _("it is stopped already") if row.session.desired == Desired.STOPPED else ""


def _needs_browser(row: SessionRow) -> Any:
    return _("it is stopped: connect it first") if row.session.desired == Desired.STOPPED else ""


def _is_on(row: SessionRow) -> Any:
    return _without_line(row) or (_("its line is on already") if row.gateway and row.gateway.active else "")


def _is_off(row: SessionRow) -> Any:
    return _without_line(row) or ("" if row.gateway and row.gateway.active else _("its line is off already"))


def _without_line(row: SessionRow) -> Any:
    return "" if row.gateway else _("it has no line any more")


ACTS: Mapping[str, BatchAct] = {
    act.name: act
    for act in (
        BatchAct(
            "connect",
            gettext_lazy("Connect"),
            "power",
            intent.connect,
            ngettext_lazy(
                "Its browser opens. Without a linked phone it shows a QR.",
                "Their browsers open one after another. Those without a linked phone show a QR.",
                "number",
            ),
            _runs,
        ),
        BatchAct(
            "disconnect",
            gettext_lazy("Disconnect"),
            "power-off",
            intent.disconnect,
            ngettext_lazy(
                "Its browser closes, and nothing is sent through it until it is connected again. The phone "
                "stays linked. Messages that wait go through the pool's other sessions, or wait.",
                "Their browsers close, and nothing is sent through them until they are connected again. The phones "
                "stay linked. Messages that wait go through the pool's other sessions, or wait.",
                "number",
            ),
            _stands,
        ),
        BatchAct(
            "reconnect",
            gettext_lazy("Reconnect"),
            "refresh-ccw",
            intent.reconnect,
            ngettext_lazy(
                "Its browser closes and starts again. The phone stays linked. Until it is back nothing is "
                "sent through it.",
                "Their browsers close and start again, one after another. The phones stay linked. Until they are back "
                "nothing is sent through them.",
                "number",
            ),
            _needs_browser,
        ),
        BatchAct("verify", gettext_lazy("Check now"), "activity", intent.verify, idle=_needs_browser, asks=False),
        BatchAct(
            "activate",
            gettext_lazy("Lines on"),
            "toggle-right",
            lambda name: commands.set_gateway_active(name=name, active=True),
            ngettext_lazy(
                "Campaigns of its pool are sent through it again.",
                "Campaigns of their pools are sent through them again.",
                "number",
            ),
            _is_on,
        ),
        BatchAct(
            "deactivate",
            gettext_lazy("Lines off"),
            "toggle-left",
            lambda name: commands.set_gateway_active(name=name, active=False),
            ngettext_lazy(
                "Campaigns don't send through it any more. The session stays connected.",
                "Campaigns don't send through them any more. The sessions stay connected.",
                "number",
            ),
            _is_off,
        ),
        BatchAct(
            "limits",
            gettext_lazy("Limits"),
            "gauge",
            lambda name, limits: commands.set_session_limits(name=name, limits=limits),
            gettext_lazy(
                "0 is no limit. What is left empty stays as each session has it. What was sent already counts."
            ),
            _without_line,
            counted=False,
            form=SameLimitsForm,
            button=gettext_lazy("Change the limits"),
        ),
        BatchAct(
            "delete",
            pgettext_lazy("sessions", "Delete"),
            "trash-2",
            lambda name: commands.delete_session(name=name),
            ngettext_lazy(
                "It is logged out and goes with its browser and its login; its line sends nothing any more. There is "
                "no way back. Its messages and their history are kept.",
                "They are logged out, their browsers and logins are removed, and their lines send nothing any more. "
                "There is no way back. Their messages and their history are kept.",
                "number",
            ),
            danger=True,
        ),
    )
}


@dataclass(slots=True)
class Outcome:
    """Whom it was done to, and to whom not and why."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


@require_POST
def batch(request: HttpRequest) -> HttpResponse:
    """Ask whether to do it, or do it: `sure` says that somebody was asked."""
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    chosen, words = filters.read(request.POST)
    rows = _selected(request)
    if not rows:
        messages.error(request, _("None of these sessions is there any more."))
        return _back(request, chosen, words)
    form = act.form(request.POST if "sure" in request.POST else None) if act.form else None
    if (act.asks and "sure" not in request.POST) or (form is not None and not form.is_valid()):
        return render(request, "sessions/_batch_ask.html", _question(act, rows, form, chosen=chosen, words=words))
    _tell(request, act, _do(request, act, rows, {"limits": form.limits} if isinstance(form, SameLimitsForm) else {}))
    return _back(request, chosen, words)


def _selected(request: HttpRequest) -> list[SessionRow]:
    keys = [pk for pk in map(object_id, request.POST.getlist("session")[:MOST]) if pk]
    return sessions.rows(Session.objects.filter(pk__in=keys).order_by("name"))


def _question(
    act: BatchAct, rows: Sequence[SessionRow], form: Form | None, *, chosen: str, words: str
) -> dict[str, Any]:
    """What the dialog says before: who is meant, and who has nothing to do."""
    idle = [(row.session.name, str(why)) for row in rows if (why := _why_not(act, row))]
    meant = [row.session for row in rows if not _why_not(act, row)]
    return {
        "act": act,
        "sessions": meant,
        "names": _names([session.name for session in meant]),
        "text": act.text % {"number": len(meant)} if act.counted else act.text,
        "idle": idle,
        "form": form,
        "chosen": chosen,
        "words": words,
    }


def _why_not(act: BatchAct, row: SessionRow) -> str:
    if row.session.desired == Desired.DELETED:
        return _("it is being deleted")
    return str(act.idle(row))


def _do(request: HttpRequest, act: BatchAct, rows: Sequence[SessionRow], given: Mapping[str, Any]) -> Outcome:
    """One after another: what one refuses keeps nothing from the others."""
    outcome = Outcome()
    for row in rows:
        session = row.session
        if why := _why_not(act, row):
            outcome.refused.append((session.name, why))
            continue
        try:
            act.command(session.name, **given)
        except (SessionError, GatewayError) as error:
            outcome.refused.append((session.name, str(error)))
            continue
        outcome.done.append(session.name)
        data = {"together": len(rows), **given.get("limits", {})}
        record(request.user, f"session.{act.name}", kind="session", id=session.pk, name=session.name, data=data)
    return outcome


def _tell(request: HttpRequest, act: BatchAct, outcome: Outcome) -> None:
    if number := len(outcome.done):
        said = ngettext(
            "%(act)s: done for %(number)s session (%(names)s).",
            "%(act)s: done for %(number)s sessions (%(names)s).",
            number,
        )
        messages.success(request, said % {"act": act.label, "number": number, "names": _names(outcome.done)})
    if number := len(outcome.refused):
        said = ngettext(
            "%(act)s: not done for %(number)s session:", "%(act)s: not done for %(number)s sessions:", number
        )
        lines = [said % {"act": act.label, "number": number}, *(f"{name}: {why}" for name, why in outcome.refused)]
        messages.warning(request, "\n".join(lines))


def _names(names: Sequence[str]) -> str:
    """The names, as many as one reads."""
    shown = ", ".join(names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return _("%(names)s and %(more)s more") % {"names": shown, "more": more} if more > 0 else shown


def _back(request: HttpRequest, chosen: str, words: str) -> HttpResponse:
    given = {name: value for name, value in (("q", words), ("show", chosen)) if value}
    return go_to(request, "desk:sessions", **given)
