"""How many parts messages take, and what was spent on them.

Messages of before have neither, and are not written to: there may be millions, and what they cost nobody knows.
"""

from django.db import migrations, models

SPENDING = {
    "paid_parts": models.IntegerField(default=0),
    "unpriced_parts": models.IntegerField(default=0),
    "cost": models.JSONField(default=dict),
}


class Migration(migrations.Migration):
    dependencies = [("messaging", "0012_followed")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField(model_name="message", name="parts", field=models.IntegerField(null=True)),
                *(migrations.AddField("message", name, field) for name, field in SPENDING.items()),
                migrations.AddField(model_name="attempt", name="parts", field=models.IntegerField(null=True)),
                migrations.AddField(model_name="attempt", name="price", field=models.BigIntegerField(null=True)),
                migrations.AddField(
                    model_name="attempt",
                    name="currency",
                    field=models.CharField(blank=True, default="", max_length=3),
                ),
            ]
        ),
        *(
            migrations.AddField(model, name, field)
            for model in ("tally", "daytally")
            for name, field in SPENDING.items()
        ),
    ]
