"""Django admin for collections of any size, for data fixes: what the engine owns is shown and never written.

Only the fields of `editable` can be changed, and only these are stored: saving the whole document would take back what
the engine wrote meanwhile. Lists count to a cap, search reads the beginnings of indexes' ranges, filters look among the
newest rows, and every change is audited.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from bson import ObjectId
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from lib.mongo import collection
from systemlog import audit

COUNTED = 10_000
"""Rows that a list counts and pages through; beyond them one searches."""
FOUND = 500
"""Rows that a search by the beginning of a field shows."""
FILTERED = 20_000
"""The newest rows, among which a filter without a search looks: what it asks for has no index, and may be rare."""
OFFERED_AMONG = 1_000
"""The newest rows, whose values a filter offers."""


class CappedPaginator(Paginator):
    """Counts to a cap: a full count reads the whole collection."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        if not rows.query.where:
            return min(COUNTED, collection(rows.model).estimated_document_count())
        return rows.order_by()[:COUNTED].count()


class NewestFirst(ChangeList):
    """A list whose filters, where nothing is searched, look among the newest FILTERED rows, and say so."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        found = super().get_queryset(request, exclude_parameters)
        if self.query or not self.has_active_filters:
            return found
        rows = collection(self.model)
        if rows.estimated_document_count() <= FILTERED:
            return found
        oldest = next(iter(rows.find({}, {"_id": 1}).sort("_id", -1).skip(FILTERED - 1).limit(1)), None)
        if oldest is None:
            return found
        if exclude_parameters is None:
            sentence = _("The filter looks among the newest %(number)s. What is older is found by searching.")
            messages.info(request, sentence % {"number": number_format(FILTERED, use_l10n=True, force_grouping=True)})
        return found.filter(pk__gte=oldest["_id"])


class NewestValues(admin.AllValuesFieldListFilter):
    """Offers what a text field has among the newest rows: to list every value is to read every row."""

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        newest = model._default_manager.order_by("-pk").values_list(field_path, flat=True)
        values = {value for value in newest[:OFFERED_AMONG] if value}
        self.lookup_choices: Any = sorted(values | set(self.lookup_val or ()))


class EmptyJSON(forms.JSONField):
    """An object that may be empty, which Django's own takes for a missing value."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "required": False})

    def clean(self, value: Any) -> Any:
        return super().clean(value) or {}


class AuditedAdmin(admin.ModelAdmin):
    """An admin whose acts are in the system log."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._audit(request, "admin.add", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._audit(request, "admin.change", obj, fields=self._changed(message))
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._audit(request, "admin.delete", obj)
        return super().log_deletions(request, queryset)

    def _audit(self, request: HttpRequest, action: str, obj: Model, **data: Any) -> None:
        about = {"model": str(obj._meta.label), **data}
        audit.record(
            request.user, action, kind=str(obj._meta.model_name)[:20], id=obj.pk, name=str(obj)[:200], data=about
        )

    @staticmethod
    def _changed(message: Any) -> list[str]:
        """The names of the changed fields, as Django's admin words its change messages."""
        if not isinstance(message, list):
            return []
        return [name for part in message for name in part.get("changed", {}).get("fields", [])]


class LeanAdmin(AuditedAdmin):
    """What every model of ours begins from: everything is shown, nothing can be changed.

    `editable` are the fields that can be; `hidden` those that are not even shown (secrets, files). `prefixes` are
    indexed text fields that are searched by their beginning, `ids` the fields that a searched id may stand in beside
    the key.
    """

    paginator = CappedPaginator
    show_full_result_count = False
    list_per_page = 50
    ordering = ("-pk",)
    sortable_by = ()
    editable: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    can_add = False
    can_delete = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NewestFirst

    def each(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        action: str,
        command: Callable[[Any], Any],
        refused: type[Exception],
    ) -> None:
        """Do it to each that was ticked: what is done is audited, a refusal is told in its own words."""
        for obj in queryset:
            try:
                command(obj)
            except refused as error:
                messages.error(request, f"{obj}: {error}")
            else:
                self._audit(request, action, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [f.name for f in self.model._meta.fields if f.name not in self.hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self.get_fields(request, obj) if name not in self.editable]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [self._cheap(name) for name in super().get_list_filter(request)]

    def _cheap(self, name: Any) -> Any:
        field = self.model._meta.get_field(name) if isinstance(name, str) else None
        wide = isinstance(field, models.CharField) and not field.choices
        return (name, NewestValues) if wide else name

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.prefixes, *self.ids) or ("pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(pk__in=self._beginning(request, term))
        if ObjectId.is_valid(term):
            for name in ("pk", *self.ids):
                wanted |= Q(**{name: ObjectId(term)})
        return queryset.filter(wanted), False

    def _beginning(self, request: HttpRequest, term: str) -> list[Any]:
        """The keys of what begins so. Asked for along each index, because a list that is ordered otherwise would read
        everything that begins so before it shows the first."""
        found: list[Any] = []
        for name in self.prefixes:
            begins = {name: {"$gte": term, "$lt": f"{term}\uffff"}}
            keys = [row["_id"] for row in collection(self.model).find(begins, {"_id": 1}).sort(name, 1).limit(FOUND)]
            if len(keys) == FOUND:
                messages.info(request, _("The first %(number)s are shown: type more of it.") % {"number": FOUND})
            found += keys
        return found

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, models.JSONField):
            kwargs["form_class"] = EmptyJSON
        elif db_field.null:
            kwargs["required"] = False  # models say null alone, because no form of Django's own was made of them
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
        elif fields := self.stored_fields(form.changed_data):
            obj.save(update_fields=fields)

    def stored_fields(self, changed: Iterable[str]) -> list[str]:
        """The fields that a change of these stores."""
        return list(changed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.can_add and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.editable) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.can_delete and super().has_delete_permission(request, obj)
