"""The URLs of the pages of pools and lines."""

from django.urls import path

from gateways import views

app_name = "gateways"
urlpatterns = [
    path("pools/", views.pools, name="pools"),
    path("pools/new/", views.new_pool, name="pool-new"),
    path("pools/<oid:pk>/", views.pool, name="pool"),
    path("pools/<oid:pk>/edit/", views.edit_pool, name="pool-edit"),
    path("pools/<oid:pk>/switch/", views.switch_pool, name="pool-switch"),
    path("lines/new/", views.new_line, name="line-new"),
    path("lines/<oid:pk>/", views.line, name="line"),
    path("lines/<oid:pk>/edit/", views.edit_line, name="line-edit"),
    path("lines/<oid:pk>/switch/", views.switch_line, name="line-switch"),
    path("lines/<oid:pk>/test/", views.send_test, name="line-test"),
    path("lines/<oid:pk>/callback/", views.show_callback, name="line-callback"),
]
