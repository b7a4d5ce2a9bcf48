"""The URLs of the settings' pages."""

from django.urls import path

from desk.preferences import pages

app_name = "preferences"
urlpatterns = [
    path("", pages.settings_page, name="settings"),
    path("<slug:group>/", pages.settings_page, name="group"),
    path("<slug:group>/reset/", pages.reset, name="reset"),
]
