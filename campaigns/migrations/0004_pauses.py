"""Which pauses a campaign makes, and where it is between them."""

import django_mongodb_backend.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_lists"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="pause_channels",
            field=models.CharField(
                choices=[
                    ("both", "Both, each for itself"),
                    ("whatsapp", "WhatsApp only"),
                    ("sms", "SMS only"),
                ],
                default="both",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="pause_count",
            field=models.IntegerField(default=3),
        ),
        migrations.AddField(
            model_name="campaign",
            name="pause_durations",
            field=models.CharField(default="5,10,20,30", max_length=100),
        ),
        migrations.AddField(
            model_name="campaign",
            name="pause_every",
            field=models.IntegerField(default=30),
        ),
        migrations.AddField(
            model_name="campaign",
            name="pause_mode",
            field=models.CharField(
                choices=[
                    ("off", "No pauses"),
                    ("auto", "A number of pauses, spread over the campaign"),
                    ("fixed", "A pause after every so many messages"),
                ],
                default="off",
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="CampaignStretch",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("campaign", django_mongodb_backend.fields.ObjectIdField()),
                ("channel", models.CharField(max_length=10)),
                ("total", models.IntegerField()),
                ("number", models.IntegerField(default=0)),
                ("length", models.IntegerField(null=True)),
                ("used", models.IntegerField(default=0)),
                ("rests_until", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("campaign", "channel"), name="campaign_stretch")],
            },
        ),
    ]
