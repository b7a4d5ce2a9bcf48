"""The URLs of the pages of pools and lines."""

from django.urls import path

from gateways.views import calls, lines, members, pools

app_name = "gateways"
urlpatterns = [
    path("pools/", pools.pools, name="pools"),
    path("pools/new/", pools.new_pool, name="pool-new"),
    path("pools/preview/", pools.preview_pool, name="pool-preview"),
    path("pools/<oid:pk>/", pools.pool, name="pool"),
    path("pools/<oid:pk>/edit/", pools.edit_pool, name="pool-edit"),
    path("pools/<oid:pk>/switch/", pools.switch_pool, name="pool-switch"),
    path("pools/<oid:pk>/delete/", pools.delete_pool, name="pool-delete"),
    path("pools/<oid:pk>/candidates/", members.candidates, name="pool-candidates"),
    path("pools/<oid:pk>/move/", members.move, name="pool-move"),
    path("lines/new/", lines.new_line, name="line-new"),
    path("lines/<oid:pk>/", lines.line, name="line"),
    path("lines/<oid:pk>/edit/", lines.edit_line, name="line-edit"),
    path("lines/<oid:pk>/price/", lines.set_price, name="line-price"),
    path("lines/<oid:pk>/switch/", lines.switch_line, name="line-switch"),
    path("lines/<oid:pk>/delete/", lines.delete_line, name="line-delete"),
    path("lines/<oid:pk>/test/", lines.send_test, name="line-test"),
    path("lines/<oid:pk>/calls/", calls.calls, name="line-calls"),
    path("lines/<oid:pk>/calls/<oid:call>/", calls.call, name="line-call"),
    path("lines/<oid:pk>/callback/", lines.show_callback, name="line-callback"),
]
