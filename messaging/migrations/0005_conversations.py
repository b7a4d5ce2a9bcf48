"""Conversations, made of the texts that are there already, and the figures of the day."""

from itertools import islice
from typing import Any

import django_mongodb_backend.fields
from django.db import migrations, models
from pymongo import UpdateOne

from domain.people import person_key

AT_ONCE = 1_000


def fill(apps: Any, schema_editor: Any) -> None:
    """Every person who ever wrote has a conversation, in which nothing was read yet. Harmless to repeat."""
    database = schema_editor.connection.database
    last = {"at": "$at", "text": {"$substrCP": ["$text", 0, 200]}, "media": "$media", "gateway": "$gateway"}
    people = database["messaging_incomingtext"].aggregate(
        [
            {"$match": {"phone": {"$gt": ""}}},
            {"$sort": {"phone": 1, "at": 1}},
            {"$group": {"_id": "$phone", "texts": {"$sum": 1}, "last": {"$last": last}}},
        ],
        hint="incoming_phone",
        allowDiskUse=True,
    )
    while batch := list(islice(people, AT_ONCE)):
        phones = [person["_id"] for person in batch]
        debtors = {row["phone"]: row for row in database["debtors_debtor"].find({"phone": {"$in": phones}})}
        database["messaging_conversation"].bulk_write(
            [_conversation(person, debtors.get(person["_id"], {})) for person in batch], ordered=False
        )


def _conversation(person: dict[str, Any], debtor: dict[str, Any]) -> UpdateOne:
    last = person["last"]
    fields = {
        "phone": person["_id"],
        "name": debtor.get("name", ""),
        "debtor": debtor.get("_id"),
        "gateway": last["gateway"],
        "last_gateway": last["gateway"],
        "last_text": last["text"],
        "last_media": last.get("media", ""),
        "last_direction": "in",
        "last_at": last["at"],
        "last_in_at": last["at"],
        "unread": person["texts"],
        "is_unread": True,
    }
    return UpdateOne({"key": person_key(person["_id"])}, {"$setOnInsert": fields}, upsert=True)


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0004_campaign_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40, unique=True)),
                ("phone", models.CharField(max_length=40)),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("debtor", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("gateway", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("last_gateway", django_mongodb_backend.fields.ObjectIdField(null=True)),
                ("last_text", models.CharField(blank=True, default="", max_length=200)),
                ("last_media", models.CharField(blank=True, default="", max_length=20)),
                ("last_direction", models.CharField(choices=[("in", "received"), ("out", "sent")], max_length=3)),
                ("last_at", models.DateTimeField()),
                ("last_in_at", models.DateTimeField(null=True)),
                ("unread", models.IntegerField(default=0)),
                ("is_unread", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="DayTally",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.CharField(max_length=10)),
                ("lane", models.CharField(blank=True, default="", max_length=24)),
                ("sent", models.IntegerField(default=0)),
                ("delivered", models.IntegerField(default=0)),
                ("read", models.IntegerField(default=0)),
                ("failed", models.IntegerField(default=0)),
            ],
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["phone", "created_at"], name="message_phone"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["last_at", "id"], name="conversation_last"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["is_unread", "last_at", "id"], name="conversation_unread"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["last_in_at"], name="conversation_wrote"),
        ),
        migrations.AddConstraint(
            model_name="daytally",
            constraint=models.UniqueConstraint(fields=("day", "lane"), name="day_tally_day_lane"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
