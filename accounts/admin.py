"""Users and where they are signed in, for administrators: roles, activity and passwords change by commands alone."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import commands
from accounts.errors import UserError
from accounts.models import ListChoice, SavedFilter, SignIn, User
from systemlog.lean_admin import LeanAdmin


@admin.register(User)
class StaffAdmin(LeanAdmin):
    """They are made, and given roles and passwords, in the pages of users."""

    list_display = ("username", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser")
    prefixes = ("username",)
    hidden = ("password",)
    editable = ("first_name", "last_name", "email", "phone", "language", "time_zone", "theme")
    actions = ("deactivate", "activate")

    @admin.action(description=_("Deactivate: they are out at once"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, commands.deactivate)

    @admin.action(description=_("Let them in again"))
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, commands.activate)

    def _each(self, request: HttpRequest, queryset: QuerySet[User], command: Callable[..., Any]) -> None:
        for user in queryset:
            try:
                command(user, actor=request.user)
            except UserError as error:
                messages.error(request, f"{user.get_username()}: {error.sentence}")


@admin.register(SignIn)
class SignInAdmin(LeanAdmin):
    list_display = ("user", "address", "since", "seen_at", "agent")
    list_select_related = ("user",)
    hidden = ("session_key",)
    ids = ("user",)
    actions = ("end",)

    @admin.action(description=_("End: the browser is signed out at its next click"))
    def end(self, request: HttpRequest, queryset: QuerySet[SignIn]) -> None:
        for one in queryset.select_related("user"):
            commands.sign_out(one.user, one, actor=request.user)


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(LeanAdmin):
    """Groups are roles (accounts/roles.py)."""

    list_display = ("name",)
    prefixes = ("name",)


@admin.register(Permission)
class PermissionAdmin(LeanAdmin):
    list_display = ("codename", "name")
    prefixes = ("codename",)


@admin.register(LogEntry)
class LogEntryAdmin(LeanAdmin):
    list_display = ("action_time", "user", "object_repr", "action_flag")
    list_select_related = ("user",)


@admin.register(SavedFilter)
class SavedFilterAdmin(LeanAdmin):
    list_display = ("name", "list_name", "owner", "shared", "changed_at")
    list_select_related = ("owner",)


@admin.register(ListChoice)
class ListChoiceAdmin(LeanAdmin):
    list_display = ("user", "list_name")
    list_select_related = ("user",)
