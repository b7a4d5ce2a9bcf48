"""Fixtures for every test. MongoDB and Redis come from tests/services.py, which is loaded before Django's settings."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.isolation"]

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
