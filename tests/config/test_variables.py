"""Reading the environment: defaults, what is made and kept, and what is refused."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from whatsmassive.settings.variables import VARIABLES, InvalidVariable, read_variables


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """An environment that names nothing but a data directory, not made yet."""
    return {"WHATSMASSIVE_DATA": str(tmp_path / "data")}


def test_read_variables_has_a_value_for_each(data: dict[str, str]) -> None:
    assert list(read_variables(data)) == [variable.name for variable in VARIABLES]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("DEBUG", "Yes", True),
        ("DEBUG", "", False),
        ("ALLOWED_HOSTS", " a.example.com, b.example.com ,", ["a.example.com", "b.example.com"]),
        ("DEFAULT_COUNTRY", "es", "ES"),
        ("LOG_LEVEL", "warning", "WARNING"),
        ("TIME_ZONE", "America/Sao_Paulo", "America/Sao_Paulo"),
        ("MONGODB_URI", "mongodb+srv://u:p@db.example.com", "mongodb+srv://u:p@db.example.com"),
        ("REDIS_URL", "rediss://:p@redis.example.com", "rediss://:p@redis.example.com"),
        ("PUBLIC_URL", "", ""),
    ],
)
def test_read_variables_reads(data: dict[str, str], name: str, text: str, value: Any) -> None:
    assert read_variables({**data, name: text})[name] == value


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("WHATSMASSIVE_ENV", "prod", "WHATSMASSIVE_ENV: takes development, production or test"),
        ("DEBUG", "maybe", "DEBUG: takes yes or no"),
        ("TIME_ZONE", "Santiago", "TIME_ZONE: takes the name of a time zone, such as America/Santiago"),
        ("TIME_ZONE", "America", "TIME_ZONE: takes the name of a time zone, such as America/Santiago"),
        ("TIME_ZONE", "../etc", "TIME_ZONE: takes the name of a time zone, such as America/Santiago"),
        ("DEFAULT_COUNTRY", "Chile", "DEFAULT_COUNTRY: takes the two letters of a country, such as CL"),
        ("BROWSER_HOST", "host 1", "BROWSER_HOST: takes letters, digits, - and _"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: takes one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("REDIS_URL", "", "REDIS_URL: takes an address that begins with redis:// or rediss://"),
        ("REDIS_URL", "hunter2@host", "REDIS_URL: takes an address that begins with redis:// or rediss://"),
        ("MONGODB_URI", "http://x", "MONGODB_URI: takes an address that begins with mongodb:// or mongodb+srv://"),
        ("PUBLIC_URL", "sms.example.com", "PUBLIC_URL: takes an address that begins with http:// or https://"),
    ],
)
def test_read_variables_refuses(data: dict[str, str], name: str, text: str, message: str) -> None:
    with pytest.raises(InvalidVariable) as caught:
        read_variables({**data, name: text})
    assert str(caught.value) == message


def test_development_makes_its_keys_and_keeps_them_for_its_owner(data: dict[str, str]) -> None:
    first = read_variables(data)
    assert len(first["SECRET_KEY"]) >= 50
    Fernet(first["WHATSMASSIVE_SEAL_KEYS"][0])
    again = read_variables(data)
    assert [again[name] for name in ("SECRET_KEY", "WHATSMASSIVE_SEAL_KEYS")] == [
        first[name] for name in ("SECRET_KEY", "WHATSMASSIVE_SEAL_KEYS")
    ]
    for name in ("secret_key", "seal_key"):
        assert stat.S_IMODE((Path(data["WHATSMASSIVE_DATA"]) / name).stat().st_mode) == 0o600


def test_production_makes_no_keys(data: dict[str, str]) -> None:
    values = read_variables({**data, "WHATSMASSIVE_ENV": "production"})
    assert (values["SECRET_KEY"], values["WHATSMASSIVE_SEAL_KEYS"]) == ("", [])
    assert not Path(data["WHATSMASSIVE_DATA"]).exists()


def test_running_services_are_found_unless_the_environment_names_others(data: dict[str, str]) -> None:
    folder = Path(data["WHATSMASSIVE_DATA"])
    folder.mkdir()
    (folder / "services.json").write_text(json.dumps({"env": {"REDIS_URL": "redis://127.0.0.1:7001/0"}}))
    assert read_variables(data)["REDIS_URL"] == "redis://127.0.0.1:7001/0"
    assert read_variables({**data, "REDIS_URL": "redis://other/0"})["REDIS_URL"] == "redis://other/0"
    (folder / "services.json").write_text("{cut off")
    assert read_variables(data)["REDIS_URL"] == "redis://127.0.0.1:6379/0"
