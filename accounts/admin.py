"""Users and groups, for administrators."""

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission

from accounts.models import ListChoice, SavedFilter, User
from systemlog.lean_admin import AuditedAdmin, LeanAdmin


@admin.register(User)
class StaffAdmin(AuditedAdmin, UserAdmin):
    list_display = ("username", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")


admin.site.unregister(Group)


@admin.register(Group)
class StaffGroupAdmin(AuditedAdmin, GroupAdmin):
    pass


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
