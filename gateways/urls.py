"""The pages' URLs."""

from django.urls import URLPattern

app_name = "gateways"
urlpatterns: list[URLPattern] = []
