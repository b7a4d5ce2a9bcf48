"""How long events and changes are kept: TTL indexes, which models can't declare."""

from typing import Any

from django.db import migrations

DAY = 24 * 3600
KEPT = (
    ("sessions_app_sessionevent", "received_at", "session_events_kept", 7 * DAY),
    ("sessions_app_sessionchange", "at", "session_changes_kept", 90 * DAY),
)


def create(apps: Any, schema_editor: Any) -> None:
    for name, field, index, seconds in KEPT:
        schema_editor.connection.database[name].create_index(field, name=index, expireAfterSeconds=seconds)


def drop(apps: Any, schema_editor: Any) -> None:
    for name, _, index, _ in KEPT:
        collection = schema_editor.connection.database[name]
        if index in collection.index_information():
            collection.drop_index(index)


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
