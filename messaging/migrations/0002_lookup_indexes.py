"""Indexes that models can't declare: inside embedded attempts, and the end of unmatched receipts."""

from typing import Any

from django.db import migrations

KEPT_SECONDS = 48 * 3600


def create(apps: Any, schema_editor: Any) -> None:
    database = schema_editor.connection.database
    messages = database["messaging_message"]
    messages.create_index("attempts.attempt_id", name="attempt_by_our_id")
    # Sparse: an attempt has no such key before the far side has named it.
    messages.create_index("attempts.provider_id", name="attempt_by_their_id", sparse=True)
    database["messaging_inboxitem"].create_index("received_at", name="inbox_kept", expireAfterSeconds=KEPT_SECONDS)


def drop(apps: Any, schema_editor: Any) -> None:
    database = schema_editor.connection.database
    for collection, name in (
        ("messaging_message", "attempt_by_our_id"),
        ("messaging_message", "attempt_by_their_id"),
        ("messaging_inboxitem", "inbox_kept"),
    ):
        if name in database[collection].index_information():
            database[collection].drop_index(name)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
