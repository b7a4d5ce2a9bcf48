"""Work on debtors: acts on many at once, merges, notes, what columns were chosen to be; duplicates by RUT are found."""

import django.db.models.deletion
import django_mongodb_backend.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("debtors", "0007_metadata"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ColumnMemory",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("headers", models.CharField(max_length=64, unique=True)),
                ("mapping", models.JSONField(default=dict)),
                ("file_name", models.CharField(max_length=255)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="DebtorMerge",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("gone", django_mongodb_backend.fields.ObjectIdField(unique=True)),
                ("kept", django_mongodb_backend.fields.ObjectIdField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="DebtorNote",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("debtor", django_mongodb_backend.fields.ObjectIdField()),
                ("author", models.CharField(max_length=150)),
                ("text", models.TextField(max_length=2000)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="DebtorWork",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("release", "Take out of what waits"),
                            ("reset", "Start over"),
                            ("owner", "Give to an executive"),
                            ("delete", "Delete"),
                            ("clean", "Clean up"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("looking", "being counted"),
                            ("ready", "waits for your yes"),
                            ("running", "running"),
                            ("done", "done"),
                            ("stopped", "stopped"),
                            ("failed", "failed"),
                        ],
                        default="looking",
                        max_length=10,
                    ),
                ),
                (
                    "chosen",
                    django_mongodb_backend.fields.ArrayField(
                        base_field=django_mongodb_backend.fields.ObjectIdField(), default=list
                    ),
                ),
                ("filter", models.TextField(blank=True, default="")),
                ("rules", models.JSONField(default=dict)),
                ("owner", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("language", models.CharField(blank=True, default="", max_length=10)),
                ("last", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("cursor", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("looked", models.IntegerField(default=0)),
                ("found", models.JSONField(default=dict)),
                ("sample", models.JSONField(default=list)),
                ("done", models.JSONField(default=dict)),
                ("stop_requested", models.BooleanField(default=False)),
                ("starts", models.IntegerField(default=0)),
                ("work_token", models.CharField(blank=True, default="", max_length=32)),
                ("work_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("begun_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["rut"], name="debtor_rut"),
        ),
        migrations.AddField(
            model_name="columnmemory",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="debtormerge",
            index=models.Index(fields=["kept"], name="debtor_merge_kept"),
        ),
        migrations.AddField(
            model_name="debtornote",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="debtorwork",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="debtornote",
            index=models.Index(fields=["debtor", "at"], name="debtor_note_debtor"),
        ),
        migrations.AddIndex(
            model_name="debtorwork",
            index=models.Index(fields=["status"], name="debtor_work_status"),
        ),
        migrations.AddIndex(
            model_name="debtorwork",
            index=models.Index(fields=["created_at", "id"], name="debtor_work_created"),
        ),
    ]
