"""Debtors and imports, for data fixes."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from debtors import uploads
from debtors.models import (
    ColumnMemory,
    Debtor,
    DebtorMerge,
    DebtorNote,
    DebtorWork,
    Import,
    ImportRow,
    Suppression,
    SuppressionFile,
    Upload,
    UploadChunk,
)
from debtors.uploads import UploadError
from systemlog.lean_admin import LeanAdmin


@admin.register(Debtor)
class DebtorAdmin(LeanAdmin):
    """Its identity and phone are an import's to change: they say who it is, and who is written to."""

    list_display = ("name", "phone", "rut", "debt", "owner", "suppressed", "updated_at")
    list_filter = ("suppressed", "country")
    list_select_related = ("owner",)
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
    actions = ("stop", "go_on")

    @admin.action(description=gettext_lazy("Stop"))
    def stop(self, request: HttpRequest, queryset: QuerySet[Import]) -> None:
        def stop(found: Import) -> None:
            if not uploads.stop(found.pk):
                raise UploadError(_("It is not running, so there is nothing to stop."))

        self.each(request, queryset, "debtors.import_stop", stop, UploadError)

    @admin.action(description=gettext_lazy("Go on"))
    def go_on(self, request: HttpRequest, queryset: QuerySet[Import]) -> None:
        self.each(request, queryset, "debtors.import_go_on", lambda found: uploads.go_on(found.pk), UploadError)


@admin.register(ImportRow)
class ImportRowAdmin(LeanAdmin):
    list_display = ("source", "number", "outcome", "code")
    list_filter = ("outcome",)
    list_select_related = ("source",)
    ids = ("source", "debtor")


@admin.register(Suppression)
class SuppressionAdmin(LeanAdmin):
    """To look at: the page of opt-outs lifts an entry, with the reason."""

    list_display = ("phone", "name", "active", "source", "reason", "at", "until")
    list_filter = ("active", "source")
    prefixes = ("phone", "identity")


@admin.register(SuppressionFile)
class SuppressionFileAdmin(LeanAdmin):
    list_display = ("file_name", "actor", "added", "created_at", "expires_at")


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
