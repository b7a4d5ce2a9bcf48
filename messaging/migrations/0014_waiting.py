"""When the far side is asked what became of a message, with an index of those alone that are still asked for.

Nothing is filled in: what was sent before is told by callbacks, as it was.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations, models

NAME = "message_ask"


def create(apps: Any, schema_editor: Any) -> None:
    messages = schema_editor.connection.database["messaging_message"]
    only = {"ask_at": {"$gt": datetime(1970, 1, 1, tzinfo=UTC)}}
    messages.create_index([("gateway", 1), ("ask_at", 1)], name=NAME, partialFilterExpression=only)


def drop(apps: Any, schema_editor: Any) -> None:
    messages = schema_editor.connection.database["messaging_message"]
    if NAME in messages.index_information():
        messages.drop_index(NAME)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0013_costs")]
    operations = [
        migrations.AddField("message", "ask_at", models.DateTimeField(null=True)),
        migrations.RunPython(create, drop),
    ]
