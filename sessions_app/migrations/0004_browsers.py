import django_mongodb_backend.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0003_session_asked_at"),
    ]

    operations = [
        migrations.CreateModel(
            name="BrowserHost",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, unique=True)),
                ("start_token", models.CharField(blank=True, default="", max_length=32)),
                ("start_until", models.DateTimeField(null=True)),
                ("reaped_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="session",
            name="answered_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="launched_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="session",
            name="login",
            field=models.CharField(blank=True, default="", max_length=60),
        ),
        migrations.AddField(
            model_name="session",
            name="reloads",
            field=models.IntegerField(default=0),
        ),
    ]
