"""How a line climbs back after it was slowed down, and when its far side is asked for reports.

No line is slowed down, and none was asked: the defaults are right for all of them.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateways", "0005_calls")]
    operations = [
        migrations.AddField("gateway", "slowed_at", models.DateTimeField(null=True)),
        migrations.AddField("gateway", "slowed_full", models.FloatField(null=True)),
        migrations.AddField("gateway", "slowed_plateau", models.FloatField(null=True)),
        migrations.AddField("gateway", "slowed_start", models.FloatField(null=True)),
        migrations.AddField("gateway", "poll_at", models.DateTimeField(null=True)),
        migrations.AddField("gateway", "poll_token", models.CharField(blank=True, default="", max_length=32)),
        migrations.AddField("gateway", "poll_until", models.DateTimeField(null=True)),
        migrations.AddField("gateway", "polled_at", models.DateTimeField(null=True)),
        migrations.AddField("gateway", "poll_found", models.IntegerField(default=0)),
        migrations.AddField("gateway", "poll_failures", models.IntegerField(default=0)),
        migrations.AddField("gateway", "poll_error", models.CharField(blank=True, default="", max_length=40)),
    ]
