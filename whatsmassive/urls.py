"""The URLs of Django's part of the web process. What gateways call is not among them: see asgi.py."""

from django.contrib import admin
from django.urls import include, path

import lib.converters  # noqa: F401  # registers <oid:…>

handler500 = "whatsmassive.errors.server_error"
urlpatterns = [
    path("", include("desk.urls")),
    path("accounts/", include("accounts.urls")),
    path("campaigns/", include("campaigns.urls")),
    path("debtors/", include("desk.debtors.urls")),
    path("suppressions/", include("desk.suppressions.urls")),
    path("", include("desk.outreach.urls")),
    path("", include("gateways.urls")),
    path("settings/", include("desk.preferences.urls")),
    path("users/", include("desk.users.urls")),
    path("log/", include("systemlog.urls")),
    path("admin/", admin.site.urls),
]
