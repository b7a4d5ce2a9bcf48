"""Figures of five minutes, kept for some days, and of the people who write."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models
from django.utils import timezone

from domain.day import begins, day_of

COLLECTION, INDEX = "messaging_slottally", "slot_tally_kept"
KEPT_SECONDS = 8 * 24 * 3600


def create(apps: Any, schema_editor: Any) -> None:
    """A TTL index, which models can't declare."""
    schema_editor.connection.database[COLLECTION].create_index("at", name=INDEX, expireAfterSeconds=KEPT_SECONDS)


def drop(apps: Any, schema_editor: Any) -> None:
    collection = schema_editor.connection.database[COLLECTION]
    if INDEX in collection.index_information():
        collection.drop_index(INDEX)


def fill(apps: Any, schema_editor: Any) -> None:
    """Who wrote today and yesterday, from the texts that are there. Harmless to repeat."""
    database = schema_editor.connection.database
    zone = timezone.get_default_timezone()
    today = day_of(datetime.now(UTC), zone)
    since = begins(today - timedelta(days=1), zone).replace(tzinfo=None)
    texts = database["messaging_incomingtext"].find(
        {"at": {"$gte": since}, "phone": {"$gt": ""}}, {"phone": 1, "gateway": 1, "at": 1, "received_at": 1}
    )
    first: dict[tuple[str, str], str] = {}
    for text in texts.sort("at", 1):
        day = day_of(min(text["at"], text["received_at"]).replace(tzinfo=UTC), zone).isoformat()
        first.setdefault((text["phone"], day), str(text["gateway"]))
    people = Counter((day, lane) for (_phone, day), lane in first.items())
    for (day, lane), number in people.items():
        database["messaging_daytally"].update_one({"day": day, "lane": lane}, {"$set": {"wrote": number}}, upsert=True)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0006_tally_lane")]
    operations = [
        migrations.CreateModel(
            name="SlotTally",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("lane", models.CharField(blank=True, default="", max_length=24)),
                ("sent", models.IntegerField(default=0)),
                ("delivered", models.IntegerField(default=0)),
                ("read", models.IntegerField(default=0)),
                ("failed", models.IntegerField(default=0)),
                ("wrote", models.IntegerField(default=0)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddConstraint(
            model_name="slottally",
            constraint=models.UniqueConstraint(fields=("lane", "at"), name="slot_tally_lane_at"),
        ),
        migrations.AddField(
            model_name="daytally",
            name="wrote",
            field=models.IntegerField(default=0),
        ),
        # Who wrote today was counted along it.
        migrations.RemoveIndex(model_name="conversation", name="conversation_wrote"),
        migrations.RunPython(create, drop),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
