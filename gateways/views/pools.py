"""The pages of pools: lists, details, forms with their preview, switching on and off, members, deleting."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from gateways import commands, forms, members, pictures, queries
from gateways.errors import ChangedMeanwhile, GatewayError
from gateways.models import Channel, Gateway, Pool
from gateways.queries import LineRow, PoolOverview
from gateways.shown import (
    WAITING_MOST,
    address_of,
    line_values,
    picture_values,
    pool_cost_values,
    pool_values,
    waiting_values,
)
from lib.htmx import go_to
from lib.paging import keyset_page
from messaging import queries as messaging
from messaging.flow import sent_today_by
from systemlog.audit import record

CAMPAIGNS = 10
READY, TROUBLE, OFF = "ready", "trouble", "off"
LINE_FILTERS = {
    "": pgettext_lazy("lines", "All"),
    READY: pgettext_lazy("lines", "Can send"),
    TROUBLE: pgettext_lazy("lines", "Can't send"),
    OFF: pgettext_lazy("lines", "Switched off"),
}
POOL_FILTERS = {
    "": pgettext_lazy("pools", "All"),
    READY: pgettext_lazy("pools", "Can send"),
    TROUBLE: pgettext_lazy("pools", "Can't send"),
    OFF: pgettext_lazy("pools", "Switched off"),
}


# Lists and details ----------------------------------------------------------------------------------------------------
def pools(request: HttpRequest) -> HttpResponse:
    """All pools, by channel, or those in a state."""
    found = list(Pool.objects.order_by("name"))
    overviews = queries.overviews(found)
    chosen = _chosen(request)
    waiting = messaging.waiting_by_pool([pool.pk for pool in found], most=WAITING_MOST)
    cards = [
        (one.pool, pool_values(one), waiting_values(one.pool, waiting[one.pool.pk]))
        for one in overviews
        if chosen in ("", _pool_state(one))
    ]
    groups = [(channel, [card for card in cards if card[0].channel == channel]) for channel in Channel]
    if chosen or not found:
        groups = [group for group in groups if group[1]]
    context = {"any": bool(found), "groups": groups, "chosen": chosen}
    context["filters"] = _filters(POOL_FILTERS, [_pool_state(one) for one in overviews])
    return render(request, "gateways/pools.html", context)


def pool(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """One pool: who gets what, how fast, its lines, the campaigns that use it."""
    found = get_object_or_404(Pool, pk=pk)
    overview = queries.overviews([found])[0]
    chosen = _chosen(request)
    wanted = [row.gateway.pk for row in overview.lines if chosen in ("", _line_state(row))]
    page = keyset_page(Gateway.objects.filter(pk__in=wanted), by="name", mark=request.GET.get("mark", ""))
    shown = {gateway.pk for gateway in page.rows}
    today = sent_today_by(list(shown))
    rows = [
        (row.gateway, line_values(row, today=today.get(row.gateway.pk, 0)))
        for row in overview.lines
        if row.gateway.pk in shown
    ]
    waiting = messaging.waiting_by_pool([found.pk], most=WAITING_MOST)[found.pk]
    context = {
        "pool": found,
        "pool_id": str(found.pk),
        "figures": pool_values(overview),
        "picture": picture_values(overview),
        "waiting": waiting_values(found, waiting),
        "page": page,
        "rows": rows,
        "total": len(overview.lines),
        "filters": _filters(LINE_FILTERS, [_line_state(row) for row in overview.lines]),
        "chosen": chosen,
        "campaigns": [
            (c, address_of("campaigns:campaign", c.pk)) for c in queries.campaigns_of(found, limit=CAMPAIGNS)
        ],
        "sms": found.channel == Channel.SMS,
        "cost": pool_cost_values(overview) if found.channel == Channel.SMS else None,
        "others": list(Pool.objects.filter(channel=found.channel).exclude(pk=pk).order_by("name")),
        "why_kept": members.why_kept(found),
    }
    return render(request, "gateways/pool.html", context)


def _chosen(request: HttpRequest) -> str:
    chosen = request.GET.get("show", "")
    return chosen if chosen in LINE_FILTERS else ""


def _filters(labels: Mapping[str, Any], states: list[str]) -> list[tuple[str, Any, int]]:
    """The filters with how many each shows: (name, label, number)."""
    return [(name, label, states.count(name) if name else len(states)) for name, label in labels.items()]


def _line_state(row: LineRow) -> str:
    if not row.gateway.active:
        return OFF
    return READY if row.ready else TROUBLE


def _pool_state(overview: PoolOverview) -> str:
    if not overview.pool.active:
        return OFF
    return READY if overview.ready else TROUBLE


# Forms ----------------------------------------------------------------------------------------------------------------
def new_pool(request: HttpRequest) -> HttpResponse:
    """Create a pool."""
    form = forms.PoolForm(request.POST or None, channel=request.GET.get("channel", ""))
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.create_pool(**form.settings())
        except GatewayError as error:
            forms.refuse(error, form)
        else:
            record(request.user, "pool.create", kind="pool", id=made.pk, name=made.name)
            messages.success(request, _("Pool “%(name)s” created.") % {"name": made.name})
            return go_to(request, "gateways:pool", made.pk)
    return _pool_form(request, form)


def edit_pool(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Change how a pool sends; what somebody else saved meanwhile is shown and not overwritten."""
    found = get_object_or_404(Pool, pk=pk)
    form = forms.PoolForm(request.POST or None, pool=found)
    if request.method == "POST" and form.is_valid():
        try:
            commands.change_pool(name=found.name, version=form.seen_version(), **form.settings())
        except ChangedMeanwhile:
            found.refresh_from_db()
            form.overtaken(found)
        except GatewayError as error:
            forms.refuse(error, form)
        else:
            record(request.user, "pool.change", kind="pool", id=found.pk, name=found.name, data=form.settings())
            messages.success(request, _("Saved. Its lines take it up within seconds."))
            return go_to(request, "gateways:pool", found.pk)
    return _pool_form(request, form, found)


def _pool_form(request: HttpRequest, form: forms.PoolForm, found: Pool | None = None) -> HttpResponse:
    context = {"form": form, "pool": found, **_strategies(found), **_preview(form, found)}
    return render(request, "gateways/pool_form.html", context)


@require_GET
def preview_pool(request: HttpRequest) -> HttpResponse:
    """What the form would make of the strategy's pictures and of the pace, while it is filled in."""
    pk = request.GET.get("pool", "")
    found = Pool.objects.filter(pk=pk).first() if ObjectId.is_valid(pk) else None
    form = forms.PoolForm(request.GET, pool=found)
    return render(request, "gateways/_pool_preview.html", {"pool": found, **_preview(form, found)})


def _strategies(found: Pool | None) -> dict[str, Any]:
    """The strategies to choose from, each with its picture; a new pool's is of lines, whose channel may yet change."""
    channel = found.channel if found is not None else Channel.SMS.value
    lines = queries.overviews([found])[0].lines if found is not None else []
    return {
        "strategies": [
            (value, label, pictures.who_gets_what(value, channel, lines)) for value, label in forms.strategy_names()
        ]
    }


def _preview(form: forms.PoolForm, found: Pool | None) -> dict[str, Any]:
    """The pace's picture; why there is none, where the form can't be taken as it is."""
    lines = queries.overviews([found])[0].ready if found is not None else 1
    try:
        return {"pace": pictures.pace(form.sketched(), lines=lines)}
    except GatewayError as error:
        return {"pace": None, "pace_error": str(error)}


# Acts -----------------------------------------------------------------------------------------------------------------
@require_POST
def switch_pool(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Let a pool send, or not."""
    found = get_object_or_404(Pool, pk=pk)
    on = request.POST.get("active") == "1"
    commands.set_pool_active(name=found.name, active=on)
    record(request.user, "pool.switch_on" if on else "pool.switch_off", kind="pool", id=found.pk, name=found.name)
    said = _("“%(name)s” is switched on.") if on else _("“%(name)s” is switched off: its messages wait.")
    messages.success(request, said % {"name": found.name})
    return go_to(request, "gateways:pool", found.pk)


@require_POST
def delete_pool(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Let a pool go that nothing uses."""
    found = get_object_or_404(Pool, pk=pk)
    try:
        members.delete_pool(pk)
    except GatewayError as error:
        messages.error(request, str(error))
        return go_to(request, "gateways:pool", pk)
    record(request.user, "pool.delete", kind="pool", id=pk, name=found.name)
    messages.success(request, _("Pool “%(name)s” deleted.") % {"name": found.name})
    return go_to(request, "gateways:pools")
