"""The pages' URLs."""

from django.urls import path

from campaigns.views import actions, day, detail, editor, lists, picker, recipients

app_name = "campaigns"
urlpatterns = [
    path("", lists.campaign_list, name="list"),
    path("new/", editor.new, name="new"),
    path("day/", day.show_day, name="day"),
    path("attachment/<oid:pk>/", editor.attachment, name="attachment"),
    path("<oid:pk>/", detail.campaign_detail, name="campaign"),
    path("<oid:pk>/edit/", editor.edit, name="edit"),
    path("<oid:pk>/edit/preview/", editor.show_preview, name="preview"),
    path("<oid:pk>/edit/attachment/", editor.attach, name="attach"),
    path("<oid:pk>/edit/pick/", picker.pick, name="pick"),
    path("<oid:pk>/edit/<slug:step>/", editor.step, name="step"),
    path("<oid:pk>/messages/", recipients.message_list, name="messages"),
    path("<oid:pk>/messages/<oid:message>/", recipients.message_detail, name="message"),
    path("<oid:pk>/export/", detail.export_messages, name="export"),
    path("<oid:pk>/start/", actions.start, name="start"),
    path("<oid:pk>/schedule/", actions.schedule, name="schedule"),
    path("<oid:pk>/unschedule/", actions.unschedule, name="unschedule"),
    path("<oid:pk>/pause/", actions.pause, name="pause"),
    path("<oid:pk>/resume/", actions.resume, name="resume"),
    path("<oid:pk>/go-on/", actions.go_on, name="go-on"),
    path("<oid:pk>/cancel/", actions.cancel, name="cancel"),
    path("<oid:pk>/retry/", actions.retry, name="retry"),
    path("<oid:pk>/resolve/", actions.resolve, name="resolve"),
    path("<oid:pk>/archive/", actions.archive, name="archive"),
    path("<oid:pk>/unarchive/", actions.unarchive, name="unarchive"),
    path("<oid:pk>/owner/", actions.give_away, name="owner"),
    path("<oid:pk>/duplicate/", actions.duplicate, name="duplicate"),
    path("<oid:pk>/delete/", actions.delete, name="delete"),
]
