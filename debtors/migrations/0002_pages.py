"""What pages need: uploads, imports that workers carry on, and debtors in order and by their words."""

import django.db.models.deletion
import django_mongodb_backend.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("debtors", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=255)),
                ("size", models.BigIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("country", models.CharField(max_length=2)),
                ("campaign", django_mongodb_backend.fields.ObjectIdField(null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("looking", "being looked at"),
                            ("ready", "to be checked"),
                            ("refused", "can't be used"),
                            ("imported", "imported"),
                        ],
                        default="looking",
                        max_length=10,
                    ),
                ),
                ("sheet", models.CharField(blank=True, default="", max_length=100)),
                ("sheets", models.JSONField(default=list)),
                ("headers", models.JSONField(default=list)),
                ("header_row", models.IntegerField(default=0)),
                ("mapping", models.JSONField(default=dict)),
                ("sample", models.JSONField(default=list)),
                ("height", models.IntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=40)),
                ("error_params", models.JSONField(default=dict)),
                ("import_id", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("starts", models.IntegerField(default=0)),
                ("work_token", models.CharField(blank=True, default="", max_length=32)),
                ("work_until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="UploadChunk",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("upload", django_mongodb_backend.fields.ObjectIdField()),
                ("number", models.IntegerField()),
                ("data", models.BinaryField()),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="debtor",
            name="folded_name",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddField(
            model_name="debtor",
            name="words",
            field=django_mongodb_backend.fields.ArrayField(base_field=models.CharField(max_length=200), default=list),
        ),
        migrations.AddField(
            model_name="import",
            name="attached_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="campaign",
            field=django_mongodb_backend.fields.ObjectIdField(null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="campaign_note",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="import",
            name="campaign_refused",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="import",
            name="error_params",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="import",
            name="height",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="import",
            name="language",
            field=models.CharField(blank=True, default="", max_length=10),
        ),
        migrations.AddField(
            model_name="import",
            name="position",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="import",
            name="resumed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="resumed_from",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="import",
            name="starts",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="import",
            name="stop_requested",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="import",
            name="upload",
            field=django_mongodb_backend.fields.ObjectIdField(null=True),
        ),
        migrations.AddField(
            model_name="import",
            name="warnings",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="import",
            name="work_token",
            field=models.CharField(blank=True, default="", max_length=32),
        ),
        migrations.AddField(
            model_name="import",
            name="work_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="debtor",
            name="owner",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="debtors",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="import",
            name="status",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting"),
                    ("running", "running"),
                    ("done", "done"),
                    ("stopped", "stopped"),
                    ("failed", "failed"),
                ],
                default="running",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["updated_at", "id"], name="debtor_updated"),
        ),
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["folded_name", "id"], name="debtor_name"),
        ),
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["owner", "updated_at", "id"], name="debtor_owner"),
        ),
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["words"], name="debtor_words"),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(fields=["started_at", "id"], name="import_started"),
        ),
        migrations.AddField(
            model_name="upload",
            name="owner",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="upload",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="uploads",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="uploadchunk",
            constraint=models.UniqueConstraint(fields=("upload", "number"), name="upload_chunk_once"),
        ),
        migrations.AddIndex(
            model_name="upload",
            index=models.Index(fields=["status", "created_at"], name="upload_status"),
        ),
    ]
