"""Whom no campaign writes to, and the files that say so."""

from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models

FILES, EXPIRES = "debtors_suppressionfile", "suppression_file_expires"


def create(apps: Any, schema_editor: Any) -> None:
    """A TTL index, which models can't declare."""
    schema_editor.connection.database[FILES].create_index("expires_at", name=EXPIRES, expireAfterSeconds=0)


def drop(apps: Any, schema_editor: Any) -> None:
    collection = schema_editor.connection.database[FILES]
    if EXPIRES in collection.index_information():
        collection.drop_index(EXPIRES)


class Migration(migrations.Migration):
    dependencies = [
        ("debtors", "0005_standing"),
    ]

    operations = [
        migrations.CreateModel(
            name="SuppressionFile",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=255)),
                ("sha256", models.CharField(max_length=64)),
                ("country", models.CharField(max_length=2)),
                ("actor", models.CharField(max_length=150)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("added", models.IntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("phone", models.CharField(max_length=110, unique=True)),
                ("identity", models.CharField(blank=True, default="", max_length=110)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "words",
                    django_mongodb_backend.fields.ArrayField(base_field=models.CharField(max_length=200), default=list),
                ),
                ("active", models.BooleanField(default=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("reply", "Their reply"),
                            ("person", "Added by hand"),
                            ("import", "A file"),
                            ("command", "The command line"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("actor", models.CharField(blank=True, default="", max_length=150)),
                ("at", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("text", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("said", models.CharField(blank=True, default="", max_length=300)),
                ("gateway", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("rule", models.CharField(blank=True, default="", max_length=60)),
                ("rule_version", models.IntegerField(default=0)),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_by", models.CharField(blank=True, default="", max_length=150)),
                ("lift_reason", models.CharField(blank=True, default="", max_length=300)),
                ("due_at", models.DateTimeField(null=True)),
                ("looks", models.IntegerField(default=0)),
                ("confirmation", django_mongodb_backend.fields.ObjectIdField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["active", "at", "id"], name="suppression_listed"),
                    models.Index(fields=["active", "source", "at", "id"], name="suppression_source"),
                    models.Index(fields=["words"], name="suppression_words"),
                    models.Index(fields=["identity"], name="suppression_identity"),
                    models.Index(fields=["due_at"], name="suppression_due"),
                    models.Index(fields=["until"], name="suppression_until"),
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
