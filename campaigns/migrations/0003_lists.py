"""What the list of campaigns is ordered and searched by, and what tells two people apart who edit one draft."""

from typing import Any

from django.db import migrations, models

from domain.folding import fold


def fold_names(apps: Any, schema_editor: Any) -> None:
    campaigns = schema_editor.connection.database["campaigns_campaign"]
    for row in campaigns.find({}, {"name": 1}):
        campaigns.update_one({"_id": row["_id"]}, {"$set": {"folded_name": fold(row["name"])}})


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_whatsapp")]
    operations = [
        migrations.AddField(
            model_name="campaign",
            name="folded_name",
            field=models.CharField(default="", editable=False, max_length=400),
        ),
        migrations.AddField(model_name="campaign", name="revision", field=models.IntegerField(default=0)),
        migrations.RunPython(fold_names, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="campaign", name="campaign_status"),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(fields=["status", "created_at", "id"], name="campaign_status"),
        ),
        migrations.AddIndex(
            model_name="campaign", index=models.Index(fields=["created_at", "id"], name="campaign_created")
        ),
        migrations.AddIndex(
            model_name="campaign", index=models.Index(fields=["folded_name", "id"], name="campaign_name")
        ),
    ]
