"""The database wrapper: which of our parts take the place of the stock engine's, and sound transactions."""

import time
from typing import Any

from django.db import DatabaseError
from django_mongodb_backend.base import DatabaseWrapper as StockWrapper
from pymongo.errors import PyMongoError

from lib.mongodb import lookups
from lib.mongodb.operations import DatabaseOperations
from lib.mongodb.schema import DatabaseSchemaEditor

COMMIT_SECONDS = 10
"""How long a commit whose answer was lost is sent again. The server keeps its outcome, so repeating is harmless."""

OPERATION_TIMED_OUT = 50  # MaxTimeMSExpired: the server gave up, and would again


class DatabaseWrapper(StockWrapper):
    run_on_commit: list[Any]
    ops_class = DatabaseOperations
    SchemaEditorClass = DatabaseSchemaEditor
    mongo_operators = {
        **StockWrapper.mongo_operators,
        # {field: value} would run a dict from a JSONField filter as operators: {"$ne": null} matches everything.
        "exact": lambda field, value: {field: {"$eq": value}},
    }

    def get_collection(self, name: str, **options: Any) -> Any:
        # The stock engine connects by itself, past the door that pytest-django shuts on tests without a database.
        self.ensure_connection()
        return super().get_collection(name, **options)

    def get_database(self) -> Any:
        self.ensure_connection()
        return super().get_database()

    def commit_mongo(self) -> None:
        """Commit; when the answer is lost, ask again for a while.

        Raises DatabaseError. Its cause carries the label UnknownTransactionCommitResult when nobody can tell whether
        the transaction was committed.
        """
        if self.session:
            try:
                self._commit_session()
            except PyMongoError as error:
                # Left in place, the dead session would swallow the transaction of this thread's next atomic().
                self._end_session()
                self.run_on_commit.clear()
                raise DatabaseError(str(error)) from error
        super().commit_mongo()

    def rollback(self) -> None:
        # Django's own atomic(), which undoes nothing here, ends in this when an error leaves it. Inside one of our
        # transactions the error may be caught and the rest committed: what waits for the commit must stay.
        waiting = self.run_on_commit if self.in_atomic_block_mongo else []
        super().rollback()
        self.run_on_commit = waiting

    def _commit_session(self) -> None:
        give_up = time.monotonic() + COMMIT_SECONDS
        while True:
            try:
                self.session.commit_transaction()
            except PyMongoError as error:
                unknown = error.has_error_label("UnknownTransactionCommitResult")
                if not unknown or getattr(error, "code", None) == OPERATION_TIMED_OUT or time.monotonic() > give_up:
                    raise
                time.sleep(0.05)
            else:
                self._end_session()
                return


lookups.register()
