"""The URLs of pages composed of several domains."""

from django.urls import path

from desk import panel
from desk.conversations import batch as conversation_acts
from desk.conversations import quick
from desk.conversations import views as conversations
from desk.sessions import acts, batch, pages, pairing

app_name = "desk"
urlpatterns = [
    path("", panel.panel, name="panel"),
    path("messages/", conversations.conversations, name="conversations"),
    path("messages/act/", conversation_acts.act, name="conversation-act"),
    path("messages/quick-replies/", quick.replies, name="quick-replies"),
    path("messages/quick-replies/new/", quick.new, name="quick-reply-new"),
    path("messages/quick-replies/<oid:pk>/", quick.change, name="quick-reply"),
    path("messages/quick-replies/<oid:pk>/delete/", quick.delete, name="quick-reply-delete"),
    path("messages/<path:address>/answering/", conversations.answering, name="conversation-answering"),
    path("messages/<path:address>/files/<oid:pk>/", conversations.file, name="conversation-file"),
    path("messages/<path:address>/reply/", conversations.reply, name="conversation-reply"),
    path("messages/<path:address>/seen/", conversations.seen, name="conversation-seen"),
    path("messages/<path:address>/", conversations.conversation, name="conversation"),
    path("sessions/", pages.session_list, name="sessions"),
    path("sessions/new/", pages.new, name="session-new"),
    path("sessions/<oid:pk>/", pages.session_detail, name="session"),
    path("sessions/batch/", batch.batch, name="session-batch"),
    path("sessions/<oid:pk>/pair/", pairing.open_dialog, name="session-pair"),
    path("sessions/<oid:pk>/pair/qr/", pairing.new_qr, name="session-pair-qr"),
    path("sessions/<oid:pk>/link/", pairing.link, name="session-link"),
    path("sessions/<oid:pk>/limits/", acts.set_limits, name="session-limits"),
    path("sessions/<oid:pk>/test/", acts.send_test, name="session-test"),
    path("sessions/<oid:pk>/picture.jpg", acts.picture, name="session-picture"),
    path("sessions/<oid:pk>/<slug:name>/", acts.act, name="session-act"),
]
