"""Unique indexes that the query planner can use, and new fields whose default is any value."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bson import Decimal128, ObjectId
from django.db.models import Field, Index, Model
from django_mongodb_backend.schema import DatabaseSchemaEditor as StockSchemaEditor
from pymongo.errors import OperationFailure
from pymongo.operations import IndexModel

ANY_NUMBER = {"$gte": float("-inf")}

# Range conditions compare values of their own BSON type only, so each says "is of this type" in words that the planner
# can prove from a query's own condition. From `$type` it can prove nothing.
RANGE_OF_TYPE: Mapping[str, Mapping[str, Any]] = {
    "binData": {"$gte": b""},
    "bool": {"$gte": False},
    "date": {"$gte": datetime.min, "$lte": datetime.max},  # noqa: DTZ901  (stored dates are naive UTC)
    "decimal": {"$gte": Decimal128("-Infinity")},
    "double": ANY_NUMBER,
    "int": ANY_NUMBER,
    "long": ANY_NUMBER,
    "objectId": {"$gte": ObjectId("0" * 24), "$lte": ObjectId("f" * 24)},
    "string": {"$gte": ""},
}


class PlannableUnique:
    """A unique Index whose partial filter the planner can prove, or that has none where nothing can be null."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.name = index.name

    def get_pymongo_index_model(
        self,
        model: type[Model],
        schema_editor: StockSchemaEditor,
        field: "Field[Any, Any] | None" = None,
        unique: bool = False,
        column_prefix: str = "",
    ) -> IndexModel | None:
        built: IndexModel | None = self.index.get_pymongo_index_model(  # type: ignore[attr-defined]
            model, schema_editor, field=field, unique=unique, column_prefix=column_prefix
        )
        if built is None:
            return None
        fields: list[Any] = [field] if field else [model._meta.get_field(name) for name, _ in self.index.fields_orders]
        # An embedded model may be absent as a whole, so that its fields are null whatever they declare.
        never_null = {} if column_prefix else {each.column for each in fields if not each.null}
        kept = {}
        for column, condition in built.document.get("partialFilterExpression", {}).items():
            conditions = dict(condition) if isinstance(condition, Mapping) else condition
            if isinstance(conditions, dict) and "$type" in conditions:
                bson_type = conditions.pop("$type")
                if column not in never_null:
                    conditions = {**RANGE_OF_TYPE.get(bson_type, {"$type": bson_type}), **conditions}
            if conditions != {}:
                kept[column] = conditions
        built.document.pop("partialFilterExpression", None)
        if kept:
            built.document["partialFilterExpression"] = kept
        return built


NO_SUCH_INDEX = 27
"""MongoDB's code for an index, or a collection, that is not there."""


class DatabaseSchemaEditor(StockSchemaEditor):
    """MongoDB keeps what a migration did before it was interrupted: the steps here can be done again."""

    def create_model(self, model: type[Model]) -> None:
        name = model._meta.db_table
        if not self.collect_sql and name in self.get_database().list_collection_names(filter={"name": name}):
            self._create_model_indexes(model)
            for field in model._meta.local_many_to_many:
                through = field.remote_field.through
                if through is not None and through._meta.auto_created:
                    self.create_model(through)
        else:
            super().create_model(model)

    def remove_index(self, model: type[Model], index: Index) -> None:
        try:
            super().remove_index(model, index)
        except OperationFailure as error:
            if error.code != NO_SUCH_INDEX:
                raise

    def add_index(self, model: type[Model], index: Index, *, unique: bool = False, **options: Any) -> None:
        super().add_index(model, PlannableUnique(index) if unique else index, unique=unique, **options)

    def add_field(self, model: type[Model], field: "Field[Any, Any]") -> None:
        self._default_is_expression = True
        try:
            super().add_field(model, field)
        finally:
            self._default_is_expression = False

    def effective_default(self, field: "Field[Any, Any]") -> Any:
        """The default as stored. The stock add_field puts it into a pipeline, where {} is an error and "$…" a path."""
        value = super().effective_default(field)
        return {"$literal": value} if self._default_is_expression else value

    _default_is_expression = False
