"""Where users are signed in, and passwords that have to be changed.

Two TTL indexes, which models can't declare: sign-ins are forgotten when they expire, and so are Django's sessions, whose
index on `expire_date` becomes one. A theme that nobody chose is empty from now on, as a language is.
"""

from typing import Any

import django.db.models.deletion
import django_mongodb_backend.fields
from django.conf import settings
from django.db import migrations, models

SIGN_INS, INDEX = "accounts_signin", "sign_in_expired"


def forget_expired(apps: Any, schema_editor: Any) -> None:
    database = schema_editor.connection.database
    database[SIGN_INS].create_index("expires_at", name=INDEX, expireAfterSeconds=0)
    database.command("collMod", "django_session", index={"keyPattern": {"expire_date": 1}, "expireAfterSeconds": 0})


def forget_nothing(apps: Any, schema_editor: Any) -> None:
    """The sessions' index stays: to forget what has expired does no harm."""
    found = schema_editor.connection.database[SIGN_INS]
    if INDEX in found.index_information():
        found.drop_index(INDEX)


def nobody_chose_yet(apps: Any, schema_editor: Any) -> None:
    apps.get_model("accounts", "User").objects.filter(theme="auto").update(theme="")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_lists"), ("sessions", "0001_initial")]
    operations = [
        migrations.AddField(model_name="user", name="must_change_password", field=models.BooleanField(default=False)),
        migrations.AlterField(
            model_name="user",
            name="theme",
            field=models.CharField(
                blank=True, choices=[("auto", "auto"), ("light", "light"), ("dark", "dark")], default="", max_length=5
            ),
        ),
        migrations.RunPython(nobody_chose_yet, migrations.RunPython.noop),
        migrations.CreateModel(
            name="SignIn",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("session_key", models.CharField(max_length=40, unique=True)),
                ("agent", models.CharField(blank=True, default="", max_length=300)),
                ("address", models.CharField(blank=True, default="", max_length=45)),
                ("since", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sign_ins",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["user", "seen_at", "id"], name="sign_in_user")]},
        ),
        migrations.RunPython(forget_expired, forget_nothing),
    ]
