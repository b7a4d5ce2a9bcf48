"""The pages' URLs."""

from django.urls import URLPattern

app_name = "systemlog"
urlpatterns: list[URLPattern] = []
