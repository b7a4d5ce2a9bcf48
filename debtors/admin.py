"""Debtors and imports, for data fixes."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from debtors.models import (
    ColumnMemory,
    Debtor,
    DebtorMerge,
    DebtorNote,
    DebtorWork,
    Import,
    ImportRow,
    Upload,
    UploadChunk,
)
from systemlog.lean_admin import LeanAdmin


@admin.register(Debtor)
class DebtorAdmin(LeanAdmin):
    """Its identity and phone are an import's to change: they say who it is, and who is written to."""

    list_display = ("name", "phone", "rut", "debt", "updated_at")
    prefixes = ("phone", "identity")
    editable = ("name", "debt", "due_date", "owner", "metadata")
    raw_id_fields = ("owner",)
    can_delete = True

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.updated_at = timezone.now()
        super().save_model(request, obj, form, change)

    def stored_fields(self, changed: Iterable[str]) -> list[str]:
        return [*changed, "updated_at", "folded_name", "words"] if changed else []


@admin.register(Import)
class ImportAdmin(LeanAdmin):
    list_display = ("file_name", "status", "rows", "created", "updated", "rejected", "started_at")
    list_filter = ("status",)
    editable = ("owner",)
    raw_id_fields = ("owner",)


@admin.register(ImportRow)
class ImportRowAdmin(LeanAdmin):
    list_display = ("source", "number", "outcome", "code")
    list_select_related = ("source",)
    ids = ("source", "debtor")


@admin.register(Upload)
class UploadAdmin(LeanAdmin):
    list_display = ("file_name", "status", "size", "user", "created_at", "expires_at")
    list_filter = ("status",)
    list_select_related = ("user",)
    raw_id_fields = ("user", "owner")
    ids = ("campaign", "import_id")


@admin.register(UploadChunk)
class UploadChunkAdmin(LeanAdmin):
    list_display = ("upload", "number", "expires_at")
    exclude = ("data",)
    ids = ("upload",)


@admin.register(DebtorWork)
class DebtorWorkAdmin(LeanAdmin):
    list_display = ("act", "status", "user", "looked", "created_at", "finished_at")
    list_filter = ("status", "act")
    list_select_related = ("user",)
    raw_id_fields = ("user",)


@admin.register(DebtorMerge)
class DebtorMergeAdmin(LeanAdmin):
    list_display = ("gone", "kept", "at")
    ids = ("gone", "kept")


@admin.register(DebtorNote)
class DebtorNoteAdmin(LeanAdmin):
    list_display = ("debtor", "author", "at")
    ids = ("debtor",)
    raw_id_fields = ("user",)
    can_delete = True


@admin.register(ColumnMemory)
class ColumnMemoryAdmin(LeanAdmin):
    list_display = ("file_name", "user", "at")
    list_select_related = ("user",)
    raw_id_fields = ("user",)
    can_delete = True
