"""Wiring: settings, URLs, ASGI, Celery and the system checks. No domain logic lives here."""

from whatsmassive.celery import app as celery_app

__all__ = ["celery_app"]
