"""Fixtures for every test. MongoDB and Redis come from tests/services.py, which is loaded before Django's settings."""

import gc
import sys

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from hypothesis import HealthCheck, settings
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

pytest_plugins = ["tests.isolation"]

# Python looks for cycles at every 700 new objects, which is a tenth of what these tests cost. Here they may pile up.
gc.set_threshold(100_000, 50, 100)


def pytest_collection_finish() -> None:
    """What has been loaded stays until the end: no look for cycles need go through it."""
    gc.collect()
    gc.freeze()


# A password's hash takes a third of a second on purpose. Nobody guesses those of tests, which make a user each.
PBKDF2PasswordHasher.iterations = 1

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

_static: dict[str, StaticFile] = {}
_find_static = WhiteNoiseMiddleware.add_files_from_finders


def _find_static_once(middleware: WhiteNoiseMiddleware) -> None:
    if not _static:
        _find_static(middleware)
        _static.update(middleware.files)
    middleware.files.update(_static)


# Each test's client has middleware of its own, which would look through all static files: a fifth of a page's test.
WhiteNoiseMiddleware.add_files_from_finders = _find_static_once

SPANS = (
    *((f"engine.{module}", "SPAN_SECONDS") for module in ("inbox", "follow", "channels")),
    ("engine.enroll", "SLICE_SECONDS"),
)
"""How long a task works through what there is before it leaves the rest to the next."""


@pytest.fixture(autouse=True)
def no_rest_for_the_next_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task does all there is, however slow the machine: its time is for a queue of other work, which tests lack."""
    for module, name in SPANS:
        if module in sys.modules:
            monkeypatch.setattr(sys.modules[module], name, 600.0)


@pytest.fixture(autouse=True)
def settings_of_this_test() -> None:
    """What another test has set, and this process still remembers, is not this one's."""
    if "preferences.queries" in sys.modules:
        sys.modules["preferences.queries"].forget()


@pytest.fixture(autouse=True)
def calls_of_this_test() -> None:
    """What another test's lines have said, and nobody stored yet, is not this one's."""
    if "gateways.calls" in sys.modules:
        sys.modules["gateways.calls"].drop()
