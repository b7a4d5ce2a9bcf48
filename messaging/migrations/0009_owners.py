"""Conversations know whose debtors they are with."""

from itertools import islice
from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models
from pymongo import UpdateOne

AT_ONCE = 1_000


def fill(apps: Any, schema_editor: Any) -> None:
    """Harmless to repeat."""
    database = schema_editor.connection.database
    conversations, debtors = database["messaging_conversation"], database["debtors_debtor"]
    rows = conversations.find({}, {"phone": 1})
    while batch := list(islice(rows, AT_ONCE)):
        owners: dict[str, set[Any]] = {}
        wanted = {"phone": {"$in": [row["phone"] for row in batch]}, "owner_id": {"$ne": None}}
        for debtor in debtors.find(wanted, {"phone": 1, "owner_id": 1}):
            owners.setdefault(debtor["phone"], set()).add(debtor["owner_id"])
        conversations.bulk_write(
            [UpdateOne({"_id": r["_id"]}, {"$set": {"owners": sorted(owners.get(r["phone"], ()))}}) for r in batch],
            ordered=False,
        )


class Migration(migrations.Migration):
    dependencies = [("messaging", "0008_message_filters"), ("debtors", "0004_audiences")]
    operations = [
        migrations.AddField(
            model_name="conversation",
            name="owners",
            field=django_mongodb_backend.fields.ArrayField(
                base_field=django_mongodb_backend.fields.ObjectIdField(), default=list
            ),
        ),
        # Before the indexes on it, which are then built once.
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["owners", "last_at", "id"], name="conversation_owners"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["owners", "is_unread", "last_at", "id"], name="conversation_owners_unread"),
        ),
    ]
