"""What a campaign's messages are filtered by: the beginning of a name or a phone, and what went wrong."""

from itertools import islice
from typing import Any

from django.db import migrations, models
from pymongo import UpdateOne

from domain.folding import fold

AT_ONCE = 1_000
MOST = 200


def create(apps: Any, schema_editor: Any) -> None:
    messages = schema_editor.connection.database["messaging_message"]
    # Only what has a reason is in it: of a campaign that goes well next to nothing.
    by_cause = [("campaign", 1), ("status", 1), ("reason", 1), ("_id", 1)]
    messages.create_index(by_cause, name="message_cause", partialFilterExpression={"reason": {"$gt": ""}})


def drop(apps: Any, schema_editor: Any) -> None:
    messages = schema_editor.connection.database["messaging_message"]
    if "message_cause" in messages.index_information():
        messages.drop_index("message_cause")


def fold_names(apps: Any, schema_editor: Any) -> None:
    """Harmless to repeat: what is folded is left as it is."""
    messages = schema_editor.connection.database["messaging_message"]
    rows = messages.find({"folded_name": {"$in": [None, ""]}, "name": {"$gt": ""}}, {"name": 1})
    while batch := list(islice(rows, AT_ONCE)):
        names = ((row["_id"], fold(row.get("name", ""))[:MOST]) for row in batch)
        messages.bulk_write(
            [UpdateOne({"_id": key}, {"$set": {"folded_name": name}}) for key, name in names], ordered=False
        )


class Migration(migrations.Migration):
    dependencies = [("messaging", "0007_slots")]
    operations = [
        migrations.AddField(
            model_name="message",
            name="folded_name",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        # Before the index on it, which is then built once.
        migrations.RunPython(fold_names, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["campaign", "folded_name", "id"], name="message_name"),
        ),
        migrations.AddIndex(
            model_name="message", index=models.Index(fields=["campaign", "phone", "id"], name="message_number")
        ),
        migrations.RunPython(create, drop),
    ]
