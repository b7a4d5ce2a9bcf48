"""The environment variables the product reads: the one table that settings, checks and docs/configuration.md share."""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ROOT = Path(__file__).resolve().parent.parent.parent


class InvalidVariable(Exception):
    """A variable's text cannot be read; the message names the variable and what it takes."""


def boolean(text: str) -> bool:
    value = text.strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("", "0", "false", "no", "off"):
        return False
    raise ValueError("takes yes or no")


def comma_list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def address(*schemes: str) -> Callable[[str], str]:
    """Reads a URL of one of the schemes. Its errors don't repeat the text, which may hold a password."""

    def parse(text: str) -> str:
        if text.partition("://")[0] not in schemes or not text.partition("://")[2]:
            raise ValueError(f"takes an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return text

    return parse


def web_address(text: str) -> str:
    return address("http", "https")(text) if text else text


def time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder's name, as America
        raise ValueError("takes the name of a time zone, such as America/Santiago") from None
    return text


def country(text: str) -> str:
    if not re.fullmatch("[A-Za-z]{2}", text):
        raise ValueError("takes the two letters of a country, such as CL")
    return text.upper()


def whole_number(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,5}", text):
        raise ValueError("takes a whole number, 1 or more")
    return int(text)


def log_level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    if text.upper() not in levels:
        raise ValueError(f"takes one of {', '.join(levels)}")
    return text.upper()


def host_name(text: str) -> str:
    """A browser host's name, which is part of its queues' names."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", text):
        raise ValueError("takes letters, digits, - and _")
    return text


def environment_name(text: str) -> str:
    if text not in ("development", "production", "test"):
        raise ValueError("takes development, production or test")
    return text


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting taken from the environment.

    `default` is the text used when the variable is absent; `fallback` computes it instead (from the data directory).
    """

    name: str
    parse: Callable[[str], Any]
    default: str
    doc: str
    secret: bool = False
    fallback: Callable[[Path], str | None] | None = None


def running_service(key: str) -> Callable[[Path], str | None]:
    """The address of a service that `bin/services` runs, from the file it keeps in the data directory."""

    def read(data: Path) -> str | None:
        try:
            found = json.loads((data / "services.json").read_text())
        except (OSError, ValueError):
            return None
        value = found.get("env", {}).get(key)
        return str(value) if value else None

    return read


def kept_secret(file_name: str, make: Callable[[], str]) -> Callable[[Path], str]:
    """A secret of this development checkout: made at first use, kept readable by its owner alone."""

    def read(data: Path) -> str:
        path = data / file_name
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            data.mkdir(parents=True, exist_ok=True)
        # Written aside and linked into place: another process finds the whole secret or none.
        handle, unfinished = tempfile.mkstemp(dir=data, prefix=f".{file_name}.")
        with os.fdopen(handle, "w") as file:
            file.write(make())
        try:
            os.link(unfinished, path)
        except FileExistsError:
            pass  # another process was faster: its secret stands
        finally:
            Path(unfinished).unlink()
        return path.read_text().strip()

    return read


def new_seal_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


VARIABLES = (
    Variable(
        "WHATSMASSIVE_ENV",
        environment_name,
        "development",
        "`development`, `production` or `test`. Production refuses to start with an insecure setting.",
    ),
    Variable(
        "WHATSMASSIVE_DATA",
        lambda text: Path(text).expanduser().resolve(),
        str(ROOT / ".data"),
        "Folder of what the embedded services and this checkout keep.",
    ),
    Variable(
        "MONGODB_URI",
        address("mongodb", "mongodb+srv"),
        "mongodb://127.0.0.1:27017/?replicaSet=rs0",
        "MongoDB, a replica set (transactions need one). Default: what `bin/services` runs.",
        secret=True,
        fallback=running_service("MONGODB_URI"),
    ),
    Variable("MONGODB_NAME", str, "whatsmassive", "Name of the database."),
    Variable(
        "MONGODB_PATIENCE",
        float,
        "5",
        "Seconds to wait for a MongoDB that does not answer. The web process waits 2, so that pages say so soon.",
    ),
    Variable(
        "REDIS_URL",
        address("redis", "rediss"),
        "redis://127.0.0.1:6379/0",
        "Redis or Valkey: Celery's broker and the live events. Default: what `bin/services` runs.",
        secret=True,
        fallback=running_service("REDIS_URL"),
    ),
    Variable(
        "SELENIUM_URL",
        web_address,
        "",
        "The WebDriver server of the WhatsApp sessions' browsers: a chromedriver or Selenium on the host that keeps "
        "their profiles. Default: the one that `bin/services` runs.",
        fallback=running_service("SELENIUM_URL"),
    ),
    Variable(
        "BROWSER_HOST",
        host_name,
        "main",
        "Name of the browser host that this process's workers and new sessions belong to.",
    ),
    Variable(
        "BROWSER_MEMORY_MB",
        whole_number,
        "1024",
        "Megabytes of memory from which the pages warn that a session's browser takes unusually much.",
    ),
    Variable(
        "WHATSAPP_WEB_URL",
        web_address,
        "https://web.whatsapp.com/",
        "The page that WhatsApp sessions open. Tests and the demo open a stand-in of it.",
    ),
    Variable(
        "SECRET_KEY",
        str,
        "",
        "Django's signing key. Development makes and keeps one; production must set it (50 characters or more).",
        secret=True,
        fallback=kept_secret("secret_key", lambda: secrets.token_urlsafe(64)),
    ),
    Variable(
        "WHATSMASSIVE_SEAL_KEYS",
        comma_list,
        "",
        "Fernet keys that seal the secrets of SMS lines in the database, newest first, separated by commas. "
        "Development makes and keeps one; production must set it.",
        secret=True,
        fallback=kept_secret("seal_key", new_seal_key),
    ),
    Variable("ALLOWED_HOSTS", comma_list, "127.0.0.1,localhost,[::1]", "Host names that the pages answer to."),
    Variable("CSRF_TRUSTED_ORIGINS", comma_list, "", "Origins (https://host) that may post forms, behind a proxy."),
    Variable("DEBUG", boolean, "no", "Django's debug pages. Never in production."),
    Variable("INSECURE_HTTP", boolean, "no", "Production over plain HTTP, for a closed network: cookies lose Secure."),
    Variable("TIME_ZONE", time_zone, "America/Santiago", "Default time zone of pages, campaigns and sending windows."),
    Variable("DEFAULT_COUNTRY", country, "CL", "ISO 3166 country of phones without a prefix, of money and of dates."),
    Variable(
        "PUBLIC_URL",
        web_address,
        "",
        "Address by which SMS gateways reach this server, for delivery callbacks. Default: the web process of "
        "`bin/services`.",
        fallback=running_service("PUBLIC_URL"),
    ),
    Variable(
        "ALLOW_PRIVATE_GATEWAYS",
        boolean,
        "no",
        "Allow SMS lines on private or loopback addresses (Android phones on the LAN, simulators). "
        "Development and test allow them.",
    ),
    Variable(
        "LANE_LEASE_SECONDS",
        float,
        "30",
        "How long a worker that stops answering keeps its SMS line before another one takes it over.",
    ),
    Variable(
        "UPLOAD_MAX_MB",
        whole_number,
        "50",
        "Megabytes of the largest file that a page takes; the web process refuses a larger one before it is sent.",
    ),
    Variable("LOG_LEVEL", log_level, "INFO", "Least level that is logged."),
    Variable(
        "SYSTEM_LOG",
        boolean,
        "yes",
        "Keep what the processes log in MongoDB too, where the log's page shows it, redacted, for 90 days.",
    ),
)


def read_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """Every variable's value by name.

    Raises InvalidVariable when a text cannot be read.
    """
    values: dict[str, Any] = {}
    for variable in VARIABLES:
        text = environ.get(variable.name)
        production = values.get("WHATSMASSIVE_ENV") == "production"
        if text is None and variable.fallback and not (production and variable.secret and not variable.default):
            text = variable.fallback(values["WHATSMASSIVE_DATA"])
        try:
            values[variable.name] = variable.parse(variable.default if text is None else text)
        except ValueError as error:
            raise InvalidVariable(f"{variable.name}: {error}") from error
    return values
