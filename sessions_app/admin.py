"""WhatsApp sessions, to look at; what was learned of numbers can be forgotten, so that it is asked anew."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
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
    prefixes = ("name",)
    ids = ("gateway",)
    hidden = ("qr", "link_code", "driver_session", "owner_token")
    actions = ("connect", "disconnect", "reconnect", "verify")

    @admin.action(description=_("Connect"))
    def connect(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        self._by(commands.connect, request, queryset)

    @admin.action(description=_("Disconnect"))
    def disconnect(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        self._by(commands.disconnect, request, queryset)

    @admin.action(description=_("Reconnect"))
    def reconnect(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        self._by(commands.reconnect, request, queryset)

    @admin.action(description=_("Check now"))
    def verify(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        self._by(commands.verify, request, queryset)

    def _by(self, command: Callable[[str], Any], request: HttpRequest, queryset: QuerySet[Session]) -> None:
        action = f"session.{command.__name__}"
        self.each(request, queryset, action, lambda session: command(session.name), SessionError)


@admin.register(SessionChange)
class SessionChangeAdmin(LeanAdmin):
    list_display = ("session", "origin", "target", "cause", "at")
    list_filter = ("target",)
    ids = ("session",)


@admin.register(Picture)
class PictureAdmin(LeanAdmin):
    list_display = ("session", "taken_at", "expires_at")
    ids = ("session",)
    hidden = ("image",)


@admin.register(SessionEvent)
class SessionEventAdmin(LeanAdmin):
    list_display = ("session", "name", "page_epoch", "sequence", "received_at")
    list_filter = ("name",)
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
