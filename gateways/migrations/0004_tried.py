"""Deleted pools and lines that history still names, and the exchanges of tests, which are forgotten after a week."""

from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models

INDEX = "exchange_kept"
KEPT_SECONDS = 7 * 24 * 3600


def create(apps: Any, schema_editor: Any) -> None:
    collection = schema_editor.connection.database["gateways_exchange"]
    collection.create_index("at", name=INDEX, expireAfterSeconds=KEPT_SECONDS)
    # Lines of deleted sessions were known until now by their name alone, which has their id in it.
    lines = schema_editor.connection.database["gateways_gateway"]
    for line in lines.find({"active": False, "kind": "whatsapp_web"}, {"name": 1}):
        if str(line["_id"]) in line["name"]:
            lines.update_one({"_id": line["_id"]}, {"$currentDate": {"deleted_at": True}})


def drop(apps: Any, schema_editor: Any) -> None:
    collection = schema_editor.connection.database["gateways_exchange"]
    if INDEX in collection.index_information():
        collection.drop_index(INDEX)


class Migration(migrations.Migration):
    dependencies = [
        ("gateways", "0003_health_labels"),
    ]

    operations = [
        migrations.AddField(model_name="gateway", name="deleted_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="pool", name="deleted_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="pool", name="revision", field=models.IntegerField(default=0)),
        migrations.CreateModel(
            name="Exchange",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("attempt_id", models.CharField(max_length=32, unique=True)),
                ("gateway", django_mongodb_backend.fields.ObjectIdField()),
                ("message", django_mongodb_backend.fields.ObjectIdField()),
                ("at", models.DateTimeField()),
                ("told", models.JSONField(default=dict)),
            ],
        ),
        migrations.RunPython(create, drop),
    ]
