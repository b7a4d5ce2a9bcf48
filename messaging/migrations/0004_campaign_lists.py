"""Indexes by which pages list a campaign's messages: in the order of enrolling, and by when they were sent or failed."""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations, models

BY_TIME = (("sent_at", "message_sent"), ("failed_at", "message_failed"))


def create(apps: Any, schema_editor: Any) -> None:
    messages = schema_editor.connection.database["messaging_message"]
    for field, name in BY_TIME:
        # Written once a message, at the end of its way: those that wait are not in it.
        only = {field: {"$gt": datetime(1970, 1, 1, tzinfo=UTC)}}
        messages.create_index([("campaign", 1), (field, 1)], name=name, partialFilterExpression=only)


def drop(apps: Any, schema_editor: Any) -> None:
    messages = schema_editor.connection.database["messaging_message"]
    for _field, name in BY_TIME:
        if name in messages.index_information():
            messages.drop_index(name)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0003_whatsapp")]
    operations = [
        migrations.RemoveIndex(model_name="message", name="message_campaign_status"),
        migrations.AddIndex(
            model_name="message", index=models.Index(fields=["campaign", "id"], name="message_campaign")
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["campaign", "status", "id"], name="message_campaign_status"),
        ),
        migrations.RunPython(create, drop),
    ]
