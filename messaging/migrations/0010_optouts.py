"""Replies that come near an opt-out, which a person decides."""

import django_mongodb_backend.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0009_owners"),
    ]

    operations = [
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", django_mongodb_backend.fields.ObjectIdField(unique=True)),
                ("phone", models.CharField(max_length=40)),
                ("said", models.CharField(blank=True, default="", max_length=1000)),
                ("gateway", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("rule", models.CharField(max_length=60)),
                ("rule_version", models.IntegerField()),
                ("at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "to be decided"),
                            ("opted_out", "opted out"),
                            ("dismissed", "not an opt-out"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("decided_by", models.CharField(blank=True, default="", max_length=150)),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "at", "id"], name="review_state"),
                    models.Index(fields=["phone", "state"], name="review_phone"),
                ],
            },
        ),
    ]
