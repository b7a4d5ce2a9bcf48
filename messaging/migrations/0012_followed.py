"""Conversations know their debtors, and how far the changes of debtors were followed.

Nothing is filled in: the engine follows all debtors from the beginning once, in slices, and finds what it has to change.
"""

import django_mongodb_backend.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0011_inbox")]
    operations = [
        migrations.CreateModel(
            name="Followed",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=20, unique=True)),
                ("at", models.DateTimeField()),
                ("last", django_mongodb_backend.fields.ObjectIdField()),
            ],
        ),
        migrations.AddField(
            model_name="conversation",
            name="debtors",
            field=django_mongodb_backend.fields.ArrayField(
                base_field=django_mongodb_backend.fields.ObjectIdField(), default=list
            ),
        ),
        migrations.AddIndex(
            model_name="conversation", index=models.Index(fields=["debtors"], name="conversation_debtors")
        ),
    ]
