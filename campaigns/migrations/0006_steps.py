"""Drafts that are written step by step and may be incomplete; audiences by filter, by range and one by one."""

import django_mongodb_backend.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_retry_by_cause_and_archive"),
        ("gateways", "0003_health_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChosenDebtors",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("campaign", django_mongodb_backend.fields.ObjectIdField(unique=True)),
                (
                    "debtors",
                    django_mongodb_backend.fields.ArrayField(
                        base_field=django_mongodb_backend.fields.ObjectIdField(), default=list
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="campaign",
            name="audience_spec",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="campaign",
            name="edits",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="campaign",
            name="unfinished",
            field=models.JSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="audience",
            field=models.CharField(
                choices=[
                    ("none", "Not chosen yet"),
                    ("imports", "The valid rows of imported files"),
                    ("all", "All debtors"),
                    ("filter", "Debtors that fit a filter"),
                    ("range", "A range of rows"),
                    ("selection", "Chosen one by one"),
                ],
                default="none",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="channel",
            field=models.CharField(
                blank=True,
                choices=[
                    ("whatsapp", "WhatsApp"),
                    ("sms", "SMS"),
                    ("whatsapp_fallback_sms", "WhatsApp, and SMS where it can't be reached"),
                ],
                default="",
                max_length=30,
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="message",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(fields=["owner", "archived", "created_at", "id"], name="campaign_owner"),
        ),
    ]
