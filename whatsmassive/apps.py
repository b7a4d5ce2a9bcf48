"""The wiring as an app of Django's, so that management commands know the checks of the deployment."""

from django.apps import AppConfig


class WhatsMassiveConfig(AppConfig):
    name = "whatsmassive"

    def ready(self) -> None:
        from whatsmassive import checks  # noqa: F401  # importing registers them
