"""Processes started with bad settings refuse at once, with a sentence and without a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent.parent
WEB = ("-c", "import whatsmassive.asgi")
SERVER = ("-m", "whatsmassive.web", "-p", "0")
WORKER = ("-m", "celery", "-A", "whatsmassive", "worker", "--pool", "solo")
BEAT = ("-m", "celery", "-A", "whatsmassive", "beat", "--pidfile", "")
COMMAND = ("manage.py", "check")
EVERY = pytest.mark.parametrize(
    "arguments", [WEB, SERVER, WORKER, BEAT, COMMAND], ids=["web", "server", "worker", "beat", "command"]
)


def start(arguments: tuple[str, ...], data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these variables and none of the project's from here."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**inherited, "WHATSMASSIVE_DATA": str(data), "PYTHONDONTWRITEBYTECODE": "1", **variables},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.mark.parametrize(
    "arguments", [WEB, SERVER, WORKER, BEAT, COMMAND], ids=["web", "server", "worker", "beat", "command"]
)
def test_production_without_settings_does_not_start(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ended = start(arguments, tmp_path, WHATSMASSIVE_ENV="production")
    assert ended.returncode != 0
    assert "(whatsmassive.E001) SECRET_KEY is missing or weak." in ended.stderr
    assert "(whatsmassive.E004) WHATSMASSIVE_SEAL_KEYS is missing." in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("arguments", [WEB, COMMAND], ids=["web", "command"])
def test_production_with_secure_settings_starts(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ended = start(
        arguments,
        tmp_path,
        WHATSMASSIVE_ENV="production",
        SECRET_KEY="kV0-aZ9" * 8,
        WHATSMASSIVE_SEAL_KEYS=Fernet.generate_key().decode(),
        ALLOWED_HOSTS="pages.example.com",
        MONGODB_URI="mongodb://user:password@db.invalid/?replicaSet=rs0",
        REDIS_URL="redis://:password@redis.invalid:6379/0",
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    "arguments", [WEB, SERVER, WORKER, BEAT, COMMAND], ids=["web", "server", "worker", "beat", "command"]
)
def test_an_invalid_variable_is_one_sentence(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ended = start(arguments, tmp_path, TIME_ZONE="Santiago")
    assert ended.returncode == 1
    assert ended.stderr == (
        "Invalid setting: TIME_ZONE: takes the name of a time zone, such as America/Santiago "
        "(see docs/configuration.md)\n"
    )
