"""An index for a line's own counts, over all campaigns."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0005_conversations")]
    operations = [
        migrations.AddIndex(model_name="tally", index=models.Index(fields=["lane"], name="tally_lane")),
    ]
