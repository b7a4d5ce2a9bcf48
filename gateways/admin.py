"""Pools and lines, to look at and to switch. Their settings are changed in their pages, which check what is written."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from gateways import commands
from gateways.errors import GatewayError
from gateways.models import Call, Gateway, Pool
from systemlog.lean_admin import LeanAdmin


class SwitchedAdmin(LeanAdmin):
    """What can be switched on and off, by the command that the pages use."""

    actions = ("activate", "deactivate")

    @admin.action(description=_("Activate"))
    def activate(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, active=True)

    @admin.action(description=_("Deactivate"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        self._switch(request, queryset, active=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Any], *, active: bool) -> None:
        action = f"{self.model._meta.model_name}.{'activate' if active else 'deactivate'}"
        self.each(request, queryset, action, lambda it: self.switch(it.name, active), GatewayError)

    def switch(self, name: str, active: bool) -> Any:
        raise NotImplementedError


@admin.register(Pool)
class PoolAdmin(SwitchedAdmin):
    list_display = ("name", "channel", "strategy", "delay_seconds", "variation_seconds", "active")
    list_filter = ("channel", "active")
    prefixes = ("name",)
    hidden = ("deal_token",)

    def switch(self, name: str, active: bool) -> Any:
        return commands.set_pool_active(name=name, active=active)


@admin.register(Gateway)
class GatewayAdmin(SwitchedAdmin):
    list_display = ("name", "kind", "pool", "active", "health", "last_used_at")
    list_filter = ("kind", "active", "health")
    list_select_related = ("pool",)
    prefixes = ("name",)
    hidden = ("secrets", "lane_token", "poll_token", "config")

    def switch(self, name: str, active: bool) -> Any:
        return commands.set_gateway_active(name=name, active=active)


@admin.register(Call)
class CallAdmin(LeanAdmin):
    """What went to and fro between lines and their far sides, masked as it is stored; kept some days."""

    list_display = ("at", "gateway", "purpose", "verdict", "more")
    list_filter = ("purpose", "verdict")
    ids = ("gateway",)
