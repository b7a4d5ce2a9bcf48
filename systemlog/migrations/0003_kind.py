"""An index for what happened to all objects of a kind, in the order of time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("systemlog", "0002_kept")]
    operations = [
        migrations.AddIndex(
            model_name="systemlog", index=models.Index(fields=["kind", "at", "id"], name="systemlog_kind")
        ),
    ]
