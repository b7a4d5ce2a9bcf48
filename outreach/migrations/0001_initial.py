"""The book of contacts, digests and checks of numbers; what is kept for a while only goes by itself."""

from typing import Any

import django.db.models.deletion
import django_mongodb_backend.fields
from django.conf import settings
from django.db import migrations, models

EXPIRING = (
    ("outreach_bookimport", "expires_at", "book_import_kept", 0),
    ("outreach_bookrow", "expires_at", "book_row_kept", 0),
    ("outreach_digestitem", "told_at", "digest_item_kept", 30 * 86_400),
)


def create(apps: Any, schema_editor: Any) -> None:
    database = schema_editor.connection.database
    for collection, field, name, seconds in EXPIRING:
        database[collection].create_index(field, name=name, expireAfterSeconds=seconds)


def drop(apps: Any, schema_editor: Any) -> None:
    database = schema_editor.connection.database
    for collection, _field, name, _seconds in EXPIRING:
        if name in database[collection].index_information():
            database[collection].drop_index(name)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AskingPace",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gateway", django_mongodb_backend.fields.ObjectIdField(unique=True)),
                ("next_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="BookImport",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=255)),
                ("user", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("country", models.CharField(max_length=2)),
                ("headers", models.JSONField(default=list)),
                ("mapping", models.JSONField(default=dict)),
                ("ready", models.BooleanField(default=False)),
                ("done_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="DigestCursor",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=20, unique=True)),
                ("since", django_mongodb_backend.fields.ObjectIdField()),
                ("upto", django_mongodb_backend.fields.ObjectIdField()),
                ("next_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="DigestReader",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("phone", models.CharField(max_length=20, unique=True)),
                ("last_at", models.DateTimeField(null=True)),
                ("gateway", django_mongodb_backend.fields.ObjectIdField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="BookRow",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", django_mongodb_backend.fields.ObjectIdField()),
                ("number", models.IntegerField()),
                ("values", models.JSONField(default=list)),
                ("rut", models.CharField(blank=True, default="", max_length=30)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("phone", models.CharField(blank=True, default="", max_length=20)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("created", "new"),
                            ("updated", "changed"),
                            ("unchanged", "unchanged"),
                            ("duplicate", "duplicate"),
                            ("rejected", "rejected"),
                        ],
                        max_length=10,
                    ),
                ),
                ("code", models.CharField(blank=True, default="", max_length=40)),
                ("params", models.JSONField(default=dict)),
                ("taken", models.BooleanField(default=False)),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["source", "outcome", "number"], name="book_row_outcome")],
                "constraints": [models.UniqueConstraint(fields=("source", "number"), name="book_row_once")],
            },
        ),
        migrations.CreateModel(
            name="CheckedNumber",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("batch", django_mongodb_backend.fields.ObjectIdField()),
                ("place", models.IntegerField()),
                ("raw", models.CharField(blank=True, default="", max_length=100)),
                ("phone", models.CharField(blank=True, default="", max_length=20)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("yes", "on WhatsApp"),
                            ("no", "not on WhatsApp"),
                            ("failed", "no answer"),
                            ("invalid", "no phone"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, default="", max_length=40)),
                ("answered_at", models.DateTimeField(null=True)),
                ("remembered", models.BooleanField(default=False)),
                ("gateway", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("tries", models.IntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["batch", "status", "due_at"], name="checked_number_due"),
                    models.Index(fields=["batch", "status", "place"], name="checked_number_list"),
                ],
                "constraints": [models.UniqueConstraint(fields=("batch", "place"), name="checked_number_once")],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rut", models.CharField(max_length=30, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("phone", models.CharField(max_length=20)),
                ("digests", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("folded_name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "words",
                    django_mongodb_backend.fields.ArrayField(base_field=models.CharField(max_length=200), default=list),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["folded_name", "id"], name="contact_name"),
                    models.Index(fields=["phone", "folded_name", "id"], name="contact_phone"),
                    models.Index(fields=["words"], name="contact_words"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Digest",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("phone", models.CharField(max_length=20)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("user", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("gateway", django_mongodb_backend.fields.ObjectIdField()),
                ("people", models.IntegerField(default=0)),
                ("texts", models.IntegerField(default=0)),
                ("test", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["created_at", "id"], name="digest_created"),
                    models.Index(fields=["phone", "created_at", "id"], name="digest_phone"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DigestItem",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", django_mongodb_backend.fields.ObjectIdField()),
                ("reader", models.CharField(max_length=20)),
                ("debtor", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("at", models.DateTimeField()),
                ("told_at", models.DateTimeField(null=True)),
                ("digest", django_mongodb_backend.fields.ObjectIdField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["told_at", "reader", "id"], name="digest_item_waiting")],
                "constraints": [models.UniqueConstraint(fields=("text", "reader"), name="digest_item_once")],
            },
        ),
        migrations.CreateModel(
            name="DigestSetting",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("every", models.IntegerField(null=True)),
                ("most", models.IntegerField(null=True)),
                ("gateway", django_mongodb_backend.fields.ObjectIdField(null=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="digest_setting",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NumberCheck",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("pool", django_mongodb_backend.fields.ObjectIdField()),
                ("per_hour", models.IntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("filling", "being prepared"),
                            ("running", "running"),
                            ("stopped", "stopped"),
                            ("done", "done"),
                        ],
                        default="filling",
                        max_length=10,
                    ),
                ),
                ("total", models.IntegerField(default=0)),
                ("yes", models.IntegerField(default=0)),
                ("no", models.IntegerField(default=0)),
                ("failed", models.IntegerField(default=0)),
                ("invalid", models.IntegerField(default=0)),
                ("remembered", models.IntegerField(default=0)),
                ("user", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["created_at", "id"], name="check_created"),
                    models.Index(fields=["status", "pool"], name="check_status"),
                ],
            },
        ),
        migrations.RunPython(create, drop),
    ]
