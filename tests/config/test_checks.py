"""The checks of a production deployment, each alone."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from pytest_django import Settings

from whatsmassive.checks import RULES, check_production, enforce

SECURE: dict[str, Any] = {
    "PRODUCTION": True,
    "SECRET_KEY": "kV0-aZ9" * 8,
    "DEBUG": False,
    "ALLOWED_HOSTS": ["pages.example.com"],
    "SEAL_KEYS": [Fernet.generate_key().decode()],
    "DATABASES": {"default": {"HOST": "mongodb://user:password@db.example.com/?replicaSet=rs0"}},
    "CELERY_BROKER_URL": "rediss://:password@redis.example.com:6379/0",
}


def mongodb(url: str) -> dict[str, Any]:
    return {"DATABASES": {"default": {"HOST": url}}}


def found(settings: Settings, changed: dict[str, Any]) -> list[str | None]:
    """The ids of what the checks find once a secure production has changed so."""
    # Only what the checks read: the real connections stay as they are.
    for name, value in {**SECURE, **changed}.items():
        setattr(settings, name, value)
    return [error.id for error in check_production()]


@pytest.fixture(autouse=True)
def databases(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Django warns of settings.DATABASES changed by a test, rightly but for tests that open no connection."""
    monkeypatch.setattr("django.test.signals.COMPLEX_OVERRIDE_SETTINGS", set())


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({}, []),
        ({"SECRET_KEY": ""}, ["whatsmassive.E001"]),
        ({"SECRET_KEY": "short"}, ["whatsmassive.E001"]),
        ({"SECRET_KEY": "ab" * 40}, ["whatsmassive.E001"]),
        ({"SECRET_KEY": "django-insecure-" + SECURE["SECRET_KEY"]}, ["whatsmassive.E001"]),
        ({"DEBUG": True}, ["whatsmassive.E002"]),
        ({"ALLOWED_HOSTS": []}, ["whatsmassive.E003"]),
        ({"ALLOWED_HOSTS": ["pages.example.com", "*"]}, ["whatsmassive.E003"]),
        ({"SEAL_KEYS": []}, ["whatsmassive.E004"]),
        ({"SEAL_KEYS": [*SECURE["SEAL_KEYS"], "not-a-key", "ñ"]}, ["whatsmassive.E005"]),
        (mongodb("mongodb://db.example.com/?replicaSet=rs0"), ["whatsmassive.E006"]),
        (mongodb("mongodb://user@db.example.com/"), ["whatsmassive.E006"]),
        (mongodb("mongodb://127.0.0.1:27017,db.example.com:27017/"), ["whatsmassive.E006"]),
        (mongodb("mongodb+srv://db.example.com"), ["whatsmassive.E006"]),
        (mongodb("mongodb://127.0.0.1:27017,localhost,[::1]:27018/?replicaSet=rs0"), []),
        (mongodb("mongodb://[::1]"), []),
        (mongodb("mongodb://db.example.com/?tls=true&authMechanism=MONGODB-X509"), []),
        ({"CELERY_BROKER_URL": "redis://redis.example.com/0"}, ["whatsmassive.E007"]),
        ({"CELERY_BROKER_URL": "redis://user@redis.example.com/0"}, ["whatsmassive.E007"]),
        ({"CELERY_BROKER_URL": "redis://127.0.0.1:6379/0"}, []),
        ({"CELERY_BROKER_URL": "redis://"}, []),
        ({"DEBUG": True, "SEAL_KEYS": []}, ["whatsmassive.E002", "whatsmassive.E004"]),
        ({"PRODUCTION": False, "DEBUG": True, "SEAL_KEYS": []}, []),
    ],
)
def test_check_production_finds(settings: Settings, changed: dict[str, Any], ids: list[str]) -> None:
    assert found(settings, changed) == ids


def test_every_rule_is_tested() -> None:
    cases = test_check_production_finds.pytestmark[0].args[1]
    assert {rule.id for rule in RULES} == {identifier for _, ids in cases for identifier in ids}


def test_management_commands_run_the_checks(settings: Settings) -> None:
    found(settings, {"DEBUG": True})
    assert [error.id for error in run_checks(tags=["whatsmassive"])] == ["whatsmassive.E002"]


def test_enforce_stops_the_process_with_every_problem(settings: Settings) -> None:
    found(settings, {"DEBUG": True, "SEAL_KEYS": []})
    with pytest.raises(SystemExit) as caught:
        enforce()
    assert caught.value.code == (
        "Production is not safe with these settings, see docs/configuration.md:\n"
        "  (whatsmassive.E002) DEBUG is on in production. Unset DEBUG.\n"
        "  (whatsmassive.E004) WHATSMASSIVE_SEAL_KEYS is missing. Set it to a key made by `manage.py new_seal_key`."
    )


def test_enforce_lets_a_secure_production_start(settings: Settings) -> None:
    found(settings, {})
    enforce()
