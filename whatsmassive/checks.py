"""System checks of the deployment: production refuses to start with an insecure setting.

docs/configuration.md lists them, see whatsmassive/settings/documentation.py. And one of the code: a page that nobody
decided about is in no role's reach.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.access import ACCESS

THIS_MACHINE = frozenset({"", "127.0.0.1", "localhost", "[::1]"})  # empty: no host given, so the clients' default


@dataclass(frozen=True, slots=True)
class Rule:
    """What production must not have: `is_broken` reads the settings, `hint` says what to do."""

    id: str
    problem: str
    hint: str
    is_broken: Callable[[], bool]


def _is_weak(key: str) -> bool:
    return len(key) < 50 or len(set(key)) < 5 or key.startswith("django-insecure")


def _secret_key() -> str:
    try:
        return str(settings.SECRET_KEY)
    except ImproperlyConfigured:  # how Django says that it is empty
        return ""


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _is_protected(url: str) -> bool:
    """Whether the address carries a password or names another way to authenticate, or is reached on this machine only.

    It may name several hosts, as those of a MongoDB replica set do, so urlsplit can't read it.
    """
    location, _, query = url.partition("://")[2].partition("?")
    authority = location.partition("/")[0]
    credentials, _, hosts = authority.rpartition("@")
    if credentials.partition(":")[2] or any(name.lower() == "authmechanism" for name in parse_qs(query)):
        return True
    return all(_without_port(host) in THIS_MACHINE for host in hosts.split(","))


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


RULES = (
    Rule(
        "whatsmassive.E001",
        "SECRET_KEY is missing or weak.",
        "Set it to 50 or more random characters.",
        lambda: _is_weak(_secret_key()),
    ),
    Rule("whatsmassive.E002", "DEBUG is on in production.", "Unset DEBUG.", lambda: settings.DEBUG),
    Rule(
        "whatsmassive.E003",
        "ALLOWED_HOSTS is empty or allows every host.",
        "Name the hosts that the pages answer to.",
        lambda: not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS,
    ),
    Rule(
        "whatsmassive.E004",
        "WHATSMASSIVE_SEAL_KEYS is missing.",
        "Set it to a key made by `manage.py new_seal_key`.",
        lambda: not settings.SEAL_KEYS,
    ),
    Rule(
        "whatsmassive.E005",
        "WHATSMASSIVE_SEAL_KEYS holds a key that is not a Fernet key.",
        "Use keys made by `manage.py new_seal_key`, separated by commas.",
        lambda: not all(_is_fernet_key(key) for key in settings.SEAL_KEYS),
    ),
    Rule(
        "whatsmassive.E006",
        "MONGODB_URI has no password and is not on this machine.",
        "Use a MongoDB with authentication.",
        lambda: not _is_protected(settings.DATABASES["default"]["HOST"]),
    ),
    Rule(
        "whatsmassive.E007",
        "REDIS_URL has no password and is not on this machine.",
        "Use a Redis with a password.",
        lambda: not _is_protected(settings.CELERY_BROKER_URL),
    ),
)


@register("whatsmassive")
def check_production(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """The rules that these settings break in production, each as an Error with what to do."""
    if not settings.PRODUCTION:
        return []
    return [Error(rule.problem, hint=rule.hint, id=rule.id) for rule in RULES if rule.is_broken()]


def enforce() -> None:
    """Stop this process when a check of check_production fails, with every problem on standard error.

    Web and worker processes call it, because only management commands run Django's checks by themselves. It raises
    SystemExit: Celery logs any other exception of a signal's receiver and goes on.
    """
    errors = check_production()
    if errors:
        problems = "\n".join(f"  ({error.id}) {error.msg} {error.hint}" for error in errors)
        sys.exit(f"Production is not safe with these settings, see docs/configuration.md:\n{problems}")


# Roles ----------------------------------------------------------------------------------------------------------------
def view_names(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """Every URL of the product by its name; those of the data's administration have one rule for all of them."""
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLPattern):
            yield f"{namespace}{each.name}"
        elif each.app_name != "admin":
            yield from view_names(each, f"{each.namespace}:" if each.namespace else namespace)


@register(Tags.urls)
def check_access(app_configs: Any = None, **_: Any) -> list[CheckMessage]:
    """URLs that accounts/access.py does not name, and rows of it that are no URL."""
    names = set(view_names())
    undecided = (
        Error(f"No role opens the page {name}.", hint="Name it in accounts/access.py.", id="whatsmassive.E008")
        for name in sorted(names - ACCESS.keys())
    )
    unknown = (
        Error(f"accounts/access.py names {name}, which is no URL.", hint="Take it out.", id="whatsmassive.E009")
        for name in sorted(ACCESS.keys() - names)
    )
    return [*undecided, *unknown]
