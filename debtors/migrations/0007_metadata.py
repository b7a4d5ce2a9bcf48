"""Debtors are found by the values of any column that files brought."""

from typing import Any

from django.db import migrations

DEBTORS, INDEX = "debtors_debtor", "debtor_metadata"


def create(apps: Any, schema_editor: Any) -> None:
    """Harmless to repeat."""
    schema_editor.connection.database[DEBTORS].create_index([("metadata.$**", 1)], name=INDEX)


def drop(apps: Any, schema_editor: Any) -> None:
    debtors = schema_editor.connection.database[DEBTORS]
    if INDEX in debtors.index_information():
        debtors.drop_index(INDEX)


class Migration(migrations.Migration):
    dependencies = [("debtors", "0006_suppressions")]
    operations = [migrations.RunPython(create, drop)]
