"""Fixtures for every test. MongoDB and Redis come from tests/services.py, which is loaded before Django's settings."""

pytest_plugins = ["tests.isolation"]
