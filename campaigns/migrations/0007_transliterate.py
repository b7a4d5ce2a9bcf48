"""Whether a campaign's SMS are written without accents."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_steps")]
    operations = [
        migrations.AddField(model_name="campaign", name="transliterate", field=models.BooleanField(default=False)),
    ]
