"""Django's own apps on ObjectId keys: their migrations are ours, and say what their models say."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

INTEGER_KEYS = {"AutoField", "BigAutoField", "SmallAutoField"}
OURS = ("accounts", "admin", "auth", "contenttypes")


def test_no_model_has_an_integer_key() -> None:
    models = apps.get_models(include_auto_created=True)
    assert [model._meta.label for model in models if model._meta.pk.get_internal_type() in INTEGER_KEYS] == []


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", *OURS, check=True, dry_run=True)
    assert "No changes detected" in capsys.readouterr().out


@pytest.mark.django_db
def test_every_migration_was_applied_from_nothing() -> None:
    loader = MigrationLoader(connection)
    assert set(loader.applied_migrations) == set(loader.graph.nodes)
