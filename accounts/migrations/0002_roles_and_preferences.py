"""Roles as groups, and what each user has chosen for themselves.

Until now everybody who was signed in did everything: whoever is there becomes a supervisor, and superusers are
administrators.
"""

from typing import Any

from django.db import migrations, models

ROLES = ("executive", "supervisor", "administrator")


def give_roles(apps: Any, schema_editor: Any) -> None:
    """Harmless to repeat: who has a role keeps it."""
    Group, User = apps.get_model("auth", "Group"), apps.get_model("accounts", "User")
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in ROLES}
    for user in User.objects.all():
        if not user.groups.filter(name__in=ROLES).exists():
            user.groups.add(groups["administrator" if user.is_superuser else "supervisor"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("auth", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="user", name="language", field=models.CharField(blank=True, default="", max_length=10)
        ),
        migrations.AddField(
            model_name="user", name="time_zone", field=models.CharField(blank=True, default="", max_length=50)
        ),
        migrations.AddField(
            model_name="user",
            name="theme",
            field=models.CharField(
                choices=[("auto", "auto"), ("light", "light"), ("dark", "dark")], default="auto", max_length=5
            ),
        ),
        migrations.AddField(
            model_name="user", name="phone", field=models.CharField(blank=True, default="", max_length=20)
        ),
        migrations.RunPython(give_roles, migrations.RunPython.noop),
    ]
