"""Pools and lines, to look at. They are changed in their pages, which check what is written."""

from django.contrib import admin

from gateways.models import Exchange, Gateway, Pool
from systemlog.lean_admin import LeanAdmin


@admin.register(Pool)
class PoolAdmin(LeanAdmin):
    list_display = ("name", "channel", "strategy", "delay_seconds", "variation_seconds", "active")
    list_filter = ("channel", "active")
    hidden = ("deal_token",)


@admin.register(Gateway)
class GatewayAdmin(LeanAdmin):
    list_display = ("name", "kind", "pool", "active", "health", "last_used_at")
    list_filter = ("kind", "active")
    list_select_related = ("pool",)
    hidden = ("secrets", "lane_token", "config")


@admin.register(Exchange)
class ExchangeAdmin(LeanAdmin):
    """What went to and fro for tests of lines, masked as it is stored; kept some days."""

    list_display = ("attempt_id", "gateway", "at")
