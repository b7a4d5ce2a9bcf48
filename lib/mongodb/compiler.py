"""Compilers whose queries can use indexes, and that refuse what MongoDB would silently ignore."""

from collections.abc import Sequence
from typing import Any

from django.db import NotSupportedError
from django.db.models.expressions import Col
from django.db.models.sql.where import WhereNode
from django_mongodb_backend import compiler as stock
from django_mongodb_backend.query import wrap_database_errors

from lib.mongodb.query import MongoQuery


def _reads_only(expression: Any, alias: str) -> bool:
    """Whether every column in the expression is the base collection's own, and none comes from a subquery."""
    if expression is None:
        return True
    if isinstance(expression, WhereNode):
        return all(_reads_only(child, alias) for child in expression.children)
    if isinstance(expression, Col):
        return bool(expression.alias == alias)
    if getattr(expression, "subquery", False) or not hasattr(expression, "get_source_expressions"):
        return False
    return all(_reads_only(source, alias) for source in expression.get_source_expressions())


class SQLCompiler(stock.SQLCompiler):
    query_class = MongoQuery

    def check_query(self) -> None:
        super().check_query()
        if self.query.distinct_fields:
            # The stock engine returns every row, as if distinct() had not been called.
            raise NotSupportedError(
                "MongoDB has no distinct on fields. Use values(...).distinct(), or group in an aggregation."
            )

    def build_query(self, columns: Sequence[Any] | None = None) -> MongoQuery:
        query: MongoQuery = super().build_query(columns)
        if query.extra_fields:
            # {"name": "$name"} adds nothing, but standing before $sort it keeps the sort from using an index.
            query.extra_fields = {name: value for name, value in query.extra_fields.items() if value != f"${name}"}
        query.cut_first = self._can_cut_first(query)
        return query

    def _can_cut_first(self, query: MongoQuery) -> bool:
        """Whether sorting and slicing before joining and projecting gives the same rows."""
        return not (
            self.query.combinator
            or self.query.distinct
            or query.extra_fields
            or query.aggregation_pipeline
            or query.search_pipeline
            or query.subqueries
        ) and (
            all(
                isinstance(order.expression, Col)
                and order.expression.alias == self.collection_name
                and not order.nulls_first
                and not order.nulls_last
                for order in self.order_by_objs or ()
            )
            and _reads_only(self.get_where(), self.collection_name)
            and self._joins_keep_the_number_of_rows()
        )

    def _joins_keep_the_number_of_rows(self) -> bool:
        # An inner join to one still drops a row whose reference dangles, which a sliced page then is short of. Django
        # itself never leaves a dangling reference behind, and looking every row up to find out costs a full scan.
        tables: list[Any] = [table for alias, table in self.query.alias_map.items() if self.query.alias_refcount[alias]]
        return all(
            (table.join_field.many_to_one or table.join_field.one_to_one) and table.filtered_relation is None
            for table in tables
            if table.join_type
        )


class SQLInsertCompiler(stock.SQLInsertCompiler):
    """The stock one: it builds no query."""


class SQLDeleteCompiler(stock.SQLDeleteCompiler):
    """The stock one: delete_many takes the $match alone."""


class SQLUpdateCompiler(stock.SQLUpdateCompiler):
    one_document = False
    """Set by lib.mongo.compare_and_set: update_one is sent again by PyMongo after a failover, update_many is not."""

    @wrap_database_errors
    def update(self, criteria: dict[str, Any], pipeline: list[dict[str, Any]]) -> int:
        send = self.collection.update_one if self.one_document else self.collection.update_many
        matched: int = send(criteria, pipeline, session=self.connection.session).matched_count
        return matched


class SQLAggregateCompiler(stock.SQLAggregateCompiler):
    """The stock one: its inner query is compiled by our SQLCompiler."""
