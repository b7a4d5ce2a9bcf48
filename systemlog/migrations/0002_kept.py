"""How long entries are kept: a TTL index, which models can't declare."""

from typing import Any

from django.db import migrations

COLLECTION, INDEX = "systemlog_systemlog", "systemlog_kept"
KEPT_SECONDS = 90 * 24 * 3600


def create(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database[COLLECTION].create_index("at", name=INDEX, expireAfterSeconds=KEPT_SECONDS)


def drop(apps: Any, schema_editor: Any) -> None:
    collection = schema_editor.connection.database[COLLECTION]
    if INDEX in collection.index_information():
        collection.drop_index(INDEX)


class Migration(migrations.Migration):
    dependencies = [("systemlog", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
