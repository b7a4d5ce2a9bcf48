"""WhatsApp sessions, to look at; what was learned of numbers can be forgotten, so that it is asked anew."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sessions_app import commands
from sessions_app.errors import SessionError
from sessions_app.models import Acquaintance, BrowserHost, Number, Picture, Session, SessionChange, SessionEvent
from systemlog.lean_admin import LeanAdmin


@admin.register(Session)
class SessionAdmin(LeanAdmin):
    list_display = ("name", "status", "desired", "phone", "host", "heartbeat_at")
    list_filter = ("status", "desired")
    hidden = ("qr", "link_code", "driver_session", "owner_token")
    actions = ("connect", "disconnect")

    @admin.action(description=_("Connect"))
    def connect(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        self._each(request, queryset, commands.connect)

    @admin.action(description=_("Disconnect"))
    def disconnect(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        self._each(request, queryset, commands.disconnect)

    def _each(self, request: HttpRequest, queryset: QuerySet[Session], command: Any) -> None:
        for session in queryset:
            try:
                command(session.name)
            except SessionError as error:
                messages.error(request, str(error))
            else:
                self._audit(request, f"session.{command.__name__}", session)


@admin.register(SessionChange)
class SessionChangeAdmin(LeanAdmin):
    list_display = ("session", "origin", "target", "cause", "at")


@admin.register(Picture)
class PictureAdmin(LeanAdmin):
    list_display = ("session", "taken_at", "expires_at")
    ids = ("session",)
    hidden = ("image",)


@admin.register(SessionEvent)
class SessionEventAdmin(LeanAdmin):
    list_display = ("session", "name", "page_epoch", "sequence", "received_at")
    ids = ("session",)


@admin.register(Number)
class NumberAdmin(LeanAdmin):
    list_display = ("phone", "wid", "misses", "checked_at")
    prefixes = ("phone",)
    can_delete = True


@admin.register(Acquaintance)
class AcquaintanceAdmin(LeanAdmin):
    list_display = ("gateway", "phone", "since")
    ids = ("gateway",)
    can_delete = True


@admin.register(BrowserHost)
class BrowserHostAdmin(LeanAdmin):
    list_display = ("name", "start_until", "reaped_at")
    hidden = ("start_token",)
