"""Failed messages are sent again by cause; what has ended can be put out of sight."""

from datetime import UTC, datetime
from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models

import campaigns.models

REORDERED = (
    ("campaign_status", ["status", "archived", "created_at", "id"]),
    ("campaign_created", ["archived", "created_at", "id"]),
    ("campaign_name", ["archived", "folded_name", "id"]),
)


def fill(apps: Any, schema_editor: Any) -> None:
    """Nothing is archived yet, and what was asked for before is a request for all that has failed until now."""
    campaigns = schema_editor.connection.database["campaigns_campaign"]
    campaigns.update_many({}, {"$set": {"archived": False, "retry_wanted": []}, "$unset": {"retry_round": 1}})
    everything = {"reasons": [], "messages": [], "before": datetime.now(UTC).replace(tzinfo=None)}
    campaigns.update_many({"retry_requested": True}, {"$set": {"retry_wanted": [everything]}})


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_pauses")]
    operations = [
        migrations.CreateModel(
            name="RetryRequest",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reasons",
                    django_mongodb_backend.fields.ArrayField(models.CharField(max_length=40), default=list),
                ),
                (
                    "messages",
                    django_mongodb_backend.fields.ArrayField(
                        django_mongodb_backend.fields.ObjectIdField(), default=list
                    ),
                ),
                ("before", models.DateTimeField()),
            ],
            options={"abstract": False},
        ),
        migrations.AddField(model_name="campaign", name="archived", field=models.BooleanField(default=False)),
        migrations.AddField(
            model_name="campaign",
            name="retry_wanted",
            field=django_mongodb_backend.fields.EmbeddedModelArrayField(
                default=list, embedded_model=campaigns.models.RetryRequest
            ),
        ),
        migrations.RemoveField(model_name="campaign", name="retry_round"),
        migrations.RunPython(fill, migrations.RunPython.noop),
        *(migrations.RemoveIndex(model_name="campaign", name=name) for name, _fields in REORDERED),
        *(
            migrations.AddIndex(model_name="campaign", index=models.Index(fields=fields, name=name))
            for name, fields in REORDERED
        ),
    ]
