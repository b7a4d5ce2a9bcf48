"""The URLs of Django's part of the web process. What gateways call is not among them: see asgi.py."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
