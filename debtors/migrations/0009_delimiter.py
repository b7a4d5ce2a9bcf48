"""Of a csv it is known how its cells are parted, so that its first rows are shown as the import will read them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("debtors", "0008_acts")]
    operations = [
        migrations.AddField(
            model_name="upload", name="delimiter", field=models.CharField(blank=True, default="", max_length=1)
        )
    ]
