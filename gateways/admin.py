"""Pools and lines, to look at. They are changed in their pages, which check what is written."""

from django.contrib import admin

from gateways.models import Gateway, Pool
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
