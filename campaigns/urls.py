"""The pages' URLs."""

from django.urls import URLPattern

app_name = "campaigns"
urlpatterns: list[URLPattern] = []
