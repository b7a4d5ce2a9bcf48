"""The pages of SMS lines: details, forms, switching on and off, tests, deleting."""

from typing import Any

from bson import ObjectId
from django import forms as django_forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from gateways import commands, forms, members, queries
from gateways.errors import GatewayError
from gateways.kinds import KINDS, kind_named
from gateways.models import Channel, Gateway, Pool
from gateways.prices import record_price
from gateways.prices import set_price as set_price_of
from gateways.shown import address_of, standing
from gateways.understood import understood
from lib.htmx import go_to, is_part
from lib.sealed import CannotUnseal
from sessions_app.models import Session
from systemlog.audit import record

TEMPLATE_WAY = "template"
LINE_KINDS = [kind for kind in KINDS.values() if not kind.needs_session]


def _present() -> QuerySet[Gateway]:
    return Gateway.objects.filter(deleted_at=None).select_related("pool")


def line(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """One line; a WhatsApp session's has the session's page."""
    found = get_object_or_404(_present(), pk=pk)
    kind = KINDS.get(found.kind)
    if kind is not None and kind.needs_session:
        session = get_object_or_404(Session, gateway=found.pk)
        address = address_of("desk:session", session.pk)
        if not address:
            raise Http404
        return redirect(address)
    return _line_page(request, found)


def _line_page(request: HttpRequest, found: Gateway, **more: Any) -> HttpResponse:
    context = {
        "gateway": found,
        "facts": queries.facts(found),
        "has_callback": bool(queries.callback_address(found)),
        "callback_notes": queries.callback_notes(found),
        "form": forms.TestForm(),
        "others": list(Pool.objects.filter(channel=found.channel).exclude(pk=found.pool_id).order_by("name")),
        "standing": standing(found),
        "price_form": forms.PriceForm(gateway=found),
        **more,
    }
    return render(request, "gateways/line.html", context)


@never_cache
def new_line(request: HttpRequest) -> HttpResponse:
    """Create an SMS line, from a URL template or from the fields of a kind."""
    way = request.GET.get("way", TEMPLATE_WAY)
    kind = next((kind for kind in LINE_KINDS if kind.name == way), LINE_KINDS[0])
    if way != TEMPLATE_WAY:
        way = kind.name
    pools = list(Pool.objects.filter(channel=kind.channel).order_by("name"))
    data = request.POST or None
    form = forms.LineForm(data, pools=pools, chosen=request.GET.get("pool", ""))
    settings: forms.TemplateForm | forms.SettingsForm
    settings = forms.TemplateForm(data) if way == TEMPLATE_WAY else forms.SettingsForm(data, kind=kind)
    price = forms.PriceForm(data)
    context: dict[str, Any] = {
        "form": form, "settings": settings, "price": price, "way": way, "kinds": LINE_KINDS, "pools": pools
    }  # fmt: skip
    if isinstance(settings, forms.TemplateForm):
        context["understood"] = understood(settings["url_template"].data or "", token=settings["token"].data or "")
        if "look" in request.GET and request.method == "POST":  # while it is typed: a POST, since it may hold secrets
            return render(request, "gateways/_understood.html", context)
    if request.method == "POST" and all([form.is_valid(), settings.is_valid(), price.is_valid()]):
        made = _created(
            form, settings, price, "" if way == TEMPLATE_WAY else kind.name, {str(pool.pk): pool.name for pool in pools}
        )
        if made is not None:
            record(request.user, "line.create", kind="gateway", id=made.pk, name=made.name)
            if made.price is not None:
                record_price(request.user, made, None)
            messages.success(request, _("Line “%(name)s” created. Send a test to try it.") % {"name": made.name})
            return go_to(request, "gateways:line", made.pk)
    return render(request, "gateways/line_new.html", context)


def _created(
    form: forms.LineForm,
    settings: forms.TemplateForm | forms.SettingsForm,
    price: forms.PriceForm,
    kind: str,
    pools: dict[str, str],
) -> Gateway | None:
    """The new line, of its template's kind where none is named; None when it can't be, which the forms then say."""
    given = settings.given() if isinstance(settings, forms.TemplateForm) else {"fields": settings.given()}
    try:
        return commands.create_gateway(
            name=form.cleaned_data["name"],
            kind=kind,
            pool=pools[form.cleaned_data["pool"]],
            **price.cleaned_data,
            **given,
        )
    except GatewayError as error:
        targets: list[django_forms.Form] = [settings, form, price]
        forms.refuse(error, *targets)
        return None


@never_cache
def edit_line(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Change a line's settings; its secrets stay unless new ones are given."""
    found = get_object_or_404(_present(), pk=pk)
    if found.kind not in [kind.name for kind in LINE_KINDS]:
        raise Http404
    try:
        stored = {**found.config, **found.secrets}
    except CannotUnseal as error:
        messages.error(request, str(error))
        return go_to(request, "gateways:line", found.pk)
    version = commands.settings_version(found)
    form = forms.SettingsForm(request.POST or None, kind=kind_named(found.kind), stored=stored, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            commands.change_gateway(
                name=found.name, fields=form.given(), forget=form.forgotten(), version=form.seen_version()
            )
        except GatewayError as error:
            forms.refuse(error, form)
        else:
            record(request.user, "line.change", kind="gateway", id=found.pk, name=found.name)
            messages.success(request, _("Saved. It is used from the next message on."))
            return go_to(request, "gateways:line", found.pk)
    return render(request, "gateways/line_edit.html", {"form": form, "gateway": found})


@require_POST
def set_price(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Say what an SMS part costs by this line, from the next message on."""
    found = get_object_or_404(_present(), pk=pk)
    if found.channel != Channel.SMS:
        raise Http404
    form = forms.PriceForm(request.POST, gateway=found)
    if form.is_valid():
        try:
            before = set_price_of(found, **form.cleaned_data)
        except GatewayError as error:
            forms.refuse(error, form)
        else:
            record_price(request.user, found, before)
            messages.success(request, _("Saved. It counts from the next message on."))
            return go_to(request, "gateways:line", found.pk)
    return _line_page(request, found, price_form=form)


@require_POST
def switch_line(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Let a line send, or not."""
    found = get_object_or_404(_present(), pk=pk)
    on = request.POST.get("active") == "1"
    commands.set_gateway_active(name=found.name, active=on)
    record(request.user, "line.switch_on" if on else "line.switch_off", kind="gateway", id=found.pk, name=found.name)
    said = _("“%(name)s” is switched on.") if on else _("“%(name)s” is switched off: it starts nothing new.")
    messages.success(request, said % {"name": found.name})
    if request.POST.get("back") == "pool":
        return go_to(request, "gateways:pool", found.pool_id)
    return go_to(request, "gateways:line", found.pk)


@require_POST
def delete_line(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Let a line go; a session goes by its own page."""
    found = get_object_or_404(_present(), pk=pk)
    if found.kind not in [kind.name for kind in LINE_KINDS]:
        raise Http404
    try:
        members.delete_line(found.pk)
    except GatewayError as error:
        messages.error(request, str(error))
        return go_to(request, "gateways:line", found.pk)
    record(request.user, "line.delete", kind="gateway", id=found.pk, name=found.name)
    messages.success(request, _("Line “%(name)s” deleted. What it has sent keeps its name.") % {"name": found.name})
    return go_to(request, "gateways:pool", found.pool_id)


@require_POST
def send_test(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Send a text by this line, outside of any campaign."""
    found = get_object_or_404(_present(), pk=pk)
    form = forms.TestForm(request.POST)
    if form.is_valid():
        phone = form.cleaned_data["phone"]
        try:
            message = commands.send_test(name=found.name, phone=phone, text=form.cleaned_data["text"])
        except GatewayError as error:
            forms.refuse(error, form)
        else:
            data = {"message": str(message), "phone": phone}
            record(request.user, "line.test", kind="gateway", id=found.pk, name=found.name, data=data)
            messages.success(request, _("The test goes out as soon as the line is free."))
            return go_to(request, "gateways:line", found.pk)
    return _line_page(request, found, form=form)


@require_POST
@never_cache
def show_callback(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """The address that the gateway calls: it holds a secret, so that it is shown to who asks, and that is kept."""
    found = get_object_or_404(_present(), pk=pk)
    address = queries.callback_address(found)
    if not address:
        raise Http404
    record(request.user, "line.show_callback", kind="gateway", id=found.pk, name=found.name)
    if is_part(request):
        return render(request, "gateways/_callback.html", {"address": address})
    return _line_page(request, found, callback=address)
