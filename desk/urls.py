"""The URLs of pages composed of several domains."""

from django.urls import path

from desk import panel

app_name = "desk"
urlpatterns = [path("", panel.panel, name="panel")]
