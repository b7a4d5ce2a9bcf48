"""The stored settings, to look at."""

from django.contrib import admin

from preferences.models import Stored
from systemlog.lean_admin import LeanAdmin


@admin.register(Stored)
class StoredAdmin(LeanAdmin):
    list_display = ("group", "revision", "changed_at", "changed_by")
