"""Conversations are archived, assigned, answered by somebody and found by words; texts that staff answer with."""

from itertools import islice
from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models
from pymongo import UpdateOne

from messaging.following import words_of

AT_ONCE = 1_000


def fill(apps: Any, schema_editor: Any) -> None:
    """Conversations of before lack the new fields. Harmless to repeat."""
    database = schema_editor.connection.database
    conversations, debtors = database["messaging_conversation"], database["debtors_debtor"]
    rows = conversations.find({}, {"phone": 1})
    while batch := list(islice(rows, AT_ONCE)):
        words: dict[str, list[str]] = {}
        for debtor in debtors.find({"phone": {"$in": [row["phone"] for row in batch]}}, {"phone": 1, "words": 1}):
            words.setdefault(debtor["phone"], []).extend(debtor.get("words", []))
        conversations.bulk_write(
            [
                UpdateOne({"_id": row["_id"]}, [{"$set": _fields(words.get(row["phone"]) or words_of(row["phone"]))}])
                for row in batch
            ],
            ordered=False,
        )


def _fields(words: list[str]) -> dict[str, Any]:
    kept = {"archived": False, "assigned": None, "answering": None, "answering_until": None}
    fields: dict[str, Any] = {field: {"$ifNull": [f"${field}", value]} for field, value in kept.items()}
    return {**fields, "words": {"$literal": list(dict.fromkeys(words))}}


class Migration(migrations.Migration):
    dependencies = [("messaging", "0010_optouts"), ("debtors", "0005_standing")]
    operations = [
        migrations.CreateModel(
            name="QuickReply",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("folded_name", models.CharField(max_length=60, unique=True)),
                ("text", models.TextField()),
                ("updated_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField("conversation", "archived", models.BooleanField(default=False)),
        migrations.AddField("conversation", "assigned", django_mongodb_backend.fields.ObjectIdField(null=True)),
        migrations.AddField("conversation", "answering", django_mongodb_backend.fields.ObjectIdField(null=True)),
        migrations.AddField("conversation", "answering_until", models.DateTimeField(null=True)),
        migrations.AddField(
            "conversation",
            "words",
            django_mongodb_backend.fields.ArrayField(base_field=models.CharField(max_length=200), default=list),
        ),
        # Before the indexes on them, which are then built once.
        migrations.RunPython(fill, migrations.RunPython.noop),
        *(
            migrations.AddIndex("conversation", models.Index(fields=fields, name=name))
            for name, fields in (
                ("conversation_open", ["archived", "is_unread", "last_at", "id"]),
                ("conversation_assigned", ["assigned", "archived", "last_at", "id"]),
                ("conversation_line", ["last_gateway", "archived", "last_at", "id"]),
                ("conversation_words", ["words"]),
            )
        ),
    ]
