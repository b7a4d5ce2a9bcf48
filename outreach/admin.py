"""Contacts, digests and checks in the administration, to look at: their pages change them, by commands."""

from django.contrib import admin

from outreach.models import (
    AskingPace,
    BookImport,
    BookRow,
    CheckedNumber,
    Contact,
    Digest,
    DigestCursor,
    DigestItem,
    DigestReader,
    DigestSetting,
    NumberCheck,
)
from systemlog.lean_admin import LeanAdmin


@admin.register(Contact)
class ContactAdmin(LeanAdmin):
    list_display = ("rut", "name", "phone", "digests", "updated_at")
    prefixes = ("rut", "folded_name", "phone")


@admin.register(BookImport)
class BookImportAdmin(LeanAdmin):
    list_display = ("file_name", "ready", "done_at", "created_at")


@admin.register(BookRow)
class BookRowAdmin(LeanAdmin):
    """The rows of a file are found by the file's id."""

    list_display = ("number", "rut", "name", "phone", "outcome", "code", "taken")
    list_filter = ("outcome",)
    ids = ("source",)


@admin.register(DigestSetting)
class DigestSettingAdmin(LeanAdmin):
    list_display = ("user", "active", "every", "most")
    list_select_related = ("user",)
    ids = ("user",)


@admin.register(DigestItem)
class DigestItemAdmin(LeanAdmin):
    """What somebody has to be told is found by the reply that it is of."""

    list_display = ("reader", "text", "at", "told_at", "digest")
    ids = ("text",)


@admin.register(DigestReader)
class DigestReaderAdmin(LeanAdmin):
    list_display = ("phone", "last_at", "gateway")
    prefixes = ("phone",)


@admin.register(Digest)
class DigestAdmin(LeanAdmin):
    list_display = ("phone", "name", "people", "texts", "test", "created_at")
    list_filter = ("test",)
    prefixes = ("phone",)


@admin.register(DigestCursor)
class DigestCursorAdmin(LeanAdmin):
    list_display = ("name", "since", "upto", "next_at")


@admin.register(NumberCheck)
class NumberCheckAdmin(LeanAdmin):
    list_display = ("name", "status", "total", "yes", "no", "failed", "invalid", "per_hour", "created_at")
    list_filter = ("status",)


@admin.register(CheckedNumber)
class CheckedNumberAdmin(LeanAdmin):
    """The numbers of a check are found by the check's id."""

    list_display = ("place", "raw", "phone", "status", "reason", "answered_at", "tries")
    list_filter = ("status",)
    ids = ("batch",)


@admin.register(AskingPace)
class AskingPaceAdmin(LeanAdmin):
    list_display = ("gateway", "next_at")
    ids = ("gateway",)
