"""The pages' URLs."""

from django.urls import path

from systemlog import views

app_name = "systemlog"
urlpatterns = [
    path("", views.log, name="list"),
    path("export/", views.export_log, name="export"),
    path("<oid:pk>/", views.entry, name="entry"),
]
