"""The project itself as an app, so that its system checks, template tags and fragments are found."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class WhatsMassiveConfig(AppConfig):
    name = "whatsmassive"

    def ready(self) -> None:
        from whatsmassive import checks  # noqa: F401  # registers them
        from whatsmassive.templatetags import log_entries  # noqa: F401  # puts acts into words

        autodiscover_modules("fragments")
