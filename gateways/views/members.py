"""Who belongs to a pool: the lists to choose from, and moving what was chosen."""

from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from gateways import members, queries
from gateways.errors import GatewayError
from gateways.models import Pool
from lib.htmx import go_to
from systemlog.audit import record

MOST_SHOWN = 50
INTO, OUT = "into", "out"


@require_GET
def candidates(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Lines that may be moved into the pool, or out of it, those that were chosen first."""
    found = get_object_or_404(Pool, pk=pk)
    way = OUT if request.GET.get("way") == OUT else INTO
    chosen = _ids(request.GET.getlist("lines"))
    words = request.GET.get("q", "").strip()[:100]
    listed = queries.candidates(found, leaving=way == OUT, words=words, chosen=chosen, most=MOST_SHOWN)
    context: dict[str, Any] = {"pool": found, "way": way, "words": words, "chosen": chosen}
    return render(request, "gateways/_candidates.html", {**context, "listed": listed, "most": MOST_SHOWN})


@require_POST
def move(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Move lines into this pool, or from this one into another."""
    here = get_object_or_404(Pool, pk=pk)
    lines = _ids(request.POST.getlist("lines"))
    target, origin = here, None
    if request.POST.get("way") == OUT:
        wanted = request.POST.get("target", "")
        other = Pool.objects.filter(pk=wanted, channel=here.channel).first() if ObjectId.is_valid(wanted) else None
        if other is None:
            messages.error(request, _("Choose the pool that they go to."))
            return go_to(request, "gateways:pool", pk)
        target, origin = other, here
    try:
        moved = members.move_lines(lines, target=target, origin=origin, shown=_shown(request))
    except GatewayError as error:
        messages.error(request, str(error))
        return go_to(request, "gateways:pool", pk)
    names = dict(Pool.everything.filter(pk__in={one.origin for one in moved}).values_list("pk", "name"))
    for one in moved:
        data = {"from": names.get(one.origin, ""), "to": target.name}
        record(request.user, "line.move", kind="gateway", id=one.line, name=one.name, data=data)
    said = ngettext("%(number)s moved to “%(pool)s”.", "%(number)s moved to “%(pool)s”.", len(moved))
    messages.success(request, said % {"number": len(moved), "pool": target.name})
    return go_to(request, "gateways:pool", pk)


def _shown(request: HttpRequest) -> dict[ObjectId, ObjectId]:
    """The pool that each listed line was shown in."""
    pairs = [_ids(text.split(".")) for text in request.POST.getlist("shown")]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _ids(texts: list[str]) -> list[ObjectId]:
    return [ObjectId(text) for text in texts if ObjectId.is_valid(text)]
