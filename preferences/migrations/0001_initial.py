"""Where settings are kept that differ from their default."""

import django_mongodb_backend.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Stored",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group", models.CharField(max_length=30, unique=True)),
                ("values", models.JSONField(default=dict)),
                ("revision", models.IntegerField(default=0)),
                ("touched", models.JSONField(default=dict)),
                ("changed_at", models.DateTimeField(null=True)),
                ("changed_by", models.CharField(blank=True, default="", max_length=150)),
            ],
        ),
    ]
