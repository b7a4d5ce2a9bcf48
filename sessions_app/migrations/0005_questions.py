"""Questions of staff, memory, and pictures of browsers, which a TTL index removes: models can't declare that."""

from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models

COLLECTION, INDEX = "sessions_app_picture", "pictures_kept"


def create(apps: Any, schema_editor: Any) -> None:
    schema_editor.connection.database[COLLECTION].create_index("expires_at", name=INDEX, expireAfterSeconds=0)


def drop(apps: Any, schema_editor: Any) -> None:
    collection = schema_editor.connection.database[COLLECTION]
    if INDEX in collection.index_information():
        collection.drop_index(INDEX)


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0004_browsers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Picture",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("session", django_mongodb_backend.fields.ObjectIdField(unique=True)),
                ("image", models.BinaryField()),
                ("taken_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="session",
            name="memory",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="memory_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="picture_asked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="picture_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="picture_error",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="session",
            name="verified",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="session",
            name="verified_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="verify_asked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="session",
            name="request",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "None"),
                    ("logout", "Log out"),
                    ("reset", "Reset the login"),
                    ("reload", "Load the page again"),
                    ("reconnect", "Reconnect"),
                    ("refresh_qr", "Show a new QR"),
                    ("link_code", "Link with a code"),
                ],
                default="",
                max_length=12,
            ),
        ),
        migrations.RunPython(create, drop),
    ]
