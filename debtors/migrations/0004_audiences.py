"""What audiences are filtered by has indexes."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("debtors", "0003_found"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["debt", "id"], name="debtor_debt"),
        ),
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["due_date", "id"], name="debtor_due"),
        ),
        migrations.AddIndex(
            model_name="debtor",
            index=models.Index(fields=["country", "id"], name="debtor_country"),
        ),
    ]
