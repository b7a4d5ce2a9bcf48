"""The URLs of the suppression list, of the replies that wait for a decision, and of its files."""

from django.urls import path

from desk.suppressions import acts, files, pages, reviews

app_name = "suppressions"
urlpatterns = [
    path("", pages.suppression_list, name="list"),
    path("add/", acts.add, name="add"),
    path("opt-out/", acts.opt_out, name="opt-out"),
    path("<oid:pk>/lift/", acts.lift, name="lift"),
    path("export/", files.export, name="export"),
    path("import/", files.upload, name="import"),
    path("import/<oid:pk>/", files.check, name="check"),
    path("import/<oid:pk>/rejects/", files.rejects, name="rejects"),
    path("review/", reviews.review_list, name="review"),
    path("review/<oid:pk>/", reviews.decide, name="decide"),
]
