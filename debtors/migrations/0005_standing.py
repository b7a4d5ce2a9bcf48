"""What lists tell of a debtor besides what files say: whether they may be written to, and when they last wrote."""

from typing import Any

from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    """Harmless to repeat."""
    database = schema_editor.connection.database
    for row in database["messaging_conversation"].find({"last_in_at": {"$ne": None}}, {"phone": 1, "last_in_at": 1}):
        wanted = {"phone": row["phone"], "answered_at": None}
        database["debtors_debtor"].update_many(wanted, {"$set": {"answered_at": row["last_in_at"]}})


class Migration(migrations.Migration):
    dependencies = [("debtors", "0004_audiences")]
    operations = [
        migrations.AddField(model_name="debtor", name="suppressed", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="debtor", name="answered_at", field=models.DateTimeField(null=True)),
        # Before the indexes, which are then built once.
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["suppressed", "updated_at", "id"], name="debtor_suppressed"),
        ),
        migrations.AddIndex(
            model_name="debtor", index=models.Index(fields=["answered_at", "id"], name="debtor_answered")
        ),
    ]
