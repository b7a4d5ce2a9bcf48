from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_kept")]
    operations = [migrations.AddField("session", "asked_at", models.DateTimeField(null=True))]
