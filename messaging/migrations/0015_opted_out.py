"""Conversations say whether the suppression list has their phone, so that those of people who opted out are listed."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import migrations, models

from domain.people import person_key

AT_ONCE = 1_000


def fill(apps: Any, schema_editor: Any) -> None:
    """What the list says now. Harmless to repeat; the engine brings them up to date from here on."""
    database = schema_editor.connection.database
    now = datetime.now(UTC).replace(tzinfo=None)
    standing = {"active": True, "$or": [{"until": None}, {"until": {"$gt": now}}]}
    rows = database["debtors_suppression"].find(standing, {"phone": 1, "_id": 0})
    while keys := [person_key(row["phone"]) for row in islice(rows, AT_ONCE)]:
        database["messaging_conversation"].update_many({"key": {"$in": keys}}, {"$set": {"opted_out": True}})


class Migration(migrations.Migration):
    dependencies = [("debtors", "0008_acts"), ("messaging", "0014_waiting")]
    operations = [
        migrations.AddField(model_name="conversation", name="opted_out", field=models.BooleanField(default=False)),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["opted_out", "last_at", "id"], name="conversation_opted_out"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
