"""The pages' URLs."""

from django.urls import URLPattern

app_name = "debtors"
urlpatterns: list[URLPattern] = []
