"""The log and the processes' beats, to look at."""

from django.contrib import admin

from systemlog.lean_admin import LeanAdmin
from systemlog.models import Beat, SystemLog


@admin.register(SystemLog)
class SystemLogAdmin(LeanAdmin):
    list_display = ("at", "level", "source", "message", "actor")
    list_filter = ("level", "act")
    prefixes = ("source", "actor")


@admin.register(Beat)
class BeatAdmin(LeanAdmin):
    list_display = ("name", "at")
    prefixes = ("name",)
