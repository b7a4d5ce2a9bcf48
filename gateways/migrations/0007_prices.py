"""What an SMS part costs by a line."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateways", "0006_polling")]
    operations = [
        migrations.AddField(
            model_name="gateway",
            name="price",
            field=models.DecimalField(decimal_places=6, max_digits=12, null=True),
        ),
        migrations.AddField(
            model_name="gateway", name="currency", field=models.CharField(blank=True, default="", max_length=3)
        ),
    ]
