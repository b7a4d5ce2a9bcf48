"""The log of each line's calls. What went to and fro for tests was kept apart until now, for a week: it goes."""

from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models

INDEX = "call_kept"
KEPT_SECONDS = 7 * 24 * 3600


def create(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database["gateways_call"].create_index("at", name=INDEX, expireAfterSeconds=KEPT_SECONDS)


def drop(apps: Any, schema_editor: Any) -> None:
    collection = schema_editor.connection.database["gateways_call"]
    if INDEX in collection.index_information():
        collection.drop_index(INDEX)


class Migration(migrations.Migration):
    dependencies = [
        ("gateways", "0004_tried"),
    ]

    operations = [
        migrations.CreateModel(
            name="Call",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gateway", django_mongodb_backend.fields.ObjectIdField()),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("send", "message"),
                            ("status", "question about a message"),
                            ("poll", "question for news"),
                            ("check", "check of the line"),
                            ("setup", "set-up"),
                            ("callback", "report to us"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[("accepted", "accepted"), ("refused", "refused"), ("uncertain", "uncertain")],
                        max_length=10,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "attempts",
                    django_mongodb_backend.fields.ArrayField(base_field=models.CharField(max_length=32), default=list),
                ),
                ("more", models.IntegerField(default=0)),
                ("told", models.JSONField(default=dict)),
            ],
        ),
        migrations.DeleteModel(
            name="Exchange",
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["gateway", "at", "id"], name="call_line"),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["gateway", "purpose", "at", "id"], name="call_purpose"),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["gateway", "verdict", "at", "id"], name="call_verdict"),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["attempts"], name="call_attempts"),
        ),
        migrations.RunPython(create, drop),
    ]
