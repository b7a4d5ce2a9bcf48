"""Lookups and functions that the stock engine turns into wrong or unindexed MQL.

django-mongodb-backend gives Django's expression classes their MQL by setting functions on them (register_lookups and
its like): that is its registry, and a subclass of the engine has no other way in. So ours are set in the same places.
Each hands over to the stock function unless the connection is of our engine, and registering twice changes nothing.
"""

from typing import Any

from django.db import NotSupportedError
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.fields.tuple_lookups import TupleIn
from django.db.models.functions import TruncDate
from django.db.models.lookups import BuiltinLookup, IExact, In
from django_mongodb_backend.expressions.builtins import base_expression
from django_mongodb_backend.functions import trunc_date as stock_trunc_date
from django_mongodb_backend.lookups import builtin_lookup_expr as stock_lookup_expr
from django_mongodb_backend.lookups import get_subquery_wrapping_pipeline as stock_wrapping_pipeline
from django_mongodb_backend.lookups import wrap_in
from django_mongodb_backend.query_utils import is_direct_value, process_lhs, process_rhs

from lib.mongodb.operations import DatabaseOperations


def is_ours(connection: Any) -> bool:
    return isinstance(connection.ops, DatabaseOperations)


def in_subquery(self: In, compiler: Any, connection: Any, field_name: str, expr: Any) -> list[dict[str, Any]]:
    """Refuse `x__in=queryset[:n]`: the slice would be cut from the one collected list, so everything would match."""
    if is_ours(connection) and compiler.query.is_sliced:
        raise NotSupportedError("A sliced queryset cannot stand in __in on MongoDB. Pass list(queryset) instead.")
    pipeline: list[dict[str, Any]] = stock_wrapping_pipeline(self, compiler, connection, field_name, expr)
    return pipeline


def lookup_expr(self: Any, compiler: Any, connection: Any) -> Any:
    """Compare with a value as the text it is: in an expression a bare "$name" would be read as the field `name`."""
    values = self.rhs if isinstance(self.rhs, (list, tuple, set, frozenset)) else [self.rhs]
    if not is_ours(connection) or not all(is_direct_value(value) for value in values):
        return stock_lookup_expr(self, compiler, connection)
    value = process_rhs(self, compiler, connection, as_expr=True)
    literal = [{"$literal": each} for each in value] if self.lookup_name == "range" else {"$literal": value}
    return connection.mongo_expr_operators[self.lookup_name](
        process_lhs(self, compiler, connection, as_expr=True), literal
    )


def iexact(self: IExact, compiler: Any, connection: Any, as_expr: bool = False, **extra: Any) -> Any:
    """Refuse a column or expression on the right: its values would run as regular expressions."""
    if is_ours(connection) and not is_direct_value(self.rhs):
        raise NotSupportedError("__iexact takes a text on MongoDB. To compare columns, use Lower() on both sides.")
    return base_expression(self, compiler, connection, as_expr=as_expr, **extra)


def tuple_in(self: TupleIn, compiler: Any, connection: Any, as_expr: bool = False, **extra: Any) -> Any:
    """A tuple of one column, by which Django prefetches foreign keys, as the plain `$in` that an index serves."""
    if is_ours(connection) and len(self.lhs) == 1 and self.rhs_is_direct_value():
        lookup: Any = In(self.lhs.get_cols()[0], [value for (value,) in self.rhs])
        return lookup.as_mql(compiler, connection, as_expr=as_expr)
    return base_expression(self, compiler, connection, as_expr=as_expr, **extra)


def trunc_date(self: TruncDate, compiler: Any, connection: Any) -> dict[str, Any]:
    """The date in the current time zone; the stock engine knows UTC only."""
    if not is_ours(connection):
        stock: dict[str, Any] = stock_trunc_date(self, compiler, connection)
        return stock
    date = {
        # Dates are stored as midnight without a zone, so this can be compared to a DateField.
        "format": "%Y-%m-%dT00:00:00.000",
        "date": process_lhs(self, compiler, connection, as_expr=True),
    }
    if zone := self.get_tzname():
        date["timezone"] = zone
    return {"$dateFromString": {"dateString": {"$dateToString": date}}}


def register() -> None:
    BuiltinLookup.as_mql_expr = lookup_expr  # type: ignore[attr-defined]
    IExact.as_mql = iexact  # type: ignore[attr-defined]
    In.as_mql_expr = RelatedIn.as_mql_expr = wrap_in(lookup_expr)  # type: ignore[attr-defined]
    In.get_subquery_wrapping_pipeline = in_subquery  # type: ignore[attr-defined]
    TupleIn.as_mql = tuple_in  # type: ignore[attr-defined]
    TruncDate.as_mql_expr = trunc_date  # type: ignore[attr-defined]
