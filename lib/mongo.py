"""What the ORM does not say: conditional updates, retried transactions, typed bulk writes, the server's clock.

Everything here works on the default database. Names of fields are Django's; values are stored as Django stores them.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from django.db import DatabaseError, connection
from django.db.models import DateTimeField, Expression, ExpressionWrapper, Model, Q
from django.db.models.functions import Now
from django.db.models.sql.constants import ROW_COUNT
from django.db.models.sql.subqueries import UpdateQuery
from django_mongodb_backend import transaction
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import ConnectionFailure, PyMongoError

__all__ = [
    "BulkCounts",
    "Now",
    "bulk_write",
    "collection",
    "compare_and_set",
    "due",
    "from_now",
    "insert_many",
    "now_plus",
    "retry_unavailable",
    "run_tx",
    "server_now",
    "session",
    "to_document",
    "typed_values",
]

Document = dict[str, Any]
T = TypeVar("T")

CHUNK = 1_000
"""Operations sent in one command: large enough to be fast, small enough to hold no lock for long."""

# The engine's own attributes, which Django's stubs don't know.
database: Any = connection


# Collections and sessions --------------------------------------------------------------------------------------------
def collection(model: type[Model]) -> Collection[Document]:
    """The model's collection. Give every call `session=session()`, or it happens outside of the transaction."""
    found: Collection[Document] = database.get_collection(model._meta.db_table)
    return found


def session() -> ClientSession | None:
    """The session of the transaction this thread is in; None outside of one."""
    current: ClientSession | None = database.session
    return current


# Values --------------------------------------------------------------------------------------------------------------
def typed_values(model: type[Model], values: Mapping[str, Any]) -> Document:
    """{field name: Python value} as {column: stored value}: Int64, Decimal128, naive UTC, ObjectId.

    `pk` and a foreign key's `name_id` are names too. Raises FieldDoesNotExist.
    """
    document: Document = {}
    for name, value in values.items():
        column: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
        plain = value.pk if isinstance(value, Model) and column.is_relation else value
        document[column.column] = column.get_db_prep_save(plain, connection=connection)
    return document


def to_document(instance: Model) -> Document:
    """The whole new document that saving this instance would insert; without `_id` while it has no key."""
    document: Document = {}
    for each in instance._meta.concrete_fields:
        column: Any = each
        value = column.get_db_prep_save(column.pre_save(instance, add=True), connection=connection)
        if value is not None or not column.primary_key:
            document[column.column] = value
    return document


# The server's clock --------------------------------------------------------------------------------------------------
def server_now() -> datetime:
    """MongoDB's time, aware, in UTC, to the millisecond."""
    answer: Document = database.get_database().command("hello")
    time_of_server: datetime = answer["localTime"]
    return time_of_server.replace(tzinfo=UTC)


def now_plus(seconds: float) -> Expression:
    """MongoDB's time plus so many seconds, as a value for compare_and_set and update()."""
    return ExpressionWrapper(Now() + timedelta(seconds=seconds), output_field=DateTimeField())


def from_now(seconds: float) -> Document:
    """MongoDB's time, `seconds` from now, in an update by pipeline."""
    return {"$dateAdd": {"startDate": "$$NOW", "unit": "millisecond", "amount": int(seconds * 1000)}}


def due(column: str) -> Document:
    """A raw filter: the column's time has come by MongoDB's clock, or it has none.

    Add `{column: {"$ne": None}}` where no time means never. An index on the column serves both.
    """
    return {"$expr": {"$lte": [f"${column}", "$$NOW"]}}


# Conditional updates -------------------------------------------------------------------------------------------------
def compare_and_set(model: type[Model], pk: Any, expected: Mapping[str, Any] | Q, changes: Mapping[str, Any]) -> bool:
    """Change one document if it is as expected, atomically. True if it was, and so now is changed.

    `expected` are lookups of the model's own fields ({"lane_state": "idle", "lane_until__lte": Now()}), or a Q.
    `changes` are values or expressions (Now(), now_plus(30), F("lane_epoch") + 1).
    It is one update of one document, which PyMongo sends again by itself, harmlessly, after a failover.
    """
    conditions = expected if isinstance(expected, Q) else Q(**expected)
    query: Any = model._base_manager.filter(conditions, pk=pk).query.chain(UpdateQuery)
    query.add_update_values(changes)
    compiler: Any = query.get_compiler(connection=connection)
    compiler.one_document = True
    matched: int = compiler.execute_sql(ROW_COUNT)
    return matched == 1


# Transactions --------------------------------------------------------------------------------------------------------
TRANSACTION_LABELS = ("TransientTransactionError", "UnknownTransactionCommitResult")
FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.32


def run_tx(fn: Callable[[], T], *, attempts: int = 12) -> T:
    """Run `fn` in a transaction, again from its start whenever MongoDB says that a conflict or a failover undid it.

    So `fn` may run several times: it must do nothing but database work (use transaction.on_commit for the rest), and
    must not swallow a database error. Inside another transaction it simply joins in, and the outer one is retried.
    A lost answer to the commit is asked for again by the engine; a transaction that may have been committed never
    runs twice. Raises whatever `fn` raises, and DatabaseError when the commit fails or the attempts are used up.
    """
    if database.in_atomic_block_mongo:
        return fn()
    attempt = 0
    while True:
        attempt += 1
        # Being the first callback, it runs before those of `fn`, whose errors must not look like a failed commit.
        committed: list[bool] = []
        try:
            with transaction.atomic():
                transaction.on_commit(partial(committed.append, True))
                return fn()
        except (DatabaseError, PyMongoError) as error:
            if committed or attempt >= attempts or not is_transient(error):
                raise
        time.sleep(random.uniform(0.3, 1) * min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE))


def is_transient(error: BaseException) -> bool:
    """Whether the transaction that raised this was surely undone and can be run again."""
    return any(
        cause.has_error_label("TransientTransactionError")
        and not cause.has_error_label("UnknownTransactionCommitResult")
        for cause in mongo_causes(error)
    )


def mongo_causes(error: BaseException | None) -> Iterator[PyMongoError]:
    """PyMongo's errors under an error: Django's DatabaseError is raised from one."""
    while error is not None:
        if isinstance(error, PyMongoError):
            yield error
        error = error.__cause__


# Bulk writes ---------------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class BulkCounts:
    """What a bulk write did. `upserted_ids` are the new keys by the operation's place in the whole sequence."""

    inserted: int = 0
    matched: int = 0
    modified: int = 0
    deleted: int = 0
    upserted_ids: dict[int, Any] = field(default_factory=dict)


def bulk_write(model: type[Model], operations: Iterable[Any], *, ordered: bool = False) -> BulkCounts:
    """Send PyMongo operations (UpdateOne, InsertOne...) in chunks, within the current transaction if there is one.

    Their filters and values must be as stored: see typed_values. Raises PyMongo's errors as they are; after a
    BulkWriteError the chunks before it are done, unless a transaction undoes them.
    """
    counts = BulkCounts()
    start = 0
    for chunk in chunks(operations):
        result = collection(model).bulk_write(chunk, ordered=ordered, session=session())
        counts.inserted += result.inserted_count
        counts.matched += result.matched_count
        counts.modified += result.modified_count
        counts.deleted += result.deleted_count
        counts.upserted_ids.update({start + place: key for place, key in (result.upserted_ids or {}).items()})
        start += len(chunk)
    return counts


def insert_many(model: type[Model], documents: Iterable[Document], *, ordered: bool = False) -> list[Any]:
    """Insert stored-form documents (see to_document) in chunks; their keys, in order, which are also set in them."""
    keys: list[Any] = []
    for chunk in chunks(documents):
        keys.extend(collection(model).insert_many(chunk, ordered=ordered, session=session()).inserted_ids)
    return keys


def chunks(items: Iterable[T]) -> Iterator[Sequence[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


# When MongoDB is away ------------------------------------------------------------------------------------------------
def retry_unavailable(fn: Callable[[], T], *, seconds: float) -> T:
    """Run `fn` again while MongoDB is away or between primaries, until so many seconds have passed.

    PyMongo repeats single reads and single-document writes by itself, but no update_many or delete_many. A write
    whose answer was lost may have happened, so `fn` must be harmless to repeat. Raises its last error.
    """
    give_up = time.monotonic() + seconds
    pause = 0.1
    while True:
        try:
            return fn()
        except (DatabaseError, PyMongoError) as error:
            left = give_up - time.monotonic()
            if left <= 0 or database.in_atomic_block_mongo or not is_unavailable(error):
                raise
        time.sleep(min(left, pause * random.uniform(0.5, 1)))
        pause = min(pause * 2, 2)


def is_unavailable(error: BaseException) -> bool:
    """Whether the error says that no primary answered, rather than that it refused."""
    return any(
        isinstance(cause, ConnectionFailure) or cause.has_error_label("RetryableWriteError")
        for cause in mongo_causes(error)
    )
